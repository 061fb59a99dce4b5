"""What breaks around the widget is said in words with the next step, and never in the console."""

import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import Browser
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    DRAFT,
    IMPATIENT,
    Town,
    begin,
    loud,
    open_post,
    sign_in,
)

SLOW = pytest.mark.slow
BUSY = "is busy. Please try again in a minute."
AWAY = "cannot be reached. Please try again in a minute."
FORBIDDEN = "The form-action policy of this page does not allow"
OFFERED = "/sites/blog/providers.json"


def answer(town: Town, content: str, status: int = 200) -> Response:
    """Something that the blog's page may read from the gateway."""
    headers = {"Access-Control-Allow-Origin": town.blog.url}
    return Response(content, status, headers, "application/json")


async def hang_up(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer that breaks off in its middle, as when a line drops."""
    headers = [(b"content-length", b"1000"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": False})


@CHROMIUM_FIRST
@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        ("{}", 503, BUSY),
        pytest.param("{}", 500, BUSY, marks=SLOW),
        pytest.param("{}", 429, BUSY, marks=SLOW),
        ('{"error": "invalid_grant"}', 400, "The sign-in did not work. Please try again."),
        ("<html>", 200, AWAY),
        pytest.param("{}", 200, AWAY, marks=SLOW),
        pytest.param(
            '{"access_token": "t", "expires_in": 3600, "user": {}}', 200, AWAY, marks=SLOW
        ),
    ],
)
def test_a_token_that_does_not_come_is_said_and_can_be_asked_for_again(
    browser: Browser, town: Town, content: str, status: int, sentence: str
) -> None:
    town.gate.knobs.instead["/token"] = answer(town, content, status)
    page = open_post(browser, town)

    pick(begin(browser, page))
    page.see(sentence, "[role=alert]")
    kept = page.property("#comment", "value")
    del town.gate.knobs.instead["/token"]
    press_icon(page, "twitter")  # the gateway knows the person by now: one more click is enough

    see_signed_in(page)
    assert kept == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_token_that_takes_too_long_is_not_waited_for(
    open_browser: OpenBrowser, town: Town
) -> None:
    town.gate.knobs.delays["/token"] = 4
    browser = open_browser(before_scripts=IMPATIENT)
    page = open_post(browser, town)

    pick(begin(browser, page))

    page.see(AWAY, "[role=alert]")
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_slow_token_is_waited_for(browser: Browser, town: Town) -> None:
    town.gate.knobs.delays["/token"] = 2
    page = open_post(browser, town)

    sign_in(browser, page)

    assert town.redeemed == ["authorization_code"]
    assert loud(page) == []


BROKEN: dict[str, ASGIApp] = {
    "not-found": JSONResponse({"error": "unknown_site"}, 404),
    "broken": Response("<html>", media_type="text/html"),
    "empty": JSONResponse({}),
    "null": JSONResponse(None),
    "nobody": JSONResponse({"providers": []}),
    "strange": JSONResponse({"providers": [None, 7, {"label": "X"}, {"key": "y"}]}),
    "busy": JSONResponse({}, 503),
    "line-drops": hang_up,
}
USUAL = ("not-found", "busy", "broken", "strange")
RARE = sorted(set(BROKEN) - set(USUAL))


@CHROMIUM_FIRST
@pytest.mark.parametrize("name", [*USUAL, *(pytest.param(name, marks=SLOW) for name in RARE)])
def test_a_gateway_that_says_nothing_useful_can_be_asked_again(
    browser: Browser, town: Town, name: str
) -> None:
    town.gate.knobs.instead[OFFERED] = BROKEN[name]
    town.gate.knobs.headers = {"Access-Control-Allow-Origin": town.blog.url}
    page = open_post(browser, town)

    page.see(AWAY, "[role=alert]")
    assert page.property("#author", "disabled") is False
    del town.gate.knobs.instead[OFFERED]
    page.click("button", "Try again")

    sign_in(browser, page)
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_guest_can_comment_while_the_gateway_is_away(browser: Browser, town: Town) -> None:
    town.gate.knobs.instead[OFFERED] = answer(town, "{}", 503)
    page = open_post(browser, town)
    page.type("#author", "A guest")

    page.click("#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, None, "")]


@CHROMIUM_FIRST
def test_a_gateway_that_does_not_answer_is_not_waited_for(
    open_browser: OpenBrowser, town: Town
) -> None:
    town.gate.knobs.delays[OFFERED] = 4
    page = open_post(open_browser(before_scripts=IMPATIENT), town)

    page.see(AWAY, "[role=alert]")
    assert loud(page) == []


def test_a_blog_whose_policy_forgets_the_gateway_s_forms_says_so(
    browser: Browser, town: Town
) -> None:
    town.blog.knobs.headers = {"Content-Security-Policy": "form-action 'self'"}
    page = open_post(browser, town)

    press_icon(page, "twitter")

    page.see(FORBIDDEN, "[role=alert]")
    page.wait("() => document.hasFocus()")
    assert len(browser.pages()) == 1
    assert page.property("#comment", "value") == DRAFT
    assert page.count("button.button-twitter") == 1
    assert town.gate.asked("POST", "/start") == []
    assert all("form-action" in error for error in loud(page))  # the browser's own words about it


def test_the_same_policy_is_said_where_the_page_would_be_left(
    open_browser: OpenBrowser, town: Town
) -> None:
    town.blog.knobs.headers = {"Content-Security-Policy": "form-action 'self'"}
    page = open_post(open_browser(before_scripts=NO_POPUPS), town)

    press_icon(page, "twitter")

    page.see(FORBIDDEN, "[role=alert]")
    assert page.url == f"{town.blog.url}/"
    assert page.property("#comment", "value") == DRAFT
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.gate.asked("POST", "/start") == []


@CHROMIUM_FIRST
def test_a_blog_whose_policy_forgets_the_gateway_s_answers_says_that_it_is_away(
    browser: Browser, town: Town
) -> None:
    town.blog.knobs.headers = {"Content-Security-Policy": "connect-src 'self'"}
    page = open_post(browser, town)

    page.see(AWAY, "[role=alert]")
    assert all("Security" in error for error in loud(page))  # the browser's own words about it


def test_without_windows_and_without_storage_the_page_is_not_left(
    open_browser: OpenBrowser, town: Town
) -> None:
    """The sign-in could not be recognised on its return, and the text would be gone."""
    no_storage = """Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("no", "SecurityError"); } });"""
    page = open_post(open_browser(before_scripts=NO_POPUPS + no_storage), town)

    press_icon(page, "twitter")

    page.see("The new window was blocked. Please allow it and try again.", "[role=alert]")
    assert page.property("#comment", "value") == DRAFT
    assert town.gate.asked("POST", "/start") == []
    assert loud(page) == []


def test_a_window_that_cannot_be_opened_for_an_error_is_one_that_was_refused(
    open_browser: OpenBrowser, town: Town
) -> None:
    throwing = "window.open = () => { throw new TypeError('no windows here'); };"
    browser = open_browser(before_scripts=throwing)
    page = open_post(browser, town)

    press_icon(page, "twitter")
    pick(page)

    see_signed_in(page)
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_log_out_says_when_the_gateway_did_not_hear(browser: Browser, town: Town) -> None:
    page = open_post(browser, town)
    sign_in(browser, page)
    town.gate.knobs.instead["/revoke"] = answer(town, "{}", 503)

    page.click("button", "Log out")

    page.see(AWAY, "[role=alert]")
    assert page.evaluate("document.querySelector('comment-login').user") is None
    assert page.property("[name=commentgate_token]", "value") == ""
    assert loud(page) == []


@CHROMIUM_FIRST
def test_an_attempt_that_took_too_long_is_said_and_can_be_begun_again(
    open_browser: OpenBrowser, town: Town
) -> None:
    """Ten minutes pass in an eye's blink here; the window at the provider stays where it is."""
    hurry = """globalThis.setTimeout = ((after) => (work, time, ...rest) =>
      after(work, time >= 600000 ? 1500 : time, ...rest))(setTimeout);"""
    browser = open_browser(before_scripts=hurry)
    page = open_post(browser, town)

    popup = begin(browser, page)
    page.see("The sign-in took too long. Please try again.", "[role=alert]")
    popup.close()
    sign_in(browser, page)

    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_refused_token_is_the_blog_s_to_say_and_the_text_stays(
    browser: Browser, town: Town
) -> None:
    page = open_post(browser, town)
    sign_in(browser, page)
    page.evaluate("document.querySelector('[name=commentgate_token]').value += 'x'")

    page.click("#send")

    page.see("The token was refused: ", "#said")
    assert page.property("#comment", "value") == DRAFT
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
