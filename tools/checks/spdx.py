# SPDX-License-Identifier: Apache-2.0
"""Checks that every source file names the licence in one of its first three lines, and that headers are guarded."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".h", ".c", ".cpp", ".py", ".pyi", ".sh", ".cmake", ".map", ".fbs"}
TEXT = "SPDX-License-Identifier: Apache-2.0"


def main():
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    ).stdout.split("\n")  # fmt: skip
    problems = []
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file() or not (path.suffix in SUFFIXES or path.name in ("CMakeLists.txt", "Makefile")):
            continue
        lines = path.read_text().splitlines()
        if not any(TEXT in line for line in lines[:3]):
            problems.append(f"{name}: its first lines lack '{TEXT}'")
        if (
            path.suffix == ".h"
            and "#pragma once" not in lines
            and not any(line.startswith("#ifndef") for line in lines)
        ):
            problems.append(f"{name}: lacks '#pragma once'")
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
