# SPDX-License-Identifier: Apache-2.0
"""Callback layers: Python functions that are called when a plan runs."""

import subprocess
import sys
import threading
import warnings

import ml_dtypes
import numpy as np
import pytest
import tenon
from conftest import ROOT, Foreign

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@tenon.layer(callback=True)
def call_sort(x, *, descending=False):
    """Sorts rows."""
    ordered = np.sort(x, axis=-1)
    return ordered[..., ::-1] if descending else ordered


def rows_and_columns(x, *, twice=False):
    return [(x.dtype, (x.shape[0] * 2 if twice else x.shape[0],)), ("i64", x.shape[1:])]


@tenon.layer(callback=True, outputs=2, types=rows_and_columns)
def call_sums(x, *, twice=False):
    rows = np.add.reduceat(x, [0], axis=1)[:, 0]
    return np.concatenate([rows, rows]) if twice else rows, x.sum(0).astype(np.int64)


def callback_of(function):
    """A callback of a function of one array; they take turns under one name."""
    return tenon.layer(callback=True, name="call_row")(lambda x: function(x))


def graph_of(layer, shape, dtype="f32", **fields):
    graph = tenon.Graph()
    outputs = [f"y{i}" for i in range(layer.outputs)]
    inputs = [graph.add_input("x", dtype, shape)]
    graph.add_node(layer.name, inputs, name="node", outputs=outputs, attributes=fields, domain="custom")
    return graph, outputs


def engine_of(layer, shape, **fields):
    graph, outputs = graph_of(layer, shape, **fields)
    return tenon.compile(graph, outputs=outputs)


def test_it_is_called_with_read_only_arrays_over_the_engines_memory():
    seen = {}

    @tenon.layer(callback=True)
    def call_look(x, *, by=2):
        seen.update(type=type(x), writable=x.flags.writeable, owns=x.flags.owndata, by=by)
        return x * by

    np.testing.assert_array_equal(call_look(X), 2 * X)
    assert seen == {"type": np.ndarray, "writable": False, "owns": False, "by": 2}


def test_fields_types_and_several_outputs():
    np.testing.assert_array_equal(call_sort(-X, descending=True), -X)
    engine = engine_of(call_sums, ["N", 3], twice=True)
    assert str(engine.outputs[1].type) == "i64[3]"
    rows, columns = engine.run(X)
    np.testing.assert_array_equal(rows, [3, 12, 3, 12])
    np.testing.assert_array_equal(columns, [3, 5, 7])


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.bool_, ml_dtypes.bfloat16])
def test_dtypes(dtype):
    same = callback_of(lambda x: x)
    result = same(X.astype(dtype))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, X.astype(dtype))


def test_scalars_and_empty_arrays():
    double = callback_of(lambda x: x + x)
    assert double(np.float32(2)) == 4
    assert double(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_results_may_speak_dlpack():
    foreign = callback_of(lambda x: Foreign(x + 1))
    np.testing.assert_array_equal(foreign(X), X + 1)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: x.astype(np.float64), r"its output 0 is f64\[2,3\] but f32\[2,3\] is required"),
        (lambda x: x[:, :2].copy(), r"f32\[2,2\] but f32\[2,3\] is required.*types="),
        (lambda x: None, "it returns nothing but 1 are required"),
        (lambda x: (x, x), "it returns 2 tensors but 1 are required"),
        (lambda x: object(), "its output 0 is a object; an array"),
    ],
)
def test_results_are_checked(function, said):
    layer = callback_of(function)
    with pytest.raises(tenon.Error, match=said) as caught:
        layer(X)
    assert "call_row 'call_row'" in str(caught.value)


def test_an_exception_keeps_its_class_and_traceback_and_names_the_node():
    @tenon.layer(callback=True)
    def call_fails(x):
        if x.sum() > 100:
            raise RuntimeError("too much")
        return x

    engine = engine_of(call_fails, ["N"])
    np.testing.assert_array_equal(engine.run(X[0]), X[0])
    with pytest.raises(RuntimeError, match="too much") as caught:
        engine.run(np.full(3, 100, np.float32))
    assert caught.traceback[-1].name == "call_fails"
    (note,) = caught.value.__notes__
    assert "call_fails 'node'" in note
    assert "RuntimeError: too much" in note
    np.testing.assert_array_equal(engine.run(X[0]), X[0])  # Goes on.


