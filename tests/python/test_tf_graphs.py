# SPDX-License-Identifier: Apache-2.0
"""The helper that other tests stand on: what it freezes is what was built, and TensorFlow agrees with NumPy on it."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
tf_graphs = pytest.importorskip("tf_graphs")


def test_function_becomes_one_node_per_operator():
    graph = tf_graphs.freeze(lambda x: tf.nn.relu6(x, name="y"), {"x": ("float32", [None, 3])})
    assert graph.operators == ["Placeholder", "Relu6"]
    assert (graph.inputs, graph.outputs) == (("x",), ("y:0",))
    x = np.array([[-1, 0.5, 7]], np.float32)
    np.testing.assert_array_equal(graph.run({"x": x}), [[[0, 0.5, 6]]])


def test_variables_become_constants():
    def build(x):
        return x + tf.compat.v1.get_variable("bias", initializer=np.float32([1, 2]))

    inputs = {"x": ("float32", [None, 2])}
    graph = tf_graphs.freeze(build, inputs)
    assert "Const" in graph.operators
    assert not {"VariableV2", "VarHandleOp", "Assign"} & set(graph.operators)
    np.testing.assert_array_equal(graph.run({"x": np.zeros((1, 2), np.float32)}), [[[1, 2]]])
    assert "Identity" in graph.operators
    assert "Identity" not in tf_graphs.freeze(build, inputs, remove_training_nodes=True).operators


def test_several_outputs_of_one_node_keep_their_order():
    graph = tf_graphs.freeze(lambda x: tf.split(x, 3, name="parts")[::-1], {"x": ("int64", [3])})
    assert graph.outputs == ("parts:2", "parts:1", "parts:0")
    np.testing.assert_array_equal(graph.run({"x": np.array([1, 2, 3])}), [[3], [2], [1]])


def test_same_function_gives_same_bytes():
    def build(x):
        return tf.matmul(x, tf.compat.v1.get_variable("weights", [3, 2]))

    first, second = (tf_graphs.freeze(build, {"x": ("float32", [1, 3])}) for _ in range(2))
    assert first.content == second.content


def test_wrong_inputs_are_named():
    graph = tf_graphs.freeze(tf.nn.relu, {"features": ("float32", [1])})
    with pytest.raises(ValueError, match=r"given \['x'\], but the graph's inputs are \['features'\]"):
        graph.run({"x": np.zeros(1)})
