# SPDX-License-Identifier: Apache-2.0
"""ReLU6: three lines."""

import tenon


@tenon.layer
def relu6(x, *, lo=0.0, hi=6.0):
    return tenon.minimum(tenon.maximum(x, lo), hi)
