#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures Tenon against other engines and prints one table; README.md says what is measured and how.

It is started by bench/run.sh, which sets up what it needs.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from models import MODELS, ROOT, SEED
from turns import EngineError, Worker, take_turns, warn_of_load
from worker import ENGINES

CASES = (("lenet5", 1), ("lenet5", 64), ("mobilenet_v2", 1), ("resnet50", 1))
OWN_CLIP = ("lenet5", "mobilenet_v2")  # The models with a ReLU6 that the user's layer can replace.
WORKER = Path(__file__).with_name("worker.py")
TOLERANCE = 1e-4  # On probabilities; float32 sums in another order differ by far less.


def make_images(model, batch):
    """The input that every engine gets: the same values each time."""
    random = np.random.default_rng(SEED)
    if model.name == "lenet5":
        return random.random((batch, *model.shape), np.float32)
    return random.standard_normal((batch, *model.shape), np.float32)


def make_plans(folder, engines, names, plugin):
    """Compiles the models with Tenon, as they are and with the user's clip layer in place of ReLU6."""
    import tenon

    for name in names:
        if "tenon" in engines:
            tenon.compile(tenon.load(str(folder / f"{name}.pb"))).save(str(folder / f"{name}.plan"))
        if "tenon + own clip" in engines and name in OWN_CLIP:
            tenon.load_plugin(plugin)
            graph = tenon.load(str(folder / f"{name}.pb"))
            graph.map("ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)")
            tenon.compile(graph).save(str(folder / f"{name}.own_clip.plan"))


def run_case(name, batch, threads, arguments):
    """Measures all engines on one model; a list of one dictionary per engine."""
    model = MODELS[name]
    workers = []
    with tempfile.TemporaryDirectory() as scratch:
        images = Path(scratch) / "images.npy"
        np.save(images, make_images(model, batch))
        try:
            for engine in arguments.engines:
                own_clip = engine == "tenon + own clip"
                if own_clip and name not in OWN_CLIP:
                    continue
                files = {kind: str(arguments.folder / f"{name}.{kind}") for kind in ("pb", "onnx", "plan")}
                if own_clip:
                    files["plan"] = str(arguments.folder / f"{name}.own_clip.plan")
                job = {"engine": engine, "threads": threads, "files": files, "input": model.input}
                job |= {"output": model.output, "images": str(images), "result": str(Path(scratch) / "result.npy")}
                job |= {"plugin": arguments.plugin if own_clip else None}
                workers.append(Worker(WORKER, job))
            take_turns(workers, arguments.rounds, arguments.seconds)
        finally:
            for worker in workers:
                worker.close()

    reference = workers[-1].result
    case = {"model": name, "batch": batch, "threads": threads}
    return [
        case
        | {
            "engine": worker.engine,
            "median_ms": statistics.median(worker.times_ns) / 1e6,
            "min_ms": min(worker.times_ns) / 1e6,
            "runs": len(worker.times_ns),
            "load_ms": worker.load_s * 1e3,
            "peak_mib": worker.peak_bytes / 2**20,
            "max_diff": float(np.abs(worker.result.astype(np.float64) - reference).max()),
        }
        for worker in workers
    ]


HEADER = """
| model | batch | threads | engine | median ms | ÷ Tenon | min ms | ÷ Tenon | load ms | peak MiB | max. difference |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def table_lines(rows):
    tenon = next((row for row in rows if row["engine"] == "tenon"), None)
    for row in rows:
        cells = [row["model"], row["batch"], row["threads"], row["engine"]]
        for time in ("median_ms", "min_ms"):
            cells += [f"{row[time]:.4g}", f"{row[time] / tenon[time]:.2f}" if tenon else "-"]
        cells += [f"{row['load_ms']:.0f}", f"{row['peak_mib']:.0f}", f"{row['max_diff']:.1e}"]
        yield f"| {' | '.join(map(str, cells))} |"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description="Measures Tenon against other engines.")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=10, help="turns of each engine (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench" / "models", help="of the models")
    parser.add_argument("--plugin", help="the library of the user's clip layer")
    arguments = parser.parse_args()
    if "tenon + own clip" in arguments.engines and not arguments.plugin:
        parser.error("'tenon + own clip' needs --plugin; bench/run.sh gives it")
    return arguments


def main():
    arguments = parse_arguments()
    warn_of_load()
    if any(engine.startswith("tenon") for engine in arguments.engines):
        make_plans(arguments.folder, arguments.engines, arguments.models, arguments.plugin)
    print(HEADER, flush=True)
    rows = []
    for name, batch in CASES:
        for threads in arguments.threads if name in arguments.models else ():
            try:
                case = run_case(name, batch, threads, arguments)
            except EngineError as error:
                sys.exit(f"bench: {error}")
            print("\n".join(table_lines(case)), flush=True)
            rows += case
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    if wrong := [row for row in rows if not row["max_diff"] <= TOLERANCE]:
        for row in wrong:
            print(f"bench: {row['engine']} differs by {row['max_diff']:.1e} on {row['model']}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
