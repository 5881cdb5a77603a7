# SPDX-License-Identifier: Apache-2.0
"""A hard sigmoid; a field decides what is computed."""

import tenon


@tenon.layer
def hard_sigmoid(x, *, alpha=0.2, beta=0.5, symmetric=False):
    y = tenon.clip(alpha * x + beta, 0, 1)
    return 2 * y - 1 if symmetric else y
