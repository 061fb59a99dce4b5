"""The place that is kept for the buttons fits every language: nothing moves, little is left.

What is kept before the script has run follows from rules of ``place.css`` that only know the width,
the number of buttons and the language, so they are held against what the widget then shows.
"""

from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

from gateway.web import languages
from tests.browser.conftest import OpenBrowser
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Post
from tests.browser.widget_town import ONE_OF_THREE, WIDGET, Town, loud, sign_in

#: Notes what moves in sight, and where the text after the form begins, in sight or not.
SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries())
    for (const { node, previousRect: from, currentRect: to } of one.sources)
      shifts.push(`${node?.localName}: ${from.x} ${from.y} to ${to.x} ${to.y} of ${innerWidth}`);
}).observe({ type: "layout-shift", buffered: true });
globalThis.places = [];
const look = () => {
  const place = document.getElementById("after")?.offsetTop;
  if (place && place !== places.at(-1)) places.push(place);
  requestAnimationFrame(look);
};
look();
"""
READY = """(lang) => {
  const box = document.querySelector("comment-login").shadowRoot?.querySelector(".box");
  return box?.lang === lang && Boolean(box.querySelector(".button"));
}"""
AFTER_A_FRAME = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))"
MOVED = "[...shifts, ...places.slice(1)]"
#: What is kept, and what is needed, in pixels: for each look, number of buttons and width.
PLACES = """async (widths) => {
  const element = document.querySelector("comment-login");
  const box = element.shadowRoot.querySelector(".box");
  const all = [...box.querySelectorAll(".button")];
  const found = [];
  for (const look of ["", "icons"])
    for (let buttons = 1; buttons <= all.length; buttons++)
      for (const width of widths) {
        document.querySelector("main").style = `inline-size: ${width}px; max-inline-size: none`;
        element.setAttribute("look", look);
        element.setAttribute("buttons", buttons);
        all.forEach((one, number) => (one.style.display = number < buttons ? "" : "none"));
        const kept = parseFloat(getComputedStyle(box, "::before").paddingBlockStart);
        const end = box.querySelector(".privacy").getBoundingClientRect().bottom;
        found.push([look, buttons, width, kept, end - box.getBoundingClientRect().top]);
      }
  return found;
}"""
STYLES = '<link rel="stylesheet" href="{gate}/widget.css">'
COLUMN = "<style>main {{ max-inline-size: {width}px }}</style>"
#: Columns of text on phones that are 320, 360, 390 and 412 pixels wide, and on larger screens.
PHONES = (288, 328, 358, 380)
COLUMNS = (*PHONES, 440, 487, 488, 520, 560, 600, 640, 680, 720, 735, 737, 800, 960)
#: Three lines: what a language may leave empty of a place that a longer one needs.
LEFT_AT_MOST = 72
LONGEST = ("ru", "de", "pl", "hu", "fr")
QUICK = (*LONGEST, "en", "ar", "zh-Hant")
EACH_LANGUAGE = [
    pytest.param(one, marks=[] if one in QUICK else pytest.mark.slow) for one in languages.LANGUAGES
]
#: Every language on a phone and a desktop, and the longest ones on more; those in each run.
SCREENS = [
    pytest.param(lang, width, look, marks=[] if lang in LONGEST and usual else pytest.mark.slow)
    for lang in languages.LANGUAGES
    for width, look, usual in (
        (288, "buttons", True),
        (640, "buttons", True),
        (328, "buttons", False),
        (358, "buttons", False),
        (288, "icons", False),
        (640, "icons", False),
    )
    if usual or lang in LONGEST
]
MORE = ("Example", "Mastodon")

#: Only Chromium tells of layout shifts.
CHROMIUM = pytest.mark.parametrize("engine", ["chromium"], indirect=True)


@pytest.fixture(autouse=True)
def six(town: Town) -> None:
    """A site with six services; the names of gateway and site are of a usual length."""
    offer: dict[str, Any] = httpx2.get(f"{town.gate.url}/sites/blog/providers.json").json()
    icon = offer["providers"][0]["icon"]
    offer["providers"] += [{"key": one.lower(), "label": one, "icon": icon} for one in MORE]
    offer["gateway"]["name"] = "login.example.org"
    headers = {"Access-Control-Allow-Origin": town.blog.url}
    town.gate.knobs.instead["/sites/blog/providers.json"] = JSONResponse(offer, headers=headers)


def direction(lang: str) -> str:
    return languages.direction(lang)


def opened(browser: Browser, town: Town, lang: str) -> Page:
    page = browser.page
    page.open(town.blog.url)
    page.wait(READY, lang)
    return page


@ONE_OF_THREE
@pytest.mark.parametrize("lang", EACH_LANGUAGE)
def test_the_kept_place_is_enough_and_little_of_it_stays_empty(
    browser: Browser, town: Town, lang: str
) -> None:
    """For one to six buttons in both looks, and columns of any usual width."""
    town.blog.knobs.post = Post(lang=lang, dir=direction(lang))
    page = opened(browser, town, lang)

    places = page.evaluate(PLACES, COLUMNS)

    left = {(look, n, width): kept - needed for look, n, width, kept, needed in places}
    assert len(left) == 2 * 6 * len(COLUMNS)
    assert {case: px for case, px in left.items() if not 0 <= px <= LEFT_AT_MOST} == {}


@CHROMIUM
@pytest.mark.parametrize(("lang", "width", "look"), SCREENS)
def test_nothing_moves_in_any_language(
    open_browser: OpenBrowser, town: Town, lang: str, width: int, look: str
) -> None:
    """The form is in view from the first moment on; script, services and words come one by one."""
    town.gate.knobs.delays = {
        "/widget.js": 0.2,
        "/sites/blog/providers.json": 0.2,
        f"/widget/{lang}.json": 0.4,
    }
    town.blog.knobs.post = Post(
        lang=lang,
        dir=direction(lang),
        head=STYLES.format(gate=town.gate.url) + COLUMN.format(width=width),
        attributes=f'look="{look}" buttons="6"',
    )
    browser = open_browser(before_scripts=SHIFTS, mobile=width in PHONES)
    page = opened(browser, town, lang)
    page.evaluate(AFTER_A_FRAME)

    assert page.evaluate(MOVED) == []
    assert loud(page) == []


@CHROMIUM
@pytest.mark.parametrize("mobile", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("slow", ["/widget.js", "/sites/blog/providers.json", "/widget/de.json"])
def test_nothing_moves_when_the_buttons_appear(
    open_browser: OpenBrowser, town: Town, slow: str, mobile: bool
) -> None:
    """The hardest case: the form is in view from the first moment on."""
    town.blog.knobs.post = Post(
        lang="de", head=STYLES.format(gate=town.gate.url), attributes='buttons="6"'
    )
    town.gate.knobs.delays[slow] = 0.7
    page = open_browser(before_scripts=SHIFTS, mobile=mobile).page

    page.open(town.blog.url)
    page.wait(f"() => Boolean({WIDGET}.shadowRoot?.querySelector('.button-twitter'))")
    page.evaluate(AFTER_A_FRAME)

    assert page.evaluate(MOVED) == []


@CHROMIUM
def test_the_buttons_are_there_before_somebody_has_scrolled_to_the_form(
    open_browser: OpenBrowser, town: Town
) -> None:
    """So nothing moves in sight, without any style sheet of ours in the page."""
    town.blog.knobs.post = Post(before='<div style="block-size: 4000px">A long article.</div>')
    page = open_browser(before_scripts=SHIFTS).page
    page.open(town.blog.url)
    page.wait(f"() => Boolean({WIDGET}.shadowRoot)")

    page.evaluate(f"scrollTo(0, {WIDGET}.getBoundingClientRect().top - innerHeight - 300)")
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.button-twitter'))")
    page.evaluate(AFTER_A_FRAME)  # a button that is there has still to be drawn
    page.evaluate("scrollBy(0, 600)")
    page.evaluate(AFTER_A_FRAME)

    assert page.evaluate("shifts") == []


@CHROMIUM
def test_on_a_page_without_a_language_there_is_room_for_the_longest(
    open_browser: OpenBrowser, town: Town
) -> None:
    """The browser's own language counts there, which no style sheet can know."""
    town.blog.knobs.post = Post(
        lang="",
        head=STYLES.format(gate=town.gate.url),
        attributes='buttons="6"',
    )
    town.gate.knobs.delays["/widget/ru.json"] = 0.4
    browser = open_browser(before_scripts=SHIFTS, mobile=True, languages="ru")
    page = opened(browser, town, "ru")
    page.evaluate(AFTER_A_FRAME)

    assert page.evaluate(MOVED) == []


@CHROMIUM
def test_the_place_is_given_back_when_somebody_is_signed_in(browser: Browser, town: Town) -> None:
    page = opened(browser, town, "en")
    height = f"{WIDGET}.shadowRoot.querySelector('.box').getBoundingClientRect().height"
    before = page.evaluate(height)

    sign_in(browser, page)

    assert page.evaluate(height) < before / 2


@CHROMIUM
def test_no_place_is_kept_where_scripts_do_not_run(open_browser: OpenBrowser, town: Town) -> None:
    """The sentence that stands there instead is followed by the rest of the form."""
    town.blog.knobs.post = Post(head=STYLES.format(gate=town.gate.url))
    page = open_browser(scripts=False).page

    page.open(town.blog.url)
    page.see("Signing in needs JavaScript.", "comment-login")

    assert page.evaluate(f"{WIDGET}.getBoundingClientRect().height") < 48
