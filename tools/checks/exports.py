# SPDX-License-Identifier: Apache-2.0
"""Compares what the shared libraries export with the committed lists, tools/checks/exports/<library>.txt.

Every exported symbol must be ours (demangled, it starts with tenon::, or it is type information of such a name), and
none may come or go unnoticed: `exports.py --update` writes the lists anew, for the diff to be reviewed.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = ROOT / "tools/checks/exports"
LIBRARIES = ("libtenon-runtime.so", "libtenon.so")
OURS = re.compile(
    r"(?:(?:typeinfo(?: name)?|vtable|VTT|guard variable) for |(?:non-)?virtual thunk to )?tenon::|tenon_\w+$"
)


def exported(library):
    """The qualified names that a library defines, sorted. Parameters are left out: they would drown the diff."""
    command = ["nm", "--dynamic", "--defined-only", "--demangle", "--format=posix", library]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    names = (re.sub(r" [A-Za-z](?: [0-9a-f]+)*\s*$", "", line) for line in lines)
    return sorted({re.sub(r"(?<!operator)\(.*|\[abi:\w+\]", "", name) for name in names})


def main():
    update = "--update" in sys.argv
    problems = []
    for name in LIBRARIES:
        symbols = exported(ROOT / "build/dev/lib" / name)
        problems += [f"{name} exports a name that is not ours: {s}" for s in symbols if not OURS.match(s)]
        path = LISTS / f"{name}.txt"
        if update:
            LISTS.mkdir(exist_ok=True)
            path.write_text("".join(f"{symbol}\n" for symbol in symbols))
        known = path.read_text().splitlines() if path.exists() else []
        problems += [f"{name}: new export: {s}" for s in symbols if s not in set(known)]
        problems += [f"{name}: export is gone: {s}" for s in known if s not in set(symbols)]
    if problems:
        print("\n".join(problems))
        print("If the change is meant: .venv/bin/python tools/checks/exports.py --update")
        sys.exit(1)


if __name__ == "__main__":
    main()
