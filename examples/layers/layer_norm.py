# SPDX-License-Identifier: Apache-2.0
"""Layer normalisation over the last axis (arXiv:1607.06450)."""

import tenon


@tenon.layer
def layer_norm(x, scale, bias, *, epsilon=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred * tenon.rsqrt(tenon.square(centred).mean(-1, keepdims=True) + epsilon) * scale + bias
