# SPDX-License-Identifier: Apache-2.0
"""Writes PNG files with the standard library alone."""

import struct
import zlib


def encode(side, pixel):
    """A square RGB picture; `pixel(x, y)` gives three bytes."""
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(side)) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body) for kind, body in
        ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
