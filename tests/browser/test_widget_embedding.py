"""What a blog gets by taking the widget in: who is asked for what and when, and how it looks."""

import httpx2
import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, pick, press_icon, see_signed_in
from tests.browser.harness import Browser
from tests.browser.widget_pages import Post
from tests.browser.widget_town import (
    DRAFT,
    WIDGET,
    Town,
    come_near,
    foreign,
    loud,
    open_post,
    sign_in,
)

FAR = '<div style="block-size: 4000px">A long article.</div>'
LOAD = """(src, integrity) => new Promise((done) => {
  const script = document.createElement("script");
  Object.assign(script, { type: "module", crossOrigin: "anonymous", integrity, src });
  script.onload = () => done("loaded");
  script.onerror = () => done("refused");
  document.head.append(script);
})"""


def asked(town: Town) -> list[str]:
    """The paths that the gateway was asked for."""
    return [one.path for one in town.gate.knobs.seen]


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
    before = open_post(browser, town)
    sign_in(browser, before)
    before.wait(f"() => {WIDGET}.shadowRoot.querySelector('.face img')?.complete")
    town.reset()
    town.blog.knobs.post = Post(before=FAR)
    page = browser.new_page()

    page.open(town.blog.url)
    page.wait(f"() => {WIDGET}.user?.name === {ADA!r}")

    assert asked(town) == [] or asked(town) == ["/widget.js"]  # the script may be cached
    come_near(page)
    see_signed_in(page)


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
