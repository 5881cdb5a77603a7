# SPDX-License-Identifier: Apache-2.0
"""A squeeze-and-excitation block (arXiv:1709.01507): channels of a convolution, weighted by what all of them are."""

import tenon


@tenon.layer
def squeeze_excitation(x, kernel, squeeze, excite):
    y = tenon.mish(tenon.call("Conv", x, kernel, pads=[1, 1, 1, 1]))
    weights = tenon.relu(y.mean((2, 3)) @ squeeze) @ excite
    return y * tenon.sigmoid(weights)[:, :, None, None]
