"""A whole gateway with real stand-in providers behind it, and browsers that walk through it.

The gateway runs in the test's own loop; the stand-ins run on a real server and are reached
through the gateway's real transport. A browser here keeps cookies, follows our own redirects,
and reads hop and message pages as a real one would act on them.
"""

import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

import providers
from gateway.config import Settings, read
from gateway.demo.run import environment, provider_tables
from gateway.gate import Gate
from gateway.http import Transport
from gateway.seal import digest
from gateway.web.app import application
from tests.promises import keeper

PROVIDERS = tuple(providers.PROVIDERS)
GATEWAY = "http://127.0.0.1:8000"
BLOG = "https://blog.example.org"
GARDEN = "https://garden.example.org"
SECRET = "the same at every start, so that a folder can be opened again"


class Clock:
    """A clock that a test moves; it starts at a plausible time."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


@dataclass(frozen=True)
class Landing:
    """Where an attempt ended in a browser: how it was delivered, and the page's status."""

    status: int
    state: str
    by: str  # "message" or "fragment"
    origin: str
    code: str | None = None
    reason: str | None = None
    fragment_too: bool = False


@dataclass
class Click:
    """One click on a sign-in button: what the widget prepared before it."""

    provider: str = "wordpress"
    site: str = "blog"
    mode: str = "popup"
    return_to: str = f"{BLOG}/a-post/"
    origin: str | None = BLOG
    extra: Mapping[str, str | None] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def form(self) -> dict[str, str]:
        """The start form's fields; an ``extra`` of None leaves one out."""
        fields: dict[str, str | None] = {
            "site": self.site,
            "provider": self.provider,
            "mode": self.mode,
            "return_to": self.return_to,
            "challenge": digest(self.verifier),
            "challenge_method": "S256",
            "state": self.state,
            "lang": "en",
            **self.extra,
        }
        return {name: value for name, value in fields.items() if value is not None}


class Browser:
    """One browser at the gateway, with a cookie jar of its own."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.cookies: dict[str, str] = {}
        self.seen: list[httpx2.Response] = []

    async def send(
        self, method: str, path: str, data: Any = None, **headers: str | None
    ) -> httpx2.Response:
        """One request, without following anything."""
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if self.cookies and "cookie" not in sent:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        content = urlencode(data) if isinstance(data, Mapping) else data
        if data is not None:
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        response = await self._world.client.request(method, path, content=content, headers=sent)
        self._keep(response)
        self.seen.append(response)
        return response

    def _keep(self, response: httpx2.Response) -> None:
        for cookie in response.headers.get_list("set-cookie"):
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    async def get(self, url: str, **headers: str) -> httpx2.Response:
        """A navigation, and our own redirects after it."""
        response = await self.send("GET", url.partition("#")[0], **headers)
        return await self._follow(response)

    async def _follow(self, response: httpx2.Response) -> httpx2.Response:
        while response.status_code == 303:
            target = response.headers["location"]
            assert target.startswith("/"), f"a redirect to another origin: {target}"
            assert "#" in target, "a redirect without a fragment of its own"
            response = await self.send("GET", target.partition("#")[0])
        return response

    async def click(self, click: Click) -> httpx2.Response:
        """Send the start form and come to the attempt."""
        response = await self.send("POST", "/start", click.form, origin=click.origin)
        return await self._follow(response)

    async def post(self, page: httpx2.Response, **fields: str) -> httpx2.Response:
        """Send the form of one of our own pages."""
        path = urlsplit(str(page.request.url)).path
        response = await self.send("POST", path, fields, origin=self._world.settings.public_url)
        return await self._follow(response)

    async def answer(self, page: httpx2.Response, choice: str) -> httpx2.Response:
        """Answer the question whether a site may know who this is."""
        return await self.post(page, choice=choice, token=form_token(page))

    async def come_back(self, callback: str) -> httpx2.Response:
        """Follow a provider's redirect to us."""
        parts = urlsplit(callback)
        return await self.get(f"{parts.path}?{parts.query}")

    async def sign_in(
        self, click: Click | None = None, person: str = "ada", fault: str = "none"
    ) -> httpx2.Response:
        """The whole way, to the provider and back where that is needed; the page at its end."""
        click = click or Click()
        page = await self.click(click)
        if "refresh" not in page.headers or hop_url(page).startswith(click.return_to):
            return page
        return await self.come_back(await self._world.consent(page, person, fault))


