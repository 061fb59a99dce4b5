"""A token that is about to end is renewed, whatever the clock says and whoever is away."""

from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, press_icon, see_signed_in
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    AHEAD,
    ALMOST_AN_HOUR,
    CLOCK,
    DRAFT,
    Town,
    loud,
    open_post,
    refusal,
    second_tab,
    sign_in,
)

TOKEN = "[name=commentgate_token]"
ASK_FOR_TOKEN = """() => {
  globalThis.asked = document.querySelector("comment-login").getToken();
}"""

#: What the browser says to whoever wants storage and a lock.
REFUSED = """async () => {
  const said = [];
  for (const want of [async () => localStorage, () => navigator.locks.request("x", () => 0)])
    await want().catch((error) => said.push(error.name));
  return said;
}"""


def test_tabs_that_want_a_fresh_token_at_once_ask_for_one(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    first = open_post(browser, town)
    second = second_tab(browser, town)
    sign_in(browser, first)
    see_signed_in(second)
    old = first.property(TOKEN, "value")
    town.gate.knobs.delays["/token"] = 0.5

    for page in (first, second):
        page.evaluate(AHEAD, ALMOST_AN_HOUR)
    for page in (first, second):
        page.evaluate(ASK_FOR_TOKEN)
    tokens = [page.evaluate("asked") for page in (first, second)]

    assert town.redeemed == ["authorization_code", "refresh_token"]
    assert tokens[0] == tokens[1]
    assert tokens[0] != old
    assert [page.property(TOKEN, "value") for page in (first, second)] == tokens
    assert loud(first, second) == []


def test_a_token_about_to_end_is_renewed_before_the_comment_goes_out(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)
    old = page.property(TOKEN, "value")
    page.evaluate(AHEAD, ALMOST_AN_HOUR)

    page.click("#send")

    page.wait_url("#comment-1")
    sent = town.blog.asked("POST", "/comments")
    assert [one.form["commentgate_token"] == old for one in sent] == [False]
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    # The page that comes after has a clock of its own, and may renew once more.
    assert town.redeemed[:2] == ["authorization_code", "refresh_token"]
    assert loud(page) == []


def test_a_session_that_cannot_be_renewed_keeps_the_text_and_sends_it_once(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)
    page.evaluate(AHEAD, ALMOST_AN_HOUR)
    town.gate.knobs.instead["/token"] = refusal(town, 400, "invalid_grant")

    page.click("#send")
    page.see("Please sign in again, then your comment will be sent.", "[role=alert]")
    assert page.property("#comment", "value") == DRAFT
    assert town.blog.knobs.comments == []
    del town.gate.knobs.instead["/token"]
    press_icon(page, "twitter")  # the gateway still knows the person, so its window closes at once

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert page.property("#comment", "value") == ""
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_gateway_that_is_away_at_renewal_keeps_session_and_text(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)
    page.evaluate(AHEAD, ALMOST_AN_HOUR)
    town.gate.knobs.instead["/token"] = refusal(town, 503, "temporarily_unavailable")

    page.click("#send")
    page.see("is busy. Please try again in a minute.", "[role=alert]")
    kept = page.property("#comment", "value")
    del town.gate.knobs.instead["/token"]
    page.click("#send")

    page.wait_url("#comment-1")
    assert kept == DRAFT
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)  # has such a setting for one site
def test_a_browser_that_keeps_no_data_of_the_blog_renews_all_the_same(
    open_browser: OpenBrowser, town: Town
) -> None:
    """It refuses storage, and the lock that lets one tab ask at a time."""
    browser = open_browser(before_scripts=CLOCK, no_data_of=urlsplit(town.blog.url).hostname or "")
    page = open_post(browser, town)
    assert page.evaluate(REFUSED) == ["SecurityError", "SecurityError"]
    sign_in(browser, page)
    page.evaluate(AHEAD, ALMOST_AN_HOUR)

    page.click("#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert town.redeemed == ["authorization_code", "refresh_token"]
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_wrong_makes_no_difference(
    open_browser: OpenBrowser, town: Town, hours: int
) -> None:
    browser = open_browser(before_scripts=f"{CLOCK} globalThis.ahead = {hours * 3_600_000};")
    page = open_post(browser, town)

    sign_in(browser, page)
    page.click("#send")

    page.wait_url("#comment-1")
    see_signed_in(page)
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert town.redeemed == ["authorization_code"]
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_clock_that_is_set_back_leads_to_a_renewal(open_browser: OpenBrowser, town: Town) -> None:
    """How old the token is cannot be known then."""
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)

    page.evaluate(AHEAD, -7_200_000)
    page.click("#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    # The page that comes after has a clock of its own, and may renew once more.
    assert town.redeemed[:2] == ["authorization_code", "refresh_token"]
