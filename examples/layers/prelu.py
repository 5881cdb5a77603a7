# SPDX-License-Identifier: Apache-2.0
"""A ReLU with a slope for each channel that the model has learned: weights are inputs."""

import tenon


@tenon.layer
def prelu(x, slope):
    return tenon.where(x < 0, x * slope.reshape(-1, *[1] * (x.ndim - 2)), x)
