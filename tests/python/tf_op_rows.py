# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501, E731 - a table of functions, one a row
"""The table of TensorFlow operators that Tenon lowers: one row a case, used by test_tf_ops.py.

A row names a function of placeholders, and for each placeholder its data and the shape that the graph declares (None for
dimensions that only the run knows). The data is made so that results are well conditioned: small integers, halves, or
numbers drawn once from a fixed seed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
raw = tf.raw_ops


@dataclass(frozen=True)
class Row:
    name: str
    build: Callable
    inputs: dict[str, np.ndarray]
    shapes: dict[str, list | None] = field(default_factory=dict)
    """What the placeholders declare, where that is not the data's own shape."""
    exact: bool = False
    """The result must be the same to the bit: data movement, integers, comparisons."""

    def declared(self):
        return {
            name: (str(array.dtype), self.shapes.get(name, list(array.shape))) for name, array in self.inputs.items()
        }


def numbers(*shape, dtype="float32", seed=0, low=-2.0, high=2.0):
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(dtype)


def integers(*shape, dtype="int32", seed=0, low=-9, high=10):
    return np.random.default_rng([seed, *shape]).integers(low, high, shape).astype(dtype)


SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e-6, -1e-6, 80.0, -80.0, np.inf, -np.inf, np.nan], "float32")


def unary_rows():
    """Operators of one number: over ordinary and special values, and their whole domain."""
    smooth = {
        **dict.fromkeys(
            [
                "Atan",
                "Asinh",
                "Cos",
                "Cosh",
                "Elu",
                "Erf",
                "Erfc",
                "Exp",
                "Expm1",
                "Sigmoid",
                "Selu",
                "Sin",
                "Sinh",
                "Softplus",
            ],
            (-4.0, 4.0),
        ),
        **dict.fromkeys(
            ["Softsign", "Square", "Tanh", "Relu", "Relu6", "Neg", "Abs", "Sign", "Ceil", "Floor", "Rint", "Round"],
            (-4.0, 4.0),
        ),
        **dict.fromkeys(["Acos", "Asin", "Atanh", "Tan"], (-1.0, 1.0)),
        **dict.fromkeys(["Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Inv"], (0.1, 9.0)),
        "Acosh": (1.0, 9.0),
    }
    for op, (low, high) in smooth.items():
        argument = "features" if op in ("Elu", "Selu", "Softplus", "Softsign", "Relu", "Relu6") else "x"
        build = lambda x, op=op, argument=argument: getattr(raw, op)(**{argument: x})
        yield Row(op, build, {"x": numbers(3, 7, low=low, high=high)})
        yield Row(op + "/special", build, {"x": SPECIAL})
    yield Row(
        "Log1p/tiny", lambda x: raw.Log1p(x=x), {"x": np.array([1e-10, -1e-10, 3e-8, 1e-5, -0.9999, 1e30], "float32")}
    )
    yield Row("Expm1/tiny", lambda x: raw.Expm1(x=x), {"x": np.array([1e-10, -1e-10, 3e-8, 1e-5, -30, 50], "float32")})
    yield Row("Round/halves", lambda x: raw.Round(x=x), {"x": np.arange(-4, 4.5, 0.5, "float32")}, exact=True)
    yield Row("Neg/int", lambda x: raw.Neg(x=x), {"x": integers(5)}, exact=True)
    yield Row("Abs/int64", lambda x: raw.Abs(x=x), {"x": integers(5, dtype="int64")}, exact=True)
    yield Row("Square/int", lambda x: raw.Square(x=x), {"x": integers(5)}, exact=True)
    yield Row("Invert", lambda x: raw.Invert(x=x), {"x": integers(5)}, exact=True)
    yield Row("LeakyRelu", lambda x: raw.LeakyRelu(features=x, alpha=0.3), {"x": numbers(9)})
    yield Row("LogicalNot", lambda x: raw.LogicalNot(x=x), {"x": integers(6, low=0, high=2, dtype="bool")}, exact=True)
    for op in ("IsNan", "IsInf", "IsFinite"):
        yield Row(op, lambda x, op=op: getattr(raw, op)(x=x), {"x": SPECIAL}, exact=True)
    for op, argument in (
        ("Identity", "input"),
        ("StopGradient", "input"),
        ("PreventGradient", "input"),
        ("Snapshot", "input"),
    ):
        build = lambda x, op=op, argument=argument: getattr(raw, op)(**{argument: x}) + 1.0
        yield Row(op, build, {"x": numbers(4)})
    yield Row("Identity/of_input", lambda x: tf.identity(x, "y"), {"x": numbers(4)}, exact=True)
    yield Row("Identity/twice", lambda x: [tf.identity(x * 2.0, "y"), tf.identity(x * 2.0, "z")], {"x": numbers(4)})
    yield Row("IdentityN", lambda x: tf.identity_n([x, x + 1.0])[1], {"x": numbers(4)})
    yield Row("CheckNumerics", lambda x: tf.debugging.check_numerics(x, "bad") + 1.0, {"x": numbers(4)})
    yield Row("PlaceholderWithDefault", lambda x: x + v1.placeholder_with_default(2.0, []), {"x": numbers(4)})
    yield Row("NoOp/control", lambda x: _after_noop(x), {"x": numbers(4)})


