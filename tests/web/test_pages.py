"""Every page on every way keeps what all pages keep, in each language, on loopback and by https."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.demo.run import provider_tables
from gateway.web import languages, pages
from providers import rehearsal
from providers.rehearsal import demo_apps
from providers.rehearsal.signed import signed_request
from tests.promises import keeper
from tests.servers import running_at
from tests.web.attack import says
from tests.web.conftest import StandIns
from tests.world import BLOG, GARDEN, GATEWAY, Browser, Click, World, configuration, landed, opened

HTTPS = "https://localhost:8443"
TEMPLATES = {file.name for file in (Path(pages.__file__).parent / "templates").glob("*.html")}
CANARY = "canary-7f3b1c"


async def tour(world: World, language: str) -> list[httpx2.Response]:
    """A walk past every page, by a browser that prefers ``language``."""
    browser = Tourist(world, language)
    speaking = {"lang": language}
    blog, garden = (
        Click(extra=speaking),
        Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN, extra=speaking),
    )
    await browser.errors()
    await browser.click(Click(origin=None, extra=speaking))
    asked = await browser.sign_in(garden)
    await browser.answer(asked, "not_now")
    await browser.answer(asked, "not_now")
    await browser.click(blog)
    await browser.click(Click(mode="page", extra=speaking))
    facebook = demo_apps(GATEWAY)["facebook"]
    signed = signed_request(facebook.client_secret, "1", int(world.clock()))
    deleted = await world.client.post("/facebook/deletion", data={"signed_request": signed})
    for path in (f"/deletion/{deleted.json()['confirmation_code']}", "/privacy", "/account"):
        await browser.get(path)
    browser.cookies.clear()
    await browser.get("/account")
    return [
        page for page in browser.seen if page.headers.get("content-type", "")[:9] == "text/html"
    ]


class Tourist(Browser):
    """A browser that says which language it prefers."""

    def __init__(self, world: World, language: str) -> None:
        super().__init__(world)
        self.language = language

    async def send(
        self, method: str, path: str, data: Any = None, **headers: str | None
    ) -> httpx2.Response:
        """One request."""
        headers["accept_language"] = f"xx, {self.language};q=0.9, en;q=0.1"
        return await super().send(method, path, data, **headers)

    async def errors(self) -> None:
        """Run into what can go wrong."""
        for path in ("/nowhere", "/start?site=blog", "/start?site=x", "/start/x", "/deletion/x"):
            await self.send("GET", path)
        for path in ("/callback/wordpress?state=x", "/callback/x", "/callback/x?a=1&a=2"):
            await self.send("GET", path)
        await self.send("PUT", "/token")
        await self.send("POST", "/start", Click().form, origin="https://evil.example")
        await self.send("POST", "/start", Click().form, origin=BLOG, sec_fetch_dest="iframe")
        await self.send("POST", "/start", Click(return_to="x").form, origin=BLOG)
        await self.send("POST", "/start", Click(provider="x").form, origin=BLOG)
        await self.send("POST", "/start", "a" * 17_000, origin=BLOG)
        await self.send("POST", "/start/x", {}, origin="null")


@pytest.mark.parametrize("language", languages.LANGUAGES)
async def test_every_page_speaks_the_persons_language(
    world: World, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its direction, and with nothing left to fill in; the hook judges all headers."""
    rendered, right = set(), pages.render

    def noting(template: str, *args: Any, **values: Any) -> str:
        rendered.add(template)
        return right(template, *args, **values)

    monkeypatch.setattr(pages, "render", noting)
    shown = await tour(world, language)

    direction = languages.direction(language)
    for page in shown:
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        words = html.unescape(re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", page.text))
        assert not re.search(r"\{\w*\}|\{\{|\{%|None|undefined", words), words
        assert not foreign_sentences(words, language), words
    assert rendered == TEMPLATES - {"base.html"}
    assert {page.status_code for page in shown} >= {200, 400, 403, 404, 405, 410, 413}


def foreign_sentences(words: str, language: str) -> list[str]:
    """English sentences of the catalogue that this language has words of its own for."""
    own = languages.catalogue(language)["pages"]
    return [
        text
        for key, text in languages.catalogue("en")["pages"].items()
        if len(text) > 30 and "{" not in text and own.get(key, text) != text and text in words
    ]


async def test_B5_the_message_goes_to_one_origin_and_hears_its_opener_alone(world: World) -> None:
    """The origin is the attempt's, from our own record; the answer is judged by both."""
    page = await world.browser().sign_in(
        Click(return_to="https://www.blog.example.org/", origin="https://www.blog.example.org")
    )

    assert landed(page).origin == "https://www.blog.example.org"
    assert page.text.count("postMessage(") == page.text.count("postMessage(message, origin)") == 1
    assert "if (from !== origin || source !== opener) return;" in page.text


GOOD = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'",
}
BODY = '<!DOCTYPE html><html lang="en" dir="ltr"><p>x</p>'
Answer = tuple[int, dict[str, str | None], str]


def setting(cookie: str) -> Answer:
    """An answer that sets a cookie with these attributes."""
    return 200, {"set-cookie": f"commentgate-session=x; {cookie}"}, BODY


def lacking(name: str) -> Answer:
    """An answer without one of its headers."""
    return 200, {name: None}, BODY


