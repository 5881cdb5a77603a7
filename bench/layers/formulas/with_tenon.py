# SPDX-License-Identifier: Apache-2.0
"""The twelve layers as a user of Tenon writes them."""

import tenon


@tenon.layer
def relu6(x, *, lo=0.0, hi=6.0):
    return tenon.minimum(tenon.maximum(x, lo), hi)


@tenon.layer
def mish(x):
    return x * tenon.tanh(tenon.log1p(tenon.exp(-tenon.abs(x))) + tenon.maximum(x, 0))


@tenon.layer
def prelu(x, slope):
    return tenon.where(x < 0, slope * x, x)


@tenon.layer
def hard_sigmoid(x, *, alpha=0.2, beta=0.5):
    return tenon.minimum(tenon.maximum(x * alpha + beta, 0), 1)


@tenon.layer(fast=True)
def rms_norm(x, gain, *, epsilon=1e-5):
    return x * tenon.rsqrt((x * x).mean(-1, keepdims=True) + epsilon) * gain


@tenon.layer(fast=True)
def layer_norm(x, gain, bias, *, epsilon=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred * tenon.rsqrt((centred * centred).mean(-1, keepdims=True) + epsilon) * gain + bias


@tenon.layer(fast=True)
def group_norm(x, gain, bias, *, epsilon=1e-5):
    groups = x.reshape(x.shape[0], 4, -1)
    centred = groups - groups.mean(-1, keepdims=True)
    normal = centred * tenon.rsqrt((centred * centred).mean(-1, keepdims=True) + epsilon)
    return normal.reshape(*x.shape) * gain[:, None, None] + bias[:, None, None]


@tenon.layer
def softmax(x, *, temperature=2.0):
    e = tenon.exp((x - x.max(-1, keepdims=True)) / temperature)
    return e / e.sum(-1, keepdims=True)


@tenon.layer
def rotary(x, cos, sin):
    a, b = x[..., :32], x[..., 32:]
    cos, sin = cos[:, None, :], sin[:, None, :]
    return tenon.concat([a * cos - b * sin, b * cos + a * sin], -1)


@tenon.layer
def pixel_shuffle(x):
    b, c, h, w = x.shape
    return x.reshape(b, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(b, c // 4, 2 * h, 2 * w)


@tenon.layer
def gated_unit(x):
    return x[:, :512] / (1 + tenon.exp(-x[:, 512:]))


@tenon.layer
def quantise(x, *, scale=0.0625):
    return tenon.minimum(tenon.maximum(tenon.round(x / scale), -128), 127) * scale
