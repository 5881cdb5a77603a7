# SPDX-License-Identifier: Apache-2.0
"""Standard operators that layers of formulas call, against NumPy and the same graph made by hand."""

import os

import numpy as np
import pytest
import tenon
from scipy import special

RANDOM = np.random.default_rng(5)
IMAGES, KERNEL, BIAS = (RANDOM.normal(size=s).astype(np.float32) for s in [(3, 2, 6, 5), (4, 2, 3, 3), (4,)])
ROWS = RANDOM.normal(size=(3, 5)).astype(np.float32)


@tenon.layer
def conv_swish(x, w, b, *, alpha=1.0):
    """Convolves."""
    y = tenon.call("Conv", x, w, b, strides=[1, 1], pads=[1, 1, 1, 1])
    return y * tenon.sigmoid(alpha * y)


def engine_of(layer, *arrays, shapes=None, outputs=1, **fields):
    graph = tenon.Graph()
    shapes = shapes or [x.shape for x in arrays]
    inputs = [graph.add_input(f"x{i}", str(x.dtype), s) for i, (x, s) in enumerate(zip(arrays, shapes, strict=True))]
    names = [f"y{i}" for i in range(outputs)]
    graph.add_node(layer.name, inputs, name="node", outputs=names, attributes=fields, domain="custom")
    return tenon.compile(graph, outputs=names)


def convolved(x, w, b):
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    near = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    return np.einsum("nchwij,kcij->nkhw", near, w) + b[:, None, None]


def test_an_elementwise_tail_rides_on_the_convolution():
    y = convolved(IMAGES, KERNEL, BIAS)
    np.testing.assert_allclose(
        conv_swish(IMAGES, KERNEL, BIAS, alpha=2.0), y * special.expit(2 * y), rtol=1e-5, atol=1e-5
    )
    graph = tenon.Graph()
    inputs = [
        graph.add_input("x", "f32", ("N", 2, 6, 5)),
        graph.add_constant("w", KERNEL),
        graph.add_constant("b", BIAS),
    ]
    graph.add_node("conv_swish", inputs, name="y", domain="custom")
    context = tenon.compile(graph, outputs=["y"]).context()
    context.run(IMAGES)
    assert "Conv+Swish" in context.explain()


def test_it_gives_the_bits_of_the_graph_made_by_hand():
    shapes = [("N", *IMAGES.shape[1:]), KERNEL.shape, BIAS.shape]
    engine = engine_of(conv_swish, IMAGES, KERNEL, BIAS, shapes=shapes)
    graph = tenon.Graph()
    inputs = [graph.add_input(name, "f32", shape) for name, shape in zip("xwb", shapes, strict=True)]
    y = graph.add_node("Conv", inputs, name="c", attributes={"pads": [1, 1, 1, 1]}).outputs[0]
    graph.add_node("Swish", [y], name="s")
    by_hand = tenon.compile(graph, outputs=["s"])
    for count in (1, 3):  # A dynamic batch.
        np.testing.assert_array_equal(
            engine.run(IMAGES[:count], KERNEL, BIAS), by_hand.run(IMAGES[:count], KERNEL, BIAS)
        )


def test_plans_hold_operators_and_formulas(tmp_path):
    engine = engine_of(conv_swish, IMAGES, KERNEL, BIAS, alpha=0.5)
    engine.save(tmp_path / "a.plan")
    loaded = tenon.Engine.load(tmp_path / "a.plan")
    np.testing.assert_array_equal(engine.run(IMAGES, KERNEL, BIAS), loaded.run(IMAGES, KERNEL, BIAS))


def test_several_outputs():
    @tenon.layer(outputs=2)
    def best(x, *, count=2):
        values, places = tenon.call("TopK", 2 * x, count, outputs=2)
        return values - 1, places

    values, places = best(ROWS)
    np.testing.assert_array_equal(places, np.argsort(-ROWS, axis=-1)[:, :2])
    np.testing.assert_array_equal(values, 2 * np.take_along_axis(ROWS, places, -1) - 1)


