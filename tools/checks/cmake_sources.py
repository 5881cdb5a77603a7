# SPDX-License-Identifier: Apache-2.0
"""Checks the sources that CMake files list against the disk.

Every .c and .cpp under the folders below must be named in the CMakeLists.txt nearest above it, every name there must
exist, and each SOURCES list must be sorted. Constructs that the project does without are reported, too.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("src", "python", "tests", "bench", "examples", "layers")
SOURCE = re.compile(r"[\w./-]+\.(?:cpp|c)\b")
# What users of other engines would write, which the benchmark compiles with each engine's own headers.
FOREIGN = ROOT / "bench" / "layers" / "peers"
FORBIDDEN = {
    r"\binclude_directories\s*\(": "use target_include_directories",
    r"\badd_definitions\s*\(": "use target_compile_definitions",
    r"\blink_libraries\s*\(": "use target_link_libraries",
    r"\bfile\s*\(\s*GLOB": "list the sources",
    r"\bmacro\s*\(": "write a function",
    r"\bset\s*\(\s*CMAKE_C(?:XX)?_FLAGS": "use an INTERFACE target or a preset",
    r"\bFetchContent\b|\bExternalProject\b": "nothing is downloaded while configuring",
}


def strip_comments(text):
    return re.sub(r"#[^\n]*", "", text)


def listed_sources(text):
    """The source files named in a CMakeLists.txt, without those that begin with a variable."""
    return [m.group(0) for m in SOURCE.finditer(text) if text[max(0, m.start() - 1)] not in "}/$"]


def check_file(path, owned):
    """Problems of one CMakeLists.txt, given the sources on the disk that it has to name."""
    where = path.relative_to(ROOT)
    text = strip_comments(path.read_text())
    problems = [f"{where}: '{m.group(0)}': {hint}" for rx, hint in FORBIDDEN.items() for m in re.finditer(rx, text)]
    names = listed_sources(text)
    problems += [f"{where}: lists {name}, which does not exist" for name in names if not (path.parent / name).is_file()]
    named = {(path.parent / name).resolve() for name in names}
    problems += [f"{where}: does not list {source.relative_to(path.parent)}" for source in sorted(owned - named)]
    for block in re.findall(r"\bSOURCES((?:\s+[\w./-]+\.(?:cpp|c|h))+)", text):
        files = block.split()
        if files != sorted(files):
            problems.append(f"{where}: SOURCES are not sorted: {' '.join(files)}")
    return problems


def main():
    cmake_files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("CMakeLists.txt"))]
    owned = {path.parent: set() for path in cmake_files}
    problems = []
    shared = "".join(path.read_text() for path in (ROOT / "cmake").glob("*.cmake"))  # our functions name sources, too
    for folder in FOLDERS:
        for source in sorted((ROOT / folder).rglob("*.c*")):
            if source.suffix not in (".c", ".cpp") or FOREIGN in source.parents:
                continue
            if "build" in source.relative_to(ROOT).parts:
                continue
            if f"/{source.relative_to(ROOT).as_posix()}" in shared:
                continue
            owner = next((parent for parent in source.parents if parent in owned), None)
            if owner is None:
                problems.append(f"{source.relative_to(ROOT)}: no CMakeLists.txt above it")
            else:
                owned[owner].add(source.resolve())
    for path in [ROOT / "CMakeLists.txt", *cmake_files]:
        problems += check_file(path, owned.get(path.parent, set()))
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
