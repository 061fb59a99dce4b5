"""Clients of the stand-ins, written by hand so that they share no code with the gateway."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from providers.rehearsal import App, demo_apps, endpoints

BASE = "http://127.0.0.3:8002"
GATEWAY = "http://127.0.0.1:8000"
APPS = demo_apps(GATEWAY)
URLS = {
    key: {name: url.replace("{api_version}", "v26.0") for name, url in urls.items()}
    for key, urls in endpoints(BASE).items()
}

#: The pair of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

#: Parameters to replace; those that become None are left out.
Changes = Mapping[str, str | None]
NOTHING: Changes = MappingProxyType({})


class Clock:
    """Seconds since 1970 that pass on demand."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class StandIns:
    """One rehearsal as a test holds it."""

    app: Starlette
    client: httpx2.AsyncClient
    clock: Clock

    async def pick(self, url: str, person: str = "ada", fault: str = "none") -> dict[str, str]:
        """Answer a sign-in page; the callback's parameters."""
        answer = await self.client.post(url, data={"person": person, "fault": fault})
        assert answer.status_code == 302, answer.text
        return query_of(answer.headers["location"])

    async def callback(self, key: str, person: str = "ada", fault: str = "none") -> dict[str, str]:
        """Sign in at an OAuth 2.0 stand-in; the callback's parameters."""
        return await self.pick(authorize_url(key), person, fault)

    async def token(
        self, key: str, person: str = "ada", fault: str = "none", changes: Changes = NOTHING
    ) -> httpx2.Response:
        """Sign in at an OAuth 2.0 stand-in and redeem the code."""
        callback = await self.callback(key, person, fault)
        return await self.redeem(key, callback["code"], changes)

    async def redeem(self, key: str, code: str, changes: Changes = NOTHING) -> httpx2.Response:
        """Redeem a code as this provider wants it, but for the changes."""
        body = changed(redemption(key, code), changes)
        auth = httpx2.BasicAuth(APPS[key].client_id, APPS[key].client_secret)
        basic = auth if key == "twitter" else httpx2.USE_CLIENT_DEFAULT
        return await self.client.post(URLS[key]["token_url"], data=body, auth=basic)


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def changed(given: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """The mapping with some values replaced, and those that became None left out."""
    whole = {**given, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def authorize_url(key: str, **changes: str | None) -> str:
    """The address a browser is sent to, but for the changes."""
    app = APPS[key]
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uris[0],
        "state": "the-state",
        **_SPECIAL[key],
    }
    encoded = urlencode(changed(asked, changes), quote_via=quote)
    return f"{URLS[key]['authorize_url']}?{encoded}"


def redemption(key: str, code: str) -> dict[str, str]:
    """The body of a token call as this provider wants it."""
    app = APPS[key]
    body = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app.redirect_uris[0],
    }
    if key == "twitter":
        return {**body, "code_verifier": VERIFIER}
    return {**body, "client_id": app.client_id, "client_secret": app.client_secret}


def proof(token: str, app: App = APPS["facebook"]) -> str:
    """Facebook's appsecret_proof of a token."""
    return hmac.new(app.client_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def oauth1_header(
    method: str,
    url: str,
    oauth: Changes,
    token_secret: str = "",
    body: Mapping[str, str] | None = None,
    consumer_secret: str = APPS["twitter1"].client_secret,
) -> dict[str, str]:
    """The Authorization header of a signed request; ``oauth`` adds or replaces parameters."""
    usual = {
        "oauth_consumer_key": APPS["twitter1"].client_id,
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1790000000",
        "oauth_version": "1.0",
    }
    given = changed(usual, oauth)
    key = f"{_pct(consumer_secret)}&{_pct(token_secret)}"
    base = base_string(method, url, [*given.items(), *(body or {}).items()])
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    signed = {**given, "oauth_signature": base64.b64encode(digest).decode()}
    fields = ", ".join(f'{name}="{_pct(value)}"' for name, value in signed.items())
    return {"Authorization": f"OAuth {fields}"}


def base_string(method: str, url: str, pairs: list[tuple[str, str]]) -> str:
    """RFC 5849, 3.4.1: what is signed."""
    parts = urlsplit(url)
    everything = [*pairs, *parse_qsl(parts.query, keep_blank_values=True)]
    encoded = sorted((_pct(name), _pct(value)) for name, value in everything)
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    bare = parts._replace(query="", fragment="").geturl()
    return "&".join((method, _pct(bare), _pct(joined)))


def _pct(text: str) -> str:
    return quote(text, safe="-._~")


_SPECIAL: dict[str, dict[str, str]] = {
    "wordpress": {"scope": "auth"},
    "twitter": {
        "scope": "users.read tweet.read users.email",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    },
    "facebook": {"scope": "public_profile,email"},
}
