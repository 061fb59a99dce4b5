"""The browsers are what they claim to be; otherwise the tests that use them would prove nothing."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.browser.conftest import OpenBrowser
from tests.browser.harness import Browser, BrowserError
from tests.servers import Authority, running

FORM = """<!doctype html><html lang=en><title>A form</title>
<meta name=viewport content="width=device-width">
<button id=opener>Open</button> <button id=hidden hidden>Hidden</button>
<p id=said></p><label>Name <input id=name></label><textarea id=draft></textarea>
<a href="/second">Second page</a><noscript>No script here</noscript>
<shadow-box></shadow-box>
<script>
  const said = document.getElementById("said");
  const opener = document.getElementById("opener");
  opener.onclick = () => window.open("/popup", "", "width=400,height=300");
  addEventListener("message", (event) => { said.textContent = `${event.origin} ${event.data}`; });
  document.querySelector("shadow-box").attachShadow({ mode: "open" }).innerHTML =
    "<button onclick=\\"this.textContent = 'Pressed ' + event.isTrusted\\">Inside</button>";
</script>"""
POPUP = """<!doctype html><html lang=en><title>Popup</title><h1>Popup</h1>
<script>opener.postMessage("same", "*");</script>"""
EMPTY = "<!doctype html><html lang=en><title>Empty</title><h1>{}</h1>"
COOKIE = "control=1; Path=/; Secure; SameSite=None; Max-Age=600"


async def _form(_: Request) -> HTMLResponse:
    return HTMLResponse(FORM)


async def _popup(_: Request) -> HTMLResponse:
    return HTMLResponse(POPUP)


async def _second(request: Request) -> HTMLResponse:
    return HTMLResponse(EMPTY.format(request.headers.get("accept-language", "")))


async def _cookie(request: Request) -> Response:
    """Sets the control cookie and tells whether it came along, to any origin that asks."""
    came = "control" in request.cookies
    origin = request.headers.get("origin")
    headers = {"Set-Cookie": COOKIE}
    if origin:
        headers |= {"Access-Control-Allow-Origin": origin}
        headers |= {"Access-Control-Allow-Credentials": "true"}
    return JSONResponse(came, headers=headers)


_OPENER = "document.getElementById('opener')"
APP = Starlette(
    routes=[
        Route("/", _form),
        Route("/popup", _popup),
        Route("/second", _second),
        Route("/cookie", _cookie),
    ]
)


@pytest.fixture(scope="module")
def blog() -> Iterator[str]:
    with running(APP, "127.0.0.2") as url:
        yield url


@pytest.fixture(scope="module")
def gate() -> Iterator[str]:
    with running(APP, "127.0.0.1") as url:
        yield url


def test_a_popup_without_a_click_is_blocked(browser: Browser, blog: str) -> None:
    browser.page.open(blog)

    refused = browser.page.evaluate("window.open('/popup') === null")

    assert refused
    assert len(browser.pages()) == 1


def test_a_popup_in_a_click_opens_and_reaches_its_opener(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)

    popup = browser.popup(lambda: page.click("#opener"))

    popup.see("Popup")
    page.see(f"{blog} same", "#said")
    assert popup.url == f"{blog}/popup"


# Without a screen each of Chromium's windows believes that it has the focus; Firefox's do not.
@pytest.mark.parametrize("engine", ["firefox"], indirect=True)
def test_only_the_window_in_front_has_the_focus(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)

    popup = browser.popup(lambda: page.click("#opener"))

    popup.wait("document.hasFocus()")
    assert not page.evaluate("document.hasFocus()")


def test_two_loopback_addresses_are_two_sites_that_can_post_messages(
    browser: Browser, blog: str, gate: str
) -> None:
    page = browser.page
    page.open(blog)
    page.evaluate(f"{_OPENER}.onclick = () => window.open('{gate}/popup')")

    popup = browser.popup(lambda: page.click("#opener"))

    page.see(f"{gate} same", "#said")
    assert popup.url == f"{gate}/popup"


def _cookie_reaches(browser: Browser, blog: str, gate: str) -> dict[str, bool]:
    """Whether gate's control cookie comes back at a visit, and from inside the blog's page."""
    page = browser.page
    page.open(f"{gate}/cookie")
    page.open(f"{gate}/cookie")
    visited = "true" in page.text()
    page.open(blog)
    fetch = f"() => fetch('{gate}/cookie', {{credentials: 'include'}}).then((r) => r.json())"
    return {"visit": visited, "fetch": bool(page.evaluate(fetch))}


def test_a_third_party_cookie_is_dropped(browser: Browser, authority: Authority) -> None:
    with (
        running(APP, name="blog.test", authority=authority) as blog,
        running(APP, name="gate.test", authority=authority) as gate,
    ):
        reached = _cookie_reaches(browser, blog, gate)

    assert reached == {"visit": True, "fetch": False}


def test_the_control_cookie_would_come_if_it_were_allowed(
    open_browser: OpenBrowser, authority: Authority
) -> None:
    browser = open_browser(third_party_cookies=True)
    with (
        running(APP, name="blog.test", authority=authority) as blog,
        running(APP, name="gate.test", authority=authority) as gate,
    ):
        reached = _cookie_reaches(browser, blog, gate)

    assert reached == {"visit": True, "fetch": True}


def test_two_browsers_share_neither_cookies_nor_storage(
    open_browser: OpenBrowser, blog: str
) -> None:
    first, second = open_browser(), open_browser()
    first.page.open(blog)
    first.page.evaluate("localStorage.kept = document.cookie = 'kept=1'")

    second.page.open(blog)

    assert first.page.evaluate("[localStorage.kept, document.cookie]") == ["kept=1", "kept=1"]
    assert second.page.evaluate("[localStorage.kept ?? '', document.cookie]") == ["", ""]


def test_text_is_typed_as_a_keyboard_types_it(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)

    page.type("#draft", "Dear Ada,\nzwölf Grüße & 😀")
    page.type("#name", "A")
    page.press("Tab", "Shift+Tab", "b")

    assert page.property("#draft", "value") == "Dear Ada,\nzwölf Grüße & 😀"
    assert page.property("#name", "value") == "b"
    assert page.focus() == 'input "name"'


def test_clicks_reach_into_shadow_roots_and_are_trusted(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)

    page.click("button", "Inside")

    page.see("Pressed true")


def test_a_click_on_what_cannot_be_clicked_says_why(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)

    with pytest.raises(BrowserError, match="it is hidden"):
        page.click("#hidden", seconds=0.2)
    with pytest.raises(BrowserError, match="nothing matches"):
        page.click("button", "Nowhere", seconds=0.2)


def test_back_and_forward_go_through_the_history(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)
    page.click("a", "Second page")
    page.wait_url("/second")

    page.back()
    page.wait_url(f"{blog}/")
    page.forward()

    assert page.wait_url("/second") == f"{blog}/second"


def test_what_a_page_asks_for_and_what_goes_wrong_in_it_is_noted(
    browser: Browser, blog: str
) -> None:
    page = browser.page
    page.open(blog)

    page.evaluate("void fetch('/cookie')")
    page.evaluate("void setTimeout(() => { throw new Error('planted') })")
    page.evaluate("console.error('printed')")

    page.wait("performance.getEntriesByType('resource').some((e) => e.name.endsWith('/cookie'))")
    assert f"GET {blog}/cookie" in page.requests
    assert any("planted" in error for error in page.errors)
    assert "printed" in page.errors


def test_a_phone_is_narrow_and_has_a_finger(open_browser: OpenBrowser, blog: str) -> None:
    browser = open_browser(mobile=True)
    page = browser.page
    page.open(blog)

    page.click("button", "Inside")

    page.see("Pressed true")
    assert page.evaluate("[innerWidth, matchMedia('(pointer: coarse)').matches]") == [320, True]


def test_a_dark_german_browser_says_so(open_browser: OpenBrowser, blog: str) -> None:
    browser = open_browser(dark=True, languages="de-DE,de")
    page = browser.page
    page.open(f"{blog}/second")

    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert page.evaluate("navigator.languages") == ["de-DE", "de"]
    assert page.text("h1").startswith("de-DE,de;q=")


def test_without_javascript_pages_still_work(open_browser: OpenBrowser, blog: str) -> None:
    browser = open_browser(scripts=False)
    page = browser.page
    page.open(blog)

    page.see("No script here")
    page.click("a", "Second page")

    assert page.wait_url("/second")


def test_a_script_can_come_before_the_page_s_own(open_browser: OpenBrowser, blog: str) -> None:
    browser = open_browser(before_scripts="globalThis.planted = 7")
    page = browser.page
    page.open(blog)

    popup = browser.popup(lambda: page.click("#opener"))

    assert page.evaluate("planted") == 7
    assert popup.wait("planted") == 7


def test_a_picture_is_kept(browser: Browser, blog: str) -> None:
    browser.page.open(blog)

    picture = browser.page.screenshot("harness")

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.parent.name == ".artifacts"


def test_a_closed_window_is_gone(browser: Browser, blog: str) -> None:
    page = browser.page
    page.open(blog)
    popup = browser.popup(lambda: page.click("#opener"))

    popup.close()

    assert popup.closed
    assert [page.id for page in browser.pages()] == [page.id]
