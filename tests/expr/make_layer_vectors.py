# SPDX-License-Identifier: Apache-2.0
"""Writes layers' results as NumPy and SciPy compute them, for vectors_test.cpp: make_layer_vectors.py <file>

One case a line: layer/name | fields | inputs | outputs | tolerance in units in the last place. The layers are those of
layers.cpp under the same names. CTest runs it before the tests of expressions.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import ml_dtypes
import numpy as np
from scipy import ndimage, special

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "ops"))
from make_vectors import EVERYWHERE, POSITIVE, UNIT, dtype_name, text_of_tensor, wide

INF, NAN = np.inf, np.nan
FLOATS = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)

lines: list[str] = []
random = np.random.default_rng(17)


def case(name: str, inputs: list, outputs: list, ulps: int = 1, **fields: float) -> None:
    """Adds a case. An output may be (float64 values, dtype): it is rounded by the reader's bound, not here."""
    lines.append(
        " | ".join(
            [
                name,
                " ".join(f"{key}={float(value)!r}" for key, value in fields.items()),
                " ; ".join(text_of_tensor(x) for x in inputs),
                " ; ".join(text_of_tensor(*y) if isinstance(y, tuple) else text_of_tensor(y) for y in outputs),
                str(ulps),
            ]
        )
    )


def normal(*shape: int, dtype: object = np.float32) -> np.ndarray:
    return random.normal(size=shape).astype(dtype)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
