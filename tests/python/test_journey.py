# SPDX-License-Identifier: Apache-2.0
"""The journeys in Python: a TensorFlow model, ReLU6 mapped to a C++ layer, perhaps UFF, a plan, a new process."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tenon
from conftest import ROOT

LENET5 = ROOT / "examples/lenet5/lenet5.pb"
FACTS = json.loads((ROOT / "examples/lenet5/lenet5.json").read_text())
IN_A_NEW_PROCESS = """
import sys, numpy, tenon
plugin, plan, images, results = sys.argv[1:]
if plugin:
    tenon.load_plugin(plugin)
numpy.save(results, tenon.Engine.load(plan).context().run(numpy.load(images)))
"""


def classify(images, folder, *, mapped, suffix=None):
    """The probabilities, from a plan that another process loads; by way of a .uff or .pbtxt, if there is a suffix."""
    plugin = str(next((ROOT / "build/dev").rglob("libclip.so")))
    graph = tenon.load(LENET5)
    if mapped:
        tenon.load_plugin(plugin)
        graph.map("ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)")
    shapes = {}
    if suffix:
        save = {".uff": tenon.save, ".pbtxt": tenon.save_text}[suffix]
        save(tenon.convert(graph, "uff"), folder / f"lenet5{suffix}")
        graph = tenon.load(folder / f"lenet5{suffix}")
        shapes["InputLayer"] = (1, 28, 28)
    tenon.compile(graph, input_shapes=shapes).save(folder / "lenet5.plan")
    np.save(folder / "images.npy", images)
    words = [plugin if mapped else "", folder / "lenet5.plan", folder / "images.npy", folder / "results.npy"]
    package = str(ROOT / "build/dev/python")
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, *words], check=True, env={"PYTHONPATH": package})
    return np.load(folder / "results.npy")


@pytest.mark.parametrize("mapped", [True, False], ids=["layer", "built_in"])
def test_the_twelve_digits(mapped, tmp_path):
    names = sorted(path.name for path in (ROOT / "examples/digits").glob("*.png"))
    scores = classify(np.load(ROOT / "tests/data/digits_prepared.npy"), tmp_path, mapped=mapped)
    assert scores.argmax(1).tolist() == [int(name[0]) for name in names]


@pytest.mark.parametrize("suffix", [None, ".uff", ".pbtxt"], ids=["pb", "uff", "uff_text"])
@pytest.mark.parametrize("mapped", [True, False], ids=["layer", "built_in"])
def test_mnist_is_classified_as_tensorflow_does(mapped, suffix, mnist_test_images, tmp_path):
    images, labels = mnist_test_images
    scores = classify(images, tmp_path, mapped=mapped, suffix=suffix)
    expected = np.load(ROOT / "tests/data/lenet5_mnist1000.npy")
    assert np.abs(scores[:1000] - expected).max() <= 1e-5
    accuracy = (scores.argmax(1) == labels).mean()
    assert accuracy >= 0.975
    assert accuracy == pytest.approx(FACTS["test_accuracy"], abs=1e-9)


@pytest.mark.parametrize("mapped", [True, False], ids=["layer", "built_in"])
def test_the_road_by_uff_gives_the_same_bits(mapped, tmp_path):
    images = np.random.default_rng(0).random((64, 1, 28, 28), np.float32)
    direct = classify(images, tmp_path, mapped=mapped)
    by_uff = classify(images, tmp_path, mapped=mapped, suffix=".uff")
    assert direct.tobytes() == by_uff.tobytes()


@pytest.mark.parametrize("order", ["tenon, tensorflow, onnx", "tensorflow, onnx, tenon"])
def test_tensorflow_and_onnx_live_in_the_same_process(order):
    code = f"""
import {order}
import numpy
graph = tensorflow.compat.v1.GraphDef.FromString(open({str(LENET5)!r}, "rb").read())
onnx.helper.make_model(onnx.helper.make_graph([], "g", [], []))
image = numpy.random.default_rng(0).random((2, 1, 28, 28), numpy.float32)
with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
    tensorflow.import_graph_def(graph, name="")
    engine = tenon.compile({str(LENET5)!r})
    for _ in range(3):
        theirs = session.run("OutputLayer/Softmax:0", {{"InputLayer:0": image}})
        numpy.testing.assert_allclose(engine.run(image), theirs, atol=1e-5)
"""
    package = str(ROOT / "build/dev/python")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": package, "TF_CPP_MIN_LOG_LEVEL": "3"})
