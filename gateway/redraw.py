"""A program of its own that turns a stranger's picture into two small ones of ours.

It reads the picture from standard input and writes two WebP files, each behind its length in four
bytes, to standard output; any other end than exit status 0 means that there is no picture. It
runs with little memory and time, and imports nothing of the gateway: a decoder's fault stays here.
"""

import io
import os
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZES = (64, 128)  # pixels
BYTES = 2 * 1024 * 1024
PIXELS = 4_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MEMORY = 512 * 1024 * 1024  # bytes of address space
SECONDS = 5  # of CPU


def main() -> int:
    """Redraw; the exit status."""
    _limit_ourselves()
    picture = sys.stdin.buffer.read(BYTES + 1)
    if len(picture) > BYTES:
        return 1
    try:
        drawn = redraw(picture)
    except Exception:  # a decoder raises whatever it likes, and all of it means no
        return 1
    for small in drawn:
        sys.stdout.buffer.write(struct.pack(">I", len(small)) + small)
    return 0


def _limit_ourselves() -> None:
    with suppress(ImportError):  # Windows has no such limits
        import resource

        os.nice(10)  # somebody who signs in goes first
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def redraw(picture: bytes) -> list[bytes]:
    """Square WebP files of ``SIZES``, without metadata, of the picture's first frame.

    Raises whatever Pillow raises, and ValueError for more than ``PIXELS``.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
        if opened.width * opened.height > PIXELS:
            raise ValueError("more pixels than any face needs")
        upright = ImageOps.exif_transpose(opened)
        flat = Image.new("RGB", upright.size, "white")
        shown = upright.convert("RGBA")
        flat.paste(shown, mask=shown)
    return [_webp(ImageOps.fit(flat, (size, size))) for size in SIZES]


def _webp(drawing: "Image.Image") -> bytes:
    written = io.BytesIO()
    drawing.save(written, "WEBP", quality=80, method=4)
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
