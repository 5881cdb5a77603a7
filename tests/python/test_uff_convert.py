# SPDX-License-Identifier: Apache-2.0
"""TensorFlow graphs as UFF: the nodes and fields of files that NVIDIA's converter made, in their order."""

import numpy as np
import pytest
import tenon

tf_graphs = pytest.importorskip("tf_graphs")
import tensorflow as tf  # noqa: E402 - tf_graphs has found it

v1 = tf.compat.v1


def weights(name, *shape):
    """Weights as constants, as a frozen graph has them; no two the same."""
    seed = sum(name.encode())
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32"), name=name)


def flatten(x):
    """What Keras' Flatten makes: Shape, StridedSlice, Pack, Reshape."""
    with v1.name_scope("flatten"):
        return tf.reshape(x, (tf.shape(x)[0], -1))


def dense(x, name, inputs, units):
    product = tf.matmul(x, weights(f"{name}/kernel", inputs, units), name=f"{name}/MatMul")
    return tf.nn.bias_add(product, weights(f"{name}/bias", units), data_format="NHWC", name=f"{name}/BiasAdd")


def conv_pool(x, number, inputs, outputs):
    name = f"conv2d{number}"
    images = tf.nn.conv2d(x, weights(f"{name}/kernel", 3, 3, inputs, outputs), 1, "VALID", name=f"{name}/Conv2D")
    images = tf.nn.bias_add(images, weights(f"{name}/bias", outputs), data_format="NHWC", name=f"{name}/BiasAdd")
    return tf.nn.max_pool2d(
        tf.nn.relu(images, name=f"{name}/Relu"), 2, 2, "VALID", name=f"max_pooling2d{number}/MaxPool"
    )


def perceptron(input_1):
    hidden = tf.nn.relu(dense(flatten(input_1), "dense", 784, 512), name="dense/Relu")
    return tf.nn.softmax(dense(hidden, "dense_1", 512, 10), name="dense_1/Softmax")


def convolutional(input_1):
    images = conv_pool(conv_pool(input_1, "", 1, 16), "_1", 16, 32)
    hidden = tf.nn.relu(dense(flatten(images), "dense", 800, 16), name="dense/Relu")
    return tf.nn.softmax(dense(hidden, "dense_1", 16, 10), name="dense_1/Softmax")


def const(name, *shape):
    return ("Const", name, [], {"dtype": "f32", "shape": list(shape), "values": f"@weights_{name}"})


def add(x, bias):
    name = bias.replace("/bias", "/BiasAdd")
    return ("Binary", name, [x, bias], {"func": "add"})


def matmul(name, x):
    return ("FullyConnected", f"{name}/MatMul", [x, f"{name}/kernel"], {"inputs_orders": "@orders_NC_CK"})


def relu(name):
    return ("Activation", f"{name}/Relu", [f"{name}/BiasAdd"], {"func": "relu"})


def pool(name, x):
    fields = {"func": "max", "inputs_orders": "@orders_N+C", "kernel": [2, 2], "strides": [2, 2]}
    return ("Pool", f"{name}/MaxPool", [x], fields)


def conv(name, x):
    fields = {"dilation": [1, 1], "inputs_orders": "@orders_N+C_+CK", "strides": [1, 1]}
    return ("Conv", f"{name}/Conv2D", [x, f"{name}/kernel"], fields)


SOFTMAX = ("Softmax", "dense_1/Softmax", ["dense_1/BiasAdd"], {"axis": 0, "inputs_orders": "@orders_N+C"})
INPUT = ("Input", "input_1", [], {"dtype": "f32", "shape": [-1, 28, 28, 1]})
MARK = ("MarkOutput", "MarkOutput_0", ["dense_1/Softmax"], {})

PERCEPTRON = [
    SOFTMAX,
    const("dense_1/bias", 10),
    add("dense_1/MatMul", "dense_1/bias"),
    matmul("dense_1", "dense/Relu"),
    const("dense_1/kernel", 512, 10),
    relu("dense"),
    const("dense/bias", 512),
    add("dense/MatMul", "dense/bias"),
    matmul("dense", "flatten/Reshape"),
    const("dense/kernel", 784, 512),
    ("Flatten", "flatten/Reshape", ["input_1"], {}),
    INPUT,
    MARK,
]

