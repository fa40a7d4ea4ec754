# SPDX-License-Identifier: Apache-2.0
"""Small pictures for the fixtures, drawn here so that no image file is needed."""

import base64
import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))
import png  # noqa: E402

SIDE = 32
DARK = (12, 12, 14)
WHITE = (250, 250, 250)

# Each picture: its ground, then shapes in unit coordinates, later ones on top.
# ("rect", left, top, right, bottom, colour) or ("oval", ...) inside that box.
PICTURES = {
    "trouser": (DARK, [("rect", .3, .08, .7, .3, (190, 190, 190)),
                       ("rect", .3, .3, .47, .95, (175, 175, 175)),
                       ("rect", .53, .3, .7, .95, (175, 175, 175))]),
    "boot": (DARK, [("rect", .5, .2, .8, .75, (160, 160, 160)),
                    ("oval", .1, .5, .75, .85, (180, 180, 180)),
                    ("rect", .1, .76, .84, .84, (90, 90, 90))]),
    "shirt": (DARK, [("rect", .28, .15, .72, .9, (205, 205, 205)),
                     ("rect", .08, .17, .92, .4, (195, 195, 195)),
                     ("oval", .4, .06, .6, .22, DARK)]),
    "pullover": (DARK, [("rect", .27, .12, .73, .9, (120, 120, 120)),
                        ("rect", .08, .15, .24, .88, (105, 105, 105)),
                        ("rect", .76, .15, .92, .88, (105, 105, 105))]),
    "bag": (DARK, [("oval", .3, .12, .7, .6, (140, 140, 140)),
                   ("oval", .37, .2, .63, .6, DARK),
                   ("rect", .12, .4, .88, .88, (165, 165, 165))]),
    "dress": (DARK, [("rect", .38, .06, .62, .5, (215, 215, 215)),
                     ("oval", .25, .3, .75, 1.3, (200, 200, 200))]),
    "apple": (WHITE, [("oval", .14, .25, .86, .95, (209, 40, 40)),
                      ("rect", .48, .08, .53, .32, (110, 70, 35)),
                      ("oval", .52, .06, .78, .22, (60, 150, 60))]),
    "tomato": (WHITE, [("oval", .1, .2, .9, .92, (222, 66, 44)),
                       ("oval", .36, .14, .64, .28, (52, 130, 52))]),
    "smile": (WHITE, [("oval", .06, .06, .94, .94, (252, 200, 50)),
                      ("oval", .28, .32, .38, .5, (70, 50, 20)),
                      ("oval", .62, .32, .72, .5, (70, 50, 20)),
                      ("oval", .28, .52, .72, .78, (70, 50, 20)),
                      ("rect", .26, .5, .74, .62, (252, 200, 50))]),
    "balloon": (WHITE, [("oval", .2, .05, .8, .72, (220, 60, 90)),
                        ("rect", .48, .7, .52, .97, (120, 120, 120))]),
    "house": (WHITE, [("rect", .2, .45, .8, .92, (214, 180, 130)),
                      ("rect", .12, .36, .88, .48, (160, 70, 50)),
                      ("rect", .44, .62, .58, .92, (120, 80, 50))]),
    "fish": (WHITE, [("oval", .1, .3, .75, .75, (70, 140, 210)),
                     ("rect", .7, .38, .9, .68, (50, 110, 180)),
                     ("oval", .2, .42, .28, .52, (20, 20, 30))]),
}


def picture(name):
    """A data address of the picture `name` as PNG."""
    ground, shapes = PICTURES[name]
    noise = random.Random(name)
    data = png.encode(SIDE, lambda x, y: pixel(x, y, ground, shapes, noise))
    return "data:image/png;base64," + base64.b64encode(data).decode()


def pixel(x, y, colour, shapes, noise):
    u, v = (x + .5) / SIDE, (y + .5) / SIDE
    for kind, left, top, right, bottom, inside in shapes:
        a = (2 * u - left - right) / (right - left)
        b = (2 * v - top - bottom) / (bottom - top)
        if (a * a + b * b if kind == "oval" else max(abs(a), abs(b))) <= 1:
            colour = inside
    shade = noise.randint(-7, 7)
    return bytes(max(0, min(255, channel + shade)) for channel in colour)
