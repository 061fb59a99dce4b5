"""Nobody says yes by accident, or by somebody else's design, in real browsers."""

from collections.abc import Iterator

import pytest

from tests.browser import hands
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import (
    CHROMIUM_FIRST,
    QUESTION,
    Demo,
    open_popup,
    pick,
    press_icon,
    running_demo,
    see_signed_in,
    start_fields,
    start_plainly,
    wait_armed,
)
from tests.browser.harness import Browser, Page

CLOCK = "performance.now = () => globalThis.clock ?? 0;"
ARMED = "document.getElementById('yes').getAttribute('aria-disabled') === 'false'"
NOTICE = "globalThis.presses = []; addEventListener('click', (e) => presses.push(e.detail), true);"
# The garden turns bad: at a press or a key it opens the question over itself, by a form whose
# address has a fragment that would put the focus on the button.
EVIL = """(event, action, fields) => {
  document.body.replaceChildren(Object.assign(document.createElement("h1"), {
    textContent: "Double-click here, or hold Enter" }));
  addEventListener(event, () => {
    const popup = open("about:blank", "prize", "popup,width=520,height=700");
    const form = popup.document.createElement("form");
    popup.document.head.append(
      Object.assign(popup.document.createElement("meta"), { name: "referrer", content: "origin" }));
    form.method = "post";
    form.action = action;
    for (const [name, value] of Object.entries(fields)) {
      const input = popup.document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      form.append(input);
    }
    popup.document.body.append(form);
    form.submit();
  }, { once: true });
}"""
LONG = 1200  # milliseconds that the attack goes on after the question has come


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def _asked(browser: Browser, demo: Demo) -> Page:
    """The question in a popup, for somebody who has just picked an account."""
    browser.page.open(demo.garden)
    popup = open_popup(browser)
    pick(popup)
    popup.see(QUESTION)
    return popup


def _known_at_the_evil_page(browser: Browser, demo: Demo, event: str) -> Page:
    """Somebody whom the gateway knows visits a blog that wants to know them without asking."""
    page = browser.page
    page.open(demo.blog)
    pick(open_popup(browser))
    see_signed_in(page)
    page.open(demo.garden)
    fields = start_fields(f"{demo.garden}/") | {"mode": "popup"}
    page.evaluate(EVIL, event, f"{demo.gateway}/start#yes", fields)
    return page


def _still_asked(popup: Page, demo: Demo) -> bool:
    """Whether nothing was answered: the question is there, and a reload asks it again."""
    popup.reload()
    popup.see(QUESTION)
    return "/start/" in popup.url and demo.profile_reads == 1


def test_a_press_before_500_ms_does_nothing_and_starts_the_time_anew(
    open_browser: OpenBrowser, demo: Demo
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    popup = _asked(browser, demo)
    popup.hover("h1")
    popup.hover("#yes")

    for too_early in (499, 998, 1497):
        popup.evaluate("(now) => { globalThis.clock = now; }", too_early)
        popup.click("#yes")
    popup.evaluate("() => { globalThis.clock = 1997; }")
    asked = popup.text("h1")
    popup.click("#yes")

    assert asked == QUESTION
    see_signed_in(browser.page)


def test_a_press_without_any_movement_does_nothing(browser: Browser, demo: Demo) -> None:
    popup = _asked(browser, demo)
    popup.evaluate(f"() => {{ {NOTICE} }}")
    x, y = hands.middle(popup, "#yes")
    _let_pass(popup, 600)

    hands.press_still(popup, x, y)
    popup.wait("presses.length === 1")
    hands.press_still(popup, x, y)
    popup.wait("presses.length === 2")
    asked = popup.text("h1")
    wait_armed(popup)
    popup.click("#yes")

    assert asked == QUESTION
    see_signed_in(browser.page)


def test_one_tap_on_a_phone_is_enough(open_browser: OpenBrowser, demo: Demo) -> None:
    page = open_browser(mobile=True).page
    page.open(demo.garden)
    press_icon(page, "twitter")
    pick(page)
    page.see(QUESTION)
    page.wait(ARMED)

    page.click("#yes")

    see_signed_in(page)


def test_a_click_by_assistive_technology_is_enough(browser: Browser, demo: Demo) -> None:
    popup = _asked(browser, demo)
    _let_pass(popup, 600)

    # It comes without a pointer and without a key, as this one does.
    popup.evaluate("() => { setTimeout(() => document.getElementById('yes').click()); }")

    see_signed_in(browser.page)


def test_a_held_key_never_answers(browser: Browser, demo: Demo) -> None:
    popup = _asked(browser, demo)

    _hold_enter(popup)

    assert _still_asked(popup, demo)


@CHROMIUM_FIRST
@pytest.mark.parametrize("how", ["held key", "still mouse"])
def test_where_no_script_guards_the_button_the_same_input_would_answer(
    open_browser: OpenBrowser, demo: Demo, how: str
) -> None:
    page = open_browser(scripts=False).page
    start_plainly(page, demo)
    pick(page)
    page.see(QUESTION)
    page.evaluate("document.getElementById('yes').focus()")

    if how == "held key":
        hands.key_down(page, again=True)
    else:
        hands.press_still(page, *hands.middle(page, "#yes"))

    page.wait_url(f"{demo.garden}/#gw=")


def _hold_enter(popup: Page) -> None:
    """Hold it as a keyboard does: down, nothing for a while, then repeats. The button gets the
    focus in between, as if a page had brought that about.
    """
    hands.key_down(popup, again=False)
    popup.evaluate("document.getElementById('yes').focus()")
    _let_pass(popup, 600)
    began = popup.evaluate("performance.now()")
    while popup.evaluate("performance.now()") - began < LONG:
        hands.key_down(popup, again=True)
    hands.key_up(popup)


def _let_pass(popup: Page, milliseconds: int) -> None:
    """Time in which nobody touches anything, by the page's own clock."""
    began = popup.evaluate("performance.now()")
    popup.wait("(end) => performance.now() > end", began + milliseconds)


def test_a_page_that_says_hold_enter_does_not_win(browser: Browser, demo: Demo) -> None:
    page = _known_at_the_evil_page(browser, demo, "keydown")

    popup = browser.popup(lambda: hands.key_down(page, again=False))
    popup.see(QUESTION)
    focused = popup.focus()
    _hold_enter(popup)

    assert focused == ""
    assert "#yes" not in popup.url
    assert _still_asked(popup, demo)


def test_a_page_that_asks_for_a_double_click_does_not_win(browser: Browser, demo: Demo) -> None:
    page = _known_at_the_evil_page(browser, demo, "mousedown")

    popup = browser.popup(lambda: page.click("h1"))
    x, y = hands.middle(popup, "#yes")
    popup.evaluate(f"() => {{ {NOTICE} }}")
    began = popup.evaluate("performance.now()")
    while popup.evaluate("performance.now()") - began < LONG:
        hands.press_still(popup, x, y)
    presses = popup.evaluate("presses.length")

    assert presses > 5
    assert _still_asked(popup, demo)


# Without a screen each of Chromium's windows believes that it has the focus; Firefox's do not.
@pytest.mark.parametrize("engine", ["firefox"], indirect=True)
def test_a_window_behind_another_one_is_not_armed(browser: Browser, demo: Demo) -> None:
    popup = _asked(browser, demo)
    wait_armed(popup)

    browser.page.activate()
    popup.wait(f"!({ARMED})")
    _let_pass(popup, 600)
    armed_behind = popup.evaluate(ARMED)
    popup.activate()

    popup.wait(ARMED)
    assert not armed_behind
