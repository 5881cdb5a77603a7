# SPDX-License-Identifier: Apache-2.0
"""Those of the twelve layers that numexpr can say: it has neither reductions within a row nor changes of shape.

Each function gives the expression and its operands; numbers are operands, too, or they would be of float64.
"""

import numpy as np

ZERO, ONE, SIX, SIXTEEN = map(np.float32, (0, 1, 6, 16))
LOWEST, HIGHEST = np.float32(-128), np.float32(127)


def relu6(x):
    return "where(x < zero, zero, where(x > six, six, x))", {"x": x, "zero": ZERO, "six": SIX}


def mish(x):
    expression = "x * tanh(log1p(exp(-abs(x))) + where(x > zero, x, zero))"
    return expression, {"x": x, "zero": ZERO}


def prelu(x, slope):
    return "where(x < zero, slope * x, x)", {"x": x, "slope": slope, "zero": ZERO}


def hard_sigmoid(x):
    expression = "where(x * a + b < zero, zero, where(x * a + b > one, one, x * a + b))"
    return expression, {"x": x, "a": np.float32(0.2), "b": np.float32(0.5), "zero": ZERO, "one": ONE}


def gated_unit(x):
    return "a / (one + exp(-b))", {"a": x[:, :512], "b": x[:, 512:], "one": ONE}


def quantise(x):
    # There is no rounding: adding and subtracting 3 * 2^22 rounds a float32 to an integer, halves to even.
    expression = "where(x * s < lo, lo, where(x * s > hi, hi, (x * s + r) - r)) / s"
    return expression, {"x": x, "s": SIXTEEN, "lo": LOWEST, "hi": HIGHEST, "r": np.float32(3 * 2**22)}
