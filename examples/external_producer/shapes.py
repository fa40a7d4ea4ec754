# SPDX-License-Identifier: Apache-2.0
"""Pictures of discs and squares, with texts that say what they show."""

import random
import struct
import zlib

SIDE = 32
COLOURS = {"red": (255, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}


def sample(index, attempt):
    """An image file and its texts; always the same for the same numbers."""
    draw = random.Random(f"{index} {attempt}")
    name, is_disc, size = draw.choice(list(COLOURS)), draw.random() < 0.5, draw.randint(5, 14)

    def colour(x, y):
        inside = x * x + y * y <= size * size if is_disc else max(abs(x), abs(y)) <= size
        return bytes(COLOURS[name] if inside else (255, 255, 255))

    around = range(-SIDE // 2, SIDE // 2)
    rows = [b"".join(colour(x, y) for x in around) for y in around]
    return png(rows), [f"a {name} {'disc' if is_disc else 'square'}"]


def png(rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
