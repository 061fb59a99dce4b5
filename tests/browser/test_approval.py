"""May this blog know who you are? The question as people meet it, in real browsers."""

from collections.abc import Iterator

import pytest

from gateway.web import languages
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import (
    ADA,
    CHROMIUM_FIRST,
    NO_POPUPS,
    QUESTION,
    Demo,
    approve,
    open_popup,
    pick,
    post,
    press_icon,
    running_demo,
    see_signed_in,
    start_plainly,
    wait_armed,
    widget_words,
    words,
)
from tests.browser.harness import Browser, Page

DRAFT = "I was here before the question."
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at.textContent;
}"""
MANY = 40  # more presses of Tab than any of the pages has stops


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


@pytest.fixture
def asked(browser: Browser, demo: Demo) -> Page:
    """The popup with the question; a draft stands in the form behind it."""
    browser.page.open(demo.garden)
    browser.page.type("#comment", DRAFT)
    popup = open_popup(browser)
    pick(popup)
    popup.see(QUESTION)
    return popup


def _sign_in_at_the_trusted_blog(browser: Browser, demo: Demo) -> None:
    browser.page.open(demo.blog)
    pick(open_popup(browser))
    see_signed_in(browser.page)


def test_yes_signs_in_and_keeps_the_draft(browser: Browser, demo: Demo, asked: Page) -> None:
    page = browser.page
    asked.see(demo.garden)
    asked.see(ADA, ".who")
    asked.see(words("shares_profile"), "ul")

    approve(asked)

    see_signed_in(page)
    asked.wait_closed()
    assert page.property("#comment", "value") == DRAFT
    post(page)
    page.see(ADA, ".comment:target .by")
    page.see("Verified by signing in with X", ".comment:target .by")


def test_not_now_is_said_at_the_form_and_keeps_the_draft(browser: Browser, asked: Page) -> None:
    page = browser.page

    asked.click("button[value=not_now]")

    page.see(widget_words("denied", provider="X"))
    asked.wait_closed()
    assert page.property("#comment", "value") == DRAFT
    assert page.count("button.button-twitter") == 1


def test_another_account_goes_to_the_provider_again(browser: Browser, asked: Page) -> None:
    asked.click("button[value=other]")
    pick(asked, "Charles Babbage")
    asked.see("Charles Babbage", ".who")
    approve(asked)

    see_signed_in(browser.page, person="Charles Babbage")


def test_the_same_tab_asks_too(open_browser: OpenBrowser, demo: Demo) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = browser.page
    page.open(demo.garden)
    page.type("#comment", DRAFT)

    press_icon(page, "twitter")
    pick(page)
    page.see(QUESTION)
    approve(page)

    see_signed_in(page)
    assert page.property("#comment", "value") == DRAFT


@CHROMIUM_FIRST
def test_no_in_the_same_tab_leads_back_to_the_form(open_browser: OpenBrowser, demo: Demo) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = browser.page
    page.open(demo.garden)
    page.type("#comment", DRAFT)

    press_icon(page, "twitter")
    pick(page)
    page.click("button[value=not_now]")

    page.see(widget_words("denied", provider="X"))
    assert page.property("#comment", "value") == DRAFT


def test_an_opener_that_was_never_cut_off_hears_the_answer_too(
    browser: Browser, demo: Demo
) -> None:
    page = browser.page
    demo.stand_ins.state.stage.coop = False
    page.open(demo.garden)
    popup = open_popup(browser)
    pick(popup)
    popup.see(QUESTION)
    knows_its_opener = popup.evaluate("opener !== null")

    approve(popup)

    see_signed_in(page)
    popup.wait_closed()
    assert knows_its_opener


@CHROMIUM_FIRST
def test_the_second_time_nothing_is_asked(browser: Browser, demo: Demo, asked: Page) -> None:
    page = browser.page
    approve(asked)
    see_signed_in(page)
    page.evaluate("localStorage.clear()")
    page.reload()

    popup = open_popup(browser)

    see_signed_in(page)
    popup.wait_closed()
    assert demo.profile_reads == 1


def test_whoever_is_known_here_signs_in_at_the_next_blog_without_the_provider(
    browser: Browser, demo: Demo
) -> None:
    page = browser.page
    _sign_in_at_the_trusted_blog(browser, demo)
    page.open(demo.garden)

    popup = open_popup(browser)
    popup.see(QUESTION)
    approve(popup)

    see_signed_in(page)
    assert demo.profile_reads == 1
    assert not any(demo.rehearsal in request for request in popup.requests)


@CHROMIUM_FIRST
def test_a_blog_that_was_forgotten_at_the_account_page_asks_again(
    browser: Browser, demo: Demo, asked: Page
) -> None:
    page = browser.page
    approve(asked)
    see_signed_in(page)
    page.open(f"{demo.gateway}/account")
    page.click("button", "Disconnect from The garden")
    page.see(words("said_withdraw"))
    page.open(demo.garden)
    page.click("button", "Log out")

    popup = open_popup(browser)

    popup.see(QUESTION)
    assert demo.profile_reads == 1


def test_the_keyboard_alone_is_enough(browser: Browser, demo: Demo) -> None:
    page = browser.page
    page.open(demo.garden)
    page.see("Continue with X", "comment-login")

    _tab_to(page, "Continue with X ")
    popup = browser.popup(lambda: page.press("Enter"))
    popup.see("Who signs in?")
    _tab_to(popup, ADA)
    popup.press("Enter")
    popup.see(QUESTION)
    _tab_to(popup, "Continue as")
    arrived = popup.evaluate("performance.now()")
    popup.wait("(arrived) => performance.now() - arrived > 600", arrived)
    popup.press("Enter")

    see_signed_in(page)


def _tab_to(page: Page, name: str) -> None:
    for _ in range(MANY):
        if page.focus() and name in page.evaluate(FOCUSED):
            return
        page.press("Tab")
    raise AssertionError(f"Tab never came to {name}, but to {page.focus()}")


@CHROMIUM_FIRST
def test_a_reload_asks_the_same_again(browser: Browser, asked: Page) -> None:
    asked.reload()
    asked.see(QUESTION)

    approve(asked)

    see_signed_in(browser.page)


def test_after_yes_back_shows_no_live_question(open_browser: OpenBrowser, demo: Demo) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = browser.page
    page.open(demo.garden)
    press_icon(page, "twitter")
    pick(page)
    page.see(QUESTION)
    approve(page)
    see_signed_in(page)

    page.back()

    page.see(words("error_attempt_over"))
    assert page.count("#yes") == 0
    page.click("a.first")
    see_signed_in(page)


def test_without_javascript_the_question_is_plain(open_browser: OpenBrowser, demo: Demo) -> None:
    page = open_browser(scripts=False).page
    start_plainly(page, demo)
    pick(page)
    page.see(QUESTION)

    page.click("button[value=not_now]")

    assert page.wait_url(f"{demo.garden}/#gw_error=").endswith(".denied")


@CHROMIUM_FIRST
@pytest.mark.parametrize("lang", ["de", "ar"])
def test_the_question_speaks_the_language_of_the_blog(
    open_browser: OpenBrowser, demo: Demo, lang: str
) -> None:
    page = open_browser(mobile=True).page
    start_plainly(page, demo, lang)
    pick(page)

    page.see(languages.text(lang, "ask_title", site="The garden"), "h1")
    page.see(languages.text(lang, "ask_not_now"), "button:last-of-type")

    assert page.property("html", "lang") == lang
    assert page.property("html", "dir") == languages.direction(lang)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(f"ask-{lang}")


@CHROMIUM_FIRST
@pytest.mark.parametrize("person", ["Wolfeschlegel", "عائشة الفهري", "<script>"])
def test_odd_names_are_shown_as_names_and_as_nothing_else(
    open_browser: OpenBrowser, demo: Demo, person: str
) -> None:
    page = open_browser(mobile=True).page
    start_plainly(page, demo)
    pick(page, person)
    page.see(QUESTION)

    page.see(person, ".who bdi")
    page.see(person, "#yes")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    page.screenshot(f"ask-{person[1:7]}")
    wait_armed(page)
