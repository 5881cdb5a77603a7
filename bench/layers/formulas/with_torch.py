# SPDX-License-Identifier: Apache-2.0
"""The twelve layers in PyTorch, for torch.compile; its own functions where it has them."""

import torch
from torch.nn import functional


def relu6(x):
    return functional.relu6(x)


def mish(x):
    return functional.mish(x)


def prelu(x, slope):
    return torch.where(x < 0, slope * x, x)


def hard_sigmoid(x):
    return torch.clamp(x * 0.2 + 0.5, 0, 1)


def rms_norm(x, gain):
    return functional.rms_norm(x, gain.shape, gain, 1e-5)


def layer_norm(x, gain, bias):
    return functional.layer_norm(x, gain.shape, gain, bias, 1e-5)


def group_norm(x, gain, bias):
    return functional.group_norm(x, 4, gain, bias, 1e-5)


def softmax(x):
    return functional.softmax(x / 2, -1)


def rotary(x, cos, sin):
    a, b = x[..., :32], x[..., 32:]
    cos, sin = cos[:, None, :], sin[:, None, :]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def pixel_shuffle(x):
    return functional.pixel_shuffle(x, 2)


def gated_unit(x):
    return functional.glu(x)


def quantise(x):
    return torch.clamp(torch.round(x * 16), -128, 127) / 16