def _after_noop(x):
    with tf.control_dependencies([tf.no_op()]):
        return tf.identity(x * 3.0)


def binary_rows():
    x, y = numbers(2, 3, 4), numbers(3, 1, seed=1)
    for op in [
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "Maximum",
        "Minimum",
        "SquaredDifference",
        "RealDiv",
        "Div",
        "FloorDiv",
        "FloorMod",
        "Mod",
    ]:
        build = lambda x, y, op=op: getattr(raw, op)(x=x, y=y)
        yield Row(op, build, {"x": x, "y": y})
        yield Row(op + "/scalar", build, {"x": x, "y": np.float32(0.75)})
    for op in [
        "Add",
        "Sub",
        "Mul",
        "Maximum",
        "Minimum",
        "FloorDiv",
        "FloorMod",
        "Mod",
        "TruncateDiv",
        "TruncateMod",
        "Div",
    ]:
        build = lambda x, y, op=op: getattr(raw, op)(x=x, y=y)
        a, b = integers(40), integers(40, seed=1, low=1) * np.where(np.arange(40) % 2, 1, -1).astype("int32")
        yield Row(op + "/int", build, {"x": a, "y": b}, exact=True)
    yield Row(
        "FloorDiv/uint8",
        lambda x, y: raw.FloorDiv(x=x, y=y),
        {"x": integers(9, dtype="uint8", low=0, high=200), "y": integers(9, dtype="uint8", low=1)},
        exact=True,
    )
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield Row(
            op, lambda x, y, op=op: getattr(raw, op)(x=x, y=y), {"x": integers(9), "y": integers(9, seed=1)}, exact=True
        )
    for op in ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]:
        build = lambda x, y, op=op: getattr(raw, op)(x=x, y=y)
        yield Row(
            op,
            build,
            {
                "x": integers(3, 8, dtype="float32", low=0, high=3),
                "y": integers(8, dtype="float32", seed=1, low=0, high=3),
            },
            exact=True,
        )
        yield Row(op + "/nan", build, {"x": SPECIAL, "y": SPECIAL[::-1].copy()}, exact=True)
        yield Row(
            op + "/int", build, {"x": integers(20, low=0, high=3), "y": integers(20, seed=1, low=0, high=3)}, exact=True
        )
    for op in ("LogicalAnd", "LogicalOr"):
        a, b = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
        yield Row(op, lambda x, y, op=op: getattr(raw, op)(x=x, y=y), {"x": a, "y": b}, exact=True)
    yield Row("Pow", lambda x, y: raw.Pow(x=x, y=y), {"x": numbers(9, low=0.1), "y": numbers(9, seed=1)})
    yield Row(
        "DivNoNan", lambda x, y: raw.DivNoNan(x=x, y=y), {"x": numbers(4), "y": np.array([1, 0, -0.0, 2], "float32")}
    )
    yield Row(
        "MulNoNan",
        lambda x, y: raw.MulNoNan(x=x, y=y),
        {"x": np.array([1, np.nan, np.inf, 2], "float32"), "y": np.array([1, 0, 0, 2], "float32")},
    )
    yield Row("AddN", lambda x, y: tf.add_n([x, y, x]), {"x": numbers(4), "y": numbers(4, seed=1)})
    yield Row("AddN/one", lambda x: tf.add_n([x]) * 2.0, {"x": numbers(4)})
    condition = np.array([True, False, True])
    yield Row(
        "Select",
        lambda c, x, y: raw.Select(condition=c, x=x, y=y),
        {"c": np.array([[1, 0], [0, 1]], bool), "x": numbers(2, 2), "y": numbers(2, 2, seed=1)},
        exact=True,
    )
    yield Row(
        "Select/rows",
        lambda c, x, y: raw.Select(condition=c, x=x, y=y),
        {"c": condition, "x": numbers(3, 2), "y": numbers(3, 2, seed=1)},
        exact=True,
    )
    yield Row(
        "SelectV2",
        lambda c, x, y: tf.where(c, x, y),
        {"c": condition, "x": numbers(2, 3), "y": np.float32(7)},
        exact=True,
    )
    yield Row(
        "ClipByValue",
        lambda x: raw.ClipByValue(t=x, clip_value_min=-0.5, clip_value_max=1.0),
        {"x": numbers(9)},
        exact=True,
    )
    yield Row(
        "ClipByValue/tensor",
        lambda x, y: raw.ClipByValue(t=x, clip_value_min=y, clip_value_max=y + 1.0),
        {"x": numbers(2, 4), "y": numbers(2, 4, seed=1)},
        exact=True,
    )
    yield Row("BiasAdd", lambda x, y: tf.nn.bias_add(x, y), {"x": numbers(2, 3, 3, 4), "y": numbers(4)})
    yield Row(
        "BiasAdd/NCHW",
        lambda x, y: tf.nn.bias_add(x, y, data_format="NCHW"),
        {"x": numbers(2, 4, 3, 3), "y": numbers(4)},
    )
    yield Row("BiasAddV1", lambda x, y: raw.BiasAddV1(value=x, bias=y), {"x": numbers(2, 4), "y": numbers(4)})


