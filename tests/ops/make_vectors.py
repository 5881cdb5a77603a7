# SPDX-License-Identifier: Apache-2.0
"""Writes operators' results as NumPy and SciPy compute them in float64, for vectors_test.cpp: make_vectors.py <file>

One case a line: name | operator | attributes | inputs | outputs | tolerance in units in the last place.
CTest runs it before the operators' tests.
"""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Callable

import ml_dtypes
import numpy as np
import structural_vectors
from scipy import special

NAMES = {
    np.dtype(np.float16): "f16",
    np.dtype(ml_dtypes.bfloat16): "bf16",
    np.dtype(np.float32): "f32",
    np.dtype(np.float64): "f64",
    np.dtype(bool): "bool",
} | {np.dtype(f"{kind}int{bits}"): f"{kind or 'i'}{bits}" for kind in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
SIGNED = (np.int8, np.int16, np.int32, np.int64)
UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)
INF, NAN = np.inf, np.nan

lines: list[str] = []
random = np.random.default_rng(7)


def text_of_number(value: object) -> str:
    return str(int(value)) if isinstance(value, (bool, np.bool_, np.integer)) else f"{float(value):.17g}"


def text_of_tensor(tensor: np.ndarray | None, dtype: object = None) -> str:
    if tensor is None:
        return "-"
    shape = ",".join(map(str, tensor.shape))
    return " ".join([f"{NAMES[np.dtype(dtype or tensor.dtype)]}[{shape}]", *map(text_of_number, tensor.reshape(-1))])


def text_of_attribute(name: str, value: object) -> str:
    if isinstance(value, bool):
        raise TypeError(name)
    if isinstance(value, int):
        return f"{name}=int:{value}"
    if isinstance(value, float):
        return f"{name}=float:{value!r}"
    if isinstance(value, str):
        return f"{name}=string:{value}"
    return f"{name}=ints:{','.join(map(str, value))}"


def case(name: str, op: str, inputs: list, outputs: list, ulps: int = 1, **attributes: object) -> None:
    """Adds a case. An output may be (float64 values, dtype): it is rounded by the reader's bound, not here."""
    fields = [
        f"{op}/{name}",
        op,
        " ".join(text_of_attribute(*item) for item in sorted(attributes.items())),
        " ; ".join(text_of_tensor(x) for x in inputs),
        " ; ".join(text_of_tensor(*y) if isinstance(y, tuple) else text_of_tensor(y) for y in outputs),
        str(ulps),
    ]
    lines.append(" | ".join(fields))


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype.kind not in "iub" else x


def dtype_name(dtype: object) -> str:
    return NAMES[np.dtype(dtype)]


# --- pointwise, one input

