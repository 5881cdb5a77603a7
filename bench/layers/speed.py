# SPDX-License-Identifier: Apache-2.0
"""The speed of twelve formulas: Tenon's expression layers against what else computes on arrays."""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from formulas import with_numexpr
from formulas.inputs import LAYERS, make_inputs, output_shape
from speed_engines import ENGINES
from turns import EngineError, Worker, take_turns

WORKER = Path(__file__).with_name("speed_engines.py")
SIZES = {"16 KiB": 1 << 12, "256 KiB": 1 << 16, "8 MiB": 1 << 21, "256 MiB": 1 << 26}  # Elements of the first input.
QUICK_SIZES = ("16 KiB", "256 KiB")
TOLERANCE = 1e-4  # Absolute, on values of order one.
PEERS = [engine for engine in ENGINES if engine not in ("tenon", "copy")]

HEADER = f"""
| layer | size | threads | tenon µs | {" | ".join(f"{peer} µs" for peer in PEERS)} | best peer ÷ Tenon | GB/s | ÷ copy |
| --- | ---: | ---: | ---: | {"---: | " * len(PEERS)}---: | ---: | ---: |"""


class Run:
    """The measurements of one run of this part, which prints each reason for leaving an engine out once."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.reasons = set()

    def leave_out(self, reason):
        if reason not in self.reasons:
            self.reasons.add(reason)
            print(f"bench: left out: {reason}", file=sys.stderr)

    def start(self, job, reference):
        """The engine's worker; None if it cannot, or gives another answer than NumPy."""
        try:
            worker = Worker(WORKER, job)
        except EngineError as error:
            self.leave_out(str(error))
            return None
        difference = 0.0 if reference is None else float(np.abs(worker.result - reference.result).max())
        if difference <= TOLERANCE:
            return worker
        worker.close()
        self.leave_out(f"{job['engine']}: {job['layer']} differs from NumPy by {difference:.1e}")
        return None

    def measure(self, layer, count, threads, engines):
        """The times in nanoseconds of each engine, by turns. The first is what the others must agree with."""
        workers = []
        with tempfile.TemporaryDirectory() as scratch:
            job = {"layer": layer, "count": count, "threads": threads, "result": str(Path(scratch) / "result.npy")}
            try:
                for engine in engines:
                    if worker := self.start(job | {"engine": engine}, workers[0] if workers else None):
                        workers.append(worker)
                take_turns(workers, self.arguments.rounds, self.arguments.seconds)
            except EngineError as error:
                self.leave_out(f"{layer}: {error}")
                return {}
            finally:
                for worker in workers:
                    worker.close()
        return {worker.engine: worker.times_ns for worker in workers}


def engines_for(layer, arguments):
    """NumPy, whose answer is the right one, first, and without those that have no words for the layer."""
    engines = ["numpy", *(engine for engine in ("tenon", *PEERS[1:]) if engine in (arguments.engines or ENGINES))]
    return [engine for engine in engines if engine != "numexpr" or hasattr(with_numexpr, layer)]


def bytes_moved(layer, count):
    """Each input read once, each output written once."""
    inputs = make_inputs(layer, count)
    return sum(x.nbytes for x in inputs) + 4 * int(np.prod(output_shape(layer, inputs[0])))


def make_row(layer, size, threads, times, copy_gb_per_s):
    row = {"layer": layer, "size": size, "threads": threads, "copy_gb_per_s": copy_gb_per_s}
    row |= {"median_us": {}, "min_us": {}}
    for engine, times_ns in times.items():
        row["median_us"][engine] = statistics.median(times_ns) / 1e3
        row["min_us"][engine] = min(times_ns) / 1e3
    if tenon := row["median_us"].get("tenon"):
        peers = {engine: time for engine, time in row["median_us"].items() if engine in PEERS}
        if peers:
            row["best_peer"] = min(peers, key=peers.get)
            row["best_peer_ratio"] = peers[row["best_peer"]] / tenon
        row["gb_per_s"] = bytes_moved(layer, SIZES[size]) / tenon / 1e3
        row["of_copy"] = row["gb_per_s"] / copy_gb_per_s
    return row


def table_line(row):
    def cell(value, form):
        return "-" if value is None else format(value, form)

    times = [cell(row["median_us"].get(engine), ".4g") for engine in ("tenon", *PEERS)]
    ratio = f"{cell(row.get('best_peer_ratio'), '.2f')} {row.get('best_peer', '')}".strip()
    shares = [cell(row.get("gb_per_s"), ".1f"), cell(row.get("of_copy"), ".2f")]
    return f"| {' | '.join([row['layer'], row['size'], str(row['threads']), *times, ratio, *shares])} |"


def run(arguments):
    """Prints the table; gives its rows, with the bandwidth of copying in each."""
    rows = []
    measurements = Run(arguments)
    for threads in arguments.threads or [len(os.sched_getaffinity(0))]:
        size = SIZES["256 MiB"]
        copy_ns = statistics.median(measurements.measure("relu6", size, threads, ["copy"])["copy"])
        copy_gb_per_s = bytes_moved("relu6", size) / copy_ns
        print(f"\nCopying 256 MiB, threads: {threads}: {copy_gb_per_s:.1f} GB/s, read and written.")
        print(HEADER, flush=True)
        for layer in arguments.layers or LAYERS:
            for size in QUICK_SIZES if arguments.quick else SIZES:
                times = measurements.measure(layer, SIZES[size], threads, engines_for(layer, arguments))
                rows.append(make_row(layer, size, threads, times, copy_gb_per_s))
                print(table_line(rows[-1]), flush=True)
    return rows
