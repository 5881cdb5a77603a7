# SPDX-License-Identifier: Apache-2.0
"""What scripts for graphsurgeon do to TensorFlow graphs before they run elsewhere, done with tenon.Graph."""

import numpy as np
import pytest
import tenon

tf_graphs = pytest.importorskip("tf_graphs")
tf = tf_graphs.tf
v1 = tf_graphs.v1


def names(items):
    return [item.name for item in items]


def load(build, inputs, tmp_path):
    return tenon.load(tf_graphs.freeze(build, inputs).save(tmp_path / "model.pb"))


def small_ssd(image_tensor):
    """A detector whose scopes are called, and read one another, as those of TensorFlow's SSD."""
    floats = tf.cast(image_tensor, tf.float32, name="Cast")
    with v1.name_scope("Preprocessor"):
        image = tf.subtract(floats * 2.0, 1.0, name="sub")
        size = tf.shape(image, name="size")
    positive = tf.debugging.Assert(tf.reduce_all(size > 0, name="check/all"), [size], name="check/Assert")
    with tf.control_dependencies([positive]):
        image = tf.identity(image, name="checked")
    features = tf.nn.relu6(tf.reduce_mean(image, 3, keepdims=True), name="FeatureExtractor/relu")
    small = tf.nn.relu6(features[:, ::2, ::2], name="FeatureExtractor/small")
    with v1.name_scope("MultipleGridAnchorGenerator"):
        grids = [tf.tile(tf.shape(f), [4], name=f"grid_{i}") for i, f in enumerate((features, small))]
        anchors = tf.identity(tf.concat(grids, 0, name="Concatenate/concat"), name="Identity")
    flat = [tf.reshape(f, [1, -1], name=f"BoxPredictor_{i}/reshape") for i, f in enumerate((features, small))]
    boxes = tf.concat(flat, 1, name="concat")
    scores = tf.concat([tf.identity(f, name=f"scores_{i}") for i, f in enumerate(flat)], 1, name="concat_1")
    with v1.name_scope("Postprocessor"):
        kept = tf.squeeze(tf.nn.sigmoid(scores, name="score"), 0, name="Squeeze")
        scaled = tf.multiply(boxes, tf.cast(tf.reduce_max(anchors) + size[0], tf.float32), name="scaled")
    return tf.identity(scaled, name="detection_boxes"), tf.identity(kept, name="detection_scores")


SSD_INPUTS = {"image_tensor": ("uint8", [1, None, None, 3])}

INPUT = tenon.NodeSpec("Input", tenon.layer_spec("::Placeholder", dtype="float32", shape=[1, 3, 8, 8]))
GRID_ANCHOR = tenon.NodeSpec("GridAnchor", tenon.layer_spec("GridAnchor_TRT", minSize=0.2, variance=[0.1, 0.1]))
PRIORS = tenon.NodeSpec("concat_priorbox", "::ConcatV2(axis=2)")
NMS = tenon.NodeSpec("NMS", tenon.layer_spec("NMS_TRT", topK=100, nmsThreshold=1e-8, inputOrder=[0, 2, 1]))
SSD_MAP = {
    "MultipleGridAnchorGenerator": GRID_ANCHOR,
    "MultipleGridAnchorGenerator/Concatenate": PRIORS,
    "MultipleGridAnchorGenerator/Identity": PRIORS,
    "Postprocessor": NMS,
    "Preprocessor": INPUT,
    "ToFloat": INPUT,
    "Cast": INPUT,
    "image_tensor": INPUT,
    "Concatenate": PRIORS,
    "concat": tenon.NodeSpec("concat_box_loc", "FlattenConcat_TRT(axis=1, ignoreBatch=0)"),
    "concat_1": tenon.NodeSpec("concat_box_conf", "FlattenConcat_TRT()"),
}


def test_a_preprocess_function_collapses_and_drops_the_outputs(tmp_path):
    graph = load(small_ssd, SSD_INPUTS, tmp_path)
    assert names(graph.output_nodes) == ["detection_boxes", "detection_scores"]
    graph.collapse(SSD_MAP, single_output=True)
    graph.remove(graph.output_nodes)
    assert names(graph.output_nodes) == ["NMS"]
    graph.set_outputs(["NMS"])
    graph.validate()


