"""What a blog gets by taking the widget in: who is asked for what and when, and how it looks."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

from gateway.web import languages
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, pick, press_icon, see_signed_in
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Post
from tests.browser.widget_town import (
    DRAFT,
    Town,
    begin,
    foreign,
    loud,
    open_post,
    running_town,
    sign_in,
)

FAR = '<div style="block-size: 4000px">A long article.</div>'
WIDGET = "document.querySelector('comment-login')"
SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries())
    for (const { node, previousRect: from, currentRect: to } of one.sources)
      shifts.push(`${node?.localName} from ${from.y} to ${to.y}`);
}).observe({ type: "layout-shift", buffered: true });
"""
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
LOAD = """(src, integrity) => new Promise((done) => {
  const script = document.createElement("script");
  Object.assign(script, { type: "module", crossOrigin: "anonymous", integrity, src });
  script.onload = () => done("loaded");
  script.onerror = () => done("refused");
  document.head.append(script);
})"""
ACCENTS = str.maketrans("aceginosuyAEINOSU", "àçéĝîñöšûýÀÉÎÑÖŠÛ")


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with running_town() as town:
        yield town


@pytest.fixture(autouse=True)
def fresh(town: Town) -> None:
    town.reset()


def asked(town: Town) -> list[str]:
    """The paths that the gateway was asked for."""
    return [one.path for one in town.gate.knobs.seen]


def come_near(page: Page) -> None:
    """Scroll to the element."""
    page.evaluate(f"{WIDGET}.scrollIntoView({{ block: 'center' }})")
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.button-twitter'))")


def pseudo(message: str) -> str:
    """A message half as long again, with accents, in brackets; names and tags stay."""
    parts = re.split(r"(\{\w+\}|</?\w+>)", message)
    changed = [part if part[:1] in "{<" else part.translate(ACCENTS) for part in parts]
    return f"[{''.join(changed)}{' één' * (len(message) // 8 + 1)}]"


def pseudo_words() -> JSONResponse:
    """The widget's catalogue in a language that nobody speaks."""
    words = languages.catalogue("en")["widget"]
    kept = {name: words[name] for name in ("lang", "dir")}
    changed = {name: pseudo(text) for name, text in words.items()}
    return JSONResponse(changed | kept, headers={"Access-Control-Allow-Origin": "*"})


def test_nothing_but_the_script_is_asked_for_before_the_form_is_near(
    browser: Browser, town: Town
) -> None:
    town.blog.knobs.post = Post(lang="de", before=FAR)
    page = browser.page

    page.open(town.blog.url)
    page.wait(f"() => Boolean({WIDGET}.shadowRoot)")
    before = asked(town)
    come_near(page)

    assert before == ["/widget.js"]
    assert sorted(asked(town)) == ["/sites/blog/providers.json", "/widget.js", "/widget/de.json"]
    assert foreign(page, town) == []
    assert loud(page) == []


@CHROMIUM_FIRST
def test_nobody_but_blog_and_gateway_is_asked_by_the_blog_s_page(
    browser: Browser, town: Town
) -> None:
    page = open_post(browser, town)
    before = len(asked(town))

    sign_in(browser, page)
    page.click("#send")
    page.wait_url("#comment-1")

    assert before == 2
    assert foreign(page, town) == []


@CHROMIUM_FIRST
def test_a_commenter_who_is_known_costs_nothing_until_the_form_is_near(
    browser: Browser, town: Town
) -> None:
    sign_in(browser, open_post(browser, town))
    town.reset()
    town.blog.knobs.post = Post(before=FAR)
    page = browser.new_page()

    page.open(town.blog.url)
    page.wait(f"() => {WIDGET}.user?.name === {ADA!r}")

    assert asked(town) == [] or asked(town) == ["/widget.js"]  # the script may be cached
    come_near(page)
    see_signed_in(page)


STYLES = '<link rel="stylesheet" href="{gate}/widget.css">'


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize("mobile", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("slow", ["/widget.js", "/sites/blog/providers.json", "/widget/de.json"])
def test_nothing_moves_when_the_buttons_appear(
    open_browser: OpenBrowser, town: Town, slow: str, mobile: bool
) -> None:
    """The hardest case: the form is in view from the first moment on."""
    town.blog.knobs.post = Post(
        lang="de", head=STYLES.format(gate=town.gate.url), attributes='buttons="4"'
    )
    town.gate.knobs.delays[slow] = 0.7
    page = open_browser(before_scripts=SHIFTS, mobile=mobile).page

    page.open(town.blog.url)
    page.wait(f"() => Boolean({WIDGET}.shadowRoot?.querySelector('.button-twitter'))")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")

    assert page.evaluate("shifts") == []


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_the_buttons_are_there_before_somebody_has_scrolled_to_the_form(
    open_browser: OpenBrowser, town: Town
) -> None:
    """So nothing moves in sight, without any style sheet of ours in the page."""
    town.blog.knobs.post = Post(before=FAR)
    page = open_browser(before_scripts=SHIFTS).page
    page.open(town.blog.url)
    page.wait(f"() => Boolean({WIDGET}.shadowRoot)")

    page.evaluate(f"scrollTo(0, {WIDGET}.getBoundingClientRect().top - innerHeight - 300)")
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.button-twitter'))")
    page.evaluate("scrollBy(0, 600)")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")

    assert page.evaluate("shifts") == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("fragment", ["#/comments/page-2", "#gw=short", "#gw=a.b&gw_error=c"])
def test_a_fragment_that_belongs_to_somebody_else_is_left_alone(
    browser: Browser, town: Town, fragment: str
) -> None:
    page = browser.page

    page.open(f"{town.blog.url}/{fragment}")
    press_icon(page, "twitter")
    pick(browser.pages()[-1])

    see_signed_in(page)
    assert page.url == f"{town.blog.url}/{fragment}"
    assert loud(page) == []


def test_without_javascript_one_sentence_says_what_is_needed(
    open_browser: OpenBrowser, town: Town
) -> None:
    page = open_browser(scripts=False).page
    page.open(town.blog.url)

    page.see("Signing in needs JavaScript.", "comment-login")
    page.type("#comment", DRAFT)
    page.click("#send")
    page.wait_url("#comment-1")

    assert set(asked(town)) <= {"/widget.js"}  # Chromium fetches a script that it will not run


def test_the_immutable_copy_is_taken_with_its_hash_and_no_other(
    browser: Browser, town: Town
) -> None:
    newest = httpx2.get(f"{town.gate.url}/widget.js").headers
    path, integrity = newest["x-immutable"], newest["x-integrity"]
    page = browser.page

    results = []
    for expected in ("sha384-" + "A" * 64, integrity):
        page.open(f"{town.blog.url}/plain")  # a page remembers what it could not load
        results.append(page.evaluate(LOAD, town.gate.url + path, expected))

    assert results == ["refused", "loaded"]


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
    page.see(ADA, ".person .name")
    said.append(("signed in", page.evaluate(SAID)))
    page.screenshot("widget-pseudo-signed-in")
    overflow.append(page.evaluate(OVERFLOW))

    english = [(state, text) for state, texts in said for text in texts if "één" not in text]
    assert [pair for pair in english if not re.fullmatch(r"Löĝ öût|Chàñĝé", pair[1])] == []
    assert overflow == [[0, []]] * 3


PICTURES = [("de", "ltr"), ("ar", "rtl")]


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
