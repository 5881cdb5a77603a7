# SPDX-License-Identifier: Apache-2.0
"""Checks the directions of dependencies between folders by reading the #include lines.

ALLOWED is the graph: a folder may include headers of itself and of the folders named for it; it names all that it uses.
Public headers (<tenon/...>) may be used by all, and themselves include public headers only. The check first tries
itself on a made-up tree; `deps.py --self-test` does only that.
"""

import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

RUN_SIDE = ["base", "graph", "expr", "ops", "layers", "plan", "codegen", "backends", "runtime"]
ALLOWED = {
    # The run side, which libtenon-runtime consists of.
    "base": [],
    "graph": ["base"],
    "expr": ["base", "graph"],
    "ops": ["base", "graph", "expr"],
    "layers": ["base", "graph", "expr", "ops"],
    "plan": ["base", "graph", "ops", "expr", "layers"],
    # Loops and where their code comes from. Generating it is for codegen/llvm, a library that is opened when needed.
    "codegen": ["base", "graph", "expr", "plan"],
    "backends": ["base", "graph", "ops", "expr", "layers", "plan", "codegen"],
    "backends/reference": ["base", "graph", "ops", "expr", "layers", "plan", "backends"],
    "backends/cpu": ["base", "graph", "ops", "expr", "layers", "plan", "codegen", "backends"],
    "runtime": [*RUN_SIDE[:-1], "backends/reference", "backends/cpu"],
    # Tensors from and to files; nothing but the command uses it.
    "io": ["base"],
    # The build side meets it in the plan only.
    "formats": ["base", "graph", "ops", "layers", "formats/protobuf", "formats/tensorflow", "formats/uff"],
    "formats/protobuf": ["base", "graph"],
    "formats/tensorflow": ["base", "graph", "ops", "layers", "formats/protobuf"],
    "formats/uff": ["base", "graph", "ops", "layers", "formats/protobuf"],
    "surgery": ["base", "graph", "ops", "expr", "layers"],
    "lowering": ["base", "graph", "ops", "expr", "layers", "formats/uff"],
    "conversion": ["base", "graph", "ops", "layers", "formats/uff", "lowering"],
    "compiler": ["base", "graph", "ops", "expr", "layers", "plan", "codegen", "lowering"],
    "codegen/llvm": ["base", "graph", "expr", "plan", "codegen"],
    # Both.
    "cli": [*RUN_SIDE, "io", "formats", "surgery", "lowering", "conversion", "compiler"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def folder_of(path):
    """The entry of ALLOWED that a path below src/ belongs to: the longest that matches."""
    parts = pathlib.PurePosixPath(path).parts[:-1]
    for length in range(len(parts), 0, -1):
        name = "/".join(parts[:length])
        if name in ALLOWED:
            return name
    return None


def check(root):
    """One line per include that the graph does not allow, or that lies in no folder of it."""
    problems = []
    sources = root / "src"
    for path in sorted(p for p in sources.rglob("*") if p.suffix in (".h", ".c", ".cpp")):
        where = path.relative_to(sources).as_posix()
        folder = folder_of(where)
        if folder is None:
            problems.append(f"src/{where}: its folder is not in the graph of tools/checks/deps.py")
            continue
        for include in INCLUDE.findall(path.read_text()):
            if include.startswith("tenon/") or not (sources / include).is_file():
                continue  # public, third-party or generated
            target = folder_of(include)
            if target != folder and target not in ALLOWED[folder]:
                problems.append(f"src/{where}: {folder} must not use {target} ({include})")
    for path in sorted((root / "include").rglob("*.h")):
        for include in INCLUDE.findall(path.read_text()):
            if (sources / include).is_file():
                problems.append(f"{path.relative_to(root)}: a public header includes the internal {include}")
    return problems


def self_test():
    """A tree with one violation of each kind, and their absence when mended."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {
            "src/base/a.h": "",
            "src/base/b.h": '#include "graph/g.h"\n',
            "src/graph/g.h": '#include "base/a.h"\n',
            "src/nowhere/n.h": "",
            "src/backends/cpu/c.cpp": '#include "backends/reference/r.h"\n#include <vector>\n',
            "src/backends/reference/r.h": '#include "graph/g.h"\n',
            "include/tenon/t.h": '#include "base/a.h"\n',
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        found = check(root)
        for text in (
            "base must not use graph",
            "nowhere/n.h",
            "backends/cpu must not use backends/reference",
            "tenon/t.h",
        ):
            assert any(text in line for line in found), (text, found)
        assert len(found) == 4, found
        for path in ("src/base/b.h", "src/nowhere/n.h", "src/backends/cpu/c.cpp", "include/tenon/t.h"):
            (root / path).unlink()
        assert check(root) == []


def check_graph():
    """The graph itself must not have cycles, but for a folder and its own sub-folders."""
    done, path = set(), []

    def visit(folder):
        if folder in path:
            sys.exit(f"deps: the graph has a cycle: {' -> '.join([*path, folder])}")
        if folder not in done:
            path.append(folder)
            for target in ALLOWED[folder]:
                if target.split("/")[0] != folder.split("/")[0]:
                    visit(target)
            path.pop()
            done.add(folder)

    for folder in ALLOWED:
        visit(folder)


def main():
    check_graph()
    self_test()
    problems = [] if "--self-test" in sys.argv else check(ROOT)
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