EVERYWHERE = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -3.5, 1e-3, -7.25, 11.0, 40.0, -40.0, INF, -INF, NAN]
# Without those of which 1 + erf or tanh is all but 0, so that few of its digits are left.
MODERATE = [v for v in EVERYWHERE[:-3] if v not in (-3.5, -7.25)]
UNIT = [0.0, 1.0, -1.0, 0.5, -0.25, 0.9990234375, 1.5, -2.0, INF, NAN]
POSITIVE = [0.0, 1.0, 0.25, 2.0, 1e-3, 100.0, 1.0078125, -1.0, INF, -INF, NAN]


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
UNARY: list[tuple[str, list[float], Callable, dict]] = [
    ("Abs", EVERYWHERE, np.abs, {}),
    ("Acos", UNIT, np.arccos, {}),
    ("Acosh", POSITIVE, np.arccosh, {}),
    ("Asin", UNIT, np.arcsin, {}),
    ("Asinh", EVERYWHERE, np.arcsinh, {}),
    ("Atan", EVERYWHERE, np.arctan, {}),
    ("Atanh", UNIT, np.arctanh, {}),
    ("Ceil", EVERYWHERE, np.ceil, {}),
    ("Celu", EVERYWHERE, lambda x: np.maximum(0, x) + np.minimum(0, np.expm1(x)), {}),
    ("Celu", EVERYWHERE, lambda x: np.maximum(0, x) + np.minimum(0, 2 * np.expm1(x / 2)), {"alpha": 2.0}),
    ("Cos", EVERYWHERE, np.cos, {}),
    ("Cosh", EVERYWHERE[:10], np.cosh, {}),
    ("Elu", EVERYWHERE, lambda x: np.where(x > 0, x, np.expm1(x)), {}),
    ("Elu", EVERYWHERE, lambda x: np.where(x > 0, x, 0.25 * np.expm1(x)), {"alpha": 0.25}),
    ("Erf", EVERYWHERE, special.erf, {}),
    ("Exp", EVERYWHERE, np.exp, {}),
    ("Floor", EVERYWHERE, np.floor, {}),
    ("Gelu", MODERATE, lambda x: x * special.ndtr(x), {}),
    ("Gelu", MODERATE, gelu_tanh, {"approximate": "tanh"}),
    ("HardSigmoid", EVERYWHERE, lambda x: np.clip(0.2 * x + 0.5, 0, 1), {}),
    ("HardSigmoid", EVERYWHERE, lambda x: np.clip(0.5 * x + 0.25, 0, 1), {"alpha": 0.5, "beta": 0.25}),
    ("HardSwish", EVERYWHERE[:-2], lambda x: x * np.clip(x / 6 + 0.5, 0, 1), {}),
    ("LeakyRelu", EVERYWHERE, lambda x: np.where(x < 0, 0.01 * x, x), {}),
    ("LeakyRelu", EVERYWHERE, lambda x: np.where(x < 0, 0.5 * x, x), {"alpha": 0.5}),
    ("Log", POSITIVE, np.log, {}),
    ("Mish", EVERYWHERE[:-2], lambda x: x * np.tanh(softplus(x)), {}),
    ("Neg", EVERYWHERE, np.negative, {}),
    ("Reciprocal", EVERYWHERE, np.reciprocal, {}),
    ("Relu", EVERYWHERE, lambda x: np.maximum(x, 0), {}),
    ("Round", [*EVERYWHERE, 1.5, -1.5, 0.501953125, 3.5, -2.5], np.round, {}),
    ("Selu", EVERYWHERE, lambda x: SELU_GAMMA * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)), {}),
    ("Selu", EVERYWHERE, lambda x: 3 * np.where(x > 0, x, 2 * np.expm1(x)), {"alpha": 2.0, "gamma": 3.0}),
    ("Shrink", EVERYWHERE[:-1], lambda x: np.where(np.abs(x) > 0.5, x, 0), {}),
    ("Shrink", EVERYWHERE[:-1], lambda x: np.sign(x) * np.maximum(np.abs(x) - 2, 0), {"lambd": 2.0, "bias": 2.0}),
    ("Sigmoid", EVERYWHERE, special.expit, {}),
    ("Sign", EVERYWHERE, np.sign, {}),
    ("Sin", EVERYWHERE, np.sin, {}),
    ("Sinh", EVERYWHERE[:10], np.sinh, {}),
    ("Softplus", EVERYWHERE, softplus, {}),
    ("Softsign", [*EVERYWHERE[:-3], NAN], lambda x: x / (1 + np.abs(x)), {}),
    ("Sqrt", POSITIVE, np.sqrt, {}),
    ("Swish", EVERYWHERE[:-2], lambda x: x * special.expit(x), {}),
    ("Swish", EVERYWHERE[:-2], lambda x: x * special.expit(2 * x), {"alpha": 2.0}),
    ("Tan", EVERYWHERE, np.tan, {}),
    ("Tanh", EVERYWHERE, np.tanh, {}),
    ("ThresholdedRelu", EVERYWHERE[:-1], lambda x: np.where(x > 1, x, 0), {}),
    ("ThresholdedRelu", EVERYWHERE[:-1], lambda x: np.where(x > 2.5, x, 0), {"alpha": 2.5}),
]


def extremes(dtype: object) -> list[int]:
    info = np.iinfo(dtype)
    return [
        v
        for v in (0, 1, 2, 3, 7, 100, info.max, info.max - 1, -1, -2, -7, -100, info.min, info.min + 1)
        if v >= info.min
    ]


def pointwise_unary() -> None:
    for op, values, formula, attributes in UNARY:
        variant = "_".join(f"{key}{value}" for key, value in attributes.items())
        for dtype in FLOATS:
            x = np.array(values).astype(dtype)
            # Near a zero of the function float64's own error is some units; only f64 shows it.
            ulps = 64 if dtype is np.float64 else 1
            case(
                "_".join(filter(None, [dtype_name(dtype), variant])),
                op,
                [x],
                [(formula(wide(x)), dtype)],
                ulps,
                **attributes,
            )
    for dtype in SIGNED + UNSIGNED:
        x = np.array(extremes(dtype), dtype)
        case(dtype_name(dtype), "Abs", [x], [np.abs(x)])
        case(dtype_name(dtype), "Sign", [x], [np.sign(x)])
        case(dtype_name(dtype), "BitwiseNot", [x], [~x])
        if dtype in SIGNED:
            case(dtype_name(dtype), "Neg", [x], [-x])
            case(dtype_name(dtype), "Relu", [x], [np.maximum(x, dtype(0))])
    for dtype in FLOATS:
        x = np.array(EVERYWHERE).astype(dtype)
        infinite = np.isinf(wide(x))
        case(dtype_name(dtype), "IsInf", [x], [infinite])
        case(dtype_name(dtype) + "_positive", "IsInf", [x], [infinite & (wide(x) > 0)], detect_negative=0)
        case(dtype_name(dtype) + "_negative", "IsInf", [x], [infinite & (wide(x) < 0)], detect_positive=0)
        case(dtype_name(dtype), "IsNaN", [x], [np.isnan(wide(x))])
    case("both", "Not", [np.array([True, False])], [np.array([False, True])])


