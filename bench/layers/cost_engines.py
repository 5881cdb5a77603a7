#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 in each engine, with its own ReLU6 and with the user's from peers/: the worker of cost.py."""

import importlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import worker

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
CLIP_LAYER = HERE.parents[1] / "examples" / "clip_layer" / "clip.cpp"


class Tenon(worker.Tenon):
    """Runs the plan, read back from its file, of the graph in which use_layer() may have replaced ReLU6."""

    def __init__(self, job, images):
        import tenon

        graph = tenon.load(job["files"]["pb"])
        self.use_layer(graph, job)
        with tempfile.NamedTemporaryFile(suffix=".plan") as plan:
            tenon.compile(graph).save(plan.name)
            super().__init__(job | {"files": {"plan": plan.name}, "plugin": None}, images)

    def use_layer(self, graph, job):
        pass


class TenonExpression(Tenon):
    """A formula, which the plan holds."""

    LAYER = "peers.relu6_tenon"

    def use_layer(self, graph, job):
        graph.replace("ReLU6", importlib.import_module(self.LAYER).relu6(lo=0, hi=6))


class TenonCallback(TenonExpression):
    """A function on NumPy arrays."""

    LAYER = "peers.relu6_tenon_callback"


class TenonNative(Tenon):
    """The C++ layer of the first example."""

    def use_layer(self, graph, job):
        import tenon

        tenon.load_plugin(job["plugin"])
        graph.map("ReLU6=CustomClipPlugin(clipMin=0, clipMax=6)")


class OnnxRuntimeUser(worker.OnnxRuntime):
    """Reads the model with its Clips made nodes of the domain DOMAIN."""

    DOMAIN = "user"

    def __init__(self, job, images):
        import onnx

        model = onnx.load(job["files"]["onnx"])
        model.opset_import.append(onnx.helper.make_opsetid(self.DOMAIN, 1))
        for node in model.graph.node:
            if node.op_type == "Clip":
                node.op_type, node.domain = "UserRelu6", self.DOMAIN
                del node.input[1:]
        self.operators = job["library"]
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(model, file.name)
            super().__init__(job | {"files": {"onnx": file.name}}, images)

    def prepare(self, options):
        options.register_custom_ops_library(self.operators)


class OnnxRuntimePython(OnnxRuntimeUser):
    """A function on NumPy arrays, which the package of extensions calls."""

    DOMAIN = "ai.onnx.contrib"

    def prepare(self, options):
        from onnxruntime_extensions import get_library_path

        importlib.import_module("peers.relu6_onnxruntime")  # Which registers the operator.
        options.register_custom_ops_library(get_library_path())


class OpenVinoUser(worker.OpenVino):
    """An extension in C++ that takes TensorFlow's Relu6."""

    def __init__(self, job, images):
        self.operators = job["library"]
        super().__init__(job, images)

    def prepare(self, core):
        core.add_extension(self.operators)


class OpenVinoPython(OpenVinoUser):
    """The same in Python."""

    def prepare(self, core):
        from peers.relu6_openvino import EXTENSION

        core.add_extension(EXTENSION)


class Torch:
    """Compiled, without the freezing of weights, which is the default."""

    MODULE = "torch"
    FREEZING = False

    def __init__(self, job, images):
        import torch
        import torch._inductor.config
        from mobilenet_torch import MobileNetV2

        torch.set_num_threads(job["threads"])
        torch._inductor.config.freezing = self.FREEZING
        self.model = torch.compile(MobileNetV2(self.relu6()))
        self.images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        self.no_grad = torch.no_grad()

    def relu6(self):
        import torch

        return torch.nn.ReLU6

    def run(self):
        with self.no_grad:
            return self.model(self.images)

    def output(self):
        return self.run().numpy()


class TorchUser(Torch):
    """With the user's operator, which the compiler calls and does not look into."""

    def relu6(self):
        from peers.relu6_torch import UserRelu6

        return UserRelu6


class TorchFrozen(Torch):
    """With weights as constants, so that normalisations are folded."""

    FREEZING = True


class TorchFrozenUser(TorchUser):
    """Both."""

    FREEZING = True


