# SPDX-License-Identifier: Apache-2.0
"""How the shapes and orders given to compile() become the inputs of a UFF graph."""

import numpy as np
import pytest
import tenon


@pytest.fixture
def graph():
    """max(x, 0) of NHWC images."""
    graph = tenon.Graph("uff")
    x = graph.add_node("Input", [], name="x", attributes={"shape": [-1, 5, 7, 3]})
    y = graph.add_node("Activation", [x.outputs[0]], name="y", attributes={"func": "relu"})
    graph.set_outputs([y.outputs[0]])
    return graph


IMAGES = np.arange(2 * 5 * 7 * 3, dtype=np.float32).reshape(2, 5, 7, 3) - 100


def test_without_a_shape_it_is_the_files(graph):
    engine = tenon.compile(graph)
    assert engine.inputs[0].shape == ("N", 5, 7, 3)
    np.testing.assert_array_equal(engine.run(IMAGES), np.maximum(IMAGES, 0))


def test_a_sample_is_nchw_unless_an_order_is_given(graph):
    engine = tenon.compile(graph, input_shapes={"x": (3, 5, 7)})
    assert engine.inputs[0].shape == ("N", 3, 5, 7)
    turned = IMAGES.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(engine.run(np.ascontiguousarray(turned)), np.maximum(turned, 0))
    engine = tenon.compile(graph, input_shapes={"x": (5, 7, 3)}, input_orders={"x": "NHWC"})
    assert engine.inputs[0].shape == ("N", 5, 7, 3)
    np.testing.assert_array_equal(engine.run(IMAGES), np.maximum(IMAGES, 0))


def test_wrong_orders_are_refused(graph):
    with pytest.raises(tenon.InvalidArgumentError, match="the order of the input 'x' is 'nhwc', but NCHW, NHWC or NC"):
        tenon.compile(graph, input_orders={"x": "nhwc"})
    with pytest.raises(tenon.NotFoundError, match="there is no input 'z' to give an order"):
        tenon.compile(graph, input_orders={"z": "NC"})
