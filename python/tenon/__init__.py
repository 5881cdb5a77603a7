# SPDX-License-Identifier: Apache-2.0
"""Tenon: an inference engine in which the layers you write yourself are first-class.

>>> import tenon
>>> graph = tenon.load("lenet5.pb")
>>> graph.replace("ReLU6", tenon.layer_spec("Clip", lo=0, hi=6))
[<tenon.Node 'ReLU6' custom::Clip>]
>>> tenon.save(graph, "lenet5_clip.pb")
"""

from tenon._core import (
    Attributes,
    DType,
    ErrorCode,
    Function,
    Graph,
    LayerSpec,
    Node,
    TensorType,
    Value,
    __version__,
    image_input,
    layer_spec,
    load,
    load_image,
    save,
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
    "CorruptError",
    "DType",
    "DeviceError",
    "Error",
    "ErrorCode",
    "Function",
    "Graph",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "LayerSpec",
    "MissingFileError",
    "Node",
    "NotFoundError",
    "OutOfMemoryError",
    "TensorType",
    "UnsupportedError",
    "Value",
    "__version__",
    "image_input",
    "layer_spec",
    "load",
    "load_image",
    "save",
]

# Classes say where they are used, not where they are made: in help(), signatures and messages.
for _name in __all__:
    if isinstance(_item := globals()[_name], type):
        _item.__module__ = "tenon"
del _name, _item
