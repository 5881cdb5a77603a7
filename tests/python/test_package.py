# SPDX-License-Identifier: Apache-2.0
"""The package itself: what it exports, its documentation and its stubs."""

import ast
import enum
import inspect
import pydoc
import re
from pathlib import Path

import pytest
import tenon
from conftest import ROOT

CLASSES = [item for name in tenon.__all__ if inspect.isclass(item := getattr(tenon, name))]


def test_version_is_that_of_the_header():
    header = (ROOT / "include/tenon/version.h").read_text()
    assert tenon.__version__ == ".".join(re.findall(r"VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))


def test_all_is_sorted_and_complete():
    assert list(tenon.__all__) == sorted(tenon.__all__)
    public = {name for name in vars(tenon._core) if not name.startswith("_")}
    assert public <= set(tenon.__all__)


@pytest.mark.parametrize("name", [name for name in tenon.__all__ if name != "__version__"])
def test_everything_has_a_docstring(name):
    item = getattr(tenon, name)
    assert inspect.getdoc(item)
    assert item.__module__.startswith("tenon")
    members = vars(item) if inspect.isclass(item) and not issubclass(item, (enum.Enum, Exception)) else {}
    for member in members:
        if not member.startswith("_"):
            doc = inspect.getdoc(getattr(item, member))
            assert doc, f"{name}.{member}"
            assert doc.rstrip().endswith((".", ")", "it.")), f"{name}.{member}: {doc}"


def test_help_speaks_of_the_package_not_of_the_extension_module():
    text = pydoc.plain(pydoc.render_doc(tenon.Graph))
    assert "class Graph in module tenon" in text
    assert "replace(self, what: tenon.Node | str, layer: tenon.LayerSpec | str) -> list[tenon.Node]" in text
    assert "_core" not in text.replace("tenon._core.pyi", "")


def test_stubs_describe_what_is_there():
    stub = ast.parse((Path(tenon.__file__).parent / "_core.pyi").read_text())
    described = {node.name for node in stub.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    actual = {name for name in vars(tenon._core) if not name.startswith("_")}
    assert described == actual
    assert (Path(tenon.__file__).parent / "py.typed").exists()
    for node in ast.walk(stub):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
            assert node.returns is not None, node.name
