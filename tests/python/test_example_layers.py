# SPDX-License-Identifier: Apache-2.0
"""The layers of examples/layers against the same formulas in float64, over shapes and dtypes."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
import pytest
import tenon
from conftest import ROOT
from scipy import special

FOLDER = ROOT / "examples/layers"
# The unit in the last place, relative to which a result may be off by the row's number of units.
EPSILON = {np.float64: 2.0**-52, np.float32: 2.0**-23, np.float16: 2.0**-10, ml_dtypes.bfloat16: 2.0**-7}


@dataclass
class Row:
    """A layer with the shapes of its inputs, its fields, and what it should give: a function of float64 arrays."""

    layer: str
    shapes: list[tuple[int, ...]]
    reference: Callable
    fields: dict = field(default_factory=dict)
    units: float = 8
    integers: int | None = None  # The number of an input that holds positions.
    finest: float = 0  # The epsilon of what the layer computes in, where that is its own choice.


def softplus(x):
    return np.logaddexp(0, x)


def normed(x, axis, epsilon=1e-5):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon)


def group_norm(x, scale, bias, groups):
    grouped = x.reshape(len(x), groups, -1)
    return normed(grouped, 2).reshape(x.shape) * scale[:, None, None] + bias[:, None, None]


def rotary(x, positions, base=10000.0):
    pairs = x[..., : x.shape[-1] // 2] + 1j * x[..., x.shape[-1] // 2 :]
    half = pairs.shape[-1]
    pairs = pairs * np.exp(1j * positions[:, None] * base ** (-np.arange(half) / half))
    return np.concatenate([pairs.real, pairs.imag], -1)


def pixel_shuffle(x, factor):
    n, c, h, w = x.shape
    y = np.zeros((n, c // factor**2, h * factor, w * factor))
    for i in range(factor):
        for j in range(factor):
            y[:, :, i::factor, j::factor] = x[:, i * factor + j :: factor**2]
    return y


def bilinear(x, scale):
    def weights(extent):
        at = np.clip((np.arange(extent * scale) + 0.5) / scale - 0.5, 0, extent - 1)
        return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(extent)))

    return np.einsum("nchw,ih,jw->ncij", x, weights(x.shape[2]), weights(x.shape[3]))


def boxes(deltas, anchors, variances=(0.1, 0.1, 0.2, 0.2)):
    result = []
    for (dx, dy, dw, dh), (left, top, right, bottom) in zip(deltas * variances, anchors, strict=True):
        width, height = right - left, bottom - top
        x, y = (left + right) / 2 + dx * width, (top + bottom) / 2 + dy * height
        width, height = width * np.exp(dw), height * np.exp(dh)
        result.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    return np.array(result).reshape(-1, 4)


def non_local_mean(x, width=0.5):
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1)], mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    weight = np.exp(-((near - x[..., None, None]) ** 2) / width)
    return (near * weight).sum((-2, -1)) / weight.sum((-2, -1))


def gated(x, weights, bias):
    gate = special.expit(x @ weights + bias)
    return x * gate, gate


def squeezed(x, kernel, squeeze, excite):
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    y = np.einsum("nchwij,kcij->nkhw", np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3)), kernel)
    y = y * np.tanh(softplus(y))
    return y * special.expit(np.maximum(y.mean((2, 3)) @ squeeze, 0) @ excite)[:, :, None, None]


IMAGE = [(2, 4, 3, 5)]
ROWS = [
    Row("relu6", [(3, 4)], lambda x: np.clip(x, 0, 6), units=0),
    Row("relu6", [()], lambda x: np.clip(x, 0, 6), units=0),
    Row("relu6", [(0, 3)], lambda x: np.clip(x, 0, 6), units=0),
    Row("relu6", [(2, 3, 4, 5)], lambda x: np.clip(x, -1, 0.5), {"lo": -1, "hi": 0.5}, units=0),
    Row("mish", [(5, 7)], lambda x: x * np.tanh(softplus(x))),
    Row("prelu", [(2, 3), (3,)], lambda x, slope: np.where(x < 0, x * slope, x)),
    Row("prelu", [(2, 3, 4, 5), (3,)], lambda x, slope: np.where(x < 0, x * slope[:, None, None], x)),
    Row("hard_sigmoid", [(4, 5)], lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    Row("hard_sigmoid", [(7,)], lambda x: 2 * np.clip(0.5 * x + 0.5, 0, 1) - 1, {"alpha": 0.5, "symmetric": True}),
    Row("rms_norm", [(3, 5), (5,)], lambda x, s: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * s),
    Row(
        "rms_norm", [(2, 3, 8), (8,)], lambda x, s: x / np.sqrt((x**2).mean(-1, keepdims=True) + 1) * s, {"epsilon": 1}
    ),
    Row("layer_norm", [(3, 7), (7,), (7,)], lambda x, s, b: normed(x, -1) * s + b),
    Row("layer_norm", [(2, 2, 1), (1,), (1,)], lambda x, s, b: normed(x, -1) * s + b),
    Row("group_norm", [*IMAGE, (4,), (4,)], lambda x, s, b: group_norm(x, s, b, 2), units=16),
    Row("group_norm", [*IMAGE, (4,), (4,)], lambda x, s, b: group_norm(x, s, b, 4), {"groups": 4}, units=16),
    Row("softmax_with_temperature", [(3, 6)], lambda x: special.softmax(x / 2, -1), {"temperature": 2}),
    Row("softmax_with_temperature", [(3, 6)], lambda x: special.softmax(x, 0), {"axis": 0}),
    Row("rotary_embedding", [(5, 6), (5,)], rotary, integers=1, finest=2.0**-23),
    Row("rotary_embedding", [(2, 3, 4, 8), (4,)], rotary, integers=1, finest=2.0**-23),
    Row("pixel_shuffle", [(2, 8, 3, 2)], lambda x: pixel_shuffle(x, 2), units=0),
    Row("pixel_shuffle", [(1, 9, 2, 2)], lambda x: pixel_shuffle(x, 3), {"factor": 3}, units=0),
    Row("bilinear_resize", IMAGE, lambda x: bilinear(x, 2)),
    Row("bilinear_resize", [(1, 1, 1, 3)], lambda x: bilinear(x, 4), {"scale": 4}),
    Row("box_decoding", [(6, 4), (6, 4)], boxes),
    Row("box_decoding", [(0, 4), (0, 4)], boxes),
    Row("non_local_mean", [(2, 5, 4)], non_local_mean),
    Row("non_local_mean", [(1, 2, 1, 1)], lambda x: x),
    Row("gated_unit", [(3, 4), (4, 4), (4,)], gated, units=16),
    Row("squeeze_excitation", [*IMAGE, (6, 4, 3, 3), (6, 2), (2, 6)], squeezed, units=16),
    Row("quantise_dequantise", [(4, 5)], lambda x: np.clip(np.round(x / 0.25), -128, 127) * 0.25, {"scale": 0.25}),
    Row(
        "quantise_dequantise",
        [(9,)],
        lambda x: (np.clip(np.round(x / 0.125) + 120, -128, 127) - 120) * 0.125,
        {"scale": 0.125, "zero_point": 120},
    ),
]


@pytest.fixture(scope="module")
def layers():
    """The examples' layers by name."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"examples.layers.{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[path.stem] = getattr(module, path.stem)
    return found


