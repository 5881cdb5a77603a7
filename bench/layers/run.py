#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures users' own layers and prints a table for each part; ../README.md says what is measured and how.

It is started by bench/layers/run.sh, which sets up what it needs.
"""

import argparse
import json
from pathlib import Path

import cost
import speed
from cost_engines import FORMS
from formulas.inputs import LAYERS
from models import ROOT
from speed_engines import ENGINES
from turns import warn_of_load

PARTS = {"cost": cost.run, "speed": speed.run}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/layers/run.sh", description="Measures users' own layers.")
    parser.add_argument("parts", nargs="*", metavar="PART", help="cost, speed (default: both)")
    engines = sorted({form.engine for form in FORMS} | ENGINES.keys() - {"copy"})
    parser.add_argument("--engines", nargs="+", choices=engines, metavar="ENGINE", help=", ".join(engines))
    parser.add_argument("--layers", nargs="+", choices=LAYERS, metavar="LAYER", help=", ".join(LAYERS))
    parser.add_argument("--threads", nargs="+", type=int, help="default: 1 2 for cost, all cores for speed")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each engine (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one short turn, one thread, small arrays: does it run?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench" / "models", help="of the models")
    parser.add_argument(
        "--plugin", required=True, help="the library of the user's clip layer; bench/layers/run.sh gives it"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part {unknown.pop()!r}; there are {', '.join(PARTS)}")
    if arguments.quick:
        arguments.rounds, arguments.seconds, arguments.threads = 1, 0.05, [1]
    return arguments


def main():
    arguments = parse_arguments()
    warn_of_load()
    results = {part: PARTS[part](arguments) for part in arguments.parts or PARTS}
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
