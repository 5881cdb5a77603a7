# SPDX-License-Identifier: Apache-2.0
"""The checks of tools/checks/ find what they are there to find."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/checks"))

import cmake_sources  # noqa: E402
import deps  # noqa: E402
import docs_blocks  # noqa: E402
import exports  # noqa: E402


def test_deps_finds_each_kind_of_violation():
    deps.self_test()
    deps.check_graph()


@pytest.mark.parametrize(
    ("expected", "output", "verdict"),
    [
        (["a"], "a\n", True),
        (["a"], "a\nb\n", False),
        (["a", "..."], "a\nb\nc\n", True),
        (["...", "c"], "a\nb\nc\n", True),
        (["took ... ms"], "took 1.25 ms\n", True),
        (["took ... ms"], "took 1.25 s\n", False),
        (["(1+1)*"], "(1+1)*\n", True),
        (["a"], "", False),
    ],
)
def test_docs_compare_output_with_wildcards(expected, output, verdict):
    assert docs_blocks.matches(expected, output) is verdict


@pytest.mark.parametrize(
    ("page", "count", "problem"),
    [
        ("```console\n$ echo hi\nhi\n```\n", 1, None),
        ("```console\n$ ! false\n```\n", 1, None),
        ("```console\n$ false\n```\n", 1, "exit code 1"),
        ("```console\n$ ! true\n```\n", 1, "exit code 0"),
        ("```console\n$ echo hi\nho\n```\n", 1, "The page shows:"),
        ("```python\nassert 1 + 1 == 3\n```\n", 1, "AssertionError"),
        ("```sh\nfalse\ntrue\n```\n", 1, "exit code 1"),
        ('```sh no-run="needs root"\nfalse\n```\n', 0, None),
        ("```sh no-run\nfalse\n```\n", 0, "no-run must have a reason"),
        ("```sh norun\nfalse\n```\n", 0, "unknown info"),
        ("```text\n$ false\n```\n", 0, None),
        ("```cpp\nTENON_PLUGIN(Clip)\n```\n", 1, "g++: exit code 1"),
        ("```cpp\n#define TENON_PLUGIN(x)\nTENON_PLUGIN(Clip)\n```\n", 1, "libclip.so is not a plugin"),
    ],
)
def test_docs_blocks_run(tmp_path, monkeypatch, page, count, problem):
    monkeypatch.setattr(docs_blocks, "ROOT", tmp_path)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "page.md").write_text(page)
    ran, problems = docs_blocks.run_page(tmp_path / "page.md")
    assert ran == count
    if problem is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert problem in problems[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tenon_add_library(x SOURCES a.cpp b.cpp)", None),
        ("tenon_add_library(x SOURCES a.cpp)", "does not list b.cpp"),
        ("tenon_add_library(x SOURCES a.cpp b.cpp c.cpp)", "lists c.cpp, which does not exist"),
        ("tenon_add_library(x SOURCES b.cpp a.cpp)", "not sorted"),
        ("tenon_add_library(x SOURCES a.cpp b.cpp)\nlink_libraries(fmt)", "use target_link_libraries"),
        ("tenon_add_library(x SOURCES a.cpp b.cpp)  # file(GLOB", None),
    ],
)
def test_cmake_sources(tmp_path, monkeypatch, text, problem):
    monkeypatch.setattr(cmake_sources, "ROOT", tmp_path)
    sources = {tmp_path / "a.cpp", tmp_path / "b.cpp"}
    for source in sources:
        source.touch()
    path = tmp_path / "CMakeLists.txt"
    path.write_text(text)
    problems = cmake_sources.check_file(path, {source.resolve() for source in sources})
    if problem is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert problem in problems[0]


def test_exports_are_qualified_names(tmp_path):
    source = tmp_path / "x.cpp"
    source.write_text(
        "#include <string>\nnamespace tenon { struct S { void f(int) const; }; void S::f(int) const {}"
        " std::string g(double) { return {}; } } void stray() {}\n"
    )
    library = tmp_path / "x.so"
    subprocess.run(["g++", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    names = exports.exported(library)
    assert {"tenon::S::f", "tenon::g", "stray"} <= set(names)
    assert exports.OURS.match("tenon::S::f")
    assert exports.OURS.match("typeinfo for tenon::S")
    assert not exports.OURS.match("stray")
