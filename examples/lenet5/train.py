#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the digit classifier of the first journey with Keras and freezes it into a TensorFlow GraphDef.

    python train.py --data DIR --epochs 10 --out lenet5.pb

The network is Flatten -> Dense(512) -> ReLU6 -> Dense(10, softmax) on images [1, 28, 28]; its input is `InputLayer`,
its output `OutputLayer/Softmax`. Beside the .pb go a .json with the facts about it. The seed is fixed and TensorFlow's
operators are made deterministic: the same version on the same kind of processor gives the same weights.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import mnist
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

INPUT, OUTPUT = "InputLayer", "OutputLayer/Softmax"
SEED = 28


def build_model():
    return keras.Sequential(
        [
            keras.layers.Input([1, 28, 28], name="InputLayer"),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(512, name="dense"),
            keras.layers.Activation(tf.nn.relu6, name="ReLU6"),
            keras.layers.Dense(10, activation="softmax", name="OutputLayer"),
        ]
    )


def freeze(model):
    """The trained model as the GraphDef that TensorFlow 1 made of it.

    Keras 3 knows no v1 graphs, so its layers are written out here under the names and with the operators that Keras
    had in TensorFlow 1. There, Flatten asked the input for its batch: Shape -> StridedSlice -> Pack -> Reshape.
    """
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    with tf.Graph().as_default() as graph, v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1, 28, 28], name=INPUT)
        with tf.name_scope("flatten"):
            x = tf.reshape(x, (tf.shape(x)[0], -1))
        x = _dense("dense", *weights["dense"], x)
        with tf.name_scope("ReLU6"):
            x = tf.nn.relu6(x)
        x = _dense("OutputLayer", *weights["OutputLayer"], x)
        with tf.name_scope("OutputLayer/"):
            tf.nn.softmax(x)
        session.run(v1.global_variables_initializer())
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), [OUTPUT])
    frozen = v1.graph_util.remove_training_nodes(frozen, protected_nodes=[OUTPUT])
    for node in frozen.node:
        if node.op == "MatMul":  # Newer than TensorFlow 1, false here, and of no meaning but for gradients.
            del node.attr["grad_a"], node.attr["grad_b"]
    return frozen


def _dense(name, kernel, bias, x):
    with v1.variable_scope(name):
        kernel = v1.get_variable("kernel", initializer=kernel)
        bias = v1.get_variable("bias", initializer=bias)
    with tf.name_scope(name + "/"):
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)


def predict(graph_def, images):
    """The probabilities, [n, 10], that TensorFlow computes with the frozen graph."""
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        return session.run(OUTPUT + ":0", {INPUT + ":0": images})


def parse_arguments():
    parser = argparse.ArgumentParser(description="Trains LeNet5 on MNIST and freezes it into a TensorFlow GraphDef.")
    parser.add_argument("--data", type=Path, default=mnist.DEFAULT_DATA, help="MNIST's folder; fetched when not there")
    parser.add_argument("--url", default=mnist.URL, help="where MNIST is fetched from (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("lenet5.pb"), help="default: %(default)s")
    parser.add_argument(
        "--probabilities", type=Path, metavar="NPY", help="also save TensorFlow's answers to the first 1000 test images"
    )
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error(f"--epochs {arguments.epochs}: must be at least 1")
    return arguments


def main():
    arguments = parse_arguments()
    tf.get_logger().setLevel("ERROR")  # Freezing is deprecated, and says so four times.
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    try:
        mnist.fetch(arguments.data, arguments.url)
        images, labels = mnist.load(arguments.data, "train")
        test_images, test_labels = mnist.load(arguments.data, "t10k")
    except mnist.MnistError as error:
        sys.exit(f"train: {error}")

    model = build_model()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=32, epochs=arguments.epochs, verbose=1 if sys.stdout.isatty() else 2)

    frozen = freeze(model)
    probabilities = predict(frozen, test_images)
    correct = int(np.sum(probabilities.argmax(1) == test_labels))
    if not np.allclose(probabilities, model.predict(test_images, verbose=0), rtol=0, atol=1e-5):
        sys.exit("train: the frozen graph and the Keras model give different answers")

    content = frozen.SerializeToString(deterministic=True)
    arguments.out.write_bytes(content)
    facts = {
        "input": INPUT,
        "output": OUTPUT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "epochs": arguments.epochs,
        "test_images": len(test_labels),
        "test_correct": correct,
        "test_accuracy": correct / len(test_labels),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }
    arguments.out.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n")
    if arguments.probabilities:
        np.save(arguments.probabilities, probabilities[:1000])
    print(f"{arguments.out}: {correct} of {len(test_labels)} test images right ({correct / len(test_labels):.2%})")


if __name__ == "__main__":
    main()
