"""The people's pictures: real PNG files, drawn by the standard library alone."""

import colorsys
import struct
import zlib
from functools import lru_cache

#: Variant of the name -> edge in pixels. X asks for ``_normal`` and keeps the original beside it.
SIZES = {"": 200, "_normal": 48}


@lru_cache(maxsize=64)
def avatar(number: int, edge: int) -> bytes:
    """A disc on a ground, in colours that depend on ``number``."""
    ground, disc = _colour(number, 0.85), _colour(number, 0.45)
    middle, radius = (edge - 1) / 2, edge * 0.36
    rows = bytearray()
    for y in range(edge):
        rows.append(0)  # this row is not filtered
        for x in range(edge):
            inside = (x - middle) ** 2 + (y - middle) ** 2 < radius**2
            rows += disc if inside else ground
    return _png(edge, bytes(rows))


def _colour(number: int, lightness: float) -> bytes:
    # Steps of the golden ratio keep neighbours far apart on the colour circle.
    parts = colorsys.hls_to_rgb(number * 0.618 % 1, lightness, 0.5)
    return bytes(round(part * 255) for part in parts)


def _png(edge: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum
