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

# The strokes of the digits: points on the curve, in hundredths of the digit's size, x to the right and y down. A slash
# lifts the pen.
ZERO = "56,6 30,10 14,42 20,80 46,95 74,80 84,46 74,15 50,5"
ONE = "58,4 53,35 49,66 44,96"
TWO = "18,27 30,8 56,4 75,20 68,46 44,72 17,93 / 17,93 45,90 84,94"
TWO_LOOP = "20,22 40,6 66,10 72,33 52,66 28,90 16,84 26,74 46,84 66,95 88,86"
THREE = "20,15 44,4 70,13 69,34 42,46 / 42,46 72,54 80,76 58,94 30,93 15,82"
FOUR = "26,7 20,30 16,52 36,57 62,54 86,49 / 72,10 68,42 63,70 60,97"
FIVE = "30,8 27,26 24,44 / 24,44 48,38 74,50 76,76 54,94 28,93 13,83 / 30,8 55,9 82,5"
SIX = "66,4 40,22 23,52 24,80 44,95 68,87 74,68 58,54 36,60 25,74"
SEVEN = "14,13 32,10 58,10 82,8 / 82,8 68,36 54,64 43,97"
EIGHT = "72,16 50,5 28,16 34,36 56,51 74,70 66,90 42,96 24,82 36,60 58,42 74,26 70,14"
NINE = "72,18 50,6 27,20 27,41 47,49 66,38 73,17 / 73,17 70,45 65,70 57,96"


@dataclass
class Picture:
    """One image file: the strokes, how they lie on the paper, and what pen and paper look like."""

    name: str
    strokes: str
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


def spline(t, a, b, c, d):
    """The Catmull-Rom spline from b (t = 0) to c (t = 1), with a before and d after them."""
    return b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


def curve(points, steps=40):
    """Points along the Catmull-Rom spline through `points`, its ends prolonged straight on."""
    first = (2 * points[0][0] - points[1][0], 2 * points[0][1] - points[1][1])
    last = (2 * points[-1][0] - points[-2][0], 2 * points[-1][1] - points[-2][1])
    knots = [first, *points, last]
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        for step in range(steps):
            t = step / steps
            yield tuple(spline(t, *(point[axis] for point in (a, b, c, d))) for axis in (0, 1))
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
    for stroke in picture.strokes.split("/"):
        points = [tuple(int(number) / 100 for number in point.split(",")) for point in stroke.split()]
        for x, y in curve(points):
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
