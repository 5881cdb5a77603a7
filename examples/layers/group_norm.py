# SPDX-License-Identifier: Apache-2.0
"""Group normalisation of images [n, c, h, w] (arXiv:1803.08494)."""

import tenon


@tenon.layer
def group_norm(x, scale, bias, *, groups=2, epsilon=1e-5):
    n, c, h, w = x.shape
    y = x.reshape(n, groups, c // groups, h, w)
    y = (y - y.mean((2, 3, 4), keepdims=True)) * tenon.rsqrt(y.var((2, 3, 4), keepdims=True) + epsilon)
    return y.reshape(n, c, h, w) * scale[:, None, None] + bias[:, None, None]