TANH_SCALE = np.sqrt(2 / np.pi)
UNARY: dict[str, tuple[list[float], Callable]] = {
    "abs": (EVERYWHERE, np.abs),
    "acos": (UNIT, np.arccos),
    "acosh": (POSITIVE, np.arccosh),
    "asin": (UNIT, np.arcsin),
    "asinh": (EVERYWHERE, np.arcsinh),
    "atan": (EVERYWHERE, np.arctan),
    "atanh": (UNIT, np.arctanh),
    "ceil": (EVERYWHERE, np.ceil),
    "celu": (EVERYWHERE, lambda x: np.where(x > 0, x, np.expm1(x))),
    "cos": (EVERYWHERE, np.cos),
    "cosh": (EVERYWHERE[:10], np.cosh),
    "elu": (EVERYWHERE, lambda x: np.where(x > 0, x, np.expm1(x))),
    "erf": (EVERYWHERE, special.erf),
    "exp": (EVERYWHERE, np.exp),
    "expm1": (EVERYWHERE, np.expm1),
    "floor": (EVERYWHERE, np.floor),
    "gelu_tanh": (EVERYWHERE[:-3], lambda x: 0.5 * x * (1 + np.tanh(TANH_SCALE * (x + 0.044715 * x**3)))),
    "hardsigmoid": (EVERYWHERE, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    "hardswish": (EVERYWHERE[:-2], lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "isinf": (EVERYWHERE, np.isinf),
    "isnan": (EVERYWHERE, np.isnan),
    "leaky_relu": (EVERYWHERE, lambda x: np.where(x < 0, 0.01 * x, x)),
    "log": (POSITIVE, np.log),
    "log1p": (POSITIVE, np.log1p),
    "mish": (EVERYWHERE[:-2], lambda x: x * np.tanh(softplus(x))),
    "neg": (EVERYWHERE, np.negative),
    "reciprocal": (EVERYWHERE, np.reciprocal),
    "relu": (EVERYWHERE, lambda x: np.maximum(x, 0)),
    "round": ([*EVERYWHERE, 1.5, -1.5, 3.5, -2.5], np.round),
    "rsqrt": (POSITIVE, lambda x: 1 / np.sqrt(x)),
    "selu": (EVERYWHERE, lambda x: SELU_GAMMA * np.where(x > 0, x, SELU_ALPHA * np.expm1(x))),
    "shrink": (EVERYWHERE, lambda x: np.where(np.abs(x) <= 0.5, 0, x)),
    "sigmoid": (EVERYWHERE, special.expit),
    "sign": (EVERYWHERE, np.sign),
    "sin": (EVERYWHERE, np.sin),
    "sinh": (EVERYWHERE[:10], np.sinh),
    "softplus": (EVERYWHERE, softplus),
    "softsign": ([*EVERYWHERE[:-3], NAN], lambda x: x / (1 + np.abs(x))),
    "sqrt": (POSITIVE, np.sqrt),
    "square": (EVERYWHERE, np.square),
    "swish": (EVERYWHERE[:-2], lambda x: x * special.expit(x)),
    "tan": (EVERYWHERE, np.tan),
    "tanh": (EVERYWHERE, np.tanh),
    "thresholded_relu": (EVERYWHERE, lambda x: np.where(x <= 1, 0, x)),
}


def unary() -> None:
    for op, (values, formula) in UNARY.items():
        for dtype in FLOATS:
            x = np.array(values).astype(dtype)
            y = formula(wide(x))
            # Near a zero of the function float64's own error is some units; only f64 shows it. Constants such as 0.2
            # are rounded to f32, which may show in its last place.
            ulps = 64 if dtype is np.float64 else 2
            case(f"{op}/{dtype_name(dtype)}", [x], [y if y.dtype == bool else (y, dtype)], ulps)
    # 1 + erf cancels below 0 : exact to units of the largest term, x / 2.
    x = np.array([0.0, 0.5, 1.0, 2.5, 11.0, 40.0, -0.5, -1.0])
    case("gelu/f64", [x], [x * special.ndtr(x)], 64)


def binary() -> None:
    special_values = np.array([0.0, -0.0, 1.5, -2.5, 3.0, INF, -INF, NAN])
    a, b = (grid.reshape(-1) for grid in np.meshgrid(special_values, special_values))
    floats = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "rem": np.fmod,
        "mod": np.mod,
        "pow": np.power,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "floor_divide": lambda x, y: np.floor(x / y),
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }
    for op, formula in floats.items():
        for dtype in FLOATS:
            x, y = a.astype(dtype), b.astype(dtype)
            z = formula(wide(x), wide(y))
            case(f"{op}/{dtype_name(dtype)}", [x, y], [z if z.dtype == bool else (z, dtype)])
    integers = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "mod": np.mod,
        "floor_divide": np.floor_divide,
        "minimum": np.minimum,
        "maximum": np.maximum,
        "and": np.bitwise_and,
        "or": np.bitwise_or,
        "xor": np.bitwise_xor,
        "lt": np.less,
        "eq": np.equal,
    }
    for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint64):
        info = np.iinfo(dtype)
        values = np.array([v for v in (0, 1, 2, 7, info.max, -1, -2, -7, info.min) if v >= info.min], dtype)
        x, y = (grid.reshape(-1) for grid in np.meshgrid(values, values))
        for op, formula in integers.items():
            z = formula(x, y)
            if op in ("mod", "floor_divide"):
                z = np.where(y == 0, dtype(0), z)
            case(f"{op}/{dtype_name(dtype)}", [x, y], [z])
        # C 's division: truncated, and the remainder has the dividend' s sign.
        exact = [
            (0, 0)
            if q == 0
            else ((abs(p) // abs(q)) * (1 if (p < 0) == (q < 0) else -1), abs(p) % abs(q) * (-1 if p < 0 else 1))
            for p, q in zip(x.tolist(), y.tolist(), strict=True)
        ]
        mask = (1 << info.bits) - 1
        unsigned = f"u{info.bits // 8}"
        for op, part in (("div", 0), ("rem", 1)):
            z = np.array([pair[part] & mask for pair in exact], np.uint64).astype(unsigned).view(dtype)
            case(f"{op}/{dtype_name(dtype)}", [x, y], [z])
        amounts = np.array([b for b in (0, 1, 7, 8, 31, 32, 63, 64, 100, -1) if info.min <= b <= info.max], dtype)
        v, s = (grid.reshape(-1) for grid in np.meshgrid(values, amounts))
        pairs = list(zip(v.tolist(), s.tolist(), strict=True))
        left = [(p << q if 0 <= q < info.bits else 0) & mask for p, q in pairs]
        right = [(p >> (q if 0 <= q < info.bits else info.bits)) & mask for p, q in pairs]
        for op, bits in (("shl", left), ("shr", right)):
            case(f"{op}/{dtype_name(dtype)}", [v, s], [np.array(bits, np.uint64).astype(unsigned).view(dtype)])
    p, q = np.array([[True, True], [False, False]]), np.array([[True, False], [True, False]])
    case("and/bool", [p, q], [p & q])
    case("or/bool", [p, q], [p | q])
    case("xor/bool", [p, q], [p ^ q])
    case("add/bool", [p, q], [p.astype(np.int64) + q])
    for name, left, right in (
        ("row", (2, 3), (3,)),
        ("both", (2, 1, 3), (5, 1)),
        ("scalar", (), (2, 2)),
        ("empty", (0, 3), (3,)),
    ):
        x, y = normal(*left), normal(*right)
        case(f"add/{name}", [x, y], [(wide(x) + wide(y), np.float32)])
    for x, y in ((np.int8, np.int32), (np.int32, np.float32), (np.uint8, np.int8), (np.float16, np.float32)):
        left, right = np.array([1, 2, 100]).astype(x), np.array([3, 2, 1]).astype(y)
        to = {"u1i1": np.int16}.get(np.dtype(x).str[1:] + np.dtype(y).str[1:], y)
        case(f"mul/{dtype_name(x)}_{dtype_name(y)}", [left, right], [(left.astype(to) * right.astype(to))])


def casts() -> None:
    x = np.array([0.0, -0.0, 1.5, -1.5, 2.5, 300.7, -300.7, 1e10, -1e20, INF, -INF, NAN])
    for dtype in (np.int8, np.uint8, np.int32, np.int64):
        info = np.iinfo(dtype)
        exact = [0 if np.isnan(v) else info.max if v >= info.max else info.min if v <= info.min else int(v) for v in x]
        case(f"to_{dtype_name(dtype)}/f64", [x], [np.array(exact, object).astype(dtype)])
    for dtype in (np.float16, ml_dtypes.bfloat16, np.float32):
        case(f"to_{dtype_name(dtype)}/f64", [x], [x.astype(np.float32).astype(dtype)])
    case("to_bool/f64", [x], [x != 0])
    n = np.array([0, 1, -1, 127, 128, 255, 256, -129, 2**31, -(2**40) + 3])
    for dtype in (np.int8, np.uint8, np.int32, np.float32):
        case(f"to_{dtype_name(dtype)}/i64", [n], [n.astype(dtype)])
    y = np.array([0.0, -1.5, 2.0], np.float32)
    case("bits_i32/f32", [y], [y.view(np.int32)])
    h = np.array([0.0, -1.5, 2.0], np.float16)
    case("bits_u16/f16", [h], [h.view(np.uint16)])


def layers() -> None:
    x = np.array([[[-1.0, 0.0, -0.0], [3.0, 6.5, NAN]]], np.float32).reshape(1, 1, 2, 3)
    case("ReLU6/plain", [x], [np.clip(x, 0, 6)])
    case("ReLU6/fields", [x], [np.clip(x, -0.5, 2)], lo=-0.5, hi=2)
    case("ReLU6/empty", [np.zeros((0, 3, 2, 2), np.float32)], [np.zeros((0, 3, 2, 2), np.float32)])
    h = normal(2, 3, 2, 2, dtype=np.float16)
    case("ReLU6/half", [h], [np.clip(h, 0, 6)])

    x, slope = normal(2, 3, 4), normal(3, 1)
    case("PRelu/channels", [x, slope], [(np.where(x < 0, wide(x) * wide(slope), wide(x)), np.float32)])

    x, scale, bias = normal(3, 5), normal(5), normal(5)
    w = wide(x)
    rms = w / np.sqrt((w**2).mean(-1, keepdims=True) + 1e-5)
    case("RMSNorm/plain", [x, scale], [(rms * scale, np.float32)], 2)
    normed = (w - w.mean(-1, keepdims=True)) / np.sqrt(w.var(-1, keepdims=True) + 1e-5)
    case("LayerNorm/plain", [x, scale, bias], [(normed * scale + bias, np.float32)], 4)
    b = normal(3, 5, dtype=ml_dtypes.bfloat16)
    w = wide(b)
    normed = (w - w.mean(-1, keepdims=True)) / np.sqrt(w.var(-1, keepdims=True) + 1e-5)
    case(
        "LayerNorm/bf16",
        [b, scale.astype(b.dtype), bias.astype(b.dtype)],
        [(normed * wide(scale.astype(b.dtype)) + wide(bias.astype(b.dtype)), b.dtype)],
        2,
    )
    x, scale, bias = normal(2, 4, 3, 2), normal(4), normal(4)
    g = wide(x).reshape(2, 2, 2, 3, 2)
    g = (g - g.mean((2, 3, 4), keepdims=True)) / np.sqrt(g.var((2, 3, 4), keepdims=True) + 1e-5)
    y = g.reshape(x.shape) * wide(scale)[:, None, None] + wide(bias)[:, None, None]
    case("GroupNorm/plain", [x, scale, bias], [(y, np.float32)], 16)

    x = normal(3, 7) * 4
    case("Softmax/temperature", [x], [(special.softmax(wide(x) / 2, 1), np.float32)], 2, temperature=2)
    case("Softmax/large", [x * 100], [(special.softmax(wide(x * np.float32(100)), 1), np.float32)], 2)
    case("Softmax/no_rows", [np.zeros((0, 4), np.float32)], [np.zeros((0, 4), np.float32)])

    x, angle = normal(5, 6), normal(5, 3)
    cos, sin = np.cos(angle), np.sin(angle)
    left, right = wide(x[:, :3]), wide(x[:, 3:])
    y = np.concatenate([left * cos - right * sin, right * cos + left * sin], 1)
    case("Rotary/plain", [x, cos, sin], [(y, np.float32)], 4)

    x = normal(2, 8, 3, 2)
    y = x.reshape(2, 2, 2, 2, 3, 2).transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 4)
    case("PixelShuffle/plain", [x], [y])

    x = normal(1, 2, 3, 4)
    y = np.zeros((1, 2, 6, 8))
    for i in range(6):
        for j in range(8):
            r, c = (i + 0.5) / 2 - 0.5, (j + 0.5) / 2 - 0.5
            r0, c0 = int(np.floor(r)), int(np.floor(c))
            for dr in (0, 1):
                for dc in (0, 1):
                    weight = (1 - abs(r - (r0 + dr))) * (1 - abs(c - (c0 + dc)))
                    y[..., i, j] += weight * wide(x)[..., np.clip(r0 + dr, 0, 2), np.clip(c0 + dc, 0, 3)]
    case("Bilinear/twice", [x], [(y, np.float32)], 8)

    x = normal(1, 5, 4)
    w = wide(x)[0]
    padded = np.pad(w, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    weights = np.exp(-((windows - w[..., None, None]) ** 2) / 0.5)
    y = (weights * windows).sum((2, 3)) / weights.sum((2, 3))
    case("NonLocalMean/plain", [x], [(y[None], np.float32)], 8)
    case("BoxSum/zero", [x], [(ndimage.convolve(w, np.ones((3, 3)), mode="constant")[None], np.float32)], 8)
    case("BoxSum_reflect/plain", [x], [(ndimage.convolve(w, np.ones((3, 3)), mode="mirror")[None], np.float32)], 8)
    case("BoxSum_wrap/plain", [x], [(ndimage.convolve(w, np.ones((3, 3)), mode="wrap")[None], np.float32)], 8)

    x, gate = normal(2, 3), normal(2, 3)
    s = special.expit(wide(gate))
    case("Gated/two_outputs", [x, gate], [(wide(x) * s, np.float32), (s, np.float32)])

    x = (normal(4, 5) * 40).astype(np.float32)
    q = np.clip(np.round(wide(x) / 0.25), -128, 127)
    case("Quantise/both", [x], [q.astype(np.int8), (q * 0.25, np.float32)], scale=0.25)


def reductions() -> None:
    x = normal(2, 3, 4)
    w = wide(x)
    named = {
        "sum": w.sum, "prod": w.prod, "min": w.min, "max": w.max, "mean": w.mean,
        "argmin": w.argmin, "argmax": w.argmax,
    }  # fmt: skip
    for op, method in named.items():
        for name, axis in (("first", 0), ("last", 2)):
            y = method(axis=axis)
            case(f"{op}_{name}/f32", [x], [y if y.dtype == np.int64 else (y, np.float32)], 4)
        y = np.array(method())
        case(f"{op}_all/f32", [x], [y if y.dtype == np.int64 else (y, np.float32)], 4)
    case("variance_last/f32", [x], [(w.var(2), np.float32)], 8)
    i = np.array([[100, 100, -3], [7, 7, -128]], np.int8)
    case("sum_last/i8", [i], [i.sum(1, dtype=np.int8)])
    case("prod_last/i8", [i], [i.prod(1, dtype=np.int8)])
    case("max_last/i8", [i], [i.max(1)])
    case("argmax_last/ties", [i], [i.argmax(1)])
    u = np.array([[1, 2**64 - 1, 5]], np.uint64)
    case("max_last/u64", [u], [u.max(1)])
    case("argmin_last/u64", [u], [u.argmin(1)])
    b = np.array([[True, False], [True, True], [False, False]])
    case("any_last/bool", [b], [b.any(1)])
    case("all_last/bool", [b], [b.all(1)])
    case("any_last/f32", [np.array([[0.0, NAN], [0.0, -0.0]], np.float32)], [np.array([True, False])])
    n = np.array([[1.0, NAN, 3.0], [NAN, INF, NAN], [2.0, -1.0, -INF]], np.float32)
    for op, method in (("max", np.max), ("min", np.min), ("argmax", np.argmax), ("argmin", np.argmin)):
        case(f"{op}_last/nan", [n], [method(n, axis=1)])
    e = np.zeros((2, 0), np.float32)
    for op, value in (("sum", 0), ("prod", 1), ("min", INF), ("max", -INF)):
        case(f"{op}_last/empty", [e], [np.full(2, value, np.float32)])
    case("argmax_last/empty", [e], [np.zeros(2, np.int64)])
    case("max_last/empty_i8", [np.zeros((2, 0), np.int8)], [np.full(2, -128, np.int8)])
    case("all_last/empty", [np.zeros((2, 0), bool)], [np.ones(2, bool)])


def views() -> None:
    x = normal(2, 5, 3)
    y = normal(2, 2, 3)
    case("concat_1/f32", [x, y], [np.concatenate([x, y], 1)])
    case("concat_1/empty", [x, y[:, :0]], [x])
    case("concat_1/i8", [x.astype(np.int8), y.astype(np.int8)], [np.concatenate([x, y], 1).astype(np.int8)])
    case("pad_1/f32", [x], [np.pad(x, [(0, 0), (1, 2), (0, 0)], constant_values=0.5)])
    case("pad_reflect_1/f32", [x], [np.pad(x, [(0, 0), (1, 2), (0, 0)], mode="reflect")])
    case("pad_wrap_1/f32", [x], [np.pad(x, [(0, 0), (1, 2), (0, 0)], mode="wrap")])
    case("pad_clamp_1/f32", [x], [np.pad(x, [(0, 0), (1, 2), (0, 0)], mode="edge")])
    case("pad_computed_1/f32", [x], [np.pad(x + x, [(0, 0), (1, 2), (0, 0)], constant_values=0.5)])
    case("pad_reflect_computed_1/f32", [x], [np.pad(x + x, [(0, 0), (1, 2), (0, 0)], mode="reflect")])
    case("slice_1_4/f32", [x], [x[:, 1:4]])
    for left, right in (((3, 4), (4, 2)), ((4,), (4, 2)), ((3, 4), (4,)), ((4,), (4,)), ((2, 1, 3, 4), (5, 4, 2))):
        a, b = normal(*left), normal(*right)
        name = "x".join(map(str, left)) + "_" + "x".join(map(str, right))
        case(f"matmul/{name}", [a, b], [(np.matmul(wide(a), wide(b)), np.float32)], 4)
    case("stack_1/f32", [x, x + 1], [np.stack([x, x + 1], 1)])
    case("flip/f32", [x], [np.flip(x)])
    case("flip_last/f32", [x], [np.flip(x, -1)])
    w = normal(2, 5, 6)
    case("windows/f32", [w], [np.lib.stride_tricks.sliding_window_view(w, (2, 3), (1, 2))])
    padded = np.pad(w, ((0, 0), (1, 0), (0, 2)), constant_values=-7)
    dilated = np.lib.stride_tricks.sliding_window_view(padded, (2, 3), (1, 2))[:, ::2, :, :, ::2]
    case("windows_strided/f32", [w], [dilated])
    case("slice_back/f32", [x], [x[:, ::-1]])
    case("slice_by_two/f32", [x], [x[:, 1::2]])
    case("slice_last_two/f32", [x], [x[:, -2:]])
    case("transpose/f32", [x], [x.T])
    case("transpose_021/f32", [x], [x.transpose(0, 2, 1)])
    case("flatten/f32", [x], [x.reshape(-1)])
    case("flatten/scalar", [np.array(2.5, np.float32)], [np.array([2.5], np.float32)])
    case("flatten/empty", [x[:0]], [x[:0].reshape(-1)])
    case("merge_last/f32", [x], [x.reshape(2, 15)])
    case("squeeze_unsqueeze/f32", [x], [x[:, None, :, None]])
    case("broadcast/f32", [x], [np.broadcast_to(x, (4, 2, 5, 3))])
    i = np.array([[4, 0], [2, 2], [1, 3]], np.int32)
    case("take_1/f32", [x, i], [np.take(x, i, 1)])
    case("take_1/u8", [x, i.astype(np.uint8)], [np.take(x, i, 1)])
    case("take_clamp_1/f32", [x, i - 2], [np.take(x, i - 2, 1, mode="clip")])
    case("take_wrap_1/f32", [x, i + 3], [np.take(x, i + 3, 1, mode="wrap")])
    case("iota/f32", [x], [np.arange(5) + np.zeros((3, 1), np.int64)])
    case("where/f32", [x > 0, x, -x], [np.abs(x)])


GROUPS = [unary, binary, casts, layers, reductions, views]


def main() -> None:
    with np.errstate(all="ignore"):
        for group in GROUPS:
            group()
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
