# SPDX-License-Identifier: Apache-2.0
"""A gated unit with two outputs: the gated values, and the gate."""

import tenon


@tenon.layer(outputs=2)
def gated_unit(x, weights, bias):
    values, gate = x, tenon.sigmoid(x @ weights + bias)
    return values * gate, gate
