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
    images, channels, height, width = x.shape
    of_group, plane = channels // 4, height * width
    groups = x.reshape(images * 4, of_group, plane)
    results = out.reshape(images * 4, of_group, plane)
    size = np.float32(of_group * plane)
    for g in numba.prange(images * 4):
        total = ZERO
        for c in range(of_group):
            for i in range(plane):
                total += groups[g, c, i]
        mean = total / size
        total = ZERO
        for c in range(of_group):
            for i in range(plane):
                total += (groups[g, c, i] - mean) * (groups[g, c, i] - mean)
        scale = ONE / math.sqrt(total / size + EPSILON)
        for c in range(of_group):
            factor, term = gain[g % 4 * of_group + c], bias[g % 4 * of_group + c]
            for i in range(plane):
                results[g, c, i] = (groups[g, c, i] - mean) * scale * factor + term


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
                source = 4 * c + 2 * (h % 2)
                for w in range(x.shape[3]):
                    out[n, c, h, 2 * w] = x[n, source, h // 2, w]
                    out[n, c, h, 2 * w + 1] = x[n, source + 1, h // 2, w]


@kernel
def gated_unit(x, out):
    for r in numba.prange(x.shape[0]):
        for i in range(512):
            out[r, i] = x[r, i] / (ONE + math.exp(-x[r, 512 + i]))


@kernel
def quantise(x, out):
    for i in numba.prange(x.size):
        out[i] = min(max(np.rint(x[i] * SIXTEEN), LOWEST), HIGHEST) / SIXTEEN
