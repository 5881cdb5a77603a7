# SPDX-License-Identifier: Apache-2.0
"""A non-local mean: pixels of a 3x3 window weigh the more, the more alike they are."""

import tenon


@tenon.layer
def non_local_mean(x, *, width=0.5):
    near = tenon.windows(x, (3, 3), padding=[(1, 1), (1, 1)], outside="clamp")
    weight = tenon.exp(-tenon.square(near - x[..., None, None]) / width)
    return (near * weight).sum((-2, -1)) / weight.sum((-2, -1))
