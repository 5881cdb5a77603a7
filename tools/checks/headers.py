# SPDX-License-Identifier: Apache-2.0
"""Checks that every public header compiles alone, and plugin_abi.h as C11 and as C++20, each with gcc and clang."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
PLAIN_C = ("plugin_abi.h", "version.h", "export.h")


def compile_alone(header, language, standard, compiler):
    """What the compiler says of a file that includes nothing but the header; empty when all is well."""
    command = [compiler, f"-x{language}", f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    command += ["-pedantic", f"-I{INCLUDE}", "-"]
    text = f"#include <{header.relative_to(INCLUDE).as_posix()}>\nextern int tenon_not_empty;\n"
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return (
        f"{header.relative_to(ROOT)} alone, {compiler} -std={standard}:\n{result.stderr}" if result.returncode else ""
    )


def main():
    headers = sorted(INCLUDE.rglob("*.h"))
    if INCLUDE / "tenon/plugin_abi.h" not in headers:
        sys.exit("headers: include/tenon/plugin_abi.h is missing")
    work = [(header, "c++", "c++20", "g++") for header in headers]
    for name in PLAIN_C:
        work.append((INCLUDE / "tenon" / name, "c", "c11", "gcc"))
        if shutil.which("clang"):
            work.append((INCLUDE / "tenon" / name, "c", "c11", "clang"))
            work.append((INCLUDE / "tenon" / name, "c++", "c++20", "clang++"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(lambda item: compile_alone(*item), work) if text]
    print("\n".join(problems), end="")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
