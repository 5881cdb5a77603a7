# SPDX-License-Identifier: Apache-2.0
"""The twelve layers as loops for Numba, which writes them into `out`, an array of the result's shape."""

import math

import numba
import numpy as np

ZERO, HALF, ONE, SIX = map(np.float32, (0, 0.5, 1, 6))
FIFTH, SIXTEEN, EPSILON = map(np.float32, (0.2, 16, 1e-5))
LOWEST, HIGHEST = np.float32(-128), np.float32(127)

# fastmath lets it add in another order, without which no sum becomes vector code.
kernel = numba.njit(parallel=True, fastmath=True, cache=True)


@kernel
def relu6(x, out):
    for i in numba.prange(x.size):
        out[i] = min(max(x[i], ZERO), SIX)


@kernel
def mish(x, out):
    for i in numba.prange(x.size):
        out[i] = x[i] * math.tanh(math.log1p(math.exp(-abs(x[i]))) + max(x[i], ZERO))


@kernel
def prelu(x, slope, out):
    for r in numba.prange(x.shape[0]):
        for i in range(x.shape[1]):
            out[r, i] = slope[i] * x[r, i] if x[r, i] < ZERO else x[r, i]


@kernel
def hard_sigmoid(x, out):
    for i in numba.prange(x.size):
        out[i] = min(max(x[i] * FIFTH + HALF, ZERO), ONE)


@kernel
def rms_norm(x, gain, out):
    size = np.float32(x.shape[1])
    for r in numba.prange(x.shape[0]):
        total = ZERO
        for i in range(x.shape[1]):
            total += x[r, i] * x[r, i]
        scale = ONE / math.sqrt(total / size + EPSILON)
        for i in range(x.shape[1]):
            out[r, i] = x[r, i] * scale * gain[i]


@kernel
def layer_norm(x, gain, bias, out):
    size = np.float32(x.shape[1])
    for r in numba.prange(x.shape[0]):
        total = ZERO
        for i in range(x.shape[1]):
            total += x[r, i]
        mean = total / size
        total = ZERO
        for i in range(x.shape[1]):
            total += (x[r, i] - mean) * (x[r, i] - mean)
        scale = ONE / math.sqrt(total / size + EPSILON)
        for i in range(x.shape[1]):
            out[r, i] = (x[r, i] - mean) * scale * gain[i] + bias[i]


@kernel
def group_norm(x, gain, bias, out):
    channels, height, width = x.shape[1:]
    of_group = channels // 4
    size = np.float32(of_group * height * width)
    for n in numba.prange(x.shape[0] * 4):
        image, first = n // 4, n % 4 * of_group
        total = ZERO
        for c in range(first, first + of_group):
            for h in range(height):
                for w in range(width):
                    total += x[image, c, h, w]
        mean = total / size
        total = ZERO
        for c in range(first, first + of_group):
            for h in range(height):
                for w in range(width):
                    total += (x[image, c, h, w] - mean) * (x[image, c, h, w] - mean)
        scale = ONE / math.sqrt(total / size + EPSILON)
        for c in range(first, first + of_group):
            for h in range(height):
                for w in range(width):
                    out[image, c, h, w] = (x[image, c, h, w] - mean) * scale * gain[c] + bias[c]


@kernel
def softmax(x, out):
    for r in numba.prange(x.shape[0]):
        highest = x[r, 0]
        for i in range(x.shape[1]):
            highest = max(highest, x[r, i])
        total = ZERO
        for i in range(x.shape[1]):
            out[r, i] = math.exp((x[r, i] - highest) * HALF)
            total += out[r, i]
        scale = ONE / total
        for i in range(x.shape[1]):
            out[r, i] *= scale


@kernel
def rotary(x, cos, sin, out):
    for t in numba.prange(x.shape[0]):
        for h in range(x.shape[1]):
            for i in range(32):
                a, b = x[t, h, i], x[t, h, i + 32]
                out[t, h, i] = a * cos[t, i] - b * sin[t, i]
                out[t, h, i + 32] = b * cos[t, i] + a * sin[t, i]


@kernel
def pixel_shuffle(x, out):
    for n in numba.prange(x.shape[0]):
        for c in range(out.shape[1]):
            for h in range(out.shape[2]):
                for w in range(out.shape[3]):
                    out[n, c, h, w] = x[n, 4 * c + 2 * (h % 2) + w % 2, h // 2, w // 2]


@kernel
def gated_unit(x, out):
    for r in numba.prange(x.shape[0]):
        for i in range(512):
            out[r, i] = x[r, i] / (ONE + math.exp(-x[r, 512 + i]))


@kernel
def quantise(x, out):
    for i in numba.prange(x.size):
        out[i] = min(max(np.rint(x[i] * SIXTEEN), LOWEST), HIGHEST) / SIXTEEN
