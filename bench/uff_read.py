#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how long tenon.load() takes for a large UFF file, beside mapping the file and touching each page once.

It makes the file itself, in a temporary folder; the readings take turns, so that noise meets all alike.
"""

import argparse
import mmap
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import tenon

CONST_BYTES = 4 << 20
SLOWEST_RATIO = 1.3


def make_file(path, megabytes):
    """A chain of additions, each with a constant of its own."""
    graph = tenon.Graph("uff")
    attributes = {"dtype": tenon.DType.FLOAT32, "shape": [-1, 1]}
    value = graph.add_node("Input", [], name="x", attributes=attributes).outputs[0]
    random = np.random.default_rng(1)
    for k in range(max(1, (megabytes << 20) // CONST_BYTES)):
        constant = graph.add_constant(f"c{k}", random.standard_normal(CONST_BYTES // 4, dtype=np.float32))
        value = graph.add_node("Binary", [value, constant], name=f"y{k}", attributes={"func": "add"}).outputs[0]
    graph.set_outputs([value])
    tenon.save(graph, path)


def touch(array):
    """Reads a byte of each page."""
    return int(array.view(np.uint8)[:: mmap.PAGESIZE].sum())


def map_and_touch(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        touch(np.frombuffer(mapped, np.uint8))


def load(path):
    return tenon.load(path)


def load_and_touch(path):
    for node in tenon.load(path).nodes:
        if node.op == "Const":
            touch(node.attributes["values"].attributes["value"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200, help="the size of the file (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=30, help="how often each is measured (default: %(default)s)")
    args = parser.parse_args()
    readings = {read: [] for read in (map_and_touch, load, load_and_touch)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.uff"
        make_file(path, args.megabytes)
        map_and_touch(path)  # From here on the file is in memory.
        for _ in range(args.rounds):
            for read, times in readings.items():
                begin = time.perf_counter()
                read(path)
                times.append(time.perf_counter() - begin)
    reference = statistics.median(readings[map_and_touch])
    print("| reading | median ms | ÷ map_and_touch |\n| --- | ---: | ---: |")
    for read, times in readings.items():
        median = statistics.median(times)
        print(f"| {read.__name__} | {median * 1e3:.3f} | {median / reference:.2f} |")
    return int(statistics.median(readings[load]) > SLOWEST_RATIO * reference)


if __name__ == "__main__":
    raise SystemExit(main())
