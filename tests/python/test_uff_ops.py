# SPDX-License-Identifier: Apache-2.0
"""Every TensorFlow operator that UFF can express: converted, saved, loaded, compiled, against TensorFlow's own answer.

The cases are those of tf_op_rows.py, and further ones for groups of nodes that become one UFF operation. What UFF
cannot express must be refused, not converted to something else.
"""

import numpy as np
import pytest
import tenon

tf_graphs = pytest.importorskip("tf_graphs")
import tensorflow as tf  # noqa: E402 - tf_graphs has found it
from tf_op_rows import ROWS, Row, numbers  # noqa: E402

v1 = tf.compat.v1
raw = tf.raw_ops

# The operators of rows (what stands before the first '/') that have a UFF form.
EXPRESSIBLE = {
    *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Exp", "Floor", "Log", "Neg"),
    *("Rsqrt", "Sin", "Sinh", "Sqrt", "Square", "Tan", "Inv", "Reciprocal"),
    *("Elu", "LeakyRelu", "Relu", "Relu6", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh"),
    *("Add", "AddN", "AddV2", "BiasAdd", "BiasAddV1", "ClipByValue", "Div", "Maximum", "Minimum", "Mul", "Pow"),
    *("RealDiv", "SquaredDifference", "Sub", "MatMul", "Conv1D", "Conv2D", "Conv2DBackpropInput"),
    *("DepthwiseConv2dNative", "AvgPool", "MaxPool", "FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "LRN"),
    *("Softmax", "Max", "Mean", "Min", "Prod", "Sum", "ArgMax", "ArgMin", "ExpandDims", "Reshape", "Shape", "Squeeze"),
    *("Transpose", "Gather", "GatherV2", "Slice", "StridedSlice", "Concat", "ConcatV2", "Pack", "Pad"),
    *("CheckNumerics", "Identity", "IdentityN", "NoOp", "PlaceholderWithDefault", "PreventGradient", "Snapshot"),
    "StopGradient",
}
# Rows of those operators that go beyond UFF, and what the report says of them.
BEYOND = {
    "PadV2": "it pads with something else than zeros",
    "MaxPool/EXPLICIT": "it pads the two ends of an axis differently",
    "Pad/computed": "'p', the paddings) is computed while the graph runs",
    "Slice/computed": "'i', the begin) is computed while the graph runs",
    "Softmax/axis": "'concat', the permutation) is computed while the graph runs",
    "StridedSlice/ellipsis": "it skips axes in front of others",
    "StridedSlice/ellipsis_middle": "it skips axes in front of others",
    "StridedSlice/new_axes": "it inserts axes",
    "StridedSlice/new_axis": "it inserts axes",
    "StridedSlice/new_axis_last": "it inserts axes",
    "Sum/computed_axes": "'axes', the axes) is computed while the graph runs",
}
# The standard operators that have a UFF form, and rows that go beyond it.
STANDARD = {
    *("Abs", "Acos", "Acosh", "Add", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "AveragePool"),
    *("BatchNormalization", "Ceil", "Clip", "Concat", "Conv", "ConvTranspose", "Cos", "Cosh", "Div", "Elu", "Exp"),
    *("Floor", "Gather", "Gemm", "Identity", "LRN", "LeakyRelu", "Log", "MatMul", "Max", "MaxPool", "Min", "Mul"),
    *("Neg", "Pad", "Pow", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Relu"),
    *("Reshape", "Selu", "Shape", "Sigmoid", "Sin", "Sinh", "Slice", "Softmax", "Softplus", "Softsign", "Sqrt"),
    *("Squeeze", "Sub", "Tan", "Tanh", "Transpose", "Unsqueeze", "Cast"),
}
BEYOND_STANDARD = {
    "BatchMatMul": "it multiplies more than two matrices",
    **dict.fromkeys([f"BatchMatMulV2/{a}{b}" for a in (0, 1) for b in (0, 1)], "it multiplies more than two matrices"),
    "MaxPool/EXPLICIT": "pads both ends of an axis alike",
    "Pad/computed": "the pads) is computed while the graph runs",
    "PadV2": "it pads with something else than zeros",
    "MirrorPad/REFLECT": "it pads with something else than zeros",
    "Sum/computed_axes": "the axes) is computed while the graph runs",
}
# What UFF has in the place of types that it lacks.
HELD_AS = {"float64": "float32", "uint8": "int32", "bool": "int32"}


def is_expressible(row):
    op, _, case = row.name.partition("/")
    if op == "Cast":  # Only between types that UFF does not tell apart.
        source, to = (HELD_AS.get(dtype, dtype) for dtype in case.split("_"))
        return source == to and not case.endswith("bool")
    return op in EXPRESSIBLE and row.name not in BEYOND


def dilated(x, dilation, paddings, crops, function):
    """A dilated convolution as TensorFlow 1 spelled it."""
    batch = raw.SpaceToBatchND(input=x, block_shape=dilation, paddings=paddings)
    return raw.BatchToSpaceND(input=function(batch), block_shape=dilation, crops=crops) + 1.0


def softmax_of_rows(x):
    """A softmax over more than two dimensions as TensorFlow 1 spelled it."""
    last = tf.slice(tf.shape(x), tf.stack([tf.subtract(3, 1)]), [1])
    rows = tf.reshape(x, tf.concat([[-1], last], 0))
    return tf.reshape(raw.Softmax(logits=rows), tf.shape(x)) * 2.0


def checked(x):
    with tf.control_dependencies([tf.debugging.assert_greater(x, -9.0)]):
        return tf.identity(tf.identity(tf.stop_gradient(x)) * 2.0)


def group_rows():
    images = {"x": numbers(2, 8, 9, 3)}
    any_size = {"x": [None, None, None, 3]}
    kernel, depthwise = numbers(3, 3, 3, 4, seed=1), numbers(3, 3, 3, 2, seed=1)
    functions = {
        "Conv2D": lambda x: tf.nn.conv2d(x, kernel, 1, "VALID"),
        "DepthwiseConv2dNative": lambda x: tf.nn.depthwise_conv2d(x, depthwise, [1, 1, 1, 1], "VALID"),
    }
    for op, function in functions.items():
        for label, paddings, crops in (
            ("same", [[2, 2], [2, 3]], [[0, 0], [0, 1]]),
            ("none", [[0, 0], [0, 1]], [[0, 0], [0, 1]]),
            ("uneven", [[1, 3], [0, 1]], [[0, 0], [0, 0]]),
        ):
            yield Row(
                f"dilated/{op}_{label}",
                lambda x, p=paddings, c=crops, function=function: dilated(x, [2, 2], p, c, function),
                images,
            )
    even, uneven = [[0, 0], [1, 1], [2, 2], [0, 0]], [[0, 0], [1, 0], [0, 2], [0, 0]]
    functions |= {
        "AvgPool": lambda x: tf.nn.avg_pool2d(x, 5, 2, "VALID"),
        "MaxPool": lambda x: tf.nn.max_pool2d(x, 5, 2, "VALID"),
        "MaxPool_positive": lambda x: tf.nn.max_pool2d(x, 5, 2, "VALID"),
        "Conv2D_same": lambda x: tf.nn.conv2d(x, kernel, 2, "SAME"),
    }
    for op, function in functions.items():
        for label, paddings in (("even", even), ("uneven", uneven)):
            before = tf.nn.relu if op == "MaxPool_positive" else tf.negative if op == "MaxPool" else tf.identity
            yield Row(
                f"padded/{op}_{label}",
                lambda x, p=paddings, before=before, function=function: function(
                    tf.pad(before(tf.abs(x) if before is tf.negative else x), p)
                ),
                images,
                any_size,
            )
    yield Row("softmax_of_rows", softmax_of_rows, {"x": numbers(2, 3, 4)}, {"x": [None, None, 4]})
    yield Row("checked", checked, {"x": numbers(2, 3)})
    yield Row(
        "PadV2/zero", lambda x: raw.PadV2(input=x, paddings=[[0, 0], [1, 2]], constant_values=0.0), images_of(2, 3)
    )
    yield Row(
        "FusedBatchNorm/statistics",
        lambda x: sum(
            raw.FusedBatchNormV3(
                x=x, scale=[1.0, 2.0], offset=[0.5, 0.0], mean=[0.1, 0.2], variance=[0.9, 0.4], is_training=False
            )[:3]
        ),
        images_of(2, 3, 3, 2),
    )
    yield Row("flatten/named", flatten_by_name, {"x": numbers(2, 3, 4)}, {"x": [None, 3, 4]})


def images_of(*shape):
    return {"x": numbers(*shape)}


def flatten_by_name(x):
    with v1.name_scope("Flatten_1"):
        return tf.reshape(x, [-1, 12]) + 1.0


def run(graph, row, tmp_path):
    """What the UFF file makes of the row's inputs."""
    tenon.save(graph, tmp_path / "model.uff")
    # A file says nothing about shapes of unknown rank, nor about scalars.
    shapes = {
        name: ("N", *array.shape[1:]) if array.ndim else ()
        for name, array in row.inputs.items()
        if not row.shapes.get(name, array.shape)
    }
    engine = tenon.compile(tenon.load(tmp_path / "model.uff"), input_shapes=shapes)
    results = engine.run({port.name: row.inputs[port.name].astype(port.dtype.numpy_dtype) for port in engine.inputs})
    return results if isinstance(results, tuple) else (results,)


ALL_ROWS = [*ROWS, *group_rows()]
GROUPS = {row.name for row in group_rows()}


@pytest.mark.parametrize(
    "row", [row for row in ALL_ROWS if row.name in GROUPS or is_expressible(row)], ids=lambda row: row.name
)
def test_result_is_tensorflows(row, tmp_path):
    frozen = tf_graphs.freeze(row.build, row.declared())
    outputs = [name.removesuffix(":0") for name in frozen.outputs]
    graph = tenon.convert(tenon.load(frozen.save(tmp_path / "model.pb")), "uff", outputs=outputs)
    for result, wanted in zip(run(graph, row, tmp_path), frozen.run(row.inputs), strict=True):
        assert result.shape == np.shape(wanted)
        dtype = str(np.asarray(wanted).dtype)
        assert str(result.dtype) in (dtype, HELD_AS.get(dtype), "int32" if dtype == "int64" else "")
        if row.exact:
            np.testing.assert_array_equal(result, wanted)
        else:
            np.testing.assert_allclose(result, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("row", [row for row in ROWS if not is_expressible(row)], ids=lambda row: row.name)
def test_what_uff_cannot_express_is_refused(row, tmp_path):
    frozen = tf_graphs.freeze(row.build, row.declared())
    graph = tenon.load(frozen.save(tmp_path / "model.pb"))
    outputs = [name.removesuffix(":0") for name in frozen.outputs]
    with pytest.raises(tenon.UnsupportedError) as caught:
        tenon.convert(graph, "uff", outputs=outputs)
    said = BEYOND.get(row.name, "UFF has no form of this TensorFlow operator")
    assert any(said in node.reason for node in caught.value.nodes)


def lowered(row, tmp_path):
    frozen = tf_graphs.freeze(row.build, row.declared())
    graph = tenon.load(frozen.save(tmp_path / "model.pb"))
    graph.set_outputs([name.removesuffix(":0") for name in frozen.outputs])
    return frozen, tenon.lower(graph)


# SpaceToBatchND is not lowered; the types of Cast are tested above.
LOWERED_ROWS = [row for row in ALL_ROWS if not row.name.startswith(("dilated/", "Cast/"))]


@pytest.mark.parametrize("row", LOWERED_ROWS, ids=lambda row: row.name)
def test_standard_operators_give_the_same_result(row, tmp_path):
    frozen, standard = lowered(row, tmp_path)
    if not {node.op for node in standard.nodes} <= STANDARD or row.name in BEYOND_STANDARD:
        with pytest.raises(tenon.UnsupportedError) as caught:
            tenon.convert(standard, "uff")
        said = BEYOND_STANDARD.get(row.name, "UFF has no form of this operator")
        assert any(said in node.reason for node in caught.value.nodes)
        return
    graph = tenon.convert(standard, "uff")
    for result, wanted in zip(run(graph, row, tmp_path), frozen.run(row.inputs), strict=True):
        assert result.shape == np.shape(wanted)
        np.testing.assert_allclose(result, wanted, rtol=2e-5, atol=2e-5)
