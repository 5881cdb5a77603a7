#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a picture of one handwritten digit into the network's input, as MNIST's authors made theirs; see README.md.

    python digits.py PNG...

prints what the network in lenet5.pb makes of each picture, with TensorFlow.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

FIELD = 28  # Side of the network's input.
BOX = 20  # Longer side of the digit in it.
LUMA = (0.299, 0.587, 0.114)  # Share of red, green and blue in grey (ITU-R BT.601).
PAPER = 0.2  # Up to this share of the way from the paper to the strongest ink, all is paper.


def prepare(grey):
    """A grey picture [h, w] with values from 0 (black) to 255 as the network's input, float32 [1, 28, 28]."""
    grey = np.asarray(grey, np.float64)
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]]).mean()
    ink = border - grey if border >= 127.5 else grey - border
    if ink.max() < 16:
        raise ValueError(f"no digit in the picture: nothing differs from its border's mean ({border:.0f}) by 16 levels")
    ink = ink / ink.max()
    ink[ink <= PAPER] = 0

    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, int(BOX * side / max(ink.shape) + 0.5)) for side in ink.shape)
    ink = resampling(ink.shape[0], height) @ ink @ resampling(ink.shape[1], width).T
    ink /= ink.max()

    field = np.zeros((1, FIELD, FIELD), np.float32)
    top, left = (corner(ink.sum(axis)) for axis in (1, 0))
    field[0, top : top + height, left : left + width] = ink
    return field


def resampling(old, new):
    """The matrix [new, old] that resamples `old` pixels to `new`: a triangle as wide as two pixels of the coarser."""
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale
    distances = np.abs(np.arange(old) + 0.5 - centres[:, None]) / max(scale, 1)
    weights = np.maximum(0, 1 - distances)
    return weights / weights.sum(1, keepdims=True)


def corner(mass):
    """Where `mass`, ink by row or column, has to start for its centre to be the field's; it stays within the field."""
    centre = (mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum()
    return int(np.clip(np.floor(FIELD / 2 - centre + 0.5), 0, FIELD - len(mass)))


def read(path):
    """`prepare` for a picture file."""
    with Image.open(path) as picture:
        return prepare(np.asarray(picture.convert("RGB"), np.float64) @ LUMA)


def main():
    import train

    parser = argparse.ArgumentParser(description="Classifies pictures of digits with TensorFlow.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PNG")
    parser.add_argument("--model", type=Path, default=Path(__file__).with_name("lenet5.pb"))
    arguments = parser.parse_args()
    graph = train.v1.GraphDef.FromString(arguments.model.read_bytes())
    probabilities = train.predict(graph, np.stack([read(path) for path in arguments.pictures]))
    wrong = 0
    for path, row in zip(arguments.pictures, probabilities, strict=True):
        wrong += path.name[0] != str(row.argmax())
        print(f"{path.name:24} {row.argmax()}  {row.max():.4f}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