def test_a_chain_of_calls_with_a_dynamic_batch_and_image():
    @tenon.layer
    def residual(x, w):
        y = tenon.call("Conv", tenon.tanh(x), w, pads=[1, 1, 1, 1])
        return tenon.relu(x + tenon.call("Conv", y * 2, w, pads=[1, 1, 1, 1]))

    kernel = KERNEL[:2]
    engine = engine_of(residual, IMAGES, kernel, shapes=[("N", 2, "H", "W"), kernel.shape])
    for image in (IMAGES, IMAGES[:1, :, :4, :3]):
        inner = convolved(np.tanh(image), kernel, np.zeros(2))
        expected = np.maximum(image + convolved(2 * inner, kernel, np.zeros(2)), 0)
        np.testing.assert_allclose(engine.run(image, kernel), expected, rtol=1e-4, atol=1e-4)


def test_matmul_and_anything():
    @tenon.layer
    def head(x, w):
        logits = tenon.call("Gemm", x @ w, w, alpha=2, transB=1)
        return tenon.softmax(tenon.call("MatMul", logits, w) + tenon.call("CumSum", x @ w, 1))

    w = np.asarray(RANDOM.normal(size=(5, 4)), np.float32)
    y = ROWS @ w
    expected = special.softmax(2 * y @ w.T @ w + np.cumsum(y, 1), -1)
    np.testing.assert_allclose(head(ROWS, w), expected, rtol=1e-4, atol=1e-6)


def test_layers_call_layers_that_call_operators():
    @tenon.layer
    def twice(x, w, b):
        return conv_swish(x, w, b) + conv_swish(x, w, b, alpha=3.0)

    y = convolved(IMAGES, KERNEL, BIAS)
    expected = y * (special.expit(y) + special.expit(3 * y))
    np.testing.assert_allclose(twice(IMAGES, KERNEL, BIAS), expected, rtol=1e-5, atol=1e-5)


def test_constants_are_numbers_lists_and_arrays_of_any_size():
    table = RANDOM.normal(size=(5, 300))  # float64, as NumPy makes it: f32 beside f32.

    @tenon.layer
    def constants(x):
        projected = tenon.call("MatMul", x, table)
        padded = tenon.call("Pad", projected, [0, 1, 0, 0], 0.5)
        return tenon.call("Reshape", tenon.call("Clip", padded, None, 1.0), [x.shape[0], 7, -1])

    expected = np.pad(ROWS @ table, [(0, 0), (1, 0)], constant_values=0.5)
    np.testing.assert_allclose(constants(ROWS), np.minimum(expected, 1).reshape(3, 7, 43), rtol=1e-4, atol=1e-5)
    engine = engine_of(constants, ROWS, shapes=[("N", 5)])
    assert engine.run(ROWS[:2]).shape == (2, 7, 43)


def test_attributes_are_widened():
    @tenon.layer(outputs=2)
    def least(x):
        values, places = tenon.call("TopK", x, 1, largest=False, outputs=2)
        return tenon.call("Cast", values, to="f16"), tenon.call("Cast", places, to=np.int32)

    values, places = least(ROWS)
    assert (values.dtype, places.dtype) == (np.float16, np.int32)
    np.testing.assert_array_equal(places[:, 0], ROWS.argmin(1))


def test_a_mistake_that_is_caught_leaves_the_layer_whole():
    @tenon.layer
    def catching(x):
        with pytest.raises(tenon.InvalidArgumentError):
            tenon.call("TopK", x, x)
        return tenon.call("CumSum", x, 1) + 1

    np.testing.assert_allclose(catching(ROWS), ROWS.cumsum(1) + 1, rtol=1e-5, atol=1e-6)


def test_what_is_defined_by_formulas_becomes_one():
    @tenon.layer
    def called(x):
        return tenon.call("Softmax", x, axis=0) * 2

    @tenon.layer
    def written(x):
        return tenon.softmax(x, axis=0) * 2

    assert str(called.trace("f32[n, c]")).replace("called", "written") == str(written.trace("f32[n, c]"))


