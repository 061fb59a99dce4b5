"""``GET /avatar/{id}``: a commenter's picture for readers' browsers, or their initials."""

import hashlib
from html import escape

from starlette.requests import Request
from starlette.responses import Response

from gateway import pictures
from gateway.redraw import SIZES
from gateway.web.pages import initials
from gateway.web.state import gate_of

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
A_PICTURE = "public, max-age=3600"
INITIALS = "public, max-age=60"  # the picture may be on its way
# Dark enough for white letters, by WCAG's 4.5 to 1.
COLOURS = ("#7a4b00", "#1f5a99", "#2b6b2f", "#8a2b6a", "#5a3d99", "#9a3412", "#0f5f66", "#4d4d4d")
NOBODY = "M24 25a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-16 18c1-9 7-14 16-14s15 5 16 14Z"


async def avatar(request: Request) -> Response:
    """The picture in 64 or 128 pixels (``size``), initials where there is none."""
    db = gate_of(request).db
    found = await pictures.find(db, request.path_params["id"])
    if found is None:
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return Response("There is no such picture.\n", 404, headers, "text/plain")
    drawn = await pictures.drawing(db, found.picture, _size(request)) if found.picture else None
    if drawn:
        return _cached(request, drawn, "image/webp", A_PICTURE)
    drawing = letters(found.name, request.path_params["id"])
    return _cached(request, drawing, "image/svg+xml", INITIALS)


def _size(request: Request) -> int:
    wanted = request.query_params.get("size", "")
    return int(wanted) if wanted in map(str, SIZES) else SIZES[-1]


def _cached(request: Request, body: bytes, kind: str, keep: str) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {**HEADERS, "Cache-Control": keep, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


def letters(name: str | None, seed: str) -> bytes:
    """A drawing of a name's initials; of nobody in particular after an erasure."""
    colour = COLOURS[hashlib.sha256(seed.encode()).digest()[0] % len(COLOURS)]
    inside = (
        f'<text x="24" y="24" dy=".35em" text-anchor="middle" font-family="sans-serif"'
        f' font-size="18" fill="#fff">{escape(initials(name))}</text>'
        if name
        else f'<path fill="#fff" d="{NOBODY}"/>'
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="128" height="128">'
        f'<rect width="48" height="48" fill="{colour}"/>{inside}</svg>'
    ).encode()
