# SPDX-License-Identifier: Apache-2.0
"""The twelve layers in NumPy: what the others must agree with."""

import numpy as np


def relu6(x):
    return np.minimum(np.maximum(x, 0), 6)


def mish(x):
    return x * np.tanh(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0))


def prelu(x, slope):
    return np.where(x < 0, slope * x, x)


def hard_sigmoid(x):
    return np.minimum(np.maximum(x * np.float32(0.2) + np.float32(0.5), 0), 1)


def rms_norm(x, gain):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(1e-5)) * gain


def layer_norm(x, gain, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-5)) * gain + bias


def group_norm(x, gain, bias):
    groups = x.reshape(len(x), 4, -1)
    centred = groups - groups.mean(-1, keepdims=True)
    normal = centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-5))
    return normal.reshape(x.shape) * gain[:, None, None] + bias[:, None, None]


def softmax(x):
    e = np.exp((x - x.max(-1, keepdims=True)) * np.float32(0.5))
    return e / e.sum(-1, keepdims=True)


def rotary(x, cos, sin):
    a, b = x[..., :32], x[..., 32:]
    cos, sin = cos[:, None, :], sin[:, None, :]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def pixel_shuffle(x):
    b, c, h, w = x.shape
    return x.reshape(b, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(b, c // 4, 2 * h, 2 * w)


def gated_unit(x):
    return x[:, :512] / (1 + np.exp(-x[:, 512:]))


def quantise(x):
    return np.minimum(np.maximum(np.round(x * 16), -128), 127) / 16
