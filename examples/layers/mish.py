# SPDX-License-Identifier: Apache-2.0
"""Mish, a smooth activation (arXiv:1908.08681)."""

import tenon


@tenon.layer
def mish(x):
    return x * tenon.tanh(tenon.softplus(x))
