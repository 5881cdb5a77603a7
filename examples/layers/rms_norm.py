# SPDX-License-Identifier: Apache-2.0
"""Root-mean-square normalisation (arXiv:1910.07467)."""

import tenon


@tenon.layer
def rms_norm(x, scale, *, epsilon=1e-5):
    return x * tenon.rsqrt(tenon.square(x).mean(-1, keepdims=True) + epsilon) * scale
