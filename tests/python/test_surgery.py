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


def test_find_by_last_component_by_several_and_by_regular_expression(graph):
    assert names(graph.find(leaf="MatMul")) == ["dense/MatMul", "OutputLayer/MatMul"]
    assert names(graph.find(op=["Relu6", "Soft*"])) == ["ReLU6/Relu6", "OutputLayer/Softmax"]
    assert names(graph.find(leaf=r"(Mat|Bias)\w+", path="dense", regex=True)) == ["dense/MatMul", "dense/BiasAdd"]
    with pytest.raises(tenon.InvalidArgumentError, match="no argument for repetition operator"):
        graph.find(name="*", regex=True)


def test_find_what_a_node_reads_and_what_reads_it(graph):
    assert names(graph.find(feeds="dense/MatMul")) == ["flatten/Reshape", "dense/kernel"]
    assert names(graph.find(feeds=graph.node("dense/MatMul"), op="Const")) == ["dense/kernel"]
    assert names(graph.find(reads="dense/MatMul")) == ["dense/BiasAdd"]
    assert graph.find(reads="OutputLayer/Softmax") == []
    with pytest.raises(tenon.NotFoundError, match="operator 'Squeeze', read by 'dense/MatMul'"):
        graph.require(op="Squeeze", feeds="dense/MatMul")


def test_find_chains(graph):
    (chain,) = graph.find_chains(["MatMul", "BiasAdd", "Relu*"])
    assert names(chain) == ["dense/MatMul", "dense/BiasAdd", "ReLU6/Relu6"]
    assert len(graph.find_chains(["MatMul", "BiasAdd"])) == 2
    assert graph.find_chains(["BiasAdd", "MatMul"]) == []


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


def test_remove_several_with_dependencies(graph):
    with pytest.raises(tenon.NotFoundError, match="no node named 'dense/BiasAd'; did you mean"):
        graph.remove(["dense/MatMul", "dense/BiasAd"])
    graph.remove([])
    kernel = graph.node("dense/kernel")
    graph.remove(["dense/MatMul", graph.node("dense/BiasAdd")], dependencies=True, detach=True)
    assert graph.node("ReLU6/Relu6").inputs == []
    assert names(graph.find(path="dense")) == []
    assert graph.find(path="flatten") == []
    with pytest.raises(tenon.InvalidArgumentError, match="'dense/kernel' was removed"):
        _ = kernel.op
    graph.validate()


def test_forward_several_with_all_inputs(graph):
    assert graph.forward_inputs(["ReLU6/Relu6", "dense/BiasAdd"], all_inputs=True) == []
    assert names(graph.node("OutputLayer/MatMul").inputs) == ["dense/MatMul", "dense/bias", "OutputLayer/kernel"]


def test_connect_and_disconnect(graph):
    node = graph.node("OutputLayer/MatMul")
    assert graph.connect("dense/bias", node, at=0)
    assert names(node.inputs) == ["dense/bias", "ReLU6/Relu6", "OutputLayer/kernel"]
    assert not graph.connect(graph.value("dense/bias"), "OutputLayer/MatMul")
    assert graph.disconnect("dense/bias", node) == 1
    assert graph.disconnect("dense/bias", node) == 0
    with pytest.raises(tenon.InvalidArgumentError, match="none can be put in as number 5"):
        graph.connect("dense/bias", node, at=5)


def test_add_nodes_of_specs(graph):
    node = graph.add_node(
        tenon.NodeSpec("nms", tenon.layer_spec("NMS_TRT", topK=100), ["dense/MatMul", "dense/bias:0"])
    )
    assert (node.name, node.op, node.domain, node.attributes["topK"]) == ("nms", "NMS_TRT", "custom", 100)
    assert names(node.inputs) == ["dense/MatMul", "dense/bias"]
    image = graph.add_node(tenon.NodeSpec("image", "::Placeholder(dtype='float32', shape=[1, -1])"))
    assert (image.domain, image.outputs[0].shape) == ("", (1, None))
    assert "image" in names(graph.inputs)
    constant = graph.add_node(tenon.NodeSpec("k", tenon.layer_spec("::Const", value=np.ones((1, 1), np.float32))))
    assert constant.attributes["dtype"] == tenon.DType.FLOAT32
    with pytest.raises(tenon.NotFoundError, match="no tensor named 'nmss'; did you mean 'nms'"):
        graph.add_node(tenon.NodeSpec("x", "L", inputs=["nmss"]))
    assert repr(tenon.NodeSpec("x", "L(a=1)")) == "<tenon.NodeSpec 'x' <tenon.LayerSpec custom::L(a=1)>>"


def test_collapse_takes_layers_texts_specs_and_files(graph, tmp_path):
    tail = tenon.NodeSpec("tail", tenon.layer_spec("Tail", units=10), inputs=["dense/bias"])
    made = graph.clone().collapse({"flatten": "Flat()", "ReLU6": tail, "OutputLayer": tail, "absent": "Never()"})
    assert names(made) == ["flatten", "tail"]
    assert names(made[0].inputs) == ["InputLayer"]
    assert names(made[1].inputs) == ["dense/bias", "dense/BiasAdd"]
    assert names(made[1].outputs) == ["OutputLayer/Softmax"]

    file = tmp_path / "map.json"
    file.write_text('{"flatten": "Flat()", "dense": {"layer": "Dense", "fields": {"units": 512}, "name": "d"}}')
    copy = graph.clone()
    flat, dense = copy.collapse(file, exclude=["dense/bias"], single_output=True)
    assert (dense.name, dense.attributes["units"]) == ("d", 512)
    assert names(dense.inputs) == ["flatten", "dense/bias"]
    assert names(copy.node("ReLU6/Relu6").inputs) == ["d"]
    assert names(flat.outputs) == ["flatten"]
    with pytest.raises(tenon.MissingFileError, match=r"missing\.json"):
        graph.collapse(tmp_path / "missing.json")
    file.write_text('{"flatten": {"layr": "Flat"}}')
    with pytest.raises(tenon.InvalidArgumentError, match="the key 'layer' is required"):
        graph.collapse(str(file))
    with pytest.raises(tenon.InvalidArgumentError, match="depends on one of its own outputs"):
        graph.collapse({"flatten": tail, "ReLU6": tail})


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
