"""Strangers' pictures are redrawn in a process of its own, within limits."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway import redraw
from gateway.http import Transport
from gateway.pictures import Drawn, PictureDesk, draw
from tests.servers import running


def _picture(kind: str, size: tuple[int, int] = (200, 100), **options: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **options)
    return written.getvalue()


def _bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 100,000 by 100,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(bytes(10_000))),
            chunk(b"IEND", b""),
        )
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_the_usual_kinds_become_two_small_squares(kind: str) -> None:
    drawn = await draw(_picture(kind))

    assert drawn
    sizes = [Image.open(io.BytesIO(small)).size for small in drawn]
    assert sizes == [(size, size) for size in redraw.SIZES]


async def test_metadata_does_not_survive() -> None:
    """A photograph can hold the place where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "51.5 N, 0.1 W"

    drawn = await draw(_picture("JPEG", exif=exif))

    assert drawn
    assert all(b"51.5" not in small and b"EXIF" not in small for small in drawn)


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        _bomb(),
        _picture("PNG", (2001, 2000)),
        _picture("PNG")[:-30],
        _picture("BMP"),
        _picture("PNG") + bytes(redraw.BYTES),
    ],
    ids=["empty", "text", "svg", "bomb", "pixels", "cut", "bmp", "bytes"],
)
async def test_N5_whatever_is_no_small_picture_is_none(picture: bytes) -> None:
    assert await draw(picture) is None


async def test_N5_the_process_has_little_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that goes astray is ended, and nobody waits for it."""
    monkeypatch.setattr("gateway.pictures.WITHIN", 0.01)

    with pytest.raises(TimeoutError):
        await draw(_picture("PNG"))


async def _fetched(handler: Callable[[Request], Response], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a desk asks for a redrawing of what a server gives it."""
    asked: list[bytes] = []

    async def noting(picture: bytes) -> Drawn | None:
        asked.append(picture)
        return None

    monkeypatch.setattr("gateway.pictures.draw", noting)

    async def answer(request: Request) -> Response:
        return handler(request)

    with running(Starlette(routes=[Route("/{path:path}", answer)])) as url:
        transport = Transport(public_only=False)
        desk = PictureDesk(None, transport, lambda: 0.0, https_only=False)  # type: ignore[arg-type]  # fetching needs no database
        await desk._drawn(f"{url}/0")
        await transport.close()
    return bool(asked)


async def test_a_redirect_is_followed_and_a_circle_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facebook's pictures need one; more than three are somebody's joke."""

    def two_hops(request: Request) -> Response:
        hop = int(request.path_params["path"])
        return RedirectResponse(f"/{hop + 1}", 302) if hop < 2 else Response(_picture("PNG"))

    def for_ever(request: Request) -> Response:
        return RedirectResponse("/0", 302)

    assert await _fetched(two_hops, monkeypatch)
    assert not await _fetched(for_ever, monkeypatch)


@pytest.mark.parametrize("where", ["http://[", "//[", "http://a]b/", "http://\u2100.com/"])
async def test_N5_a_redirect_to_what_is_no_address_is_no_picture(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def astray(request: Request) -> Response:
        answer = Response(status_code=302)
        answer.raw_headers.append((b"location", where.encode()))
        return answer

    assert not await _fetched(astray, monkeypatch)