def test_the_trace_of_a_layer_with_operators_is_a_graph():
    graph = conv_swish.trace("f32[n, 2, h, w]", "f32[4, 2, 3, 3]", "f32[4]")
    assert [node.op for node in graph.nodes] == ["Conv", "Expression"]
    assert str(graph.outputs[0].type) == "f32[n,4,h,w]"


def test_data_dependent_shapes():
    @tenon.layer
    def places(x):
        return tenon.call("NonZero", tenon.maximum(x, 0.0)) + 1

    np.testing.assert_array_equal(places(ROWS), np.stack(np.nonzero(ROWS > 0)) + 1)


MISTAKES = {
    "unknown": (lambda x: tenon.call("Sofmax", x), "no standard operator 'Sofmax'; did you mean 'Softmax'"),
    "attribute": (
        lambda x: tenon.call("Softmax", x, axes=1),
        "Softmax 'miscalled/Softmax': it has the attribute 'axes', .* did you mean 'axis'",
    ),
    "attribute_kind": (
        lambda x: tenon.call("Softmax", x, axis="last"),
        "'axis' is of kind string but int is required",
    ),
    "symbol_attribute": (lambda x: tenon.call("Softmax", x, axis=x.shape[0]), "the attribute 'axis' cannot be"),
    "rank": (
        lambda x: tenon.call("Conv", x, KERNEL),
        r"Conv 'miscalled/Conv': input 0 has shape \[n,4\] but rank 3 to 5 is required",
    ),
    "dtype": (lambda x: tenon.call("MatMul", x, np.eye(4, dtype=np.int32)), "MatMul 'miscalled/MatMul': .*f32 and i32"),
    "count": (lambda x: tenon.call("TopK", x), "TopK 'miscalled/TopK': it has 1 inputs but 2 are required"),
    "outputs": (lambda x: tenon.call("TopK", x, 1, outputs=3)[0], "it has 3 outputs but 1 to 2 are required"),
    "too_many": (lambda x: tenon.call("TopK", x, 1, outputs=10**9)[0], "1000000000 outputs are asked for"),
    "constant": (
        lambda x: tenon.call("CumSum", [1.0, 2.0], 0) * x,
        "CumSum: none of its inputs is made of the layer's",
    ),
    "object": (lambda x: tenon.call("MatMul", x, {}), "MatMul: input 1"),
    "rank_by_value": (
        lambda x: tenon.call("Reshape", x, tenon.cast(x.sum(1), "i64")),
        "Reshape: the rank of its output 0 depends on the value of input 1 .* give that as numbers",
    ),
    "extent_by_value": (
        lambda x: list(range(tenon.call("NonZero", x).shape[1])),
        r"i64\[\] is given where an int is required",
    ),
    "index": (
        lambda x: tenon.compute(x.shape, lambda i, j: tenon.call("CumSum", x[i, j].reshape(1), 0)[0]),
        "CumSum: input 0 depends on an index of a compute",
    ),
    "index_alone": (
        lambda x: tenon.compute([2], lambda i: tenon.call("CumSum", x, i)[0, 0]),
        "CumSum: input 1 depends on an index of a compute",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_with_the_users_line(name):
    function, said = MISTAKES[name]
    layer = tenon.layer(name="miscalled")(function)
    with pytest.raises((tenon.InvalidArgumentError, tenon.NotFoundError), match=said) as caught:
        layer.trace("f32[n, 4]")
    where = f"{__file__}:{function.__code__.co_firstlineno}: ".removeprefix(os.getcwd() + os.sep)
    assert str(caught.value).startswith(where)


def test_extents_of_two_calls_are_made_equal_by_a_reshape():
    @tenon.layer
    def halves(x, w):
        a, b = (tenon.call("Conv", y, w, strides=[2, 2]) for y in (x, x * 2))
        return a + b.reshape(a.shape)

    engine = engine_of(halves, IMAGES, KERNEL, shapes=[("N", 2, "H", "W"), KERNEL.shape])
    expected = 3 * convolved(IMAGES, KERNEL, np.zeros(4))[:, :, 1:-1:2, 1:-1:2]
    np.testing.assert_allclose(engine.run(IMAGES, KERNEL), expected, rtol=1e-4, atol=1e-4)
