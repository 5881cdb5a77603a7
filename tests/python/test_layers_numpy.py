# SPDX-License-Identifier: Apache-2.0
"""Operators, indexing and NumPy's functions on symbols give what NumPy gives on arrays."""

import numpy as np
import pytest
import tenon
from scipy import special

X = np.random.default_rng(3).normal(size=(4, 5, 3)).astype(np.float32)
POSITIVE = np.abs(X) + np.float32(0.5)
WHOLE = np.arange(-30, 30, dtype=np.int32).reshape(4, 5, 3)
SCALE = np.array([1.0, -2.0, 0.5], np.float32)
ROWS = {
    "arithmetic": lambda x: -(x + 1) * 2.5 / (3 - x) + abs(x) - (+x),
    "powers": lambda x: x**2 + 2.0**x,
    "whole_and_rest": lambda x: x // 0.75 + x % 0.75 + 5 // x,
    "integers": lambda x: (X_INT(x) // 7) * 3 + X_INT(x) % 7 - (X_INT(x) & 5 | 2 ^ 1),
    "true_division_of_integers": lambda x: (X_INT(x) / 4).astype(np.float32),
    "shifts": lambda x: (X_INT(x) << 2) >> 1,
    "comparisons": lambda x: ((x > 0) & (x <= 1)) | (x == 0) | ~(x != x) ^ (x >= 2) | (x < -1),
    "number_on_the_left": lambda x: 2 - x,
    "array_on_the_left": lambda x: SCALE * x + SCALE[::-1],
    "numpy_scalar": lambda x: np.float32(2) * x + np.float32(3),
    "list": lambda x: x * [1.0, 2.0, 3.0] if isinstance(x, np.ndarray) is False else x * np.float32([1, 2, 3]),
    "matmul": lambda x: x @ x.reshape(4, 3, 5),
    "matmul_vector": lambda x: x @ SCALE,
    "transposed": lambda x: x.T + x.transpose(2, 1, 0),
    "element": lambda x: x[1, 2, 0],
    "negative_index": lambda x: x[-1, :, -2],
    "slices": lambda x: x[1:, :-2, ::2],
    "steps": lambda x: x[::-1, 3:0:-2] + x[:, ::-3][:, :2],
    "far_slices": lambda x: x[1:100, -100:2],
    "ellipsis_and_new_axes": lambda x: x[..., None, 0] + x[0, ..., :1],
    "first_axis": lambda x: x[2],
    "indices": lambda x: x[[2, 0, 2]],
    "indices_of_an_axis": lambda x: x[:, np.array([[0, 4], [1, 1]])],
    "unpacked": lambda x: sum((row * i for i, row in enumerate(x)), 0 * x[0]),
    "length": lambda x: x * len(x) + x.ndim + x.shape[1] + x.size,
    "methods": lambda x: x.sum(0) + x.mean(0) + x.var(0) + x.min(0) + x.max(0) + x.prod(0),
    "places": lambda x: x.argmax(1) + x.argmin(axis=-2),
    "quantifiers": lambda x: (x > 0).any(1) | (x > -1).all(axis=1),
    "keepdims": lambda x: x - x.max(axis=(0, 2), keepdims=True),
    "views": lambda x: x.reshape(20, 3).reshape((4, -1, 3)).squeeze() + x[:, :1].squeeze(1)[:, None],
    "clip": lambda x: x.clip(-0.5, 0.5) + np.clip(x, 0, 1),
    "ufuncs": lambda x: np.exp(x) + np.sin(x) * np.tanh(x) + np.maximum(x, 0) + np.square(x) - np.sign(x),
    "logarithms": lambda x: np.log(POS(x)) + np.sqrt(POS(x)) + np.log1p(POS(x)) + np.reciprocal(POS(x)),
    "rounding": lambda x: np.floor(x) + np.ceil(x) + np.rint(x) + np.trunc(x) + np.round(x),
    "logic": lambda x: (
        np.logical_and(x > 0, x < 1) | np.logical_not(np.isfinite(x)) | np.logical_or(x > 2, np.isnan(x))
    ),
    "scipy": lambda x: special.erf(x) + special.expit(x),
    "where": lambda x: np.where(x > 0, x, 0.1 * x),
    "sums": lambda x: np.sum(x, axis=0) + np.mean(x, axis=0) + np.std(x, 0) + np.max(x, 0) + np.amin(x, 0),
    "ufunc_reduce": lambda x: np.add.reduce(x, axis=1) + np.maximum.reduce(x, axis=1),
    "concatenate": lambda x: np.concatenate([x, x[:, :2]], axis=1),
    "stack": lambda x: np.stack([x, -x], axis=-1),
    "shapes": lambda x: (
        np.expand_dims(np.swapaxes(x, 0, 2), 1) + np.moveaxis(np.squeeze(x[:, None], 1), 0, -1)[0, :3, None]
    ),
    "flip_and_take": lambda x: np.flip(x, 1) + np.take(x, [4, 3, 2, 1, 0], axis=1),
    "pad": lambda x: np.pad(x, [(1, 0), (0, 2), (0, 0)]) + np.pad(x, [(0, 1), (1, 1), (0, 0)], mode="reflect"),
    "pad_edges": lambda x: np.pad(x, 1, mode="edge") + np.pad(x, 1, mode="wrap"),
    "likes": lambda x: np.ones_like(x) + np.zeros_like(x) + np.full_like(x, 3),
    "dot": lambda x: np.dot(x, SCALE) + np.dot(x[..., 0], np.float32(2)),
    "broadcast_to": lambda x: np.broadcast_to(x[0, :, :1], (4, 5, 3)),
    "constant_matrix": lambda x: x @ np.arange(9, dtype=np.float32).reshape(3, 3),
}


def layer_of(function):
    """A layer of a function of one tensor; they take turns under one name."""
    return tenon.layer(name="numpy_row")(lambda x: function(x))


def X_INT(x):  # noqa: N802 - the integers in the place of x, for arrays and symbols alike
    return WHOLE if isinstance(x, np.ndarray) else (x * 0).astype("i32") + WHOLE


def POS(x):  # noqa: N802 - likewise
    return np.abs(x) + np.float32(0.5)


@pytest.mark.parametrize("name", ROWS)
def test_symbols_behave_like_arrays(name):
    function = ROWS[name]
    layer = layer_of(function)
    expected = function(X)
    result = layer(X)
    assert result.shape == np.shape(expected)
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result, expected, rtol=2e-6, atol=2e-6)


