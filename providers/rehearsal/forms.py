"""Parameters of a call, read the way the strictest server would."""

from collections.abc import Iterable, Mapping

from starlette.requests import Request

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class FormError(Exception):
    """A body of the wrong kind, or a parameter that stands there twice."""


async def form(request: Request, accepted: tuple[str, ...] = (URLENCODED,)) -> dict[str, str]:
    """The body's fields; raises FormError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in accepted:
        raise FormError("The body must be " + " or ".join(accepted) + ".")
    fields = (await request.form()).multi_items()
    return once((name, value) for name, value in fields if isinstance(value, str))


def query(request: Request) -> dict[str, str]:
    """The address's parameters; raises FormError."""
    return once(request.query_params.multi_items())


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A mapping of pairs; raises FormError where a name is repeated."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise FormError(f"The parameter {name} stands there twice.")
        found[name] = value
    return found


def bearer(headers: Mapping[str, str]) -> str:
    """The token of an ``Authorization: Bearer`` header, or nothing."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
