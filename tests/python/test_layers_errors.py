# SPDX-License-Identifier: Apache-2.0
"""Mistakes in a layer's function: the user's own line, what was given, and what to write instead."""

import math
import os

import numpy as np
import pytest
import tenon

ROWS = {
    "branch": (lambda x: x if x > 0 else -x, r"bool\[n, c\] is given where True or False .* write tenon.where\("),
    "and": (lambda x: (x > 0) and (x < 1), "and &, |, ~ for and, or, not"),
    "chain": (lambda x: tenon.where(0 < x < 1, x, 0.0), "chains like 0 < x < 1"),
    "dimension": (lambda x: x if x.shape[0] > 1 else -x, "True or False"),
    "math": (lambda x: math.exp(x), r"a float is required.*tenon.exp\(x\)"),
    "int": (lambda x: x[int(x[0, 0])], "an int is required"),
    "range": (lambda x: [x for _ in range(x.shape[0])], r"i64\[\] is given where an int is required"),
    "loop": (lambda x: sum(row for row in x), r"known length.*tenon.compute\(\) in place of a loop"),
    "len": (lambda x: x * len(x), r"x.shape\[0\] for its length"),
    "asarray": (lambda x: np.asarray(x), r"an array is required.*np.exp\(x\).*callback=True"),
    "write": (lambda x: x.__setitem__(0, 1), r"f32\[n, c\] is written to.*tenon.where"),
    "no_counterpart": (lambda x: np.sort(x), r"np.sort: symbols are given.*callback=True"),
    "no_ufunc": (lambda x: np.hypot(x, x), "np.hypot: symbols are given"),
    "outer": (lambda x: np.add.outer(x, x), "np.add.outer: symbols are given"),
    "argument": (lambda x: np.sum(x, where=True), "np.sum: .*unexpected keyword argument 'where'"),
    "out": (lambda x: np.exp(x, out=np.zeros(3)), "np.exp: out is given with symbols"),
    "pad_mode": (lambda x: np.pad(x, 1, mode="mean"), "the mode 'mean' is given but one of constant, edge"),
    "broadcast": (lambda x: x + x.T, r"f32\[n, c\] and f32\[c, n\] are given but .* give both dimensions one name"),
    "axis": (lambda x: x.sum(2), "axis 2 is given but the tensor has 2 dimensions"),
    "indices": (lambda x: x[0, 0, 0], r"3 indices are given for f32\[n, c\]"),
    "float_index": (lambda x: x[0.5], "0.5 are given but integers are required"),
    "two_index_tensors": (lambda x: x[[0, 1], [0, 1]], "a tensor of indices is given beside other indices"),
    "step": (lambda x: x[:: x.shape[0]], "an int other than 0 is required"),
    "text": (lambda x: x + "a", "a str is given but a tensor, a number or a small array"),
    "list_of_symbols": (lambda x: tenon.sum([x, x]), r"a list of symbols is given .* tenon.stack\(\)"),
    "strings": (lambda x: x + np.array(["a"]), "formulas have numbers only"),
    "large_constant": (lambda x: x + np.zeros((17, 17)), r"shape \(17, 17\) is given.*make it an input of the layer"),
    "dtype": (lambda x: x.astype("f33"), "is no dtype"),
    "outside": (lambda x: x.at(0, 0, outside="edge"), "'edge' is given but error, value, clamp, wrap or reflect"),
    "reduction": (lambda x: tenon.reduce_over("mean", (3,), lambda i: x[i, 0]), "'mean' is given but sum, prod"),
    "compute_indices": (
        lambda x: tenon.compute(x.shape, lambda i: x[i, 0]),
        "2 dimensions are given with a function that does not take 2 indices",
    ),
    "compute_tensor": (lambda x: tenon.compute((3,), lambda i: x), r"gives f32\[n, c\] but a scalar is required"),
    "nothing": (lambda x: None, "it returns nothing but 1 are required; write a return"),
    "two": (lambda x: (x, x), r"it returns 2 tensors but 1 are required; write @tenon.layer\(outputs=2\)"),
    "no_tensor": (lambda x: {"y": x}, "its result: a dict is given"),
    "huge_number": (lambda x: x + 2**70, "does not fit into 64 bits"),
}


@pytest.mark.parametrize("name", ROWS)
def test_mistakes_are_told_with_the_users_line(name):
    function, said = ROWS[name]
    layer = tenon.layer(name="mistaken")(function)
    with pytest.raises(tenon.InvalidArgumentError, match=said) as caught:
        layer.trace("f32[n, c]")
    where = f"{__file__}:{function.__code__.co_firstlineno}: ".removeprefix(os.getcwd() + os.sep)
    assert str(caught.value).startswith(where)


def helper(x):
    return x + x.T  # The line that is named.


def test_the_innermost_line_of_the_users_code_is_named_with_layer_and_node():
    @tenon.layer
    def error_outer(x):
        return helper(x)

    graph = tenon.Graph()
    graph.add_node("error_outer", [graph.add_input("x", "f32", [2, 3])], name="somewhere", domain="custom")
    with pytest.raises(tenon.InvalidArgumentError) as caught:
        tenon.compile(graph, outputs=["somewhere"])
    line = helper.__code__.co_firstlineno + 1
    assert str(caught.value).startswith("error_outer 'somewhere': ")
    assert f"test_layers_errors.py:{line}: +: f32[2, 3] and f32[3, 2] are given" in caught.value.message
    frames = [entry.name for entry in caught.traceback]
    assert frames[-1] == "helper"


def test_an_exception_of_the_users_own_keeps_its_class_and_traceback():
    @tenon.layer
    def error_own(x):
        return x * {}["missing"]

    graph = tenon.Graph()
    graph.add_node("error_own", [graph.add_input("x", "f32", [2])], name="somewhere", domain="custom")
    with pytest.raises(KeyError) as caught:
        tenon.compile(graph, outputs=["somewhere"])
    assert not isinstance(caught.value, tenon.Error)
    assert caught.traceback[-1].name == "error_own"
    (note,) = caught.value.__notes__
    assert "error_own 'somewhere'" in note
    assert "KeyError: 'missing'" in note


def test_reading_outside_is_an_error_when_it_runs():
    @tenon.layer
    def error_outside(x):
        return tenon.compute((3,), lambda i: x[i + 1])

    with pytest.raises(tenon.InvalidArgumentError, match="error_outside"):
        error_outside(np.zeros(3, np.float32))
