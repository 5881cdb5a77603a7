# SPDX-License-Identifier: Apache-2.0
"""Small TensorFlow graphs for tests: built from a function, frozen as TensorFlow 1 did it, and run by TensorFlow.

    def add_relu(x, y):
        return tf.nn.relu(x + y)

    graph = tf_graphs.freeze(add_relu, {"x": ("float32", [None, 3]), "y": ("float32", [3])})
    graph.content                      # the serialised GraphDef, for Tenon
    graph.run({"x": a, "y": b})        # what TensorFlow makes of it: one array per output

Importing this module imports TensorFlow; a test that may run without it starts with
`tf_graphs = pytest.importorskip("tf_graphs")`.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1

# Freezing is deprecated, and says so each time; eager execution would run the functions at once instead.
tf.get_logger().setLevel("ERROR")


@dataclass(frozen=True)
class FrozenGraph:
    """A frozen graph and the tensors at its ends: inputs as `name`, outputs as `name:index`."""

    content: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def graph_def(self) -> v1.GraphDef:
        return v1.GraphDef.FromString(self.content)

    @property
    def operators(self) -> list[str]:
        """The operator of every node, in the file's order."""
        return [node.op for node in self.graph_def.node]

    def run(self, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        if set(values) != set(self.inputs):
            raise ValueError(f"given {sorted(values)}, but the graph's inputs are {sorted(self.inputs)}")
        with tf.Graph().as_default(), v1.Session() as session:
            tf.import_graph_def(self.graph_def, name="")
            return session.run(list(self.outputs), {name + ":0": value for name, value in values.items()})

    def save(self, path: Path) -> Path:
        path.write_bytes(self.content)
        return path


def freeze(
    build: Callable,
    inputs: Mapping[str, tuple[str, list | None]],
    *,
    remove_training_nodes: bool = False,
    seed: int = 1,
) -> FrozenGraph:
    """The graph that `build` makes of placeholders, its variables turned to constants.

    `inputs` names each placeholder and gives its dtype and shape (None: any size, or for the whole shape any rank).
    `build` gets the placeholders as keyword arguments and returns one tensor or several; it may make variables with
    `v1.get_variable`, which are initialised with `seed`. Identity nodes stay unless `remove_training_nodes` is set.
    """
    with tf.Graph().as_default() as graph, v1.Session() as session:
        v1.set_random_seed(seed)
        placeholders = {name: v1.placeholder(dtype, shape, name=name) for name, (dtype, shape) in inputs.items()}
        built = build(**placeholders)
        outputs = list(built) if isinstance(built, (list, tuple)) else [built]
        session.run(v1.global_variables_initializer())
        nodes = list(dict.fromkeys(output.op.name for output in outputs))
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), nodes)
    if remove_training_nodes:
        frozen = v1.graph_util.remove_training_nodes(frozen, protected_nodes=nodes)
    return FrozenGraph(
        frozen.SerializeToString(deterministic=True), tuple(inputs), tuple(output.name for output in outputs)
    )
