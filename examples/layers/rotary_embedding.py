# SPDX-License-Identifier: Apache-2.0
"""Rotary position embedding of [..., s, d] by positions [s] (arXiv:2104.09864)."""

import tenon


@tenon.layer
def rotary_embedding(x, positions, *, base=10000.0):
    half = x.shape[-1] // 2
    angle = positions[:, None] * base ** (tenon.iota(half) / -half)
    cos, sin = tenon.cos(angle), tenon.sin(angle)
    left, right = x[..., :half], x[..., half:]
    return tenon.cast(tenon.concat([left * cos - right * sin, right * cos + left * sin], axis=-1), x)
