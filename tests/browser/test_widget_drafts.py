"""What somebody wrote is never lost: not by signing in, nor by going away, nor by an error."""

import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    DRAFT,
    Town,
    begin,
    loud,
    open_post,
    sign_in,
)

STANDS = """() => {
  const field = document.getElementById("comment");
  return [field.value, field.selectionStart, document.querySelector("[name=comment_parent]").value];
}"""
ANSWER_TO_7 = "() => { document.querySelector('[name=comment_parent]').value = '7'; }"
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('commentgate.draft')).length"
HUGE = 6_000_000  # characters: more than any of the browsers keeps for an origin
WRITE_HUGE = """(size) => {
  const field = document.getElementById("comment");
  field.value = "x".repeat(size);
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""


def write(browser: Browser, town: Town) -> Page:
    """A draft that answers comment 7, with the caret three characters before its end."""
    page = open_post(browser, town, draft="")
    page.evaluate(ANSWER_TO_7)
    page.type("#comment", DRAFT)
    page.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    return page


def stands(page: Page) -> bool:
    """Whether text, caret and reply target are as they were left."""
    return bool(page.evaluate(STANDS) == [DRAFT, len(DRAFT) - 3, "7"])


def test_it_stands_through_a_popup(browser: Browser, town: Town) -> None:
    page = write(browser, town)

    sign_in(browser, page)

    assert stands(page)
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "7")]
    assert loud(page) == []


@pytest.mark.parametrize("end", ["yes", "denied", "profile-500"])
def test_it_stands_when_the_page_is_left_for_the_sign_in(
    open_browser: OpenBrowser, town: Town, end: str
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = write(browser, town)

    press_icon(page, "twitter")
    if end == "denied":
        page.click("button[name=cancel]")
        page.see("The sign-in at X was cancelled.", "[role=alert]")
    elif end == "yes":
        pick(page)
        see_signed_in(page)
    else:
        pick(page, fault=end)
        page.see("The sign-in at X did not work.", "[role=alert]")

    assert stands(page)
    assert page.url == f"{town.blog.url}/"
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("end", ["denied", "profile-500"])
def test_it_stands_when_a_popup_brings_no_sign_in(browser: Browser, town: Town, end: str) -> None:
    page = write(browser, town)
    popup = begin(browser, page)

    if end == "denied":
        popup.click("button[name=cancel]")
    else:
        pick(popup, fault=end)

    page.see("Please try again or choose another way.", "[role=alert]")
    assert stands(page)
    assert loud(page) == []


def test_it_stands_after_a_reload(browser: Browser, town: Town) -> None:
    page = write(browser, town)
    page.press("ArrowRight", "!")

    page.reload()

    # Firefox keeps the fields of a page that is loaded again by itself.
    page.wait("() => document.getElementById('comment').value")
    assert page.property("#comment", "value") == f"{DRAFT[:-2]}!{DRAFT[-2:]}"
    assert loud(page) == []


def test_it_stands_after_going_back(browser: Browser, town: Town) -> None:
    page = write(browser, town)

    page.open(f"{town.blog.url}/plain")
    page.back()
    page.wait_url(f"{town.blog.url}/")

    page.wait("(text) => document.getElementById('comment').value === text", DRAFT)
    assert loud(page) == []


def test_it_stands_where_somebody_goes_back_from_the_provider(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = write(browser, town)
    press_icon(page, "twitter")
    page.see("Who signs in?")

    page.back()
    page.wait_url(f"{town.blog.url}/")

    page.wait("(text) => document.getElementById('comment').value === text", DRAFT)
    press_icon(page, "twitter")
    pick(page)
    see_signed_in(page)
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_every_post_has_a_draft_of_its_own(browser: Browser, town: Town) -> None:
    page = write(browser, town)

    page.open(f"{town.blog.url}/another-post")
    other = page.property("#comment", "value")
    page.type("#comment", "Something else.")
    page.open(f"{town.blog.url}/")

    page.see("Your text is back.", "[role=status]")
    assert other == ""
    assert page.property("#comment", "value") == DRAFT


@pytest.mark.parametrize("who", ["guest", "commenter"])
def test_it_goes_once_the_comment_is_accepted(browser: Browser, town: Town, who: str) -> None:
    page = write(browser, town)
    if who == "commenter":
        sign_in(browser, page)

    page.click("#send")
    page.wait_url("#comment-1")

    page.wait("() => Boolean(document.querySelector('comment-login').shadowRoot)")
    assert page.property("#comment", "value") == ""
    assert page.evaluate(KEPT) == 0
    page.reload()
    assert page.property("#comment", "value") == ""


@CHROMIUM_FIRST
def test_it_stays_while_the_blog_refuses_it(browser: Browser, town: Town) -> None:
    page = open_post(browser, town, draft="An unfit remark")

    page.click("#send")
    page.see("Not accepted.", "#said")
    refused = page.property("#comment", "value")
    page.open(f"{town.blog.url}/")

    page.see("Your text is back.", "[role=status]")
    assert refused == "An unfit remark"
    assert page.property("#comment", "value") == "An unfit remark"
    assert town.blog.knobs.comments == []


@CHROMIUM_FIRST
def test_text_that_the_blog_put_into_the_form_wins(browser: Browser, town: Town) -> None:
    """It is what the person sent last; an older draft must not take its place."""
    page = open_post(browser, town, draft="An unfit remark")
    older = {"text": "Older", "caret": 0, "reply": "", "until": 9e15}
    key = f"commentgate.draft.{town.blog.url}/comments"
    page.evaluate("(key, draft) => localStorage.setItem(key, JSON.stringify(draft))", key, older)

    page.click("#send")

    page.see("Not accepted.", "#said")
    page.wait("() => Boolean(document.querySelector('comment-login').shadowRoot)")
    assert page.property("#comment", "value") == "An unfit remark"


@CHROMIUM_FIRST
def test_nothing_is_kept_before_somebody_writes(browser: Browser, town: Town) -> None:
    page = open_post(browser, town, draft="")

    press_icon(page, "twitter")

    assert page.evaluate(KEPT) == 0


def test_a_draft_too_large_to_keep_stays_in_the_form(browser: Browser, town: Town) -> None:
    page = open_post(browser, town, draft="")
    page.evaluate(WRITE_HUGE, HUGE)

    sign_in(browser, page)

    assert page.evaluate("document.getElementById('comment').value.length") == HUGE
    assert loud(page) == []


def test_a_draft_too_large_to_keep_does_not_leave_the_page(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = open_post(browser, town, draft="")
    page.evaluate(WRITE_HUGE, HUGE)

    press_icon(page, "twitter")

    page.see("The new window was blocked. Please allow it and try again.", "[role=alert]")
    assert page.evaluate("document.getElementById('comment').value.length") == HUGE
    assert town.gate.asked("POST", "/start") == []
    assert loud(page) == []
