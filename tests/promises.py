"""What every single answer of a gateway keeps, whatever was asked: checked on each one in tests."""

import re
from collections.abc import Awaitable, Callable

import httpx2

OWN_PATH = re.compile(r"/[a-z][A-Za-z0-9_/.~-]*(\?[^#]*)?#[a-z-]+")
TAG = re.compile(r'<html lang="([A-Za-z-]+)" dir="(ltr|rtl)">')
COOKIE = (
    r"{prefix}commentgate-(session|attempt-[A-Za-z0-9_-]{{1,80}})=[A-Za-z0-9_.-]*; Path=/; "
    r"Max-Age=\d+; HttpOnly; SameSite=Lax{secure}"
)


def keeper(public_url: str) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A response hook of a client of the gateway at ``public_url``."""
    secure = public_url.startswith("https:")
    cookie = re.compile(
        COOKIE.format(prefix="__Host-" if secure else "", secure="; Secure" if secure else "")
    )

    async def keep(response: httpx2.Response) -> None:
        await response.aread()
        _stays_here(response)
        _shares_nothing(response)
        for given in response.headers.get_list("set-cookie"):
            assert cookie.fullmatch(given), given
        if response.headers.get("content-type", "").startswith("text/html"):
            _is_a_shut_page(response)

    return keep


def _stays_here(response: httpx2.Response) -> None:
    redirects = 300 <= response.status_code < 400 and response.status_code != 304
    if redirects or "location" in response.headers:
        assert response.status_code == 303
        assert OWN_PATH.fullmatch(response.headers["location"]), response.headers["location"]


def _shares_nothing(response: httpx2.Response) -> None:
    headers = response.headers
    assert "cross-origin-opener-policy" not in headers
    assert "access-control-allow-credentials" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    kept = headers["cache-control"]
    assert kept == "no-store" or kept.startswith("public, max-age="), kept
    if kept != "no-store":
        assert "set-cookie" not in headers


def _is_a_shut_page(response: httpx2.Response) -> None:
    headers, has_form = response.headers, "<form" in response.text
    rules = [rule.strip() for rule in headers["content-security-policy"].split(";")]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(rules)
    assert ("form-action 'self'" if has_form else "form-action 'none'") in rules
    assert not any("unsafe" in rule or "*" in rule for rule in rules)
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == ("same-origin" if has_form else "no-referrer")
    assert headers["x-frame-options"] == "DENY"
    if response.request.method != "HEAD":
        assert TAG.search(response.text), response.text[:200]
