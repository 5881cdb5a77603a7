#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 in PyTorch, with its usual shapes and random weights, for the peers that do not read TensorFlow's files.

    python mobilenet_torch.py build/bench/layers

writes it as ncnn's files, mobilenet_v2.param and .bin.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

SEED = 7
# Of each group of blocks: how much wider they are inside, channels, how many, the stride of the first.
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def convolution(inputs, outputs, size=1, stride=1, groups=1):
    convolve = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return [convolve, nn.BatchNorm2d(outputs, eps=1e-3)]


class Block(nn.Module):
    """Widens, filters each channel, narrows; adds the input where shapes allow."""

    def __init__(self, inputs, outputs, factor, stride, relu6):
        super().__init__()
        inside = inputs * factor
        layers = [*convolution(inputs, inside), relu6()] if factor > 1 else []
        layers += [*convolution(inside, inside, 3, stride, groups=inside), relu6()]
        self.layers = nn.Sequential(*layers, *convolution(inside, outputs))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


class MobileNetV2(nn.Module):
    """With `relu6` as its activation; the statistics of normalisations are those of random images."""

    def __init__(self, relu6=nn.ReLU6):
        super().__init__()
        torch.manual_seed(SEED)
        channels = 32
        layers = [*convolution(3, channels, 3, 2), relu6()]
        for factor, outputs, count, stride in GROUPS:
            for index in range(count):
                layers.append(Block(channels, outputs, factor, stride if index == 0 else 1, relu6))
                channels = outputs
        layers += [*convolution(channels, 1280), relu6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1  # The statistics become those of the next call in training mode.
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.5, 0.5)
        with torch.no_grad():
            images = torch.randn(8, 3, 224, 224)
            self.layers(images)
            self.eval()
            # Spread the classes, or all probabilities would be about 1/1000 and a wrong answer looked like a right one.
            logits = self.layers(images)
            layers[-1].weight *= 3 / (logits - logits.mean(1, keepdim=True)).std()

    def forward(self, x):
        return torch.softmax(self.layers(x), 1)


def write_ncnn(folder):
    import pnnx

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)  # The converter leaves many files behind.
        pnnx.export(MobileNetV2(), "mobilenet_v2.pt", (torch.rand(1, 3, 224, 224),), fp16=False)
        for kind in ("param", "bin"):
            shutil.move(f"mobilenet_v2.ncnn.{kind}", folder / f"mobilenet_v2.{kind}")
        os.chdir(folder)


if __name__ == "__main__":
    write_ncnn(Path(sys.argv[1]))
