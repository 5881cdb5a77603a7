# SPDX-License-Identifier: Apache-2.0
"""What the twelve layers compute on: arrays whose first has `count` elements, a multiple of 4096.

| layer | inputs | what it is |
| --- | --- | --- |
| relu6 | x[n] | x between 0 and 6 |
| mish | x[n] | x tanh(log(1 + e^x)) |
| prelu | x[r, 512], slope[512] | x, or slope x below 0 |
| hard_sigmoid | x[n] | x / 5 + 1/2 between 0 and 1 |
| rms_norm | x[r, 512], gain[512] | x / sqrt(mean(x^2) + 1e-5) gain, by rows |
| layer_norm | x[r, 512], gain[512], bias[512] | (x - mean) / sqrt(variance + 1e-5) gain + bias, by rows |
| group_norm | x[b, 16, 16, 16], gain[16], bias[16] | the same over 4 channels each |
| softmax | x[r, 512] | of x / 2, by rows |
| rotary | x[t, 8, 64], cos[t, 32], sin[t, 32] | each pair (x[i], x[i + 32]) turned by the token's angles |
| pixel_shuffle | x[b, 16, 16, 16] | [b, 4, 32, 32]: four channels become 2 x 2 pixels |
| gated_unit | x[r, 1024] | the first half of a row times the sigmoid of the second |
| quantise | x[n] | round(16 x) between -128 and 127, divided by 16: what 8 bits leave of x |
"""

import numpy as np
from models import SEED

LAYERS = ("relu6", "mish", "prelu", "hard_sigmoid", "rms_norm", "layer_norm", "group_norm", "softmax", "rotary")
LAYERS += ("pixel_shuffle", "gated_unit", "quantise")
SHAPES = {"prelu": (512,), "rms_norm": (512,), "layer_norm": (512,), "softmax": (512,), "gated_unit": (1024,)}
SHAPES |= {"group_norm": (16, 16, 16), "pixel_shuffle": (16, 16, 16), "rotary": (8, 64)}
PARAMETERS = {"prelu": 1, "rms_norm": 1, "layer_norm": 2, "group_norm": 2}


def make_inputs(layer, count):
    """The same values each time, in every process."""
    random = np.random.default_rng(SEED)
    shape = SHAPES.get(layer, ())
    x = 3 * random.standard_normal((count // int(np.prod(shape)), *shape), np.float32)
    if layer == "rotary":
        angles = np.arange(len(x))[:, None] * 10000 ** (-np.arange(32) / 32)
        return x, np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    return x, *(random.uniform(0.5, 1.5, shape[0]).astype(np.float32) for _ in range(PARAMETERS.get(layer, 0)))


def output_shape(layer, x):
    if layer == "pixel_shuffle":
        return len(x), 4, 32, 32
    return (len(x), 512) if layer == "gated_unit" else x.shape