def cast_rows():
    for source in ("float32", "float64", "int32", "int64", "uint8", "bool", "float16"):
        for to in ("float32", "float64", "int32", "int64", "uint8", "bool", "float16"):
            if to == source:
                continue
            values = np.array([0, 1, 2.7, 100.0]).astype(source)
            yield Row(f"Cast/{source}_{to}", lambda x, to=to: tf.cast(x, to, name="y"), {"x": values}, exact=True)


def product_rows():
    for a in (False, True):
        for b in (False, True):
            x, y = numbers(*((5, 3) if a else (3, 5))), numbers(*((4, 5) if b else (5, 4)), seed=1)
            yield Row(
                f"MatMul/{int(a)}{int(b)}",
                lambda x, y, a=a, b=b: tf.matmul(x, y, transpose_a=a, transpose_b=b),
                {"x": x, "y": y},
            )
            x, y = numbers(2, 1, *x.shape), numbers(3, *y.shape, seed=1)
            yield Row(
                f"BatchMatMulV2/{int(a)}{int(b)}",
                lambda x, y, a=a, b=b: raw.BatchMatMulV2(x=x, y=y, adj_x=a, adj_y=b),
                {"x": x, "y": y},
            )
    weights = numbers(5, 4, seed=2)
    yield Row("MatMul/constant", lambda x: tf.matmul(x, tf.constant(weights)), {"x": numbers(3, 5)}, {"x": [None, 5]})
    yield Row(
        "MatMul/constant_transposed",
        lambda x: tf.matmul(x, tf.constant(weights.T.copy()), transpose_b=True),
        {"x": numbers(3, 5)},
        {"x": [None, 5]},
    )
    yield Row("MatMul/int", lambda x, y: tf.matmul(x, y), {"x": integers(2, 3), "y": integers(3, 2)}, exact=True)
    yield Row("BatchMatMul", lambda x, y: raw.BatchMatMul(x=x, y=y), {"x": numbers(2, 3, 5), "y": numbers(2, 5, 4)})


