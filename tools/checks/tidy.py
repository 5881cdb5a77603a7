# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources that the dev preset compiles: tidy.py [file...].

The time goes into parsing headers, so files that did not change are skipped: a file that passed leaves a stamp in
build/tidy/, named by the hash of its preprocessed text, the settings and clang-tidy's version.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STAMPS = ROOT / "build/tidy"
TIDY = ROOT / ".venv/bin/clang-tidy"
FOLDERS = ("src/", "python/src/")  # tests and examples are compiled with all warnings, and formatted, but not linted

# Flags of GCC's that clang does not know, and output flags, are left out of the command line.
DROPPED = {"-fopenmp"}


def entries(wanted):
    """The compile commands of our own sources, as (path, argument list)."""
    for entry in json.loads((ROOT / "build/dev/compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"]).resolve()
        if not path.is_relative_to(ROOT):
            continue
        name = path.relative_to(ROOT).as_posix()
        if name in wanted or (not wanted and name.startswith(FOLDERS)):
            arguments = shlex.split(entry["command"])
            launcher = [i for i, a in enumerate(arguments) if os.path.basename(a) == "ccache"]
            arguments = arguments[launcher[0] + 1 :] if launcher else arguments
            output = arguments.index("-o")
            yield name, [a for i, a in enumerate(arguments) if i not in (output, output + 1) and a != "-c"]


def check(name, arguments, settings):
    """Empty when the file passes, else what clang-tidy says."""
    preprocessed = subprocess.run([*arguments, "-E", "-P"], capture_output=True, cwd=ROOT, check=False)
    if preprocessed.returncode != 0:
        return preprocessed.stderr.decode()
    stamp = STAMPS / hashlib.sha256(settings + (ROOT / name).read_bytes() + preprocessed.stdout).hexdigest()
    if stamp.exists():
        return ""
    flags = [a for a in arguments[1:] if a not in DROPPED and not a.endswith(name)]
    command = [TIDY, "--quiet", name, "--", "-xc++", *flags, "-Wno-everything"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if result.returncode == 0:
        stamp.touch()
        return ""
    return result.stdout or result.stderr


def main():
    STAMPS.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes()
    work = list(entries(set(sys.argv[1:])))
    if not work:
        sys.exit("tidy: no sources; is the dev preset configured?")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = pool.map(lambda entry: check(*entry, settings), work)
        failures = [report for report in reports if report]
    print("\n".join(failures), end="")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
