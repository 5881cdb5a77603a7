# SPDX-License-Identifier: Apache-2.0
"""What is left of values after rounding to 8 bits."""

import tenon


@tenon.layer
def quantise_dequantise(x, *, scale=0.1, zero_point=0):
    q = tenon.cast(tenon.clip(tenon.round(x / scale) + zero_point, -128, 127), "i8")
    return (tenon.cast(q, x) - zero_point) * scale
