#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the handwritten digits of this folder: pen strokes along smooth curves, rasterised with Pillow.

    python draw.py [--out DIR]

Every image is `<digit>_<what it shows>.png`, so that its label is the first character of its name. They differ as
pictures of digits do: size (28 x 28 to 300 x 300), pen, slant, position, dark on light or light on dark, grey or in
colour, even or shaded paper. No randomness: the wobble of the hand is a sum of sines.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

OVERSAMPLING = 4

# Strokes as points on the curve, x to the right and y down, the digit in the unit square.
ZERO = [[(0.56, 0.06), (0.30, 0.10), (0.14, 0.42), (0.20, 0.80), (0.46, 0.95), (0.74, 0.80), (0.84, 0.46), (0.74, 0.15),
         (0.50, 0.05)]]
ONE = [[(0.58, 0.04), (0.53, 0.35), (0.49, 0.66), (0.44, 0.96)]]
TWO = [[(0.18, 0.27), (0.30, 0.08), (0.56, 0.04), (0.75, 0.20), (0.68, 0.46), (0.44, 0.72), (0.17, 0.93)],
       [(0.17, 0.93), (0.45, 0.90), (0.84, 0.94)]]
TWO_LOOP = [[(0.20, 0.22), (0.40, 0.06), (0.66, 0.10), (0.72, 0.33), (0.52, 0.66), (0.28, 0.90), (0.16, 0.84),
             (0.26, 0.74), (0.46, 0.84), (0.66, 0.95), (0.88, 0.86)]]
THREE = [[(0.20, 0.15), (0.44, 0.04), (0.70, 0.13), (0.69, 0.34), (0.42, 0.46)],
         [(0.42, 0.46), (0.72, 0.54), (0.80, 0.76), (0.58, 0.94), (0.30, 0.93), (0.15, 0.82)]]
FOUR = [[(0.26, 0.07), (0.20, 0.30), (0.16, 0.52), (0.36, 0.57), (0.62, 0.54), (0.86, 0.49)],
        [(0.72, 0.10), (0.68, 0.42), (0.63, 0.70), (0.60, 0.97)]]
FIVE = [[(0.30, 0.08), (0.27, 0.26), (0.24, 0.44)],
        [(0.24, 0.44), (0.48, 0.38), (0.74, 0.50), (0.76, 0.76), (0.54, 0.94), (0.28, 0.93), (0.13, 0.83)],
        [(0.30, 0.08), (0.55, 0.09), (0.82, 0.05)]]
SIX = [[(0.66, 0.04), (0.40, 0.22), (0.23, 0.52), (0.24, 0.80), (0.44, 0.95), (0.68, 0.87), (0.74, 0.68), (0.58, 0.54),
        (0.36, 0.60), (0.25, 0.74)]]
SEVEN = [[(0.14, 0.13), (0.32, 0.10), (0.58, 0.10), (0.82, 0.08)],
         [(0.82, 0.08), (0.68, 0.36), (0.54, 0.64), (0.43, 0.97)]]
EIGHT = [[(0.72, 0.16), (0.50, 0.05), (0.28, 0.16), (0.34, 0.36), (0.56, 0.51), (0.74, 0.70), (0.66, 0.90), (0.42, 0.96),
          (0.24, 0.82), (0.36, 0.60), (0.58, 0.42), (0.74, 0.26), (0.70, 0.14)]]
NINE = [[(0.72, 0.18), (0.50, 0.06), (0.27, 0.20), (0.27, 0.41), (0.47, 0.49), (0.66, 0.38), (0.73, 0.17)],
        [(0.73, 0.17), (0.70, 0.45), (0.65, 0.70), (0.57, 0.96)]]


@dataclass
class Picture:
    """One image file: the strokes, how they lie on the paper, and what pen and paper look like."""

    name: str
    strokes: list
    size: tuple  # Width and height in pixels.
    height: float  # Of the digit, as a share of the image's shorter side.
    pen: float  # Width of the stroke, as a share of the digit's height.
    centre: tuple = (0.5, 0.5)  # Of the digit, as a share of the image.
    slant: float = 0.0  # Shift to the right from bottom to top, as a share of the height.
    turn: float = 0.0  # Degrees, clockwise.
    aspect: float = 0.75  # Width over height.
    ink: tuple | int = 25
    paper: tuple | int = 240
    shade: float = 0.0  # How much darker or lighter the paper is at its lower right corner, in grey levels.


