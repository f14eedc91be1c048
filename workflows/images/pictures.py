"""Small pictures of five patterns, and the two file formats that need few lines.

PNG: https://www.w3.org/TR/png-3/, BMP: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

SIDE = 32
"""Pixels of each side."""

Pixels = Sequence[Sequence[int]]
"""Rows of grey values from 0 to 255."""

_NOISE = 24
_DARK, _LIGHT = 60, 196

PATTERNS: dict[str, Callable[[int, int, int, int], bool]] = {
    "checks": lambda x, y, shift, width: ((x + shift) // width + (y + shift) // width) % 2 == 0,
    "columns": lambda x, _y, shift, width: (x + shift) // width % 2 == 0,
    "disc": lambda x, y, shift, width: (x - 14 - shift % 4) ** 2 + (y - 14 - shift % 3) ** 2 < (8 + width) ** 2 // 2,
    "rows": lambda _x, y, shift, width: (y + shift) // width % 2 == 0,
    "slope": lambda x, y, shift, width: (x + y + shift) // width % 2 == 0,
}
"""Class to whether a pixel (x, y) is light, in a picture of a shift and a width."""


def draw(name: str, draws: random.Random) -> Pixels:
    """Draw a picture of a class with another shift, width and noise."""
    pattern, shift, width = PATTERNS[name], draws.randrange(SIDE), draws.randint(4, 6)
    return [
        [(_LIGHT if pattern(x, y, shift, width) else _DARK) + draws.randint(-_NOISE, _NOISE) for x in range(SIDE)]
        for y in range(SIDE)
    ]


def png(pixels: Pixels) -> bytes:
    """Return a PNG file with colours of 8 bits."""
    header = struct.pack(">2I5B", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + _colours(row) for row in pixels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def bmp(pixels: Pixels) -> bytes:
    """Return a BMP file with 24 bits a pixel, its last row first; the width is a multiple of 4."""
    content = b"".join(_colours(row) for row in reversed(pixels))
    sizes = (len(pixels[0]), len(pixels))
    details = struct.pack("<I2i2H6I", 40, *sizes, 1, 24, 0, len(content), 2835, 2835, 0, 0)
    return struct.pack("<2sI2HI", b"BM", 54 + len(content), 0, 0, 54) + details + content


def _colours(row: Sequence[int]) -> bytes:
    """Return a row with the same value for each of three colours."""
    return bytes(value for grey in row for value in (grey, grey, grey))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
