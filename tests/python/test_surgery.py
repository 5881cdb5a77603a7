# SPDX-License-Identifier: Apache-2.0
"""Surgery from Python, on a TensorFlow graph: what the C++ tests show in full is here tried through the bindings."""

import numpy as np
import pytest
import tenon
from conftest import ROOT

MODEL = ROOT / "examples" / "lenet5" / "lenet5.pb"


@pytest.fixture
def graph():
    return tenon.load(MODEL)


def names(items):
    return [item.name for item in items]


def test_find_by_every_condition(graph):
    assert names(graph.find(op="MatMul")) == ["dense/MatMul", "OutputLayer/MatMul"]
    assert names(graph.find(name="*/kernel")) == ["dense/kernel", "OutputLayer/kernel"]
    assert names(graph.find(path="ReLU6")) == ["ReLU6/Relu6"]
    assert names(graph.find(attribute="shrink_axis_mask")) == ["flatten/strided_slice"]
    assert names(graph.find(op="Pack", attribute="N", value=2)) == ["flatten/Reshape/shape"]
    assert graph.find(op="Pack", attribute="N", value=3) == []
    assert graph.find(op="Conv2D") == []
    assert len(graph.find()) == len(graph)


def test_an_integer_finds_the_float_of_its_value(graph):
    graph.replace("Relu6", "Clip(lo=0.0, hi=6.0)")
    assert names(graph.find(attribute="hi", value=6)) == ["ReLU6/Relu6"]


def test_require_lists_near_names(graph):
    assert names(graph.require(op="Relu6")) == ["ReLU6/Relu6"]
    with pytest.raises(tenon.NotFoundError, match="operator 'MatMull'; did you mean 'MatMul'"):
        graph.require(op="MatMull")
    with pytest.raises(tenon.InvalidArgumentError, match="must name the attribute"):
        graph.find(value=3)


@pytest.mark.parametrize("what", ["ReLU6", "Relu6", "ReLU6/Relu6", "ReLU6/*"])
def test_replace_finds_operators_names_and_patterns(graph, what):
    (node,) = graph.replace(what, tenon.layer_spec("CustomClipPlugin", clipMin=0, clipMax=6))
    assert (node.op, node.domain) == ("CustomClipPlugin", "custom")
    assert dict(node.attributes) == {"clipMax": 6, "clipMin": 0}
    assert names(node.inputs) == ["dense/BiasAdd"]
    assert names(use[0] for use in node.outputs[0].uses) == ["OutputLayer/MatMul"]


def test_replace_a_node_itself(graph):
    (node,) = graph.find(op="Relu6")
    assert graph.replace(node, "ns::Clip(hi=6.0)") == [node]
    assert (node.op, node.domain) == ("Clip", "ns")


def test_map_reads_the_text_of_the_command_line(graph):
    (node,) = graph.map("ReLU6=Clip(lo=0, hi=6)")
    assert dict(node.attributes) == {"hi": 6, "lo": 0}
    with pytest.raises(tenon.NotFoundError, match=r"no operator, node or namespace 'Relu7'.*did you mean 'ReLU6'"):
        graph.map("Relu7=Clip()")
    with pytest.raises(tenon.InvalidArgumentError, match="at character 9"):
        graph.map("Relu6=Clip(lo=)")


def test_a_namespace_becomes_one_node(graph):
    inside = graph.node("flatten/Shape")
    node = graph.replace_namespace("flatten", tenon.layer_spec("Flatten2D"))
    assert (node.name, node.op) == ("flatten", "Flatten2D")
    assert names(node.inputs) == ["InputLayer"]
    assert names(node.outputs) == ["flatten/Reshape"]
    assert graph.find(path="flatten") == [node]
    with pytest.raises(tenon.InvalidArgumentError, match="'flatten/Shape' was removed"):
        _ = inside.op
    graph.validate()


