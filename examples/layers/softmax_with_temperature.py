# SPDX-License-Identifier: Apache-2.0
"""A softmax that is flatter the higher the temperature."""

import tenon


@tenon.layer
def softmax_with_temperature(x, *, temperature=1.0, axis=-1):
    powers = tenon.exp((x - x.max(axis, keepdims=True)) / temperature)
    return powers / powers.sum(axis, keepdims=True)