class Ncnn:
    """Reads the files that mobilenet_torch.py makes."""

    MODULE = "ncnn"

    def __init__(self, job, images):
        import ncnn

        self.net = ncnn.Net()
        self.net.opt.num_threads = job["threads"]
        self.net.opt.use_fp16_packed = self.net.opt.use_fp16_storage = self.net.opt.use_fp16_arithmetic = False
        param = Path(job["files"]["param"]).read_text()
        if self.net.load_param_mem(self.prepare(param)) or self.net.load_model(job["files"]["bin"]):
            raise RuntimeError("ncnn cannot read its model; its message is above")
        self.array = images[0].transpose(2, 0, 1).copy()  # Which the Mat only borrows.
        self.image = ncnn.Mat(self.array)

    def prepare(self, param):
        return param

    def run(self):
        extractor = self.net.create_extractor()
        extractor.input("in0", self.image)
        _, self.result = extractor.extract("out0")

    def output(self):
        self.run()
        return np.array(self.result)[None]


class NcnnPython(Ncnn):
    """The user's layer, which cannot take the packed layout: an array of it crashes."""

    def prepare(self, param):
        from peers.relu6_ncnn import UserRelu6

        self.layers = []  # ncnn holds on to the layers, but not to the Python objects.

        def create():
            self.layers.append(UserRelu6())
            return self.layers[-1]

        self.net.register_custom_layer("UserRelu6", create, lambda layer: None)
        return with_clips_as_layers(param)


def with_clips_as_layers(param):
    """The text of ncnn's model with a layer of its own, the user's, for each clip in a convolution."""
    magic, counts, *lines = param.splitlines()
    changed = []
    for line in lines:
        if "9=3" not in line.split():  # An activation, of type 3: clip.
            changed.append(line)
            continue
        kind, name, inputs, outputs, source, target, *fields = line.split()
        fields = [field for field in fields if not field.startswith(("9=", "-23310="))]
        changed.append(" ".join((kind, name, inputs, outputs, source, f"{target}_unclipped", *fields)))
        changed.append(f"UserRelu6 {name}_clip 1 1 {target}_unclipped {target}")
    added = len(changed) - len(lines)
    layers, blobs = (int(count) + added for count in counts.split())
    return "\n".join([magic, f"{layers} {blobs}", *changed, ""])


@dataclass(frozen=True)
class Form:
    """An engine with ReLU6 in one form, and the file of what the user wrote for it."""

    engine: str
    name: str
    adapter: type
    source: Path | None = None

    @property
    def lines(self):
        """The lines of the user's file that hold code."""
        if not self.source:
            return None
        lines = map(str.strip, self.source.read_text().splitlines())
        return sum(bool(line) and not line.startswith(("#!", "# ", "//")) for line in lines)


BUILT_IN = "built-in"
FORMS = (
    Form("tenon", BUILT_IN, Tenon),
    Form("tenon", "expression", TenonExpression, PEERS / "relu6_tenon.py"),
    Form("tenon", "native, C++", TenonNative, CLIP_LAYER),
    Form("tenon", "callback, Python", TenonCallback, PEERS / "relu6_tenon_callback.py"),
    Form("onnxruntime", BUILT_IN, worker.OnnxRuntime),
    Form("onnxruntime", "C++", OnnxRuntimeUser, PEERS / "relu6_onnxruntime.cpp"),
    Form("onnxruntime", "Python", OnnxRuntimePython, PEERS / "relu6_onnxruntime.py"),
    Form("openvino", BUILT_IN, worker.OpenVino),
    Form("openvino", "C++", OpenVinoUser, PEERS / "relu6_openvino.cpp"),
    Form("openvino", "Python", OpenVinoPython, PEERS / "relu6_openvino.py"),
    Form("torch", BUILT_IN, Torch),
    Form("torch", "custom_op", TorchUser, PEERS / "relu6_torch.py"),
    Form("torch, freezing", BUILT_IN, TorchFrozen),
    Form("torch, freezing", "custom_op", TorchFrozenUser, PEERS / "relu6_torch.py"),
    Form("ncnn", BUILT_IN, Ncnn),
    Form("ncnn", "Python", NcnnPython, PEERS / "relu6_ncnn.py"),
)

if __name__ == "__main__":
    worker.main({f"{form.engine}: {form.name}": form.adapter for form in FORMS})