def convolution_rows():
    for padding in ("SAME", "VALID", [[0, 0], [1, 2], [0, 1], [0, 0]]):
        label = padding if isinstance(padding, str) else "EXPLICIT"
        for strides in (1, 2, [1, 2, 3, 1]):
            for dilations in (1, 2):
                if dilations == 2 and strides != 1:
                    continue
                weights = numbers(3, 2, 4, 5, seed=1)
                build = lambda x, padding=padding, strides=strides, dilations=dilations, weights=weights: tf.nn.conv2d(
                    x, weights, strides, padding, dilations=dilations
                )
                name = f"Conv2D/{label}_{strides if isinstance(strides, int) else 23}_{dilations}"
                yield Row(name, build, {"x": numbers(2, 9, 8, 4)})
                yield Row(name + "_dynamic", build, {"x": numbers(2, 9, 8, 4)}, {"x": [None, None, None, 4]})
    yield Row(
        "Conv2D/groups", lambda x: tf.nn.conv2d(x, numbers(3, 3, 2, 6, seed=1), 1, "SAME"), {"x": numbers(1, 5, 5, 4)}
    )
    yield Row(
        "Conv2D/computed_filter",
        lambda x, w: tf.nn.conv2d(x, w * 2.0, 1, "SAME"),
        {"x": numbers(1, 5, 5, 4), "w": numbers(3, 3, 4, 2)},
    )
    yield Row(
        "Conv1D",
        lambda x: tf.nn.conv1d(x, numbers(3, 4, 5, seed=1), 2, "SAME"),
        {"x": numbers(2, 9, 4)},
        {"x": [None, 9, 4]},
    )
    yield Row(
        "Conv3D",
        lambda x: tf.nn.conv3d(x, numbers(2, 3, 2, 3, 4, seed=1), [1, 1, 2, 1, 1], "SAME"),
        {"x": numbers(2, 4, 5, 6, 3)},
    )
    for padding in ("SAME", "VALID"):
        for strides in (1, 2):
            for multiplier in (1, 2):
                build = lambda x, padding=padding, strides=strides, multiplier=multiplier: tf.nn.depthwise_conv2d(
                    x, numbers(3, 3, 4, multiplier, seed=1), [1, strides, strides, 1], padding
                )
                yield Row(
                    f"DepthwiseConv2dNative/{padding}_{strides}_{multiplier}",
                    build,
                    {"x": numbers(2, 7, 6, 4)},
                    {"x": [None, None, None, 4]},
                )
    for padding in ("SAME", "VALID"):
        for strides in (1, 2, 3):
            for size in range(7, 10):
                small = -(-size // strides) if padding == "SAME" else -(-(size - 2) // strides)
                build = lambda x, padding=padding, strides=strides, size=size: tf.nn.conv2d_transpose(
                    x, numbers(3, 3, 5, 4, seed=1), tf.stack([tf.shape(x)[0], size, size, 5]), strides, padding
                )
                yield Row(
                    f"Conv2DBackpropInput/{padding}_{strides}_{size}",
                    build,
                    {"x": numbers(2, small, small, 4)},
                    {"x": [None, small, small, 4]},
                )
    yield Row(
        "Conv2DBackpropInput/small_filter",
        lambda x: tf.nn.conv2d_transpose(x, numbers(1, 1, 5, 4, seed=1), [2, 6, 6, 5], 2, "SAME"),
        {"x": numbers(2, 3, 3, 4)},
    )


def pooling_rows():
    for op, function in (("MaxPool", tf.nn.max_pool2d), ("AvgPool", tf.nn.avg_pool2d)):
        for padding in ("SAME", "VALID"):
            for size, strides in ((2, 2), (3, 2), (3, 1), (2, 3)):
                build = lambda x, function=function, padding=padding, size=size, strides=strides: function(
                    x, size, strides, padding
                )
                name = f"{op}/{padding}_{size}_{strides}"
                yield Row(name, build, {"x": numbers(2, 7, 8, 3)})
                yield Row(name + "_dynamic", build, {"x": numbers(2, 7, 8, 3)}, {"x": [None, None, None, 3]})
    yield Row(
        "MaxPool/EXPLICIT",
        lambda x: tf.nn.max_pool2d(x, 3, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
        {"x": numbers(2, 7, 8, 3)},
    )
    yield Row(
        "MaxPoolV2",
        lambda x: raw.MaxPoolV2(input=x, ksize=[1, 2, 3, 1], strides=[1, 1, 2, 1], padding="SAME"),
        {"x": numbers(2, 7, 8, 3)},
    )
    yield Row("MaxPool3D", lambda x: tf.nn.max_pool3d(x, 2, 2, "SAME"), {"x": numbers(1, 5, 4, 3, 2)})
    yield Row("AvgPool3D", lambda x: tf.nn.avg_pool3d(x, 2, 1, "VALID"), {"x": numbers(1, 5, 4, 3, 2)})


def normalization_rows():
    scale, offset, mean, variance = (
        numbers(4, low=0.5),
        numbers(4, seed=1),
        numbers(4, seed=2),
        numbers(4, seed=3, low=0.1),
    )
    for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
        build = lambda x, op=op: getattr(raw, op)(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=0.01, is_training=False
        )[0]
        yield Row(op, build, {"x": numbers(2, 3, 5, 4)}, {"x": [None, None, None, 4]})
    yield Row(
        "FusedBatchNormV3/NCHW",
        lambda x: raw.FusedBatchNormV3(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False, data_format="NCHW"
        )[0],
        {"x": numbers(2, 4, 3, 5)},
    )
    yield Row("LRN", lambda x: tf.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.6), {"x": numbers(2, 3, 3, 8)})
    yield Row("LRN/default", lambda x: tf.nn.local_response_normalization(x), {"x": numbers(1, 2, 2, 16)})
    for op in ("Softmax", "LogSoftmax"):
        build = lambda x, op=op: getattr(raw, op)(logits=x)
        yield Row(op, build, {"x": numbers(3, 7)}, {"x": [None, 7]})
        yield Row(op + "/large", build, {"x": numbers(3, 7, low=-100, high=100)})
    yield Row("Softmax/axis", lambda x: tf.nn.softmax(x, axis=1), {"x": numbers(2, 3, 4)}, {"x": [None, 3, 4]})


def reduction_rows():
    for op in ("Sum", "Mean", "Max", "Min", "Prod"):
        for axes in (0, -1, [0, 2], [], None):
            for keep in (False, True):
                function = getattr(tf, "reduce_" + op.lower())
                build = lambda x, function=function, axes=axes, keep=keep: function(x, axes, keep) + 0.0
                label = "all" if axes is None else "".join(str(axis) for axis in np.atleast_1d(axes)) or "none"
                yield Row(
                    f"{op}/{label}{'_keep' if keep else ''}",
                    build,
                    {"x": numbers(2, 3, 4, low=0.5)},
                    {"x": [None, 3, 4]},
                )
    yield Row("Sum/int", lambda x: tf.reduce_sum(x, 0), {"x": integers(3, 4)}, exact=True)
    yield Row("Max/int", lambda x: tf.reduce_max(x, 0), {"x": integers(3, 4)}, exact=True)
    yield Row("Mean/empty", lambda x: tf.reduce_mean(x, 0), {"x": numbers(0, 3)})
    yield Row(
        "Sum/computed_axes",
        lambda x, axes: tf.reduce_sum(x, axes, keepdims=True),
        {"x": numbers(2, 3, 4), "axes": np.array([2], "int32")},
    )
    yield Row("EuclideanNorm", lambda x: tf.math.reduce_euclidean_norm(x, 1), {"x": numbers(2, 5)})
    for op in ("All", "Any"):
        function = getattr(tf, "reduce_" + op.lower())
        yield Row(
            op, lambda x, function=function: function(x, 1), {"x": np.array([[0, 0], [0, 1], [1, 1]], bool)}, exact=True
        )
    for op, function in (("ArgMax", tf.argmax), ("ArgMin", tf.argmin)):
        for axis in (0, -1):
            for dtype in ("int32", "int64"):
                build = lambda x, function=function, axis=axis, dtype=dtype: function(x, axis, output_type=dtype)
                yield Row(f"{op}/{axis}_{dtype}", build, {"x": integers(3, 4, 5, dtype="float32", high=3)}, exact=True)
    yield Row("TopKV2", lambda x: list(tf.math.top_k(x, 3)), {"x": integers(2, 8, dtype="float32", high=4)}, exact=True)
    yield Row("TopKV2/index_only", lambda x: tf.math.top_k(x, 2)[1], {"x": numbers(2, 8)}, exact=True)


def reshaping_rows():
    x = numbers(2, 3, 4)
    batch = {"x": [None, 3, 4]}
    yield Row("Reshape", lambda x: tf.reshape(x, [4, 6]), {"x": x}, exact=True)
    yield Row("Reshape/hole", lambda x: tf.reshape(x, [-1, 6]), {"x": x}, batch, exact=True)
    yield Row("Reshape/keras_flatten", lambda x: tf.reshape(x, (tf.shape(x)[0], -1)), {"x": x}, batch, exact=True)
    yield Row("Reshape/keras_target", lambda x: tf.reshape(x, (tf.shape(x)[0], 2, 6)), {"x": x}, batch, exact=True)
    yield Row(
        "Reshape/swap",
        lambda x: tf.reshape(x, (tf.shape(x)[1], tf.shape(x)[0], 4)),
        {"x": x},
        {"x": [None, None, 4]},
        exact=True,
    )
    yield Row(
        "Reshape/concat", lambda x: tf.reshape(x, tf.concat([tf.shape(x)[:1], [12]], 0)), {"x": x}, batch, exact=True
    )
    yield Row(
        "Reshape/product",
        lambda x: tf.reshape(x, (tf.shape(x)[0], tf.reduce_prod(tf.shape(x)[1:]))),
        {"x": x},
        batch,
        exact=True,
    )
    yield Row("Reshape/merge_batch", lambda x: tf.reshape(x, (tf.shape(x)[0] * 3, 4)), {"x": x}, batch, exact=True)
    yield Row("Reshape/fed", lambda x, s: tf.reshape(x, s), {"x": x, "s": np.array([-1, 8], "int32")}, exact=True)
    yield Row("Reshape/empty", lambda x: tf.reshape(x, [0, 5]), {"x": numbers(3, 0)}, exact=True)
    yield Row("Reshape/unknown_rank", lambda x: tf.reshape(x, [6, 4]), {"x": x}, {"x": None}, exact=True)
    yield Row("Shape", lambda x: tf.shape(x), {"x": x}, batch, exact=True)
    yield Row("Shape/int64", lambda x: tf.shape(x, out_type="int64"), {"x": x}, batch, exact=True)
    yield Row("ShapeN", lambda x: tf.shape_n([x, x[0]])[1] + 1, {"x": x}, batch, exact=True)
    yield Row("Size", lambda x: tf.size(x), {"x": x}, batch, exact=True)
    yield Row("Rank", lambda x: raw.Rank(input=x), {"x": x}, {"x": [None, None, None]}, exact=True)
    yield Row(
        "Squeeze", lambda x: tf.squeeze(x, [1, -1]), {"x": numbers(2, 1, 3, 1)}, {"x": [None, 1, 3, 1]}, exact=True
    )
    yield Row("Squeeze/all", lambda x: tf.squeeze(x), {"x": numbers(2, 1, 3, 1)}, exact=True)
    for axis in (0, 1, -1, -3):
        yield Row(
            f"ExpandDims/{axis}",
            lambda x, axis=axis: tf.expand_dims(x, axis),
            {"x": numbers(2, 3)},
            {"x": [None, 3]},
            exact=True,
        )
    yield Row("Transpose", lambda x: tf.transpose(x, [2, 0, 1]), {"x": x}, batch, exact=True)
    yield Row("Transpose/reversed", lambda x: tf.transpose(x), {"x": x}, batch, exact=True)


def slicing_rows():
    x = numbers(4, 5, 6)
    batch = {"x": [None, 5, 6]}
    slices = {
        "begin": np.s_[1:],
        "end": np.s_[:2],
        "range": np.s_[1:3, 2:4],
        "strided": np.s_[::2, 1::3],
        "reverse": np.s_[::-1],
        "reverse_range": np.s_[3:0:-1, ::-2],
        "negative": np.s_[-3:-1, -2:],
        "element": np.s_[1],
        "last_element": np.s_[-1],
        "elements": np.s_[1, :, -1],
        "ellipsis": np.s_[..., 1:3],
        "ellipsis_middle": np.s_[1, ..., -1],
        "ellipsis_alone": np.s_[...],
        "new_axis": np.s_[:, tf.newaxis],
        "new_axis_last": np.s_[..., tf.newaxis],
        "new_axes": np.s_[tf.newaxis, 1, ..., tf.newaxis, 2],
        "beyond": np.s_[2:99],
        "empty": np.s_[3:1],
    }
    for label, index in slices.items():
        yield Row(f"StridedSlice/{label}", lambda x, index=index: tf.identity(x[index]), {"x": x}, batch, exact=True)
    for label, start, end in (("", 1, 3), ("_negative", -3, -1)):
        indices = {"i": np.int32(start), "j": np.int32(end)}
        yield Row("StridedSlice/computed" + label, lambda x, i, j: x[i:j, :, 2], {"x": x, **indices}, batch, exact=True)
        yield Row(
            "StridedSlice/computed_element" + label, lambda x, i, j: x[:, i, j], {"x": x, **indices}, batch, exact=True
        )
        yield Row(
            "StridedSlice/computed_reverse" + label, lambda x, i, j: x[j:i:-1], {"x": x, **indices}, batch, exact=True
        )
    yield Row("Slice", lambda x: tf.slice(x, [1, 0, 2], [2, -1, 3]), {"x": x}, batch, exact=True)
    yield Row(
        "Slice/computed",
        lambda x, i, j: tf.slice(x, i, j),
        {"x": x, "i": np.array([1, 0, 2], "int32"), "j": np.array([2, -1, 3], "int32")},
        batch,
        exact=True,
    )
    yield Row("ReverseV2", lambda x: tf.reverse(x, [0, -1]), {"x": x}, batch, exact=True)
    for axis in (0, 1, -1):
        yield Row(
            f"GatherV2/{axis}", lambda x, axis=axis: tf.gather(x, [[3, 0], [1, 1]], axis=axis), {"x": x}, exact=True
        )
    yield Row("GatherV2/scalar", lambda x, i: tf.gather(x, i, axis=1), {"x": x, "i": np.int64(2)}, batch, exact=True)
    yield Row(
        "Gather", lambda x, i: raw.Gather(params=x, indices=i), {"x": x, "i": np.array([3, 0], "int32")}, exact=True
    )
    yield Row("GatherNd", lambda x: tf.gather_nd(x, [[0, 1], [3, 4]]), {"x": x}, exact=True)
    yield Row("Where", lambda x: tf.where(x > 0.0), {"x": numbers(3, 4)}, exact=True)
    yield Row("Split", lambda x: tf.split(x, 3, -1), {"x": x}, batch, exact=True)
    yield Row("Split/one_used", lambda x: tf.split(x, 3, -1)[1] * 2.0, {"x": x}, batch, exact=True)
    yield Row("Split/one", lambda x: tf.split(x, 1, -1)[0] * 2.0, {"x": x}, batch, exact=True)
    yield Row("SplitV", lambda x: tf.split(x, [1, 3, 2], -1), {"x": x}, batch, exact=True)
    yield Row("SplitV/rest", lambda x: tf.split(x, [1, -1, 2], 1), {"x": x}, batch, exact=True)
    for axis in (0, 1, -1):
        yield Row(f"Unpack/{axis}", lambda x, axis=axis: tf.unstack(x, axis=axis), {"x": numbers(2, 3, 2)}, exact=True)
    yield Row("Unpack/one", lambda x: tf.unstack(x, axis=1)[0] * 2.0, {"x": numbers(2, 1, 2)}, exact=True)


def joining_rows():
    x, y = numbers(2, 3, 4), numbers(2, 3, 4, seed=1)
    for axis in (0, 1, -1):
        yield Row(f"ConcatV2/{axis}", lambda x, y, axis=axis: tf.concat([x, y, x], axis), {"x": x, "y": y}, exact=True)
    yield Row("ConcatV2/constant", lambda x: tf.concat([x, numbers(2, 1, 4)], 1), {"x": x}, exact=True)
    yield Row("Concat", lambda x, y: raw.Concat(concat_dim=1, values=[x, y]), {"x": x, "y": y}, exact=True)
    for axis in (0, 2, -1):
        yield Row(f"Pack/{axis}", lambda x, y, axis=axis: tf.stack([x, y], axis), {"x": x, "y": y}, exact=True)
    yield Row("Pack/one", lambda x: tf.stack([x], 1), {"x": x}, exact=True)


def padding_rows():
    x = numbers(2, 3, 4)
    batch = {"x": [None, 3, 4]}
    paddings = [[0, 0], [1, 2], [0, 1]]
    yield Row("Pad", lambda x: tf.pad(x, paddings), {"x": x}, batch, exact=True)
    yield Row("Pad/computed", lambda x, p: tf.pad(x, p), {"x": x, "p": np.array(paddings, "int32")}, batch, exact=True)
    yield Row("PadV2", lambda x: tf.pad(x, paddings, constant_values=3.5), {"x": x}, batch, exact=True)
    yield Row("MirrorPad/REFLECT", lambda x: tf.pad(x, paddings, "REFLECT"), {"x": x}, batch, exact=True)
    yield Row(
        "MirrorPad/SYMMETRIC", lambda x: tf.pad(x, [[0, 0], [3, 2], [1, 4]], "SYMMETRIC"), {"x": x}, batch, exact=True
    )
    yield Row("Tile", lambda x: tf.tile(x, [1, 2, 3]), {"x": x}, batch, exact=True)
    yield Row(
        "Tile/computed", lambda x, n: tf.tile(x, n), {"x": x, "n": np.array([2, 1, 1], "int32")}, batch, exact=True
    )
    yield Row("BroadcastTo", lambda x: tf.broadcast_to(x, [5, 2, 3, 4]), {"x": x}, exact=True)
    yield Row("Fill", lambda x: tf.fill([tf.shape(x)[0], 2], 1.5), {"x": x}, batch, exact=True)
    yield Row("ZerosLike", lambda x: tf.zeros_like(x) + x, {"x": x}, batch, exact=True)
    yield Row("ZerosLike/nan", lambda x: raw.ZerosLike(x=x), {"x": SPECIAL}, exact=True)
    yield Row("OnesLike", lambda x: raw.OnesLike(x=x), {"x": integers(3)}, exact=True)
    yield Row("Range", lambda n: tf.range(1, n, 2), {"n": np.int32(8)}, exact=True)
    yield Row("Range/float", lambda n: tf.range(0.0, n, 0.5), {"n": np.float32(2)}, exact=True)
    for axis in (-1, 0, 1):
        yield Row(
            f"OneHot/{axis}",
            lambda i, axis=axis: tf.one_hot(i, 4, 2.0, -1.0, axis),
            {"i": np.array([[0, 3], [5, -1]], "int32")},
            {"i": [None, 2]},
            exact=True,
        )
    yield Row("OneHot/uint8", lambda i: tf.one_hot(i, 3), {"i": np.array([2, 0], "uint8")}, exact=True)


def resizing_rows():
    for op in ("ResizeBilinear", "ResizeNearestNeighbor"):
        for align, half in ((False, False), (True, False), (False, True)):
            for size in ([8, 10], [2, 3], [5, 1], [4, 5]):
                build = lambda x, op=op, align=align, half=half, size=size: getattr(raw, op)(
                    images=x, size=size, align_corners=align, half_pixel_centers=half
                )
                label = "align" if align else "half" if half else "legacy"
                yield Row(
                    f"{op}/{label}_{size[0]}x{size[1]}", build, {"x": numbers(2, 4, 5, 3)}, {"x": [None, 4, 5, 3]}
                )
    yield Row(
        "ResizeBilinear/uint8",
        lambda x: raw.ResizeBilinear(images=x, size=[6, 6], half_pixel_centers=True),
        {"x": integers(1, 4, 4, 2, dtype="uint8", low=0, high=200)},
    )
    yield Row(
        "ResizeBilinear/twice_the_input",
        lambda x: raw.ResizeBilinear(images=x, size=tf.shape(x)[1:3] * 2),
        {"x": numbers(1, 3, 4, 2)},
        {"x": [None, None, None, 2]},
    )
    yield Row("DepthToSpace", lambda x: tf.nn.depth_to_space(x, 2), {"x": numbers(2, 3, 4, 8)}, exact=True)
    yield Row("SpaceToDepth", lambda x: tf.nn.space_to_depth(x, 2), {"x": numbers(2, 4, 6, 3)}, exact=True)


ROWS = [
    *unary_rows(),
    *binary_rows(),
    *cast_rows(),
    *product_rows(),
    *convolution_rows(),
    *pooling_rows(),
    *normalization_rows(),
    *reduction_rows(),
    *reshaping_rows(),
    *slicing_rows(),
    *joining_rows(),
    *padding_rows(),
    *resizing_rows(),
]
