# SPDX-License-Identifier: Apache-2.0
"""Boxes [n, 4] (x, y, x, y) from anchors and what a detector predicts, as SSD has it."""

import tenon


@tenon.layer
def box_decoding(deltas, anchors, *, variances=(0.1, 0.1, 0.2, 0.2)):
    d = deltas * variances
    size = anchors[:, 2:] - anchors[:, :2]
    centre = (anchors[:, 2:] + anchors[:, :2]) / 2 + d[:, :2] * size
    half = size * tenon.exp(d[:, 2:]) / 2
    return tenon.concat([centre - half, centre + half], axis=1)