CONVOLUTIONAL = [
    SOFTMAX,
    const("dense_1/bias", 10),
    add("dense_1/MatMul", "dense_1/bias"),
    matmul("dense_1", "dense/Relu"),
    const("dense_1/kernel", 16, 10),
    relu("dense"),
    const("dense/bias", 16),
    add("dense/MatMul", "dense/bias"),
    matmul("dense", "flatten/Reshape"),
    const("dense/kernel", 800, 16),
    ("Flatten", "flatten/Reshape", ["max_pooling2d_1/MaxPool"], {}),
    pool("max_pooling2d_1", "conv2d_1/Relu"),
    relu("conv2d_1"),
    const("conv2d_1/bias", 32),
    add("conv2d_1/Conv2D", "conv2d_1/bias"),
    conv("conv2d_1", "max_pooling2d/MaxPool"),
    const("conv2d_1/kernel", 3, 3, 16, 32),
    pool("max_pooling2d", "conv2d/Relu"),
    relu("conv2d"),
    const("conv2d/bias", 16),
    add("conv2d/Conv2D", "conv2d/bias"),
    conv("conv2d", "input_1"),
    const("conv2d/kernel", 3, 3, 1, 16),
    INPUT,
    MARK,
]


def shown(value):
    """A field as the lists above have it: a reference by its key, a dtype by its name."""
    if isinstance(value, tenon.Function):
        return "@" + value.attributes["key"]
    return str(value) if isinstance(value, tenon.DType) else value


def described(graph):
    return [
        (node.op, node.name, [x.name for x in node.inputs], {k: shown(v) for k, v in node.attributes.items()})
        for node in graph.nodes
    ]


@pytest.mark.parametrize(
    ("build", "tf_nodes", "expected"), [(perceptron, 19, PERCEPTRON), (convolutional, 31, CONVOLUTIONAL)]
)
def test_nodes_are_those_of_nvidias_converter(build, tf_nodes, expected, tmp_path):
    frozen = tf_graphs.freeze(build, {"input_1": ("float32", [None, 28, 28, 1])})
    assert len(frozen.operators) == tf_nodes
    notes = []
    graph = tenon.convert(
        tenon.load(frozen.save(tmp_path / "model.pb")), "uff", outputs=["dense_1/Softmax"], note=notes.append
    )
    assert described(graph) == expected
    assert notes == [
        "input  input_1  f32[?,28,28,1]",
        "flatten  flatten/Reshape  the Reshape to [batch, everything else] becomes a Flatten",
    ]

    tenon.save(graph, tmp_path / "model.uff")
    again = tenon.load(tmp_path / "model.uff")
    assert described(again) == expected
    constants = {node.name: node.attr["value"].tensor for node in frozen.graph_def.node if node.op == "Const"}
    for node in again.nodes:
        if node.op == "Const":
            blob = node.attributes["values"].attributes["value"]
            assert blob.tobytes() == tf.make_ndarray(constants[node.name]).tobytes()

    image = np.random.default_rng(0).uniform(size=(3, 28, 28, 1)).astype("float32")
    result = tenon.compile(again).run(image)
    np.testing.assert_allclose(result, frozen.run({"input_1": image})[0], rtol=2e-5, atol=2e-6)


def test_what_uff_lacks_is_reported_at_once(tmp_path):
    frozen = tf_graphs.freeze(
        lambda x: tf.tile(tf.math.erf(x), [1, 1], name="wide") + tf.reverse(x, [1], name="turned"),
        {"x": ("float32", [None, 3])},
    )
    graph = tenon.load(frozen.save(tmp_path / "model.pb"))
    with pytest.raises(tenon.UnsupportedError, match="3 nodes cannot be converted as they are") as caught:
        tenon.convert(graph, "uff")
    assert {node.op for node in caught.value.nodes} == {"Tile", "Erf", "ReverseV2"}
    assert "--map 'Erf=MyErf()'" in str(caught.value)
    graph.replace("Erf", tenon.layer_spec("MyErf"))
    with pytest.raises(tenon.UnsupportedError, match="2 nodes"):
        tenon.convert(graph, "uff")
    with pytest.raises(tenon.UnsupportedError, match="from 'tf' and 'standard' to 'uff'"):
        tenon.convert(graph, "onnx")
    with pytest.raises(tenon.NotFoundError, match="did you mean 'turned'"):
        tenon.convert(graph, "uff", outputs=["turnd"])
