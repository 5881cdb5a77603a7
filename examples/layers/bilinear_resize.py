# SPDX-License-Identifier: Apache-2.0
"""Bilinear resizing of [n, c, h, w], by index expressions; edges are repeated."""

import tenon


@tenon.layer
def bilinear_resize(x, *, scale=2):
    def pixel(n, c, i, j):
        y, x_ = ((at + 0.5) / scale - 0.5 for at in (i, j))
        top, left = (tenon.cast(tenon.floor(at), "i64") for at in (y, x_))
        down, right = y - tenon.floor(y), x_ - tenon.floor(x_)
        near = [[x.at(n, c, top + a, left + b, outside="clamp") for b in (0, 1)] for a in (0, 1)]
        rows = [row[0] * (1 - right) + row[1] * right for row in near]
        return tenon.cast(rows[0] * (1 - down) + rows[1] * down, x)

    n, c, h, w = x.shape
    return tenon.compute((n, c, h * scale, w * scale), pixel)