def test_float64_and_int64_arrays_take_the_dtype_of_their_surroundings():
    layer = layer_of(lambda x: x * np.array([0.5, 1.0, 2.0]) + np.array([1, 2, 3]))
    assert layer(X).dtype == np.float32
    np.testing.assert_array_equal(layer(X), X * np.float32([0.5, 1, 2]) + np.float32([1, 2, 3]))


def test_shapes_are_ints_where_they_are_known():
    seen = []
    layer = layer_of(lambda x: (seen.append(x.shape), x)[1])
    layer.trace("f32[n, 3]")
    ((n, three),) = seen
    assert isinstance(n, tenon.Expr)
    assert (three, type(three)) == (3, int)
    assert repr(n) == "<tenon.Expr i64[]>"


def test_shape_arithmetic_with_named_dimensions():
    @layer_of
    def halves(x):
        n, c = x.shape
        return x.reshape(n * (c // 2), 2)

    assert str(halves.trace("f32[n, c]")).startswith("layer numpy_row(x: f32[n, c]) -> f32[")
    np.testing.assert_array_equal(halves(np.arange(8.0)[None]), np.arange(8.0).reshape(4, 2))


@pytest.mark.parametrize("outside", ["value", "clamp", "wrap", "reflect"])
def test_reading_outside(outside):
    mode = {"value": "constant", "clamp": "edge"}.get(outside, outside)
    layer = layer_of(lambda x: tenon.compute((9,), lambda i: x.at(i - 2, outside=outside, value=0)))
    np.testing.assert_array_equal(layer(np.arange(5)), np.pad(np.arange(5), 2, mode=mode))


def test_windows_pool():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 8)).astype(np.float32)
    pool = layer_of(lambda x: tenon.windows(x, (2, 2), stride=2).max((-2, -1)))
    np.testing.assert_array_equal(pool(x), x.reshape(2, 3, 3, 2, 4, 2).max((3, 5)))
    dilated = layer_of(lambda x: tenon.windows(x, (3,), dilation=2, padding=[(2, 2)], outside="wrap").sum(-1))
    padded = np.pad(x, [(0, 0)] * 3 + [(2, 2)], mode="wrap")
    np.testing.assert_allclose(dilated(x), padded[..., :8] + padded[..., 2:10] + padded[..., 4:], rtol=1e-6, atol=1e-6)


def test_formulas_by_index():
    x = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)

    @layer_of
    def pool(x):
        h, w = x.shape
        window = lambda i, j: tenon.reduce_over("max", (2, 2), lambda a, b: x[2 * i + a, 2 * j + b])  # noqa: E731
        return tenon.compute((h // 2, w // 2), window)

    np.testing.assert_array_equal(pool(x), x.reshape(3, 2, 4, 2).max((1, 3)))
