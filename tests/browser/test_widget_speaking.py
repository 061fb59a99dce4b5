"""How the widget says what it says: once, in the page's language, names in their own direction."""

from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse

from gateway.web import languages
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, LABELS, NO_POPUPS, pick, press_icon
from tests.browser.harness import Browser
from tests.browser.widget_pages import Post
from tests.browser.widget_town import WIDGET, Town, come_near, loud, open_post, sign_in

#: Notes what a screen reader is given to say.
LISTEN = """
globalThis.spoken = [];
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  const root = attach.call(this, options);
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes)
      if (addedNodes.length && /status|alert/.test(target.role))
        spoken.push([...addedNodes].map((one) => one.textContent).join(""));
  }).observe(root, { subtree: true, childList: true });
  return root;
};
"""
OUT_OF_SIGHT = "IntersectionObserver.prototype.observe = () => {};"
TITLES = f"""[...{WIDGET}.shadowRoot.querySelectorAll(".button")]
  .map((one) => [one.title, one.textContent])"""
#: What the widget says, and the width and height that are left of it.
MESSAGE = f"""() => {{
  const message = {WIDGET}.shadowRoot.querySelector(".message");
  const {{ width, height }} = message.getBoundingClientRect();
  return [message.textContent, width, height];
}}"""
#: For a name that stands in a sentence: where its first and its last sign are, from the left.
ENDS = """(name) => {
  const sentence = document.querySelector("comment-login").shadowRoot.querySelector(".privacy");
  const texts = document.createTreeWalker(sentence, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const at = texts.currentNode.data.indexOf(name);
    if (at < 0) continue;
    return [at, at + name.length - 1].map((place) => {
      const range = document.createRange();
      range.setStart(texts.currentNode, place);
      range.setEnd(texts.currentNode, place + 1);
      return range.getBoundingClientRect().left;
    });
  }
}"""


@CHROMIUM_FIRST
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_after_a_return_in_the_same_tab_each_message_is_spoken_once(
    open_browser: OpenBrowser, town: Town, answer: str
) -> None:
    """The words come later than the answer, and nothing is said in English until then."""
    german = languages.catalogue("de")["widget"]
    said = {
        "yes": german["welcome"].format(name=ADA),
        "no": german["denied"].format(provider=LABELS["twitter"]),
    }
    town.blog.knobs.post = Post(lang="de")
    town.gate.knobs.delays["/widget/de.json"] = 0.5
    page = open_post(open_browser(before_scripts=LISTEN + NO_POPUPS), town)
    press_icon(page, "twitter")
    page.wait_url(town.idp.url)

    if answer == "yes":
        pick(page)
    else:
        page.click("button[name=cancel]")
    page.wait_url(town.blog.url)
    page.wait("(text) => globalThis.spoken?.includes(text)", said[answer])
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.person, .button'))")

    connecting = german["connecting"].format(provider=LABELS["twitter"])
    assert page.evaluate("spoken") in ([said[answer]], [connecting, said[answer]])
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("look", ["buttons", "icons"])
def test_who_has_signed_in_is_spoken_and_not_shown_twice(
    browser: Browser, town: Town, look: str
) -> None:
    """The line with the name, Log out and Change says it to the eye."""
    town.blog.knobs.post = Post(attributes=f'look="{look}"' if look == "icons" else "")
    page = open_post(browser, town)

    sign_in(browser, page)
    said = page.evaluate(MESSAGE)

    words = languages.catalogue("en")["widget"]["welcome"]
    assert said == [words.format(name=ADA), 1, 1]
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("look", ["buttons", "icons"])
def test_marks_that_look_alike_are_told_apart_by_their_titles(
    browser: Browser, town: Town, look: str
) -> None:
    """Where the text is seen a title would only say it again."""
    town.blog.knobs.post = Post(attributes=f'look="{look}"' if look == "icons" else "")
    page = browser.page

    page.open(town.blog.url)
    come_near(page)
    titles = page.evaluate(TITLES)

    names = [text for _, text in titles]
    assert [title for title, _ in titles] == (names if look == "icons" else [""] * len(names))
    assert [label for label in LABELS.values() if not any(label in name for name in names)] == []
    assert len(set(names)) == len(LABELS)


@CHROMIUM_FIRST
@pytest.mark.parametrize(
    ("lang", "name"), [("en", "\u05e9\u05dc\u05d5\u05dd!"), ("ar", "Hello World!")]
)
def test_a_name_is_read_from_its_own_side_in_a_sentence_of_the_other(
    browser: Browser, town: Town, lang: str, name: str
) -> None:
    offer: dict[str, Any] = httpx2.get(f"{town.gate.url}/sites/blog/providers.json").json()
    offer["site"]["name"] = name
    headers = {"Access-Control-Allow-Origin": town.blog.url}
    town.gate.knobs.instead["/sites/blog/providers.json"] = JSONResponse(offer, headers=headers)
    town.blog.knobs.post = Post(lang=lang, dir=languages.direction(lang))
    page = browser.page

    page.open(town.blog.url)
    come_near(page)
    first, last = page.evaluate(ENDS, name)

    assert (first < last) == (lang == "ar")


@CHROMIUM_FIRST
def test_whoever_comes_back_is_told_where_the_window_is_out_of_sight(
    open_browser: OpenBrowser, town: Town
) -> None:
    """There a browser says of nothing that it is near."""
    page = open_browser(before_scripts=OUT_OF_SIGHT).page

    page.open(f"{town.blog.url}/#gw_error={'s' * 22}.denied")

    page.see("The sign-in began in another window.", "[role=alert]")
    assert loud(page) == []