PICTURES = [
    Picture("0_pencil", ZERO, (120, 140), 0.72, 0.075, ink=70, paper=250, slant=0.12),
    Picture("1_plain", ONE, (28, 28), 0.71, 0.13, slant=0.05, ink=0, paper=255),
    Picture("2_marker", TWO, (200, 200), 0.60, 0.13, centre=(0.45, 0.55), slant=0.05, ink=10, paper=225),
    Picture("2_loop", TWO_LOOP, (96, 96), 0.66, 0.09, ink=245, paper=30, slant=0.10),
    Picture("3_chalk", THREE, (160, 160), 0.66, 0.11, ink=235, paper=45, shade=15, turn=-3),
    Picture("4_blue_ink", FOUR, (220, 180), 0.70, 0.085, ink=(20, 40, 140), paper=(250, 246, 230), turn=3),
    Picture("5_shaded", FIVE, (300, 300), 0.62, 0.10, centre=(0.55, 0.47), ink=20, paper=235, shade=-30, slant=0.08),
    Picture("6_screen", SIX, (28, 28), 0.71, 0.12, ink=255, paper=0),
    Picture("7_small_in_corner", SEVEN, (256, 192), 0.30, 0.12, centre=(0.25, 0.30), ink=15, paper=245, slant=0.05),
    Picture("8_thin", EIGHT, (300, 240), 0.75, 0.055, ink=40, paper=250, slant=0.10),
    Picture("9_yellow_on_green", NINE, (150, 200), 0.80, 0.10, ink=(250, 235, 120), paper=(20, 70, 50), turn=2),
    Picture("9_faint", NINE, (64, 64), 0.65, 0.11, ink=130, paper=215, slant=0.06),
]


def curve(points, steps=40):
    """Points along the Catmull-Rom spline through `points`, its ends prolonged straight on."""
    first = (2 * points[0][0] - points[1][0], 2 * points[0][1] - points[1][1])
    last = (2 * points[-1][0] - points[-2][0], 2 * points[-1][1] - points[-2][1])
    knots = [first, *points, last]
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:]):
        for step in range(steps):
            t = step / steps
            yield tuple(
                b[i] + t / 2 * (c[i] - a[i] + t * (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]
                                                   + t * (3 * (b[i] - c[i]) + d[i] - a[i])))
                for i in (0, 1)
            )  # fmt: skip
    yield points[-1]


def wobble(place):
    """How far a hand strays from its course, about -1 to 1, `place` being how far the pen has come."""
    return 0.6 * math.sin(9.7 * place + 0.4) + 0.4 * math.sin(23.1 * place + 1.9)


def draw(picture):
    """The picture as a Pillow image, "L" for grey and "RGB" for coloured ones."""
    width, height = (OVERSAMPLING * n for n in picture.size)
    scale = picture.height * min(width, height)
    cosine, sine = math.cos(math.radians(picture.turn)), math.sin(math.radians(picture.turn))
    ink = Image.new("L", (width, height))
    canvas = ImageDraw.Draw(ink)
    place = 0.0
    for stroke in picture.strokes:
        for x, y in curve(stroke):
            place += 0.01
            x = (x - 0.5 + 0.008 * wobble(place)) * picture.aspect + (0.5 - y) * picture.slant
            y = y - 0.5 + 0.008 * wobble(place + 5)
            x, y = x * cosine - y * sine, x * sine + y * cosine
            x, y = x * scale + picture.centre[0] * width, y * scale + picture.centre[1] * height
            radius = picture.pen * scale / 2 * (1 + 0.12 * wobble(place / 2))
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    ink = ink.resize(picture.size, Image.Resampling.BOX)

    mode = "L" if isinstance(picture.ink, int) else "RGB"
    paper = Image.new(mode, picture.size, picture.paper)
    if picture.shade:
        across = max(picture.size[0] + picture.size[1] - 2, 1)
        for x in range(picture.size[0]):
            for y in range(picture.size[1]):
                paper.putpixel((x, y), round(picture.paper + picture.shade * (x + y) / across))
    paper.paste(Image.new(mode, picture.size, picture.ink), mask=ink)
    return paper


def main():
    parser = argparse.ArgumentParser(description="Draws the handwritten digits of this folder.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder (default: this one)")
    arguments = parser.parse_args()
    for picture in PICTURES:
        draw(picture).save(arguments.out / f"{picture.name}.png", optimize=True)


if __name__ == "__main__":
    main()