# --- pointwise, several inputs

BROADCASTS = [
    ("equal", (2, 3), (2, 3)),
    ("scalar_right", (2, 3), ()),
    ("scalar_left", (), (3,)),
    ("two_scalars", (), ()),
    ("row", (2, 3), (3,)),
    ("column", (2, 3), (2, 1)),
    ("both", (2, 1, 3), (5, 1)),
    ("inner", (2, 1, 2), (2, 3, 2)),
    ("empty", (0, 3), (3,)),
    ("empty_by_one", (2, 0), (1, 1)),
    ("prime", (7, 11), (13, 7, 1)),
]


def c_divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Truncating division that wraps, 0 for a zero divisor."""
    exact = [
        0 if q == 0 else (abs(int(p)) // abs(int(q))) * (1 if (p < 0) == (q < 0) else -1)
        for p, q in zip(a, b, strict=True)
    ]
    return np.array([value & 0xFFFFFFFFFFFFFFFF for value in exact], np.uint64).astype(a.dtype)


def c_remainder(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    rest = [0 if q == 0 else abs(int(p)) % abs(int(q)) * (-1 if p < 0 else 1) for p, q in zip(a, b, strict=True)]
    return np.array(rest, object).astype(a.dtype)


def python_modulo(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    rest = [0 if q == 0 else int(p) % int(q) for p, q in zip(a, b, strict=True)]
    return np.array(rest, object).astype(a.dtype)


def integer_power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    def one(base: int, exponent: int) -> int:
        if exponent >= 0:
            return pow(base, exponent, 1 << 64)
        return {1: 1, -1: -1 if exponent % 2 else 1}.get(base, 0) & 0xFFFFFFFFFFFFFFFF

    return np.array([one(int(p), int(q)) for p, q in zip(a, b, strict=True)], np.uint64).astype(a.dtype)


COMPARISONS: list[tuple[str, Callable]] = [
    ("Equal", np.equal),
    ("Greater", np.greater),
    ("GreaterOrEqual", np.greater_equal),
    ("Less", np.less),
    ("LessOrEqual", np.less_equal),
]


def pointwise_binary() -> None:
    for name, left, right in BROADCASTS:
        a = random.normal(size=left).astype(np.float32)
        b = random.normal(size=right).astype(np.float32)
        c = random.normal(size=left).astype(np.float32) > 0
        for op, formula in (("Add", np.add), ("Sub", np.subtract), ("Mul", np.multiply), ("Div", np.divide)):
            case(name, op, [a, b], [(formula(wide(a), wide(b)), np.float32)])
        case(name, "Less", [a, b], [a < b])
        case(name, "Where", [c, a, b], [np.where(c, a, b)])
        case(name, "Max", [a, b], [np.maximum(a, b)])
        case(name + "_three", "Sum", [a, b, a], [(wide(a) + wide(b) + wide(a), np.float32)])
        case(name + "_three", "Mean", [b, a, a], [((wide(a) + wide(b) + wide(a)) / 3, np.float32)])
    special_values = np.array([0.0, -0.0, 1.5, -2.5, 3.0, INF, -INF, NAN])
    a, b = (grid.reshape(-1) for grid in np.meshgrid(special_values, special_values))
    for dtype in FLOATS:
        x, y = a.astype(dtype), b.astype(dtype)
        name = dtype_name(dtype) + "_special"
        for op, formula in (
            ("Add", np.add),
            ("Sub", np.subtract),
            ("Mul", np.multiply),
            ("Div", np.divide),
            ("Max", np.maximum),
            ("Min", np.minimum),
            ("Pow", np.power),
        ):
            case(name, op, [x, y], [(formula(wide(x), wide(y)), dtype)])
        case(name + "_fmod", "Mod", [x, y], [(np.fmod(wide(x), wide(y)), dtype)], fmod=1)
        case(name, "Mod", [x, y], [(np.mod(wide(x), wide(y)), dtype)])
        case(name, "PRelu", [x, y], [(np.where(wide(x) < 0, wide(x) * wide(y), wide(x)), dtype)])
        for op, formula in COMPARISONS:
            case(name, op, [x, y], [formula(wide(x), wide(y))])
    x = random.normal(size=(2, 3, 2))
    slope = np.array([[0.5], [0.25], [2.0]])
    case("channels", "PRelu", [x, slope], [np.where(x < 0, x * slope, x)])
    for dtype in SIGNED + UNSIGNED:
        a, b = (
            grid.reshape(-1).astype(dtype)
            for grid in np.meshgrid(np.array(extremes(dtype), dtype), np.array(extremes(dtype), dtype))
        )
        name = dtype_name(dtype) + "_extremes"
        case(name, "Add", [a, b], [a + b])
        case(name, "Sub", [a, b], [a - b])
        case(name, "Mul", [a, b], [a * b])
        case(name, "Div", [a, b], [c_divide(a, b)])
        case(name, "Mod", [a, b], [python_modulo(a, b)])
        case(name + "_fmod", "Mod", [a, b], [c_remainder(a, b)], fmod=1)
        case(name, "Max", [a, b], [np.maximum(a, b)])
        case(name, "Min", [a, b], [np.minimum(a, b)])
        case(name, "BitwiseAnd", [a, b], [a & b])
        case(name, "BitwiseOr", [a, b], [a | b])
        case(name, "BitwiseXor", [a, b], [a ^ b])
        case(name, "PRelu", [a, b], [np.where(a < 0, a * b, a)])
        for op, formula in COMPARISONS:
            case(name, op, [a, b], [formula(a, b)])
        exponents = np.clip(b.astype(object), -3, 70).astype(np.int8)
        case(name, "Pow", [a, exponents], [integer_power(a, exponents)])
        shifts(dtype, name)
    case(
        "float_exponent",
        "Pow",
        [np.array([4, 9, 2, -8], np.int32), np.array([0.5, 0.5, 3, 2], np.float32)],
        [np.array([2, 3, 8, 64], np.int32)],
    )
    case(
        "integer_exponent",
        "Pow",
        [np.array([1.5, 2, -2], np.float32), np.array([2, -1, 3], np.int64)],
        [np.array([2.25, 0.5, -8], np.float32)],
    )
    p, q = np.array([[True, True], [False, False]]), np.array([[True, False], [True, False]])
    case("truth_table", "And", [p, q], [p & q])
    case("truth_table", "Or", [p, q], [p | q])
    case("truth_table", "Xor", [p, q], [p ^ q])
    case("truth_table", "Equal", [p, q], [p == q])
    case("broadcast", "Or", [p, np.array([False, True])], [p | np.array([False, True])])
    for op in ("Max", "Min", "Sum", "Mean"):
        x = np.array([1.5, -2.0, NAN], np.float32)
        case("one_input", op, [x], [x])
    for dtype in (np.int16, np.float64, np.bool_, np.uint8):
        x, y = np.array([[1], [0], [7]]).astype(dtype), np.array([9, 0, 1]).astype(dtype)
        c = np.array([True, False, True])
        case(dtype_name(dtype), "Where", [c, x, y], [np.where(c, x, y)])


def shifts(dtype: object, name: str) -> None:
    info = np.iinfo(dtype)
    amounts = [b for b in (0, 1, 7, 8, 15, 16, 31, 32, 63, 64, 65, 100, -1, -64, info.min) if info.min <= b]
    values = [info.max, 1, 5, info.min, info.min // 2 + 1]

    def left(value: int, amount: int) -> int:
        return value << amount if 0 <= amount < info.bits else 0

    def right(value: int, amount: int) -> int:
        return value >> (amount if 0 <= amount < info.bits else info.bits)

    inputs = [np.array(values, dtype)[:, None], np.array(amounts, dtype)]
    for direction, shift in (("LEFT", left), ("RIGHT", right)):
        bits = [[shift(value, amount) % (1 << info.bits) for amount in amounts] for value in values]
        expected = np.array(bits, object).astype(f"u{info.bits // 8}").view(dtype)
        case(f"{name}_{direction.lower()}", "BitShift", inputs, [expected], direction=direction)


def clip() -> None:
    def bound(value: object, dtype: object) -> np.ndarray:
        return np.array(value).astype(dtype)

    for dtype in FLOATS:
        x = np.array(EVERYWHERE).astype(dtype)
        name = dtype_name(dtype)
        case(name + "_both", "Clip", [x, bound(0, dtype), bound(6, dtype)], [(np.clip(wide(x), 0, 6), dtype)])
        case(name + "_low", "Clip", [x, bound(-1, dtype)], [(np.maximum(wide(x), -1), dtype)])
        case(name + "_high", "Clip", [x, None, bound(2, dtype)], [(np.minimum(wide(x), 2), dtype)])
        case(name + "_free", "Clip", [x], [x])
        case(name + "_crossed", "Clip", [x[:10], bound(3, dtype), bound(1, dtype)], [(np.full(10, 1.0), dtype)])
    for dtype in SIGNED + UNSIGNED:
        x = np.array(extremes(dtype), dtype)
        case(dtype_name(dtype), "Clip", [x, bound(2, dtype), bound(100, dtype)], [np.clip(x, dtype(2), dtype(100))])
    case("one_element_bound", "Clip", [np.array([1.0, 5.0]), np.array([2.0])], [np.array([2.0, 5.0])])
    case("empty", "Clip", [np.zeros((0, 2), np.float32)], [np.zeros((0, 2), np.float32)])


# --- matrices

MATMULS = [
    ("square", (3, 3), (3, 3)),
    ("tall", (5, 2), (2, 3)),
    ("prime", (7, 13), (13, 11)),
    ("vector_matrix", (4,), (4, 3)),
    ("matrix_vector", (3, 4), (4,)),
    ("vector_vector", (5,), (5,)),
    ("batch_vector", (2, 3, 4), (4,)),
    ("vector_batch", (3,), (2, 3, 4)),
    ("batch", (2, 3, 4), (2, 4, 5)),
    ("batch_left", (2, 3, 4), (4, 5)),
    ("batch_right", (3, 4), (2, 4, 5)),
    ("batch_both", (2, 1, 3, 2), (3, 2, 2)),
    ("no_inner", (2, 0), (0, 3)),
    ("no_rows", (0, 2), (2, 3)),
    ("no_batch", (0, 2, 3), (3, 2)),
    ("one", (1, 1), (1, 1)),
]


def matrices() -> None:
    for name, left, right in MATMULS:
        for dtype in (np.float32, np.float64):
            a, b = random.normal(size=left).astype(dtype), random.normal(size=right).astype(dtype)
            case(f"{name}_{dtype_name(dtype)}", "MatMul", [a, b], [(np.matmul(wide(a), wide(b)), dtype)], 256)
        for dtype in (np.int32, np.uint64):
            a, b = (random.integers(0, 9, size=size).astype(dtype) for size in (left, right))
            case(f"{name}_{dtype_name(dtype)}", "MatMul", [a, b], [np.matmul(a, b)])
    big = np.array([[2**31 - 1, 2]], np.int32)
    case(
        "wraps",
        "MatMul",
        [big, np.array([[3], [-5]], np.int32)],
        [np.array([[(3 * (2**31 - 1) - 10 + 2**31) % 2**32 - 2**31]], np.int32)],
    )
    case("nan", "MatMul", [np.array([[NAN, 1.0], [1.0, INF]]), np.array([[1.0], [0.0]])], [np.array([[NAN], [NAN]])])
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            for name, bias in (
                ("none", None),
                ("row", (5,)),
                ("column", (3, 1)),
                ("scalar", ()),
                ("full", (3, 5)),
                ("one_row", (1, 5)),
            ):
                a = random.normal(size=(4, 3) if trans_a else (3, 4)).astype(np.float32)
                b = random.normal(size=(5, 4) if trans_b else (4, 5)).astype(np.float32)
                c = None if bias is None else random.normal(size=bias).astype(np.float32)
                y = 0.5 * (wide(a.T if trans_a else a) @ wide(b.T if trans_b else b)) + (
                    0 if c is None else 2 * wide(c)
                )
                inputs = [a, b] if c is None else [a, b, c]
                case(
                    f"{name}_{trans_a}{trans_b}",
                    "Gemm",
                    inputs,
                    [(y, np.float32)],
                    4,
                    alpha=0.5,
                    beta=2.0,
                    transA=trans_a,
                    transB=trans_b,
                )
    a, b, c = (random.integers(-9, 9, size=size).astype(np.int32) for size in ((2, 7), (7, 3), (3,)))
    case("i32", "Gemm", [a, b, c], [a @ b + c])
    case("left_out", "Gemm", [a, b, None], [a @ b])
    case(
        "no_inner",
        "Gemm",
        [np.zeros((2, 0)), np.zeros((0, 2)), np.array([1.0, 2.0])],
        [np.array([[1.0, 2.0], [1.0, 2.0]])],
    )
    case("empty", "Gemm", [np.zeros((0, 3)), np.zeros((3, 2))], [np.zeros((0, 2))])


# --- along axes

REDUCTIONS: list[tuple[str, Callable]] = [
    ("ReduceL1", lambda x, **k: np.sum(np.abs(x), **k)),
    ("ReduceL2", lambda x, **k: np.sqrt(np.sum(np.square(x), **k))),
    ("ReduceLogSum", lambda x, **k: np.log(np.sum(x, **k))),
    ("ReduceLogSumExp", lambda x, **k: special.logsumexp(x, **k)),
    ("ReduceMax", np.max),
    ("ReduceMean", np.mean),
    ("ReduceMin", np.min),
    ("ReduceProd", np.prod),
    ("ReduceSum", np.sum),
    ("ReduceSumSquare", lambda x, **k: np.sum(np.square(x), **k)),
]


def reductions() -> None:
    for op, formula in REDUCTIONS:
        for dtype in FLOATS:
            x = (random.random(size=(2, 3, 5)) + 0.25).astype(dtype)
            for axes in ((0,), (1,), (-1,), (0, 2), (-1, 0), (0, 1, 2)):
                for keep in (0, 1):
                    y = formula(wide(x), axis=axes, keepdims=bool(keep))
                    name = f"{dtype_name(dtype)}_axes{'_'.join(map(str, axes))}_keep{keep}"
                    case(name, op, [x, np.array(axes, np.int64)], [(np.asarray(y), dtype)], 32, keepdims=keep)
        x = (random.random(size=(3, 2)) + 0.25).astype(np.float32)
        case("all", op, [x], [(np.asarray(formula(wide(x), axis=None, keepdims=True)), np.float32)], 4)
        case(
            "empty_axes",
            op,
            [x, np.zeros(0, np.int64)],
            [(np.asarray(formula(wide(x), axis=None, keepdims=True)), np.float32)],
            4,
        )
        y = formula(wide(x)[..., None], axis=-1)
        case("noop", op, [x, np.zeros(0, np.int64)], [(y, np.float32)], 4, noop_with_empty_axes=1)
        case("left_out_noop", op, [x, None], [(y, np.float32)], 4, noop_with_empty_axes=1)
        scalar = np.array(2.5, np.float32)
        case("scalar", op, [scalar], [(np.asarray(formula(wide(scalar)[None], axis=0)), np.float32)], 4)
        x = np.array([[1.0, NAN], [INF, 2.0], [-INF, 1.0]])
        axis = np.array([1])
        y = formula(x, axis=1)
        case("special", op, [x, axis], [y], 8, keepdims=0)
        case("no_results", op, [np.zeros((0, 3), np.float32), axis], [np.zeros((0, 1), np.float32)])
    for dtype in SIGNED + UNSIGNED:
        x = np.array([extremes(dtype)[:3], extremes(dtype)[-3:]], dtype)
        axis = np.array([1])
        for op, formula in (("ReduceMax", np.max), ("ReduceMin", np.min)):
            case(dtype_name(dtype), op, [x, axis], [formula(x, axis=1)], keepdims=0)
        total = np.sum(x, axis=1, dtype=np.uint64 if dtype in UNSIGNED else np.int64).astype(dtype)
        case(dtype_name(dtype), "ReduceSum", [x, axis], [total], keepdims=0)
        case(dtype_name(dtype), "ReduceProd", [x, axis], [np.prod(x, axis=1, dtype=dtype)], keepdims=0)
        case(dtype_name(dtype), "ReduceSumSquare", [x, axis], [np.sum(x * x, axis=1, dtype=dtype)], keepdims=0)
        case(dtype_name(dtype), "ReduceL1", [x, axis], [np.sum(np.abs(x), axis=1, dtype=dtype)], keepdims=0)
        small = np.array([[7, 8, 9], [1, 2, 5]], dtype)
        case(dtype_name(dtype), "ReduceMean", [small, axis], [np.array([8, 2], dtype)], keepdims=0)
        nothing = np.zeros((2, 0), dtype)
        info = np.iinfo(dtype)
        for op, value in (("ReduceMax", info.min), ("ReduceMin", info.max), ("ReduceSum", 0), ("ReduceProd", 1)):
            case(dtype_name(dtype) + "_nothing", op, [nothing, axis], [np.full(2, value, dtype)], keepdims=0)
    case("truncates", "ReduceMean", [np.array([-3, 0], np.int32)], [np.array([-1], np.int32)])
    nothing = np.zeros((1, 0))
    for op, value in (
        ("ReduceL1", 0.0),
        ("ReduceL2", 0.0),
        ("ReduceLogSum", -INF),
        ("ReduceLogSumExp", -INF),
        ("ReduceMax", -INF),
        ("ReduceMean", NAN),
        ("ReduceMin", INF),
        ("ReduceProd", 1.0),
        ("ReduceSum", 0.0),
        ("ReduceSumSquare", 0.0),
    ):
        case("f64_nothing", op, [nothing, np.array([1])], [np.array([[value]])])
    for op, results, of_nothing in (("ReduceMax", [True, False], False), ("ReduceMin", [False, False], True)):
        x = np.array([[True, False], [False, False]])
        case("bool", op, [x, np.array([1])], [np.array(results)], keepdims=0)
        case("bool_nothing", op, [np.zeros((1, 0), bool), np.array([1])], [np.array([of_nothing])], keepdims=0)
    large = np.array([1000.0, 1000.0, -1000.0], np.float32)
    case("large", "ReduceLogSumExp", [large], [(np.array([1000 + np.log(2)]), np.float32)])


def softmaxes() -> None:
    for shape, axis in (
        ((3,), 0),
        ((3,), -1),
        ((2, 5), 1),
        ((2, 5), 0),
        ((2, 3, 4), 1),
        ((2, 3, 4), -3),
        ((0, 3), 1),
        ((3, 0), 1),
        ((7, 1), 1),
    ):
        for dtype in FLOATS:
            x = (3 * random.normal(size=shape)).astype(dtype)
            name = f"{dtype_name(dtype)}_{'x'.join(map(str, shape))}_axis{axis}"
            empty = 0 in shape
            for op, formula in (("Softmax", special.softmax), ("LogSoftmax", special.log_softmax)):
                y = wide(x) if empty else formula(wide(x), axis=axis)
                case(name, op, [x], [(y, dtype)], 64 if dtype is np.float64 else 1, axis=axis)
    large = np.array([[1e4, 1e4 + 1], [-1e4, -1e4 - 1]], np.float32)
    case("large", "Softmax", [large], [(special.softmax(wide(large), axis=-1), np.float32)])
    case("large", "LogSoftmax", [large], [(special.log_softmax(wide(large), axis=-1), np.float32)])
    case("minus_infinity", "Softmax", [np.array([0.0, -INF, 0.0])], [np.array([0.5, 0, 0.5])])
    case("nan", "Softmax", [np.array([[0.0, NAN], [1.0, 1.0]])], [np.array([[NAN, NAN], [0.5, 0.5]])])


def arg_extremes() -> None:
    for op, formula in (("ArgMax", np.argmax), ("ArgMin", np.argmin)):
        for dtype in FLOATS + SIGNED + UNSIGNED:
            x = random.integers(0, 4, size=(3, 4, 2)).astype(dtype)
            for axis in (0, 1, -1):
                first = formula(wide(x), axis=axis)
                last = x.shape[axis] - 1 - formula(np.flip(wide(x), axis), axis=axis)
                name = f"{dtype_name(dtype)}_axis{axis}"
                case(name, op, [x], [first.astype(np.int64)], axis=axis, keepdims=0)
                case(name + "_keep", op, [x], [np.expand_dims(first, axis).astype(np.int64)], axis=axis)
                case(name + "_last", op, [x], [last.astype(np.int64)], axis=axis, keepdims=0, select_last_index=1)
        x = np.array([[1.0, NAN, 3.0, NAN], [INF, -INF, INF, -INF]])
        case("special", op, [x], [formula(x, axis=1)], axis=1, keepdims=0)
        case("special_last", op, [x], [3 - formula(x[:, ::-1], axis=1)], axis=1, keepdims=0, select_last_index=1)
        case("no_results", op, [np.zeros((3, 0), np.float32)], [np.zeros((1, 0), np.int64)])
    case("exact_i64", "ArgMax", [np.array([2**53, 2**53 + 1], np.int64)], [np.array([1])])


def top_k() -> None:
    for dtype in FLOATS + SIGNED + UNSIGNED:
        x = random.integers(0, 9, size=(3, 7, 2)).astype(dtype)
        for axis, k in ((0, 2), (1, 7), (-1, 1), (1, 0)):
            for largest in (0, 1):
                keys = -wide(x).astype(np.float64) if largest else wide(x)
                order = np.argsort(keys, axis=axis, kind="stable")
                chosen = np.take(order, range(k), axis=axis)
                values = np.take_along_axis(x, chosen, axis)
                name = f"{dtype_name(dtype)}_axis{axis}_k{k}_largest{largest}"
                case(name, "TopK", [x, np.array([k])], [values, chosen.astype(np.int64)], axis=axis, largest=largest)
    x = np.array([1.0, NAN, -INF, INF, 2.0], np.float32)
    case("special_largest", "TopK", [x, np.array([3])], [np.array([NAN, INF, 2.0], np.float32), np.array([1, 3, 4])])
    case(
        "special_smallest",
        "TopK",
        [x, np.array([5])],
        [np.array([-INF, 1, 2, INF, NAN], np.float32), np.array([2, 0, 4, 3, 1])],
        largest=0,
    )
    case("values_only", "TopK", [x[[0, 4]], np.array([1])], [np.array([2.0], np.float32)])


# --- normalisation


def normalisations() -> None:
    for shape in ((2, 3), (1, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 2), (0, 3, 2), (2, 3, 0)):
        for dtype in (np.float16, np.float32, np.float64):
            x = random.normal(size=shape).astype(dtype)
            scale, bias, mean = (random.normal(size=3).astype(dtype) for _ in range(3))
            variance = random.random(size=3).astype(dtype)
            along = (3,) + (1,) * (len(shape) - 2)
            s, b, m, v = (wide(p).reshape(along) for p in (scale, bias, mean, variance))
            name = f"{dtype_name(dtype)}_{'x'.join(map(str, shape))}"
            y = s * (wide(x) - m) / np.sqrt(v + 1e-3) + b
            inputs = [scale, bias, mean, variance]
            # Cancellation between the terms costs some units of the f64 result only.
            ulps = 1024 if dtype is np.float64 else 1
            case(name, "BatchNormalization", [x, *inputs], [(y, dtype)], ulps, epsilon=1e-3)
            last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
            case(
                name + "_last",
                "BatchNormalization",
                [last, *inputs],
                [(np.moveaxis(y, 1, -1), dtype)],
                ulps,
                epsilon=1e-3,
                channels_last=1,
            )
    f32, f16 = np.array([[1.0, 2.0]], np.float16), np.ones(2, np.float32)
    case(
        "mixed", "BatchNormalization", [f32, f16, f16, 0 * f16, f16], [(wide(f32) / np.sqrt(1 + 1e-5) + 1, np.float16)]
    )
    for channels in (1, 2, 5, 7):
        for size in (1, 2, 3, 4, 5, 11):
            x = (3 * random.normal(size=(2, channels, 2, 3))).astype(np.float32)
            squares = wide(x) ** 2
            sums = np.zeros_like(squares)
            for c in range(channels):
                low, high = max(0, c - (size - 1) // 2), min(channels - 1, c + -(-(size - 1) // 2))
                sums[:, c] = squares[:, low : high + 1].sum(axis=1)
            y = wide(x) / (1.5 + 0.25 / size * sums) ** 0.6
            attributes = {"alpha": 0.25, "beta": 0.6, "bias": 1.5, "size": size}
            ulps = 2  # The attributes are rounded to f32.
            case(f"c{channels}_size{size}", "LRN", [x], [(y, np.float32)], ulps, **attributes)
            last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
            case(
                f"c{channels}_size{size}_last",
                "LRN",
                [last],
                [(np.moveaxis(y, 1, -1), np.float32)],
                ulps,
                channels_last=1,
                **attributes,
            )
    x = random.normal(size=(1, 4, 3))
    padded = np.pad(x**2, ((0, 0), (1, 1), (0, 0)))
    y = x / (1 + 1e-4 / 3 * (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:])) ** 0.75
    case("defaults", "LRN", [x], [y], 4, size=3)
    for shape, axis in (((2, 5), -1), ((2, 3, 4), 1), ((2, 3, 4), -1), ((4,), 0), ((0, 3), 1)):
        x = random.normal(size=shape).astype(np.float32)
        scale, bias = (random.normal(size=shape[axis:]).astype(np.float32) for _ in range(2))
        axes = tuple(range(axis % len(shape), len(shape)))
        mean, variance = (f(wide(x), axis=axes, keepdims=True) for f in (np.mean, np.var))
        inverse = 1 / np.sqrt(variance + 1e-5)
        y = (wide(x) - mean) * inverse * wide(scale)
        name = f"{'x'.join(map(str, shape))}_axis{axis}"
        case(name, "LayerNormalization", [x, scale], [(y, np.float32)], 4, axis=axis)
        outputs = [(y + wide(bias), np.float32), (mean, np.float32), (inverse, np.float32)]
        case(name + "_all", "LayerNormalization", [x, scale, bias], outputs, 4, axis=axis)


def dropout() -> None:
    for dtype in FLOATS:
        x = np.array([[1.0, -2.0, NAN]]).astype(dtype)
        case(dtype_name(dtype), "Dropout", [x], [x])
        case(
            dtype_name(dtype) + "_mask",
            "Dropout",
            [x, np.array(0.5, np.float32), np.array(False)],
            [x, np.full((1, 3), True)],
        )


# --- the same bytes under another shape


def views() -> None:
    x = random.normal(size=(2, 3, 4)).astype(np.float32)
    for dtype in (*FLOATS, *SIGNED, *UNSIGNED, bool):
        case(dtype_name(dtype), "Identity", [x.astype(dtype)], [x.astype(dtype)])
    for axis, shape in ((0, (1, 24)), (1, (2, 12)), (2, (6, 4)), (3, (24, 1)), (-1, (6, 4)), (-3, (1, 24))):
        case(f"axis{axis}", "Flatten", [x], [x.reshape(shape)], axis=axis)
    case("scalar", "Flatten", [np.array(3.0)], [np.array([[3.0]])], axis=0)
    case("empty", "Flatten", [np.zeros((0, 3, 2))], [np.zeros((0, 6))])
    for target, shape in (
        ((6, 4), (6, 4)),
        ((-1,), (24,)),
        ((0, -1), (2, 12)),
        ((4, 0, -1), (4, 3, 2)),
        ((1, 24, 1), (1, 24, 1)),
    ):
        case("_".join(map(str, target)), "Reshape", [x, np.array(target)], [x.reshape(shape)])
    case("scalar", "Reshape", [np.array([[5.0]]), np.zeros(0, np.int64)], [np.array(5.0)])
    case("empty", "Reshape", [np.zeros((0, 3)), np.array([3, 0])], [np.zeros((3, 0))], allowzero=1)
    case("empty_hole", "Reshape", [np.zeros((0, 3)), np.array([3, -1])], [np.zeros((3, 0))])


GROUPS = (
    pointwise_unary,
    pointwise_binary,
    clip,
    matrices,
    reductions,
    softmaxes,
    arg_extremes,
    top_k,
    normalisations,
    dropout,
    views,
)


def main() -> None:
    with np.errstate(all="ignore"):
        for group in GROUPS:
            group()
        for group in structural_vectors.GROUPS:
            group(case)
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
