"""A comment that waits for a sign-in goes out once, as it was, where it belongs, or not at all."""

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    AHEAD,
    ALMOST_AN_HOUR,
    CLOCK,
    DRAFT,
    IMPATIENT,
    WIDGET,
    Town,
    begin,
    forget,
    loud,
    open_post,
    refusal,
    second_tab,
    sign_in,
    until,
)

RESEND = "Please sign in again, then your comment will be sent."
ELSEWHERE = "The sign-in began in another window. Please try again."
TWO_FORMS = """<!doctype html><html lang="en"><title>Two posts</title>
<script type="module" src="{gateway}/widget.js"></script>
<form method="post" action="/comments" id="one"><input name="comment_parent" type="hidden">
<textarea name="comment" id="first"></textarea><comment-login site="blog"></comment-login>
<button>Send</button></form>
<form method="post" action="/comments" id="two"><input name="comment_parent" type="hidden">
<textarea name="comment" id="second"></textarea><comment-login site="blog"></comment-login>
<button id="send">Send</button></form>"""
PRESS = """(place) => document.querySelectorAll("comment-login")[place].shadowRoot
  .querySelector(".button-twitter").click()"""
#: Keeps a page from hearing anything for a while after the next click on a button of the widget.
BUSY = f"""(milliseconds) => {WIDGET}.shadowRoot.addEventListener("click", () => setTimeout(() => {{
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}}, 30))"""
#: The same for as long as the blog answers 200 at ``/busy``: asking so stops a page of Chromium's.
BUSY_UNTIL_TOLD = f"""() => {WIDGET}.shadowRoot.addEventListener("click", () => setTimeout(() => {{
  const asked = new XMLHttpRequest();
  do {{
    asked.open("GET", "/busy", false);
    asked.send();
  }} while (asked.status === 200);
}}, 30))"""
EMPTY = """() => {
  const field = document.getElementById("comment");
  field.value = "";
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""


def hold(page: Page, town: Town, widget: str = "comment-login") -> None:
    """Send a comment when the session has just ended at the gateway."""
    town.gate.knobs.instead["/token"] = refusal(town, 400, "invalid_grant")
    page.evaluate(AHEAD, ALMOST_AN_HOUR)
    page.click("#send")
    page.see(RESEND, widget)
    page.evaluate(AHEAD, 0)
    del town.gate.knobs.instead["/token"]


def held(browser: Browser, town: Town) -> Page:
    """A post whose comment waits for Ada to sign in again."""
    page = open_post(browser, town)
    sign_in(browser, page)
    hold(page, town)
    return page


@pytest.mark.parametrize("popups", [True, False], ids=["popup", "same tab"])
def test_it_is_sent_once_after_the_sign_in(
    open_browser: OpenBrowser, town: Town, popups: bool
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    if not popups:
        page.evaluate(f"() => {{ {NO_POPUPS} }}")

    press_icon(page, "twitter")  # the gateway still knows the person

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []


def test_a_link_of_a_stranger_does_not_send_what_was_given_up(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    begin(browser, page, "facebook").close()
    page.open(f"{town.blog.url}/another-post")
    press_icon(page, "twitter")
    see_signed_in(page)
    town.evil.knobs.html = f'<a id="go" href="{town.blog.url}/#gw={"A" * 22}.x">Read this</a>'

    page.open(town.evil.url)
    page.click("#go")
    page.see(ELSEWHERE, "[role=alert]")
    see_signed_in(page)

    assert page.property("#comment", "value") == DRAFT
    assert town.blog.knobs.comments == []
    assert loud(page) == []


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_a_window_that_has_to_go_on_by_itself_does_not_send_it_too(
    open_browser: OpenBrowser, town: Town
) -> None:
    """The page that opened it hears of nothing for so long that the window comes to the blog."""
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    account = browser.new_page()
    account.open(f"{town.gate.url}/account")
    account.click("button", "Sign out here")
    account.see("You are signed out here.")
    account.close()
    town.blog.knobs.instead["/busy"] = PlainTextResponse("Still.")
    page.evaluate(BUSY_UNTIL_TOLD)

    popup = begin(browser, page)
    pick(popup)
    see_signed_in(popup)
    town.blog.knobs.instead["/busy"] = Response(status_code=204)
    see_signed_in(page)

    assert town.redeemed.count("authorization_code") == 2  # one for each sign-in
    assert town.blog.knobs.comments == []
    assert [one.property("#comment", "value") for one in (page, popup)] == [DRAFT, DRAFT]
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page, popup) == []


@CHROMIUM_FIRST
def test_a_window_that_comes_too_late_closes(browser: Browser, town: Town) -> None:
    """The page was busy, has heard of the code after all, and could tell nobody that it had."""
    page = open_post(browser, town, draft="")
    sign_in(browser, page)
    page.evaluate("localStorage.clear()")
    page.reload()
    page.evaluate(BUSY, 4000)

    popup = begin(browser, page)  # the gateway still knows the person

    popup.wait_closed()
    see_signed_in(page)
    assert town.redeemed == ["authorization_code"] * 2  # one for each sign-in
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_sign_in_in_another_tab_does_not_send_half_a_sentence(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    page.type("#comment", " PS: half a sen")

    other = second_tab(browser, town)
    press_icon(other, "twitter")
    see_signed_in(other)
    see_signed_in(page)

    assert page.property("#comment", "value") == f"{DRAFT} PS: half a sen"
    assert town.blog.knobs.comments == []
    assert loud(page, other) == []


@CHROMIUM_FIRST
def test_a_text_that_has_changed_waits_for_another_press(
    open_browser: OpenBrowser, town: Town
) -> None:
    """A comment that must not be empty was taken away, and the next one is only begun."""
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    popup = begin(browser, page, "facebook")
    page.evaluate(EMPTY)

    pick(popup)
    see_signed_in(page, "facebook")
    page.type("#comment", "I am only beginning to wri")
    page.evaluate("document.querySelector('comment-login').getToken()")

    assert town.blog.knobs.comments == []
    assert loud(page) == []


@CHROMIUM_FIRST
def test_of_two_forms_the_one_that_was_sent_keeps_its_text(
    open_browser: OpenBrowser, town: Town
) -> None:
    """Both are of one page; a comment never comes under the other's post."""
    town.blog.knobs.instead["/"] = HTMLResponse(TWO_FORMS.format(gateway=town.gate.url))
    browser = open_browser(before_scripts=CLOCK + NO_POPUPS)
    page = browser.page
    page.open(town.blog.url)
    press_icon(page, "twitter")
    pick(page)
    see_signed_in(page)
    page.type("#second", DRAFT)
    hold(page, town, "#two comment-login")

    page.evaluate(PRESS, 1)
    page.wait_url(f"{town.blog.url}/")
    see_signed_in(page)

    texts = [page.property(field, "value") for field in ("#first", "#second")]
    assert texts == ["", DRAFT]
    assert town.blog.knobs.comments == []
    assert loud(page) == []


