# SPDX-License-Identifier: Apache-2.0
"""Pixel shuffle: channels become pixels (arXiv:1609.05158)."""

import tenon


@tenon.layer
def pixel_shuffle(x, *, factor=2):
    n, c, h, w = x.shape
    y = x.reshape(n, c // factor**2, factor, factor, h, w).transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(n, c // factor**2, h * factor, w * factor)
