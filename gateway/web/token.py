"""What a site's page and its server ask for: session tokens, their end, and the public keys."""

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
from gateway.gate import Gate
from gateway.redeem import Caller, Opened
from gateway.web.forms import read_form
from gateway.web.state import address_of, browser_of, gate_of

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


async def token(request: Request) -> Response:
    """``POST /token``: a code or a refresh token for a session token (RFC 6749)."""
    return await _answer(request, _token)


async def _token(request: Request, caller: Caller, form: dict[str, str]) -> bytes:
    gate = gate_of(request)
    try:
        return _encoded(await _granted(gate, request, caller, form))
    except TokenError:
        if "code" in form:
            await redeem.burn(gate, form["code"])
        raise


async def _granted(gate: Gate, request: Request, caller: Caller, form: dict[str, str]) -> Opened:
    if "authorization" in request.headers or any(name in form for name in SECRETS_OF_SERVERS):
        raise InvalidRequest("A page has no secret to show.")
    match form.get("grant_type"):
        case "authorization_code" if form.get("code"):
            return await redeem.redeem(gate, caller, form["code"], form.get("code_verifier", ""))
        case "refresh_token" if form.get("refresh_token"):
            return await redeem.renew(gate, caller, form["refresh_token"])
        case "authorization_code" | "refresh_token":
            raise InvalidRequest("There is no code and no refresh token in the request.")
        case _:
            raise UnsupportedGrant("The grant types are authorization_code and refresh_token.")


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


async def _revoke(request: Request, caller: Caller, form: dict[str, str]) -> bytes:
    if not form.get("token"):
        raise InvalidRequest("There is no token in the request.")
    await redeem.end(gate_of(request), caller, form["token"])
    return b"{}"


async def jwks(request: Request) -> Response:
    """``GET /jwks.json``: the public keys, for everybody who verifies."""
    return Response(await gate_of(request).keys.jwks(), headers=KEYS_HEADERS)


async def _answer(
    request: Request, story: Callable[[Request, Caller, dict[str, str]], Awaitable[bytes]]
) -> Response:
    """Read the form, run the story, and say what came of it as JSON, to the site's pages alone."""
    caller = Caller("", request.headers.get("origin"), address_of(request), browser_of(request))
    try:
        form = await _form(request)
        caller = replace(caller, site=form.get("client_id", ""))
        body, status = await story(request, caller, form), 200
        extra: dict[str, str] = {}
    except (TokenError, TooMany, Busy) as error:
        body, status, extra = _refusal(error)
    return Response(body, status, {**HEADERS, **extra, **_cors(request, caller)})


async def _form(request: Request) -> dict[str, str]:
    try:
        return await read_form(request)
    except BadField as error:
        raise InvalidRequest(f"The form can't be read: {error.field}.") from None
    except PageError as error:
        raise InvalidRequest(str(error)) from None


def _refusal(error: GatewayError) -> tuple[bytes, int, dict[str, str]]:
    code = error.code if isinstance(error, TokenError) else "temporarily_unavailable"
    extra = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
    described = {"error": code, "error_description": str(error)}
    return msgspec.json.encode(described), error.status, extra


def _cors(request: Request, caller: Caller) -> dict[str, str]:
    site = gate_of(request).settings.sites.find(caller.site)
    allowed = site is not None and caller.origin in site.origins
    return {"Access-Control-Allow-Origin": caller.origin or ""} if allowed else {}
