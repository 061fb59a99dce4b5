"""What a site's page and its server ask for: session tokens, their end, and the public keys."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway import redeem
from gateway.errors import (
    BadField,
    Busy,
    GatewayError,
    InvalidRequest,
    PageError,
    TokenError,
    TooMany,
    UnsupportedGrant,
)
from gateway.redeem import Caller, Opened
from gateway.web.forms import Pairs, pairs_of, read_body, unique
from gateway.web.state import address_of, browser_of, gate_of, note_error

HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Origin",
}
KEYS_HEADERS = {
    "Cache-Control": "public, max-age=600",
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}
SECRETS_OF_SERVERS = ("client_secret", "client_assertion")
TOKEN_OF_GRANT = {"authorization_code": "code", "refresh_token": "refresh_token"}
# As a form, JSON or multipart would write it; a code is 43 characters of base64url.
NAMED_CODE = re.compile(r"\bcode\W{1,6}([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")
BUSY_WAIT = 5  # seconds

PATHS = ("/token", "/revoke")


async def token(request: Request) -> Response:
    """``POST /token``: a code or a refresh token for a session token (RFC 6749)."""
    return await _answer(request, _token)


async def _token(request: Request, caller: Caller, pairs: Pairs) -> bytes:
    gate = gate_of(request)
    try:
        form = _judged(request, pairs)
    except TokenError:
        await redeem.refuse(gate, caller, [value for name, value in pairs if name == "code"])
        raise
    if "code" in form:
        verifier = form.get("code_verifier", "")
        return _encoded(await redeem.redeem(gate, caller, form["code"], verifier))
    return _encoded(await redeem.renew(gate, caller, form["refresh_token"]))


def _judged(request: Request, pairs: Pairs) -> dict[str, str]:
    """The form, which has either a code or a refresh token. Raises ``TokenError``."""
    form = _fields(pairs)
    if "authorization" in request.headers or any(name in form for name in SECRETS_OF_SERVERS):
        raise InvalidRequest("A page has no secret to show.")
    asked = TOKEN_OF_GRANT.get(form.get("grant_type", ""))
    if asked is None:
        raise UnsupportedGrant("The grant types are authorization_code and refresh_token.")
    given = [name for name in TOKEN_OF_GRANT.values() if name in form]
    if given != [asked] or not form[asked]:
        raise InvalidRequest("The grant type says which one of code and refresh_token is needed.")
    return form


def _encoded(opened: Opened) -> bytes:
    return msgspec.json.encode(
        {
            "access_token": opened.access_token,
            "token_type": "Bearer",
            "expires_in": opened.expires_in,
            "refresh_token": opened.refresh_token,
            "scope": opened.scope,
            "user": opened.user,
        }
    )


async def revoke(request: Request) -> Response:
    """``POST /revoke``: Log out (RFC 7009)."""
    return await _answer(request, _revoke)


async def _revoke(request: Request, caller: Caller, pairs: Pairs) -> bytes:
    gate = gate_of(request)
    try:
        token = _token_to_end(pairs)
    except TokenError:
        await redeem.refuse(gate, caller, [])
        raise
    await redeem.end(gate, caller, token)
    return b"{}"


def _token_to_end(pairs: Pairs) -> str:
    form = _fields(pairs)
    if not form.get("token"):
        raise InvalidRequest("There is no token in the request.")
    return form["token"]


async def jwks(request: Request) -> Response:
    """``GET /jwks.json``: the public keys, for everybody who verifies."""
    return Response(await gate_of(request).keys.jwks(), headers=KEYS_HEADERS)


async def _answer(
    request: Request, story: Callable[[Request, Caller, Pairs], Awaitable[bytes]]
) -> Response:
    """Read the form, run the story, and say what came of it as JSON, to the site's pages alone."""
    caller = Caller("", request.headers.get("origin"), address_of(request), browser_of(request))
    try:
        pairs = await _pairs(request, caller)
        caller = replace(caller, site=dict(pairs).get("client_id", ""))
        body, status = await story(request, caller, pairs), 200
        extra: dict[str, str] = {}
    except (TokenError, TooMany, Busy) as error:
        body, status, extra = _refusal(request, error)
    return Response(body, status, {**HEADERS, **extra, **_cors(request, caller)})


async def _pairs(request: Request, caller: Caller) -> Pairs:
    """The form's fields. What is no form is counted, and burns the codes that can be seen in it."""
    body = b""
    try:
        body = await read_body(request)
        return pairs_of(request, body)
    except PageError:
        seen = NAMED_CODE.findall(body.decode("latin-1"))
        await redeem.refuse(gate_of(request), caller, seen)
        raise InvalidRequest("The body is not a small url-encoded form.") from None


def _fields(pairs: Pairs) -> dict[str, str]:
    try:
        return unique(pairs)
    except BadField:  # its name is the caller's text, and not every character may be told back
        raise InvalidRequest("A field stands there twice.") from None


def broken(request: Request) -> Response:
    """A mistake of our own, said as these endpoints say everything."""
    body = _described(request, "server_error", "The gateway made a mistake.")
    return Response(body, 500, HEADERS)


def _refusal(request: Request, error: GatewayError) -> tuple[bytes, int, dict[str, str]]:
    code = error.code if isinstance(error, TokenError) else "temporarily_unavailable"
    extra = {"Retry-After": str(_wait(error))} if isinstance(error, TooMany | Busy) else {}
    return _described(request, code, str(error)), error.status, extra


def _described(request: Request, code: str, sentence: str) -> bytes:
    note_error(request.scope, code)
    return msgspec.json.encode({"error": code, "error_description": sentence})


def _wait(error: TooMany | Busy) -> int:
    return error.retry_after if isinstance(error, TooMany) else BUSY_WAIT


def _cors(request: Request, caller: Caller) -> dict[str, str]:
    site = gate_of(request).settings.sites.find(caller.site)
    allowed = site is not None and caller.origin in site.origins
    return {"Access-Control-Allow-Origin": caller.origin or ""} if allowed else {}
