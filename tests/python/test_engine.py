# SPDX-License-Identifier: Apache-2.0
"""Compiling and running: arrays in and out, contexts, profiles, and what is said when something does not fit."""

import json
import threading

import numpy as np
import pytest
import tenon
from conftest import ROOT, Foreign

LENET5 = ROOT / "examples/lenet5/lenet5.pb"


@pytest.fixture(scope="module")
def engine():
    return tenon.compile(LENET5)


@pytest.fixture(scope="module")
def images():
    return np.load(ROOT / "tests/data/digits_prepared.npy")


def test_ports_have_names_types_and_named_dimensions(engine):
    (port,) = engine.inputs
    assert (port.name, port.type.dtype, port.type.shape) == ("InputLayer", tenon.DType.FLOAT32, ("N", 1, 28, 28))
    assert engine.outputs[0].name == "OutputLayer/Softmax"


def test_a_result_is_a_copy_that_stays_as_it_is(engine, images):
    context = engine.context(threads=1)
    first = context.run(images)
    kept = first.copy()
    context.run(np.zeros_like(images))
    np.testing.assert_array_equal(first, kept)
    assert first.shape == (12, 10)


def test_inputs_by_name_strided_and_into_an_array_of_ones_own(engine, images):
    context = engine.context()
    expected = context.run(images)
    np.testing.assert_array_equal(context.run({"InputLayer": images}), expected)
    strided = np.repeat(images, 2, axis=3)[..., ::2]
    assert not strided.flags.c_contiguous
    np.testing.assert_array_equal(context.run(strided), expected)
    out = np.empty_like(expected)
    context.run(images, out=out)
    np.testing.assert_array_equal(out, expected)


def test_every_batch_size_gives_the_same_rows(engine, images):
    whole = engine.run(images)
    for size in (1, 2, 5):
        np.testing.assert_allclose(engine.run(images[:size]), whole[:size], atol=1e-6)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((1, 28, 28), np.float32), r"\[1,28,28\]"),
        (np.zeros((1, 1, 28, 27), np.float32), "28"),
        (np.zeros((1, 1, 28, 28), np.float64), "f64"),
    ],
)
def test_what_does_not_fit_names_the_input(engine, array, said):
    with pytest.raises(tenon.InvalidArgumentError, match=said) as caught:
        engine.run(array)
    assert "InputLayer" in str(caught.value)


def test_wrong_counts_and_names(engine, images):
    with pytest.raises(ValueError, match="2 inputs were given, but the engine has 1"):
        engine.run(images, images)
    with pytest.raises(ValueError, match="'InputLayer' is missing"):
        engine.run({"input": images})


def test_threads_have_contexts_of_their_own(engine, images):
    expected = engine.run(images)
    results = {}

    def work(number):
        context = engine.context(threads=1)
        for _ in range(20):
            results[number] = context.run(images)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results.values():
        np.testing.assert_allclose(result, expected, atol=1e-6)
    assert len(results) == 4


def test_the_reference_backend_agrees(engine, images):
    np.testing.assert_allclose(engine.context(backend="reference").run(images), engine.run(images), atol=1e-5)


def test_profile_trace_and_explanation(engine, images):
    context = engine.context(profile=True)
    context.run(images)
    assert sum(step.runs for step in context.profile()) > 0
    assert "OutputLayer" in context.profile_table()
    json.loads(context.chrome_trace())
    assert "cpu." in context.explain()
    assert context.memory.arena_bytes >= context.memory.lower_bound_bytes > 0


def test_a_plan_comes_back_with_the_same_bits(engine, images, tmp_path):
    engine.save(tmp_path / "a.plan")
    loaded = tenon.Engine.load(tmp_path / "a.plan")
    np.testing.assert_array_equal(loaded.run(images), engine.run(images))
    loaded.save(tmp_path / "b.plan")
    assert (tmp_path / "a.plan").read_bytes() == (tmp_path / "b.plan").read_bytes()


def test_unsupported_nodes_come_with_the_error(tmp_path):
    model = tmp_path / "strange.pb"
    model.write_bytes(LENET5.read_bytes().replace(b"Relu6", b"Relu9"))
    with pytest.raises(NotImplementedError) as caught:
        tenon.compile(model)
    (node,) = caught.value.nodes
    assert node.op == "Relu9"
    assert "--map" in node.remedy


def test_a_layer_that_is_not_loaded_is_named():
    graph = tenon.load(LENET5)
    graph.map("ReLU6=NobodyHasThis()")
    with pytest.raises(tenon.NotFoundError, match="NobodyHasThis"):
        tenon.compile(graph)


def test_torch_free_dlpack_round_trip(engine, images):
    np.testing.assert_array_equal(engine.run(Foreign(images)), engine.run(images))