def test_remove_and_forward(graph):
    with pytest.raises(tenon.InvalidArgumentError, match="Relu6 'ReLU6/Relu6' cannot be removed: 'OutputLayer/MatMul'"):
        graph.remove("ReLU6/Relu6")
    graph.forward_inputs("ReLU6/Relu6")
    assert names(graph.node("OutputLayer/MatMul").inputs) == ["dense/BiasAdd", "OutputLayer/kernel"]
    graph.remove(graph.node("dense/BiasAdd"), forward=0)
    assert names(graph.node("OutputLayer/MatMul").inputs) == ["dense/MatMul", "OutputLayer/kernel"]
    with pytest.raises(tenon.InvalidArgumentError, match="no input 7"):
        graph.remove("dense/MatMul", forward=7)


def test_append_puts_a_layer_behind_a_value(graph):
    node = graph.append("OutputLayer/Softmax", "Round(digits=2)", "rounded")
    assert names(graph.outputs) == ["rounded"]
    assert names(node.inputs) == ["OutputLayer/Softmax"]


def test_rename(graph):
    graph.rename("OutputLayer/Softmax", "probabilities")
    assert names(graph.outputs) == ["probabilities"]
    graph.rename(graph.node("probabilities"), "p")
    assert graph.node("p").op == "Softmax"
    with pytest.raises(tenon.InvalidArgumentError, match="cannot be named 'dense/MatMul'"):
        graph.rename("p", "dense/MatMul")


def test_extract_a_part(graph):
    part = graph.extract(["dense/BiasAdd"], ["OutputLayer/BiasAdd"])
    assert names(part.inputs) == ["dense/BiasAdd"]
    assert names(part.outputs) == ["OutputLayer/BiasAdd"]
    assert [node.op for node in part.nodes if node.op not in ("Const", "Placeholder")] == ["Relu6", "MatMul", "BiasAdd"]
    assert len(graph.find(op="Softmax")) == 1
    with pytest.raises(tenon.NotFoundError, match="did you mean 'dense/BiasAdd'"):
        graph.extract(["dense/BiasAd"], [])


def test_input_shapes_and_outputs(graph):
    assert graph.inputs[0].shape == (None, 1, 28, 28)
    graph.set_input_shape("InputLayer", ["N", 1, 28, 28])
    assert graph.inputs[0].shape == ("N", 1, 28, 28)
    graph.set_input_shape("InputLayer", (np.int64(3), None, 28, 28), "f16")
    assert graph.inputs[0].shape == (3, None, 28, 28)
    assert graph.inputs[0].dtype == tenon.DType.FLOAT16
    with pytest.raises(tenon.NotFoundError, match="no input named 'Input'; it has 'InputLayer'"):
        graph.set_input_shape("Input", [1])
    with pytest.raises(TypeError, match="incompatible function arguments"):
        graph.set_input_shape("InputLayer", [1.5])
    graph.set_outputs(["dense/BiasAdd", graph.value("ReLU6/Relu6")])
    assert names(graph.outputs) == ["dense/BiasAdd", "ReLU6/Relu6"]


def test_a_graph_is_written_and_read_back(graph, tmp_path):
    graph.replace("ReLU6", tenon.layer_spec("Clip", lo=0.0, hi=6.0))
    tenon.save(graph, tmp_path / "edited.pb")
    again = tenon.load(tmp_path / "edited.pb")
    assert [node.op for node in again.nodes] == [node.op for node in graph.nodes]
    np.testing.assert_array_equal(
        again.node("dense/kernel").attributes["value"], graph.node("dense/kernel").attributes["value"]
    )


def test_weights_of_a_loaded_model_are_views_of_the_file(graph):
    kernel = graph.node("dense/kernel").attributes["value"]
    assert kernel.shape == (784, 512)
    assert kernel.ctypes.data == graph.node("dense/kernel").attributes["value"].ctypes.data
    del graph
    assert np.isfinite(kernel).all()


def test_layer_specs():
    spec = tenon.layer_spec("ns::Clip", lo=0, axes=[1, 2], name="n", mode="edge")
    assert (spec.domain, spec.name) == ("ns", "Clip")
    assert spec.fields == {"lo": 0, "axes": [1, 2], "name": "n", "mode": "edge"}
    assert repr(tenon.LayerSpec.parse("Clip(lo=0, hi=6.0)")) == "<tenon.LayerSpec custom::Clip(hi=6, lo=0)>"
    with pytest.raises(tenon.InvalidArgumentError, match="a layer's name"):
        tenon.layer_spec("")
