"""The account page in real browsers: who knows me, and taking it back, with and without script."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import (
    ADA,
    CHROMIUM_FIRST,
    QUESTION,
    Demo,
    approve,
    open_popup,
    pick,
    running_demo,
    see_signed_in,
    start_plainly,
    widget_words,
    words,
)
from tests.browser.harness import Browser, Page


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def _sign_in_at_both(browser: Browser, demo: Demo) -> Page:
    page = browser.page
    page.open(demo.blog)
    pick(open_popup(browser))
    see_signed_in(page)
    page.open(demo.garden)
    approve(open_popup(browser))
    see_signed_in(page)
    page.open(f"{demo.gateway}/account")
    return page


def test_a_visitor_signs_in_and_sees_what_is_known(browser: Browser, demo: Demo) -> None:
    page = browser.page
    page.open(f"{demo.gateway}/account")

    page.click("button", "Continue with Facebook")
    pick(page)

    page.see(ADA, ".who")
    page.see("with Facebook", ".who")
    page.see(words("account_no_sites"))
    assert page.url == f"{demo.gateway}/account#commentgate"


@CHROMIUM_FIRST
def test_no_at_the_provider_comes_back_to_the_account_page(browser: Browser, demo: Demo) -> None:
    page = browser.page
    page.open(f"{demo.gateway}/account")

    page.click("button", "Continue with WordPress.com")
    page.click("button[name=cancel]")

    page.see(words("said_denied"), "[role=status]")
    assert page.count("button[name=provider]") == 4


@CHROMIUM_FIRST
def test_both_blogs_and_their_sessions_are_listed(browser: Browser, demo: Demo) -> None:
    page = _sign_in_at_both(browser, demo)

    page.see("Ada's blog")
    page.see("The garden")

    named = {"chromium": "Chrome, Linux", "firefox": "Firefox, Linux"}[browser.name]
    assert page.text().count(named) == 2
    assert page.text().count(words("shares_profile")) == 2


@CHROMIUM_FIRST
def test_sessions_end_one_by_one_or_all_at_once_and_blogs_stay_known(
    browser: Browser, demo: Demo
) -> None:
    page = _sign_in_at_both(browser, demo)

    page.click("button[value=end_session]")
    page.see(words("said_end_session"), "[role=status]")
    left = page.count("button[value=end_session]")
    page.click("button[value=end_all]")
    page.see(words("said_end_all"), "[role=status]")

    assert left == 1
    assert page.count("button[value=end_session]") == 0
    assert page.count("button[value=withdraw]") == 2


@CHROMIUM_FIRST
def test_logging_out_at_one_blog_leaves_the_other_one(browser: Browser, demo: Demo) -> None:
    page = _sign_in_at_both(browser, demo)
    page.open(demo.garden)
    page.click("button", "Log out")
    page.see(widget_words("signed_out", provider="X"))

    page.open(f"{demo.gateway}/account")
    page.click("button", "Continue with X")
    pick(page)

    page.see("Ada's blog")
    assert page.count("button[value=end_session]") == 1
    page.open(demo.blog)
    see_signed_in(page)


@CHROMIUM_FIRST
def test_signing_out_here_shows_the_icons_again(browser: Browser, demo: Demo) -> None:
    page = browser.page
    page.open(f"{demo.gateway}/account")
    page.click("button", "Continue with X")
    pick(page)

    page.click("button[value=sign_out]")

    page.see(words("said_sign_out"), "[role=status]")
    assert page.count("button[name=provider]") == 4


@CHROMIUM_FIRST
def test_erasing_needs_a_tick_and_then_leaves_a_receipt(browser: Browser, demo: Demo) -> None:
    page = _sign_in_at_both(browser, demo)

    page.click("button[value=erase]")
    page.see(words("said_not_sure"), "[role=status]")
    page.click("input[type=checkbox]")
    page.click("button[value=erase]")

    page.see(words("deletion_title"), "h1")
    assert "/deletion/" in page.url
    page.open(f"{demo.gateway}/account")
    assert page.count("button[name=provider]") == 4


def test_without_javascript_a_blog_can_be_made_to_forget(
    open_browser: OpenBrowser, demo: Demo
) -> None:
    page = open_browser(scripts=False).page
    start_plainly(page, demo)
    pick(page)
    page.click("#yes")
    page.wait_url(f"{demo.garden}/#gw=")

    page.open(f"{demo.gateway}/account")
    page.click("button", "Disconnect from The garden")

    page.see(words("said_withdraw"), "[role=status]")
    start_plainly(page, demo)
    page.see(QUESTION)