def test_ssd_from_asserts_to_the_inputs_of_its_layers(tmp_path):
    graph = load(small_ssd, SSD_INPUTS, tmp_path)
    graph.remove(graph.find(op="Assert"), dependencies=True)
    assert graph.find(path="check") == []
    assert len(graph.find(leaf="size")) == 1  # The boxes need it, too.
    assert graph.forward_inputs(graph.find(op="Identity")) == []
    assert graph.find(op="Identity") == []
    assert names(graph.outputs) == ["Postprocessor/scaled", "Postprocessor/Squeeze"]

    made = graph.collapse(SSD_MAP, single_output=True)
    graph.validate()
    assert sorted(names(made)) == ["GridAnchor", "Input", "NMS", "concat_box_conf", "concat_box_loc", "concat_priorbox"]
    assert names(graph.outputs) == names(graph.output_nodes) == ["NMS"]
    assert names(graph.inputs) == ["Input"]
    assert graph.node("Input").inputs == []
    assert names(graph.find(reads="Input", leaf="Mean")) == ["Mean"]
    assert names(graph.node("GridAnchor").inputs) == ["FeatureExtractor/relu", "FeatureExtractor/small"]
    assert names(graph.node("concat_priorbox").inputs) == ["GridAnchor"]
    assert names(graph.node("concat_box_loc").inputs) == ["BoxPredictor_0/reshape", "BoxPredictor_1/reshape"]
    # In the order in which the nodes of the Postprocessor stand in the file.
    assert names(graph.node("NMS").inputs) == ["concat_box_conf", "concat_priorbox", "Input", "concat_box_loc"]
    assert graph.node("concat_box_loc").domain == "custom"
    assert graph.node("concat_priorbox").domain == ""

    graph.disconnect("Input", "NMS")
    ones = tenon.layer_spec("::Const", value=np.ones((1, 1), np.float32))
    anchors = graph.add_node(tenon.NodeSpec("AnchorInput", ones))
    (grid_anchor,) = graph.find(op="GridAnchor_TRT")
    graph.connect(anchors.outputs[0], grid_anchor, at=0)
    assert names(graph.node("NMS").inputs) == ["concat_box_conf", "concat_priorbox", "concat_box_loc"]
    assert names(grid_anchor.inputs) == ["AnchorInput", "FeatureExtractor/relu", "FeatureExtractor/small"]

    tenon.save(graph, tmp_path / "edited.pb")
    again = tenon.load(tmp_path / "edited.pb")
    assert names(again.outputs) == ["NMS"]
    assert again.node("NMS").attributes["inputOrder"] == [0, 2, 1]
    assert names(again.node("NMS").inputs) == names(graph.node("NMS").inputs)


def test_without_single_output_layers_keep_every_value_that_is_read(tmp_path):
    graph = load(small_ssd, SSD_INPUTS, tmp_path)
    graph.remove(graph.find(op="Assert"), dependencies=True)
    graph.forward_inputs(graph.find(op="Identity"))
    graph.collapse(SSD_MAP)
    graph.validate()
    assert names(graph.node("concat_priorbox").inputs) == [
        "MultipleGridAnchorGenerator/grid_0",
        "MultipleGridAnchorGenerator/grid_1",
    ]
    assert names(graph.outputs) == ["Postprocessor/scaled", "Postprocessor/Squeeze"]


def test_a_squeeze_before_the_output_is_bypassed_by_its_name(tmp_path):
    def build(x):
        return tf.nn.softmax(tf.squeeze(tf.nn.relu(x, name="relu"), 0, name="head/Squeeze"), name="out")

    graph = load(build, {"x": ("float32", [1, 3])}, tmp_path)
    graph.forward_inputs(graph.find(leaf="Squeeze", feeds=graph.output_nodes[0]))
    assert names(graph.node("out").inputs) == ["relu"]


def test_layers_with_inputs_of_their_own(tmp_path):
    """As for Faster R-CNN: a layer in place of single nodes, one that is added, and an input that goes."""

    def build(input_1, input_2):
        features = tf.nn.relu(input_1, name="features")
        crop = tf.reshape(features, [1, -1], name="crop_and_resize_1/Reshape")
        size = tf.identity(input_2, name="size")
        dense = tf.nn.softmax(crop, name="dense_class/Softmax")
        return dense, tf.add(crop, 1.0, name="dense_regress/BiasAdd"), tf.add(size, 1.0, name="sized")

    graph = load(build, {"input_1": ("float32", [1, 4, 4, 3]), "input_2": ("float32", [1])}, tmp_path)
    graph.add_node(tenon.NodeSpec("proposal", "Proposal(anchors=[1, 2])", inputs=["dense_class/Softmax", "features"]))
    crop = tenon.NodeSpec("crop", tenon.layer_spec("CropAndResize", crop_height=7), inputs=["features", "input_1"])
    graph.collapse({"crop_and_resize_1/Reshape": crop})
    graph.remove("sized")
    graph.remove(graph.find(leaf="size"))
    graph.remove(graph.find(name="input_2"))
    graph.set_outputs(["dense_class/Softmax", "dense_regress/BiasAdd", "proposal"])
    graph.validate()
    assert names(graph.inputs) == ["input_1"]
    assert names(graph.node("crop").inputs) == ["features", "input_1"]
    assert names(graph.find(feeds="dense_class/Softmax")) == ["crop"]
    assert names(graph.outputs) == ["dense_class/Softmax", "dense_regress/BiasAdd", "proposal"]


def test_one_node_becomes_a_layer_by_its_full_name(tmp_path):
    def build(x):
        return tf.nn.softmax(tf.nn.relu6(x, name="ReLU6/relu6"), name="out")

    graph = load(build, {"x": ("float32", [1, 3])}, tmp_path)
    clip = tenon.NodeSpec("trt_relu6", tenon.layer_spec("CustomClipPlugin", clipMin=0.0, clipMax=6.0))
    (node,) = graph.collapse({"ReLU6/relu6": clip})
    assert (node.name, node.op) == ("trt_relu6", "CustomClipPlugin")
    assert dict(node.attributes) == {"clipMax": 6.0, "clipMin": 0.0}
    assert names(graph.find(feeds="out")) == ["trt_relu6"]
    assert names(graph.find(feeds=node)) == ["x"]


def test_a_constant_is_found_by_its_path_and_changed(tmp_path):
    graph = load(lambda x: tf.concat([x, x], 1, name="concatenate/concat"), {"x": ("float32", [1, 3])}, tmp_path)
    (axis,) = graph.find(name="concatenate/concat/axis")
    assert axis.attributes["value"] == 1
    axis.attributes["value"] = np.int32(2)
    assert axis.attributes["value"] == 2
