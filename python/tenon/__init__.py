# SPDX-License-Identifier: Apache-2.0
"""Tenon: an inference engine in which the layers you write yourself are first-class.

>>> import tenon
>>> graph = tenon.load("lenet5.pb")
>>> graph.replace("ReLU6", tenon.layer_spec("Clip", lo=0, hi=6))
[<tenon.Node 'ReLU6' custom::Clip>]
>>> engine = tenon.compile(graph)
>>> engine.save("lenet5.plan")
>>> probabilities = engine.run(image)
"""

from tenon._core import (
    Attributes,
    Context,
    DType,
    Engine,
    ErrorCode,
    Function,
    Graph,
    Layer,
    LayerField,
    LayerSpec,
    MemoryReport,
    Node,
    NodeSpec,
    Port,
    StepProfile,
    TensorType,
    UnsupportedNode,
    Value,
    __version__,
    compile,  # noqa: A004 - as in tenon.compile(graph)
    convert,
    image_input,
    layer_spec,
    layers,
    load,
    load_image,
    load_plugin,
    lower,
    save,
    save_text,
)
from tenon.errors import (
    CorruptError,
    DeviceError,
    Error,
    InternalError,
    InvalidArgumentError,
    IoError,
    MissingFileError,
    NotFoundError,
    OutOfMemoryError,
    UnsupportedError,
)

__all__ = [
    "Attributes",
    "Context",
    "CorruptError",
    "DType",
    "DeviceError",
    "Engine",
    "Error",
    "ErrorCode",
    "Function",
    "Graph",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "Layer",
    "LayerField",
    "LayerSpec",
    "MemoryReport",
    "MissingFileError",
    "Node",
    "NodeSpec",
    "NotFoundError",
    "OutOfMemoryError",
    "Port",
    "StepProfile",
    "TensorType",
    "UnsupportedError",
    "UnsupportedNode",
    "Value",
    "__version__",
    "compile",
    "convert",
    "image_input",
    "layer_spec",
    "layers",
    "load",
    "load_image",
    "load_plugin",
    "lower",
    "save",
    "save_text",
]

# Classes say where they are used, not where they are made: in help(), signatures and messages.
for _name in __all__:
    if isinstance(_item := globals()[_name], type):
        _item.__module__ = "tenon"
del _name, _item