def test_an_input_that_is_kept_is_an_error():
    kept = []

    @tenon.layer(callback=True)
    def call_keeps(x):
        kept.append(x[1:])
        return x

    with pytest.raises(tenon.InvalidArgumentError, match=r"it keeps an array that.*keep a copy: x.copy\(\)"):
        call_keeps(X)
    kept.clear()


def test_results_are_written_to_out():
    @tenon.layer(callback=True, outputs=2, types=lambda x, scale: [x, ("i64", x.shape)])
    def call_writes(x, *, out, scale=2.0):
        np.multiply(x, scale, out=out[0])
        out[1][...] = x

    double, whole = engine_of(call_writes, ["N", 3]).run(X)
    np.testing.assert_array_equal(double, 2 * X)
    np.testing.assert_array_equal(whole, X.astype(np.int64))
    assert call_writes.fields == {"scale": 2.0}

    @tenon.layer(callback=True)
    def call_writes_and_returns(x, *, out):
        return np.negative(x, out=out)

    np.testing.assert_array_equal(call_writes_and_returns(X), -X)


def test_out_is_written_to_and_not_kept():
    kept = []

    @tenon.layer(callback=True)
    def call_returns_another(x, *, out):
        return x + 1

    @tenon.layer(callback=True)
    def call_keeps_out(x, *, out):
        out[...] = x
        kept.append(out)

    with pytest.raises(tenon.InvalidArgumentError, match="takes `out` but returns a ndarray; write the results to"):
        call_returns_another(X)
    with pytest.raises(tenon.InvalidArgumentError, match="it keeps an array that"):
        call_keeps_out(X)
    kept.clear()
    with pytest.raises(tenon.InvalidArgumentError, match="formulas have no `out`"):
        tenon.layer(name="call_formula")(lambda x, *, out: x)


def test_an_exception_that_keeps_an_input_travels_without_it():
    @tenon.layer(callback=True)
    def call_raises_input(x):
        raise ValueError(x)

    with pytest.raises(tenon.InvalidArgumentError, match="ValueError"):
        call_raises_input(X)


def test_many_threads_and_contexts():
    engine = engine_of(call_sort, ["N", 3])
    wrong = []

    def work(seed):
        x = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
        context = engine.context(threads=1)
        wrong.extend(1 for _ in range(50) if not np.array_equal(context.run(x), np.sort(x)))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_profile_and_list_say_callback():
    context = engine_of(call_sort, [2, 3]).context(profile=True)
    context.run(X)
    assert [step.kernel for step in context.profile()] == ["callback"]
    assert {layer.name: layer.kind for layer in tenon.layers()}["call_sort"] == "callback"


def test_a_plan_names_the_function_that_it_needs(tmp_path):
    plan = tmp_path / "sort.plan"
    engine_of(call_sort, [2, 3]).save(plan)
    np.testing.assert_array_equal(tenon.Engine.load(plan).run(X), X)
    script = f"import tenon; tenon.Engine.load({str(plan)!r})"
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "build/dev/python")},
    )
    said = result.stderr
    assert "call_sort 'node': its layer 'call_sort' version 1 is not loaded; it is the function" in said
    assert f"{__name__}.call_sort ({__file__}), which the plan does not hold: import its Python module first" in said
    provided = f"import sys; sys.path.insert(0, {str(ROOT / 'tests/python')!r}); import {__name__}; {script}"
    subprocess.run([sys.executable, "-c", provided], check=True, env={"PYTHONPATH": str(ROOT / "build/dev/python")})


