"""Reading what a form sent: small, url-encoded, every field once."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.errors import BadField, ForeignForm, TooLarge

BODY_BYTES = 16 * 1024
FIELDS = 32


Pairs = list[tuple[str, str]]


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a url-encoded body. Raises ``TooLarge`` and ``BadField``."""
    return unique(await read_pairs(request))


async def read_pairs(request: Request) -> Pairs:
    """A url-encoded body's fields as they stand there. Raises ``TooLarge`` and ``BadField``."""
    return pairs_of(request, await read_body(request))


async def read_body(request: Request) -> bytes:
    """A small body, whatever it is. Raises ``TooLarge``."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise TooLarge
    return bytes(body)


def pairs_of(request: Request, body: bytes) -> Pairs:
    """The fields of a body that says it is url-encoded. Raises ``BadField``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadField("content-type")
    return _pairs(body)


def once(encoded: bytes) -> dict[str, str]:
    """Url-encoded fields, each at most once. Raises ``BadField``."""
    return unique(_pairs(encoded))


def unique(pairs: Pairs) -> dict[str, str]:
    """Fields by name. Raises ``BadField`` for one that stands there twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        doubled = next(name for place, (name, _) in enumerate(pairs) if name in dict(pairs[:place]))
        raise BadField(doubled[:40])
    return fields


def _pairs(encoded: bytes) -> Pairs:
    try:
        return parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict"
        )
    except ValueError:
        raise BadField("encoding") from None


async def read_own_form(request: Request, own_origin: str) -> dict[str, str]:
    """A form of one of our own pages: a browser says so by ``Origin``. Raises ``ForeignForm``."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.headers.get("origin") != own_origin or site != "same-origin":
        raise ForeignForm
    return await read_form(request)