@CHROMIUM_FIRST
def test_whoever_fills_in_the_guest_fields_comments_as_a_guest(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = held(browser, town)
    page.click("#send")
    page.see("Please sign in first.", "[role=alert]")

    page.type("#author", "Ada, as a guest")
    page.click("#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, None, "")]
    assert loud(page) == []


def test_a_session_that_is_gone_when_it_is_needed_is_told(
    open_browser: OpenBrowser, town: Town
) -> None:
    """Somebody has cleared the blog's data in the meantime."""
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)
    forget(page)
    page.evaluate("localStorage.clear()")
    page.evaluate(AHEAD, ALMOST_AN_HOUR)

    page.click("#send")

    page.see(RESEND, "[role=alert]")
    assert page.property("#comment", "value") == DRAFT
    assert town.blog.knobs.comments == []
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_tab_that_stands_still_in_the_middle_holds_up_no_other(
    open_browser: OpenBrowser, town: Town
) -> None:
    """It asks for a token, and something in it stops its scripts before the answer."""
    browser = open_browser(before_scripts=CLOCK + IMPATIENT)
    page = open_post(browser, town)
    sign_in(browser, page)
    other = second_tab(browser, town)
    see_signed_in(other)
    other.evaluate("void navigator.locks.request('commentgate', () => new Promise(() => {}))")
    page.evaluate(AHEAD, ALMOST_AN_HOUR)

    page.click("#send")

    assert until(lambda: town.blog.knobs.comments == [Comment(DRAFT, ADA, "")], 20)
    assert loud(page, other) == []