def test_an_elementwise_callback_gets_flat_arrays_and_may_write_over_its_input():
    seen = []

    @tenon.layer(callback=True, elementwise=True)
    def call_clip(x, *, out, hi=4.0):
        seen.append((x.ndim, np.shares_memory(x, out)))
        np.clip(x, 1, hi, out=out)

    graph = tenon.Graph()
    x = graph.add_input("x", "f32", [2, 3])
    graph.add_node("Add", [x, x], name="sum", outputs=["sum"])
    graph.add_node("call_clip", ["sum"], name="node", outputs=["y"], attributes={"hi": 5.0}, domain="custom")
    graph.add_node("Neg", ["y"], name="neg", outputs=["z"])
    engine = tenon.compile(graph, outputs=["z"])
    for _ in range(2):
        seen.clear()
        np.testing.assert_array_equal(engine.run(X), -np.clip(2 * X, 1, 5))
        assert seen[-1] == (1, True)
    assert next(layer for layer in tenon.layers() if layer.name == "call_clip").elementwise


@pytest.mark.parametrize("count", [1, 5])
def test_an_elementwise_callback_may_return_its_input(count):
    @tenon.layer(callback=True, elementwise=True, outputs=2)
    def call_both(x):
        return np.nan_to_num(2 * x), x

    graph = tenon.Graph()
    x = graph.add_input("x", "f32", [count])
    graph.add_node("Add", [x, x], name="sum", outputs=["sum"])
    graph.add_node("call_both", ["sum"], name="node", outputs=["y", "z"], domain="custom")
    engine = tenon.compile(graph, outputs=["y", "z"])
    values = np.arange(1, count + 1, dtype=np.float32)
    for _ in range(2):
        twice, once = engine.run(values)
        np.testing.assert_array_equal(twice, 4 * values)
        np.testing.assert_array_equal(once, 2 * values)


def test_a_callback_that_is_wrongly_said_to_be_elementwise_is_an_error():
    @tenon.layer(callback=True, elementwise=True)
    def call_twice(x, *, out):
        np.tanh(x, out=out)
        np.multiply(out, x, out=out)  # In place, x is gone by now.

    with pytest.raises(tenon.InvalidArgumentError, match="call_twice 'call_twice': it is declared to be element"):
        call_twice(X)
    with pytest.raises(tenon.InvalidArgumentError, match="formulas show it"):
        tenon.layer(elementwise=True, name="call_formula")(lambda x: x + 1)


def test_formulas_cannot_call_it():
    outer = tenon.layer(name="call_outer")(lambda x: call_sort(x))
    with pytest.raises(tenon.InvalidArgumentError, match="a callback is called within formulas"):
        outer.trace("f32[n]")
    with pytest.raises(tenon.InvalidArgumentError, match="a callback has no formulas"):
        call_sort.trace("f32[n]")


def test_nothing_is_left_behind_when_python_ends():
    script = (
        "import numpy, tenon\n"
        "@tenon.layer\n"
        "def a(x):\n    return x + 1\n"
        "@tenon.layer(callback=True)\n"
        "def b(x):\n    return numpy.sort(x) + 1\n"
        "print(a(numpy.zeros(2, numpy.float32)), b(numpy.zeros(2, numpy.float32)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "build/dev/python")},
    )
    assert (result.stdout, result.stderr) == ("[1. 1.] [1. 1.]\n", "")


@pytest.mark.parametrize(
    ("function", "hinted"),
    [
        (lambda x: np.maximum(x, 0) * 2, True),
        (lambda x, y, *, k=2.0: np.where(x > y, x, y * k), True),
        (lambda x: x.reshape(x.shape[0], -1).mean(1), True),
        (lambda x: np.concatenate([np.exp(part) for part in (x, -x)], axis=0), True),
        (lambda x: np.sort(x), False),
        (lambda x: x if x.sum() > 0 else -x, False),
        (lambda x: print(x) or x, False),
        (lambda x: x + np.random.normal(), False),
        (lambda x: X * x, False),
    ],
)
def test_a_callback_that_could_be_formulas_gets_a_hint(function, hinted):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tenon.layer(callback=True, name="call_hint")(function)
    assert [warning.category for warning in caught] == [tenon.LayerHint] * hinted
    if hinted:
        assert "without callback=True" in str(caught[0].message)
        assert caught[0].filename == __file__
