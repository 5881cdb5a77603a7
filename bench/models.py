#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the models that are measured: frozen TensorFlow graphs, and the same as ONNX files.

    python models.py --out build/bench/models

MobileNetV2 and ResNet-50 are Keras's own, with random weights: speed does not depend on what a model knows. They must
not be degenerate either, so the statistics of every BatchNormalization are those of random images that went through
the model: folding it into the convolution changes something, and activations stay of order one however deep the model.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
LENET5 = ROOT / "examples" / "lenet5" / "lenet5.pb"
SEED = 7


@dataclass(frozen=True)
class Model:
    """A model to measure: its files are `<name>.pb` and `<name>.onnx`."""

    name: str
    input: str
    output: str
    shape: tuple[int, ...]  # Of one item; the batch comes before it.


MODELS = {
    model.name: model
    for model in (
        Model("lenet5", "InputLayer", "OutputLayer/Softmax", (1, 28, 28)),
        Model("mobilenet_v2", "input", "probabilities", (224, 224, 3)),
        Model("resnet50", "input", "probabilities", (224, 224, 3)),
    )
}


def make_keras(name):
    """The model as Keras gives it, with the weights described above."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    build = {"mobilenet_v2": keras.applications.MobileNetV2, "resnet50": keras.applications.ResNet50}[name]
    model = build(weights=None)
    images = random.standard_normal((8, *MODELS[name].shape), np.float32)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0  # The statistics become those of the next call in training mode.
            layer.gamma.assign(random.uniform(0.5, 1.5, layer.gamma.shape))
            layer.beta.assign(random.uniform(-0.5, 0.5, layer.beta.shape))
    model(images, training=True)

    # Spread the classes, or all probabilities would be about 1/1000 and a wrong answer looked like a right one.
    logits = np.log(model.predict(images, verbose=0))
    kernel = model.layers[-1].kernel
    kernel.assign(kernel * (3 / (logits - logits.mean(1, keepdims=True)).std()))
    return model


def freeze(model, names):
    """The Keras model as a GraphDef with a batch of any size, its variables turned to constants."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    @tf.function
    def infer(images):
        return tf.identity(model(images, training=False), name=names.output)

    function = infer.get_concrete_function(tf.TensorSpec([None, *names.shape], tf.float32, name=names.input))
    graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
    return tf.compat.v1.graph_util.extract_sub_graph(graph, [names.output])


def write_onnx(graph, names, path):
    import tf2onnx

    tf2onnx.convert.from_graph_def(
        graph,
        input_names=[names.input + ":0"],
        output_names=[names.output + ":0"],
        shape_override={names.input + ":0": [None, *names.shape]},
        opset=18,
        output_path=str(path),
    )


def make(name, out):
    """Writes the files of one model into the folder `out`."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # Freezing is deprecated, and says so each time.
    names = MODELS[name]
    if name == "lenet5":
        graph = tf.compat.v1.GraphDef.FromString(LENET5.read_bytes())
    else:
        graph = freeze(make_keras(name), names)
    out.mkdir(parents=True, exist_ok=True)
    write_onnx(graph, names, out / f"{name}.onnx")
    (out / f"{name}.pb").write_bytes(graph.SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description="Makes the models that are measured.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "models", help="default: %(default)s")
    parser.add_argument("names", nargs="*", metavar="MODEL", help=f"default: {' '.join(MODELS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(MODELS):
        parser.error(f"no model {unknown.pop()!r}; there are {', '.join(MODELS)}")
    for name in arguments.names or MODELS:
        make(name, arguments.out)


if __name__ == "__main__":
    main()
