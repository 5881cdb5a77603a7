# SPDX-License-Identifier: Apache-2.0
"""The cost of a user's layer: MobileNetV2 with the user's ReLU6 against the same engine with its own."""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from cost_engines import BUILT_IN, FORMS
from models import MODELS, ROOT, SEED
from turns import EngineError, Worker, take_turns

MODEL = MODELS["mobilenet_v2"]
WORKER = Path(__file__).with_name("cost_engines.py")
LIBRARIES = ROOT / "build" / "bench" / "layers"
TOLERANCE = 1e-4  # On probabilities, between a user's layer and the built-in.

TIMES = ("median", "min")
TIME_NAMES = " | ".join(f"{time} ms | ÷ built-in | added ms" for time in TIMES)
HEADER = f"""
| engine | ReLU6 | threads | {TIME_NAMES} | lines | max. difference |
| --- | --- | ---: | {"---: | " * 3 * len(TIMES)}---: | ---: |"""


def make_job(form, threads, arguments, scratch):
    folders = {"pb": arguments.folder, "onnx": arguments.folder, "param": LIBRARIES, "bin": LIBRARIES}
    return {
        "engine": f"{form.engine}: {form.name}",
        "threads": threads,
        "files": {kind: str(folder / f"{MODEL.name}.{kind}") for kind, folder in folders.items()},
        "input": MODEL.input,
        "output": MODEL.output,
        "images": str(scratch / "images.npy"),
        "result": str(scratch / "result.npy"),
        "plugin": arguments.plugin,
        "library": str(LIBRARIES / f"librelu6_{form.engine}.so"),
    }


def start(form, threads, arguments, scratch, reference):
    """The form's worker; None, and the reason on standard error, if it fails or differs from the built-in."""
    try:
        worker = Worker(WORKER, make_job(form, threads, arguments, scratch))
    except EngineError as error:
        print(f"bench: left out: {error}", file=sys.stderr)
        return None
    worker.form = form
    worker.difference = 0.0 if reference is None else float(np.abs(worker.result - reference.result).max())
    if not worker.difference <= TOLERANCE:
        print(f"bench: left out: {worker.engine}: differs from built-in by {worker.difference:.1e}", file=sys.stderr)
        worker.close()
        return None
    return worker


def run_engine(engine, threads, arguments):
    """Measures all forms of one engine by turns; a list of one dictionary per form."""
    workers = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        image = np.random.default_rng(SEED).standard_normal((1, *MODEL.shape), np.float32)
        np.save(scratch / "images.npy", image)
        try:
            for form in (form for form in FORMS if form.engine == engine):
                if not workers and form.name != BUILT_IN:
                    break
                if worker := start(form, threads, arguments, scratch, workers[0] if workers else None):
                    workers.append(worker)
            take_turns(workers, arguments.rounds, arguments.seconds)
        finally:
            for worker in workers:
                worker.close()

    return [
        {
            "engine": engine,
            "form": worker.form.name,
            "threads": threads,
            "median_ms": statistics.median(worker.times_ns) / 1e6,
            "min_ms": min(worker.times_ns) / 1e6,
            "runs": len(worker.times_ns),
            "lines": worker.form.lines,
            "max_diff": worker.difference,
        }
        for worker in workers
    ]


def table_lines(rows):
    for row in rows:
        cells = [row["engine"], row["form"], row["threads"]]
        for time in (f"{name}_ms" for name in TIMES):
            cells += [f"{row[time]:.4g}", f"{row[time] / rows[0][time]:.2f}", f"{row[time] - rows[0][time]:.2f}"]
        cells += [row["lines"] or "", f"{row['max_diff']:.1e}"]
        yield f"| {' | '.join(map(str, cells))} |"


def run(arguments):
    """Prints the table; gives its rows."""
    print(HEADER, flush=True)
    rows = []
    for engine in dict.fromkeys(form.engine for form in FORMS):
        for threads in (arguments.threads or (1, 2)) if engine in (arguments.engines or engine) else ():
            try:
                measured = run_engine(engine, threads, arguments)
            except EngineError as error:
                print(f"bench: left out: {error}", file=sys.stderr)
                continue
            print("\n".join(table_lines(measured)), flush=True)
            rows += measured
    return rows
