"""Every state of the widget in words and pictures: languages, directions, light and dark."""

import re
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.web import languages
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, pick
from tests.browser.harness import Browser
from tests.browser.widget_pages import Post
from tests.browser.widget_town import (
    WIDGET,
    Town,
    begin,
    come_near,
    loud,
    open_post,
)

OVERFLOW = """() => {
  const root = document.querySelector("comment-login").shadowRoot;
  const inside = [...root.querySelectorAll("*")].filter(
    (e) => !e.closest(".quiet, .label, svg, .face") && e.scrollWidth > e.clientWidth + 1
      && getComputedStyle(e).display !== "inline");
  const page = document.documentElement;
  return [page.scrollWidth - page.clientWidth, inside.map((e) => e.className)];
}"""
#: Every visible text of the widget that is not a proper name.
SAID = """() => {
  const root = document.querySelector("comment-login").shadowRoot;
  return [...root.querySelectorAll("button, p, a, [role=status], [role=alert], .account")]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && e.textContent)
    .map((e) => e.textContent);
}"""
SMALL = """() => [...document.querySelector("comment-login").shadowRoot.querySelectorAll("button")]
  .filter((e) => e.getClientRects().length)
  .map((e) => [e.textContent, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 44)
  .map(([text, box]) => `${text} ${box.width} x ${box.height}`)"""
PICTURES = [("de", "ltr"), ("ar", "rtl")]
ACCENTS = str.maketrans("aceginosuyAEINOSU", "àçéĝîñöšûýÀÉÎÑÖŠÛ")


def pseudo(message: str) -> str:
    """A message half as long again, with accents, in brackets; names and tags stay."""
    parts = re.split(r"(\{\w+\}|</?\w+>)", message)
    changed = [part if part[:1] in "{<" else part.translate(ACCENTS) for part in parts]
    return f"[{''.join(changed)}{' één' * (len(message) // 8 + 1)}]"


def pseudo_words() -> JSONResponse:
    """The widget's texts in a language that nobody speaks."""
    words = languages.catalogue("en")["widget"]
    texts = [text if name in ("lang", "dir") else pseudo(text) for name, text in words.items()]
    return JSONResponse(texts, headers={"Access-Control-Allow-Origin": "*"})


def test_no_words_are_left_in_english_and_nothing_is_cut_off(
    open_browser: OpenBrowser, town: Town
) -> None:
    """Every text is half as long again, on the narrowest screen."""
    town.gate.knobs.instead["/widget/xx.json"] = pseudo_words()
    town.blog.knobs.post = Post(lang="xx")
    browser = open_browser(mobile=True)
    page = open_post(browser, town, draft="")
    come_near(page)
    said: list[tuple[str, Any]] = [("choose", page.evaluate(SAID))]
    page.screenshot("widget-pseudo-choose")
    overflow = [page.evaluate(OVERFLOW)]

    page.click("button.button-twitter")
    page.wait_url(town.idp.url)
    page.click("button[name=cancel]")
    page.see("één", "[role=alert]")
    said.append(("failed", page.evaluate(SAID)))
    page.screenshot("widget-pseudo-failed")
    overflow.append(page.evaluate(OVERFLOW))

    page.click("button.button-twitter")
    page.wait_url(town.idp.url)
    pick(page)
    page.see("één", ".person .account")
    page.see("één", "[role=status]")
    said.append(("signed in", page.evaluate(SAID)))
    page.screenshot("widget-pseudo-signed-in")
    overflow.append(page.evaluate(OVERFLOW))

    english = [(state, text) for state, texts in said for text in texts if "één" not in text]
    assert [pair for pair in english if not re.fullmatch(r"Löĝ öût|Chàñĝé", pair[1])] == []
    assert overflow == [[0, []]] * 3


@CHROMIUM_FIRST
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("mobile", [False, True], ids=["desktop", "phone"])
def test_every_state_fits_and_reads_from_its_side(
    open_browser: OpenBrowser, town: Town, mobile: bool, dark: bool
) -> None:
    """The pictures lie in .artifacts for a person to look at."""
    browser = open_browser(mobile=mobile, dark=dark)
    page = browser.page
    screen = f"{'phone' if mobile else 'desktop'}-{'dark' if dark else 'light'}"
    for lang, direction in PICTURES:
        for look in ("buttons", "icons"):
            town.blog.knobs.post = Post(lang=lang, dir=direction, attributes=f'look="{look}"')
            page.open(town.blog.url)
            come_near(page)
            page.screenshot(f"widget-{screen}-{lang}-{look}")

            assert page.evaluate(OVERFLOW) == [0, []]
            assert page.evaluate(SMALL) == []
            assert (
                page.evaluate(
                    f"getComputedStyle({WIDGET}.shadowRoot.querySelector('.box')).direction"
                )
                == direction
            )
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize(("lang", "direction"), PICTURES)
def test_the_states_of_a_sign_in_in_pictures(
    browser: Browser, town: Town, lang: str, direction: str
) -> None:
    town.blog.knobs.post = Post(lang=lang, dir=direction)
    page = open_post(browser, town, draft="")
    come_near(page)

    popup = begin(browser, page)
    popup.see("Who signs in?")
    page.activate()
    page.screenshot(f"widget-connecting-{lang}")
    popup.close()
    page.wait(f"() => {WIDGET}.shadowRoot.querySelectorAll('.actions button').length === 2")
    page.screenshot(f"widget-waiting-{lang}")
    begin(browser, page, "facebook").click("button[name=cancel]")
    page.wait(f"() => {WIDGET}.shadowRoot.querySelector('[role=alert]').textContent")
    page.screenshot(f"widget-failed-{lang}")
    pick(begin(browser, page))
    page.see(ADA, ".person .name")
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.face img'))")
    page.screenshot(f"widget-signed-in-{lang}")

    words = languages.catalogue(lang)["widget"]
    assert words["welcome"].replace("{name}", ADA) in page.text("[role=status]")
    assert page.evaluate(OVERFLOW) == [0, []]
    assert loud(page) == []