@dataclass
class World:
    """One gateway, its settings and clock, and the stand-ins behind it."""

    app: Starlette
    client: httpx2.AsyncClient
    outside: httpx2.AsyncClient
    stand_ins: Starlette
    clock: Clock
    settings: Settings
    folder: Path

    @property
    def gate(self) -> Gate:
        """The gate inside the application."""
        gate: Gate = self.app.state.gate
        return gate

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each endpoint of the stand-ins was called."""
        calls: Mapping[str, int] = self.stand_ins.state.calls
        return calls

    def browser(self) -> Browser:
        """A new browser."""
        return Browser(self)

    async def consent(self, hop: httpx2.Response, person: str = "ada", fault: str = "none") -> str:
        """Pick somebody on the provider's page; where the provider sends the browser then."""
        assert hop.status_code == 200, hop.text
        chosen = {"person": person, "fault": fault}
        answered = await self.outside.post(hop_url(hop), data=chosen)
        if "link" in answered.headers:
            return answered.headers["link"].partition("<")[2].partition(">")[0]
        assert answered.status_code in (302, 303), answered.text
        return str(answered.headers["location"])

    async def redeem(
        self, click: Click, code: str | None, **changed: str | None
    ) -> httpx2.Response:
        """Redeem a code as the blog's page does; ``changed`` replaces fields, or the origin."""
        origin = changed.pop("origin", BLOG if click.site == "blog" else GARDEN)
        fields = {
            "grant_type": "authorization_code",
            "client_id": click.site,
            "code": code or "",
            "code_verifier": click.verifier,
            **changed,
        }
        return await self.token(fields, origin)

    async def refresh(self, token: str, site: str = "blog", origin: str = BLOG) -> httpx2.Response:
        """Redeem a refresh token as the blog's page does."""
        fields = {"grant_type": "refresh_token", "client_id": site, "refresh_token": token}
        return await self.token(fields, origin)

    async def token(
        self, fields: Mapping[str, str | None], origin: str | None, path: str = "/token"
    ) -> httpx2.Response:
        """Send a form to a token endpoint, from a page of ``origin``."""
        data = {name: value for name, value in fields.items() if value is not None}
        headers = {"origin": origin} if origin else {}
        return await self.client.post(path, data=data, headers=headers)

    async def session(
        self, browser: Browser, click: Click | None = None, person: str = "ada"
    ) -> dict[str, Any]:
        """A whole sign-in up to the session token, on a trusted site."""
        click = click or Click()
        landing = landed(await browser.sign_in(click, person))
        answer = await self.redeem(click, landing.code)
        assert answer.status_code == 200, answer.text
        opened: dict[str, Any] = answer.json()
        return opened


def configuration(rehearsal_url: str) -> dict[str, Any]:
    """Two sites, one trusted and one not, and every provider."""
    return {
        "public_url": GATEWAY,
        "secret_keys": ["env:DEMO_SECRET"],
        "contact": "mailto:ada@example.org",
        "providers": provider_tables(rehearsal_url, GATEWAY),
        "sites": {
            "blog": {
                "name": "Ada's blog",
                "origins": [BLOG, "https://www.blog.example.org"],
                "providers": list(PROVIDERS),
                "trusted": True,
            },
            "garden": {
                "name": "The garden",
                "origins": [GARDEN],
                "providers": list(PROVIDERS),
                "privacy_url": f"{GARDEN}/privacy",
            },
        },
    }


@asynccontextmanager
async def opened(
    table: Mapping[str, Any], folder: Path, stand_ins: Starlette, clock: Clock | None = None
) -> AsyncIterator[World]:
    """A world for a configuration, with its database in ``folder``."""
    clock = clock or Clock()
    settings = read(dict(table), {**environment(GATEWAY), "DEMO_SECRET": SECRET}, folder)
    transport = Transport(public_only=False)
    try:
        app = application(settings, transport, clock)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(verify=False) as outside,  # the stand-ins speak plain http
            inside(app, settings) as client,
        ):
            yield World(app, client, outside, stand_ins, clock, settings, folder)
    finally:
        await transport.close()


def inside(app: Starlette, settings: Settings, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    """A client at ``address``; each answer is held to what all answers must keep."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1)),
        base_url=settings.public_url,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # each browser keeps its own
        event_hooks={"response": [keeper(settings.public_url)]},
    )


def hop_url(page: httpx2.Response) -> str:
    """Where a hop page goes on to; it must go there by itself and by its link."""
    refresh = page.headers.get("refresh", "")
    assert refresh.startswith("0;url="), page.text
    url = str(refresh.removeprefix("0;url="))
    assert f'href="{url.replace("&", "&amp;")}"' in page.text
    return url


def landed(page: httpx2.Response) -> Landing:
    """What an ending delivers, read from the page that a browser would act on."""
    if "refresh" in page.headers:
        url = hop_url(page)
        kind, state, result = re.fullmatch(r"[^#]+#(gw|gw_error)=([^.]+)\.(.+)", url).groups()  # type: ignore[union-attr]  # no match fails the test as it should
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        code, reason = (result, None) if kind == "gw" else (None, result)
        return Landing(page.status_code, state, "fragment", origin, code, reason)
    message = json.loads(_between(page.text, 'id="message">', "</script>"))
    assert message["gw"] == 1
    back = _between(page.text, 'data-back="', '"')
    return Landing(
        page.status_code,
        message["state"],
        "message",
        _between(page.text, 'data-origin="', '"'),
        code=message.get("code"),
        reason=message.get("reason"),
        fragment_too=bool(back),
    )


def form_token(page: httpx2.Response) -> str:
    """The token of the form that asks whether a site may know who this is."""
    return _between(page.text, 'name="token" value="', '"')


def query(url: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))


def _between(text: str, before: str, after: str) -> str:
    assert before in text, text
    return text.partition(before)[2].partition(after)[0]