BROKEN: list[Answer] = [
    *(lacking(name) for name in GOOD if name != "content-type"),
    (200, {"cross-origin-opener-policy": "same-origin"}, BODY),
    (200, {"access-control-allow-credentials": "true"}, BODY),
    (200, {"server": "uvicorn"}, BODY),
    (200, {"content-security-policy": "default-src *"}, BODY),
    (200, {}, BODY + "<form method=post>"),
    (200, {"referrer-policy": "same-origin"}, BODY),
    (200, {}, "<html>"),
    (302, {"location": "/account#own"}, BODY),
    (303, {"location": "https://evil.example/#own"}, BODY),
    (303, {"location": "//evil.example/#own"}, BODY),
    (303, {"location": "/account"}, BODY),
    setting("Path=/; Max-Age=1; SameSite=Lax"),
    setting("Path=/; Max-Age=1; HttpOnly"),
    setting("Path=/; Max-Age=1; HttpOnly; SameSite=None"),
    setting("Path=/a; Max-Age=1; HttpOnly; SameSite=Lax"),
    setting("Path=/; Domain=example.org; Max-Age=1; HttpOnly; SameSite=Lax"),
]


@pytest.mark.parametrize(("status", "changed", "body"), BROKEN)
async def test_R3_R4_B3_B4_an_answer_that_breaks_a_promise_is_noticed(
    status: int, changed: dict[str, str | None], body: str
) -> None:
    """The judge of all other tests is judged here."""
    headers = {name: value for name, value in {**GOOD, **changed}.items() if value}
    request = httpx2.Request("GET", GATEWAY)
    good = httpx2.Response(200, headers=GOOD, content=BODY.encode(), request=request)
    bad = httpx2.Response(status, headers=headers, content=body.encode(), request=request)

    await keeper(GATEWAY)(good)
    with pytest.raises((AssertionError, KeyError)):
        await keeper(GATEWAY)(bad)


@pytest.fixture(scope="module")
def secure_stand_ins() -> Iterator[StandIns]:
    """Stand-ins at which the gateway's https address is registered."""
    made = []

    def make(url: str) -> Any:
        made.append(rehearsal.rehearsal(url, demo_apps(HTTPS)))
        return made[0]

    with running_at(make, "127.0.0.3") as url:
        yield url, made[0]


@pytest.fixture
async def secure(secure_stand_ins: StandIns, tmp_path: Path) -> AsyncIterator[World]:
    """A gateway whose public address is https."""
    url, app = secure_stand_ins
    table = {**configuration(url), "public_url": HTTPS, "providers": provider_tables(url, HTTPS)}
    async with opened(table, tmp_path, app) as world:
        yield world


async def test_B1_behind_https_every_cookie_is_a_host_cookie(secure: World) -> None:
    """The hook reads each one; here is every occasion to set one."""
    browser = secure.browser()
    garden = Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN)
    await secure.session(browser)
    again = landed(await browser.answer(await browser.click(garden), "continue"))
    for _ in range(12):
        await browser.click(Click(provider="twitter"))
    await browser.get("/nowhere")

    cookies = [one for page in browser.seen for one in page.headers.get_list("set-cookie")]
    assert again.code
    assert len(cookies) > 20
    assert any("Max-Age=0" in cookie for cookie in cookies)
    assert all(name.startswith("__Host-commentgate-") for name in browser.cookies)


async def test_B1_behind_https_a_plain_name_is_no_cookie_of_ours(secure: World) -> None:
    """A sibling domain, or anybody on the way by http, could have set it."""
    browser = secure.browser()
    began = await browser.send("POST", "/start", Click().form, origin=BLOG)
    plain = "; ".join(f"{n.removeprefix('__Host-')}={v}" for n, v in browser.cookies.items())

    page = await secure.client.get(
        began.headers["location"].partition("#")[0], headers={"cookie": plain}
    )

    assert page.status_code == 400
    assert says(page, "no_cookie")


async def test_B1_our_own_forms_are_judged_by_the_https_origin(secure: World) -> None:
    browser = secure.browser()
    page = await browser.click(Click(origin=None))

    for origin in ("http://localhost:8443", "https://localhost", GATEWAY):
        answer = await browser.send("POST", page.request.url.path, {}, origin=origin)
        assert answer.status_code == 403
    assert "refresh" in (await browser.post(page)).headers


@pytest.mark.parametrize(
    ("broken", "method", "path"),
    [
        ("gateway.login.resume", "GET", "/start/x"),
        ("gateway.login.begin", "POST", "/start"),
        ("gateway.login.finish", "GET", f"/callback/wordpress?state={CANARY}"),
        ("gateway.erasure.receipt", "GET", f"/deletion/{CANARY}"),
    ],
)
async def test_a_mistake_of_our_own_shows_nothing_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str, method: str, path: str
) -> None:
    """Neither what was said nor where; the operator reads it in the log."""

    async def breaks(*args: object, **more: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(broken, breaks)
    fields = {**Click().form, "grant_type": "authorization_code", "code": "x", "client_id": "blog"}
    form = {"data": fields} if method == "POST" else {}

    page = await world.client.request(method, path, headers={"origin": BLOG}, **form)  # type: ignore[arg-type]  # a form or none

    assert page.status_code == 500
    assert says(page, "broken")
    for told in (CANARY, "RuntimeError", "Traceback", ".py"):
        assert told not in f"{page.text}{page.headers}"


async def test_a_mistake_of_our_own_at_the_token_endpoint_is_said_in_json(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page's script reads it, and it tells no more than a page for people would."""

    async def breaks(*args: object, **more: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("gateway.redeem.redeem", breaks)

    answer = await world.redeem(Click(), "x")

    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert CANARY not in f"{answer.text}{answer.headers}"
