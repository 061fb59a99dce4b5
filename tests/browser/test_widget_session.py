"""The commenter's session: shared by the tabs, renewed in time, ended everywhere at once."""

import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, pick, press_icon, see_signed_in
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    DRAFT,
    Town,
    begin,
    loud,
    open_post,
    second_tab,
    sign_in,
)

BABBAGE = "Charles Babbage"
TOKEN = "[name=commentgate_token]"
RECORD = "commentgate.session"
#: From here on storage reads as it is now, and the tab looks into it with each message.
LAGGING = """() => {
  const old = { ...localStorage };
  Storage.prototype.getItem = (key) => old[key] ?? null;
  new BroadcastChannel("commentgate").onmessage = ({ data }) => {
    dispatchEvent(new PageTransitionEvent("pageshow"));
    globalThis.looked = data.type;
  };
}"""
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
"""


def see_signed_out(page: Page) -> None:
    """Wait until nobody comments here; the form has no token."""
    page.wait("() => document.querySelector('comment-login').user === null")
    assert page.property(TOKEN, "value") == ""
    assert page.count("#author") == 1


def test_two_tabs_sign_in_with_different_providers_at_once(browser: Browser, town: Town) -> None:
    """Each code goes to the tab that asked for it; whoever comes last is who comments in both."""
    first = open_post(browser, town)
    at_x = begin(browser, first, "twitter")
    second = second_tab(browser, town)
    at_facebook = begin(browser, second, "facebook")

    pick(at_facebook, ADA)
    see_signed_in(second, "facebook", ADA)
    pick(at_x, BABBAGE)

    see_signed_in(first, "twitter", BABBAGE)
    see_signed_in(second, "twitter", BABBAGE)
    assert town.redeemed == ["authorization_code"] * 2
    assert first.property("#comment", "value") == DRAFT
    assert loud(first, second) == []


@CHROMIUM_FIRST
def test_storage_that_lags_behind_does_not_undo_what_another_tab_has_told(
    browser: Browser, town: Town
) -> None:
    """Firefox gives the message first and the new value some milliseconds later."""
    first = open_post(browser, town)
    second = second_tab(browser, town)
    second.evaluate(LAGGING)

    sign_in(browser, first)

    second.wait("globalThis.looked === 'session'")
    see_signed_in(second)
    assert second.property(TOKEN, "value") == first.property(TOKEN, "value")
    assert loud(first, second) == []


def test_a_window_that_was_closed_at_the_provider_can_be_opened_again(
    browser: Browser, town: Town
) -> None:
    page = open_post(browser, town)
    popup = begin(browser, page)
    popup.see("Who signs in?")

    popup.close()
    page.see("Still waiting for X.", "[role=status]")
    again = browser.popup(lambda: page.click("button", "Try again"))
    pick(again)

    see_signed_in(page)
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


def test_a_code_that_comes_after_cancel_still_signs_in(browser: Browser, town: Town) -> None:
    """Cancel means that nobody waits here; the person went on in the other window all the same."""
    page = open_post(browser, town)
    popup = begin(browser, page)
    popup.see("Who signs in?")

    page.click("button", "Cancel")
    page.wait("!document.querySelector('comment-login').shadowRoot.querySelector('.busy')")
    pick(popup)

    see_signed_in(page)
    popup.wait_closed()
    assert loud(page) == []


def test_a_page_that_was_closed_meanwhile_is_taken_over_by_the_popup(
    browser: Browser, town: Town
) -> None:
    """The popup goes to the post, where attempt and draft are kept, and signs in there."""
    page = open_post(browser, town)
    popup = begin(browser, page)
    popup.see("Who signs in?")

    page.close()
    pick(popup)

    see_signed_in(popup)
    assert popup.url == f"{town.blog.url}/"
    assert popup.property("#comment", "value") == DRAFT
    assert town.redeemed == ["authorization_code"]
    assert loud(popup) == []


def test_signing_in_and_logging_out_are_seen_in_every_tab(browser: Browser, town: Town) -> None:
    first = open_post(browser, town)
    second = second_tab(browser, town)

    sign_in(browser, first)
    see_signed_in(second)
    second.click("button", "Log out")

    see_signed_out(second)
    see_signed_out(first)
    second.see("You are logged out here", "[role=status]")
    (revoked,) = town.gate.asked("POST", "/revoke")
    assert revoked.form["client_id"] == "blog"
    assert loud(first, second) == []


@CHROMIUM_FIRST
def test_a_tab_that_is_opened_later_knows_who_comments(browser: Browser, town: Town) -> None:
    sign_in(browser, open_post(browser, town))

    later = second_tab(browser, town)

    see_signed_in(later)
    assert later.property(TOKEN, "value")
    assert town.redeemed == ["authorization_code"]


@CHROMIUM_FIRST
def test_a_refresh_token_is_dead_after_logging_out(browser: Browser, town: Town) -> None:
    page = open_post(browser, town)
    sign_in(browser, page)
    kept = page.evaluate("(key) => JSON.parse(localStorage.getItem(key))", RECORD)

    page.click("button", "Log out")
    see_signed_out(page)
    page.wait(
        "() => performance.getEntriesByType('resource').some((one) => one.name.endsWith('/revoke'))"
    )
    answer = page.evaluate(
        """async (url, refresh_token) => {
          const fields = { grant_type: "refresh_token", client_id: "blog", refresh_token };
          const answer = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
          return [answer.status, (await answer.json()).error];
        }""",
        f"{town.gate.url}/token",
        kept["refresh"],
    )

    assert answer == [400, "invalid_grant"]
    assert page.evaluate("(key) => localStorage.getItem(key)", RECORD) is None


@CHROMIUM_FIRST
def test_change_leads_back_to_the_buttons_and_asks_for_another_account(
    browser: Browser, town: Town
) -> None:
    page = open_post(browser, town)
    sign_in(browser, page)

    page.click("button", "Change")
    popup = begin(browser, page, "facebook")
    pick(popup, BABBAGE)

    see_signed_in(page, "facebook", BABBAGE)
    asked = [start.form.get("prompt") for start in town.gate.asked("POST", "/start")]
    assert asked == [None, "select_account"]
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_session_of_another_site_is_ignored(browser: Browser, town: Town) -> None:
    page = open_post(browser, town)
    sign_in(browser, page)

    page.evaluate(
        """(key) => localStorage.setItem(
          key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), site: "other" }))""",
        RECORD,
    )
    page.reload()

    press_icon(page, "twitter")  # the buttons are there
    assert page.evaluate("document.querySelector('comment-login').user") is None
    assert page.property(TOKEN, "value") == ""
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("record", ["{", "7", '{"until": 9e15, "user": 1}'])
def test_a_broken_record_is_nobody(browser: Browser, town: Town, record: str) -> None:
    page = open_post(browser, town, draft="")
    page.evaluate("(key, record) => localStorage.setItem(key, record)", RECORD, record)

    page.reload()

    sign_in(browser, page)
    assert loud(page) == []


def test_without_storage_a_sign_in_works_in_its_tab(open_browser: OpenBrowser, town: Town) -> None:
    browser = open_browser(before_scripts=NO_STORAGE)
    page = open_post(browser, town)

    sign_in(browser, page)
    page.click("#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []
