# SPDX-License-Identifier: Apache-2.0
"""@tenon.layer: what it declares, what calling a layer does, and where it runs."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import tenon
from conftest import ROOT

X = np.array([-3.0, 1.0, 9.0], np.float32)


@tenon.layer
def api_clip(x, *, lo=0.0, hi=6.0):
    """Keeps x between lo and hi.

    A second paragraph.
    """
    return tenon.minimum(tenon.maximum(x, lo), hi)


@tenon.layer(name="API_Sum", domain="acme", version=3, outputs=2)
def api_sum(first, *others, weights=[1.0, 0.5], mode="plain", negate=False):  # noqa: B006 - never changed
    total = sum((x * weights[1] for x in others), first * weights[0])
    return (-total if negate else total), tenon.sum(total)


def test_what_the_function_says_is_declared():
    found = {(layer.domain, layer.name): layer for layer in tenon.layers()}
    clip = found["custom", "api_clip"]
    assert (clip.version, clip.outputs, clip.min_inputs, clip.max_inputs) == (1, 1, 1, 1)
    assert clip.doc == api_clip.__doc__.replace("\n    ", "\n").strip()
    assert {field.name: field.default for field in clip.fields} == {"lo": 0.0, "hi": 6.0}
    assert clip.origin == f"{__name__}.api_clip ({__file__})"
    several = found["acme", "API_Sum"]
    assert (several.version, several.outputs, several.min_inputs, several.max_inputs) == (3, 2, 2, -1)
    assert {field.name: field.default for field in several.fields} == {
        "weights": [1.0, 0.5],
        "mode": "plain",
        "negate": False,
    }
    assert repr(api_clip) == "<tenon.Layer api_clip(x, *, lo=0.0, hi=6.0)>"


def test_without_tensors_it_is_a_layer_for_surgery():
    spec = api_clip(lo=1)
    assert (spec.name, spec.domain, spec.fields) == ("api_clip", "custom", {"lo": 1})
    with pytest.raises(tenon.NotFoundError, match="it has no field 'low'; its fields are lo, hi"):
        api_clip(low=1)


def test_with_arrays_it_computes():
    np.testing.assert_array_equal(api_clip(X), [0, 1, 6])
    np.testing.assert_array_equal(api_clip(X, hi=8), [0, 1, 8])
    np.testing.assert_array_equal(api_clip([1, -2]), [1, 0])
    total, scalar = api_sum(X, X, X, weights=[2.0, 1.0], negate=True)
    np.testing.assert_array_equal(total, -4 * X)
    assert scalar == 28


def test_with_symbols_it_becomes_a_part_of_the_formulas():
    @tenon.layer
    def api_outer(x):
        total, _ = api_sum(api_clip(x, hi=2), x)
        return total

    plain = tenon.layer(name="api_outer_plain")(lambda x: tenon.clip(x, 0, 2) + 0.5 * x)
    inlined, written = api_outer.trace("f32[n]"), plain.trace("f32[n]")
    assert str(inlined).partition("\n")[2] == str(written).partition("\n")[2]


def test_a_fast_layer_computes_as_with_real_numbers():
    @tenon.layer(name="api_unit", fast=True)
    def unit(x):
        return x / tenon.sqrt(tenon.pow(x, 2).sum(-1, keepdims=True))

    exact = tenon.layer(name="api_unit_exact")(unit.function)
    formula = "y[n, c] = x[n, c] * (1 / sqrt(sum[k < #c](fastmul(x[n, k], x[n, k]))))\n"
    assert str(unit.trace("f32[n, c]")).endswith(formula)
    assert "pow" in str(exact.trace("f32[n, c]"))
    x = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
    np.testing.assert_allclose(unit(x), x / np.linalg.norm(x, axis=-1, keepdims=True), rtol=1e-6)
    with pytest.raises(tenon.InvalidArgumentError, match="a callback has none"):
        tenon.layer(name="api_fast_callback", fast=True, callback=True)(lambda x: x)


def test_a_trace_is_its_formula():
    traced = api_clip.trace("f16[n, c]", hi=2.5)
    first, doc, formula = repr(traced).splitlines()
    assert first == "layer api_clip(x: f16[n, c]) -> f16[n, c]"
    assert doc.startswith('  "Keeps x between lo and hi.')
    assert formula == "  y[n, c] = f16(min(max(f32(x[n, c]), 0), 2.5))"
    assert tenon.LayerExpr.parse(str(traced)) == traced
    np.testing.assert_array_equal(traced.evaluate(X.astype(np.float16)[None])[0], [0, 1, 2.5])
    assert "x: T[n]" in str(api_clip.trace("T[n]"))
    with pytest.raises(
        ValueError, match=r'0 types are given, but its inputs are x; write api_clip.trace\("f32\[n, c\]"\)'
    ):
        api_clip.trace()
    with pytest.raises(ValueError, match="first, others"):
        api_sum.trace("f32[n]")


def test_fields_are_ordinary_values_while_it_is_traced():
    seen = {}

    @tenon.layer
    def api_fields(x, *, flag=False, count=3, ratio=1.0, mode="a", sizes=(1, 2), names=("p", "q")):
        seen.update(flag=flag, count=count, ratio=ratio, mode=mode, sizes=sizes, names=names)
        for _ in range(count):
            x = x + 1 if flag and mode == "b" else x
        return x

    assert api_fields(X, flag=True, mode="b", ratio=2).tolist() == (X + 3).tolist()
    assert seen == {"flag": True, "count": 3, "ratio": 2.0, "mode": "b", "sizes": [1, 2], "names": ["p", "q"]}
    assert type(seen["ratio"]) is float


def test_a_notebook_may_define_it_again():
    def define(factor):
        @tenon.layer
        def api_again(x):
            return x * factor

        return api_again

    old, new = define(2), define(3)
    np.testing.assert_array_equal(new(X), 3 * X)
    for use in (lambda: old(X), lambda: old()):
        with pytest.raises(tenon.InvalidArgumentError, match="defined again since"):
            use()


def test_another_function_may_not_take_the_name():
    with pytest.raises(
        tenon.InvalidArgumentError, match=r"'api_clip' version 1 .* is there already, from .*test_layers_api"
    ):
        tenon.layer(name="api_clip")(lambda x: x)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, lo=0.0: x, r"its input 'lo' has a default, which only fields have; write a \* before it"),
        (lambda x, *, lo: x, "its field 'lo' has no default"),
        (lambda x, *, lo=None: x, "its field 'lo' has the default None, but a bool, int, float, str"),
        (lambda x, **fields: x, r"it takes \*\*fields, but its fields must be known"),
        (lambda: 1.0, "it takes no tensor"),
    ],
)
def test_parameters_that_are_neither_inputs_nor_fields(function, said):
    with pytest.raises(tenon.InvalidArgumentError, match=said):
        tenon.layer(name="api_wrong")(function)


def test_formulas_have_a_type_rule_of_their_own():
    with pytest.raises(tenon.InvalidArgumentError, match="formulas have their own"):
        tenon.layer(types=lambda x: x)(lambda x: x)


def test_one_layer_serves_many_threads():
    results = {}

    def work(size):
        x = np.linspace(-3, 9, size, dtype=np.float32)
        results[size] = all(np.array_equal(api_clip(x), np.clip(x, 0, 6)) for _ in range(5))

    threads = [threading.Thread(target=work, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(1, 9), True)


def test_lenet5_with_relu6_as_formulas_is_the_same_model(tmp_path):
    images = np.load(ROOT / "tests/data/digits_prepared.npy")
    graph = tenon.load(ROOT / "examples/lenet5/lenet5.pb")
    expected = tenon.compile(graph).run(images)
    (node,) = graph.replace("ReLU6", api_clip(lo=0, hi=6))
    assert node.op == "api_clip"
    engine = tenon.compile(graph)
    np.testing.assert_allclose(engine.run(images), expected, atol=1e-6)
    engine.save(tmp_path / "lenet5.plan")
    np.testing.assert_array_equal(tenon.Engine.load(tmp_path / "lenet5.plan").run(images), engine.run(images))


def test_code_is_generated_beside_another_llvm():
    pytest.importorskip("tensorflow")
    script = (
        "import numpy, tensorflow, tenon\n"
        "layer = tenon.layer(name='api_beside')(lambda x: tenon.exp(x) * x.sum())\n"
        "print(layer(numpy.zeros(3, numpy.float32) + 0.5).shape)\n"
    )
    environment = {"PYTHONPATH": str(ROOT / "build/dev/python")}  # And no folder for a cache of code.
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout) == (0, "(3,)\n"), result.stderr


def test_mnist_is_classified_alike_with_relu6_as_formulas(mnist_test_images):
    images, _ = mnist_test_images
    graph = tenon.load(ROOT / "examples/lenet5/lenet5.pb")
    expected = tenon.compile(graph).run(images)
    graph.replace("ReLU6", api_clip())
    np.testing.assert_array_equal(tenon.compile(graph).run(images).argmax(1), expected.argmax(1))