def test_every_example_has_a_row_and_at_most_15_lines(layers):
    assert set(layers) == {row.layer for row in ROWS}
    for name in layers:
        lines = (FOLDER / f"{name}.py").read_text().splitlines()
        assert len([line for line in lines if line.strip()]) <= 15, name
    assert len((FOLDER / "relu6.py").read_text().partition("\n\n\n")[2].splitlines()) == 3


def test_every_example_has_a_docstring():
    for path in FOLDER.glob("*.py"):
        assert '"""' in path.read_text().splitlines()[1], path.name


@pytest.mark.parametrize("dtype", EPSILON, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "_".join([row.layer, *map(str, row.shapes[0])]))
def test_layers_agree_with_their_formula_in_float64(layers, row, dtype):
    random = np.random.default_rng(len(row.layer))
    inputs = [(random.normal(size=shape) * 3).astype(dtype) for shape in row.shapes]
    if row.integers is not None:
        inputs[row.integers] = np.arange(len(inputs[row.integers]))
    expected = row.reference(*(x.astype(np.float64) for x in inputs))
    results = layers[row.layer](*inputs, **row.fields)
    if not isinstance(results, tuple):
        results, expected = (results,), (expected,)
    for result, wide in zip(results, expected, strict=True):
        assert result.dtype == dtype
        assert result.shape == wide.shape
        # Cancellation makes results small beside what they are computed from: the largest is the measure.
        epsilon = max(EPSILON[dtype], row.finest)
        bound = (row.units + 0.5) * epsilon * max(1, np.abs(wide).max(initial=0))
        np.testing.assert_allclose(result.astype(np.float64), wide, rtol=epsilon, atol=bound)


@pytest.mark.parametrize("name", ["relu6", "gated_unit", "group_norm", "box_decoding", "squeeze_excitation"])
def test_plans_hold_the_layers_whole(layers, name, tmp_path):
    row = next(row for row in ROWS if row.layer == name)
    inputs = [np.random.default_rng(1).normal(size=shape).astype(np.float32) for shape in row.shapes]
    graph = tenon.Graph()
    values = [graph.add_input(f"x{i}", "f32", x.shape) for i, x in enumerate(inputs)]
    outputs = [f"y{i}" for i in range(layers[name].outputs)]
    graph.add_node(name, values, outputs=outputs, domain="custom")
    engine = tenon.compile(graph, outputs=outputs)
    engine.save(tmp_path / "a.plan")
    for a, b in zip(engine.run(*inputs), tenon.Engine.load(tmp_path / "a.plan").run(*inputs), strict=True):
        np.testing.assert_array_equal(a, b)
