"""Every page that people meet, one after the other, for tests that look at all of them."""

from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web import languages, pages
from tests.browser.demo import (
    Demo,
    approve,
    open_popup,
    pick,
    post,
    press_icon,
    start_plainly,
)
from tests.browser.harness import Browser, Page
from tests.servers import running

SEND = "form[action^='/comments'] button[type=submit]"
Sight = tuple[str, Page]


def sights(browser: Browser, demo: Demo, lang: str) -> Iterator[Sight]:
    """A name and a window that shows it. The window goes on afterwards: look before asking on."""
    yield from _on_the_way(browser.page, demo, lang)
    yield from _without_a_sign_in(browser.page, demo, lang)
    yield from _at_the_form(browser, demo)
    yield from _known(browser.page, demo, lang)
    yield from _refused(browser.page, demo)


def _on_the_way(page: Page, demo: Demo, lang: str) -> Iterator[Sight]:
    """An unproven sign-in without an opener: nobody hears its answer, so its last page stays."""
    start_plainly(page, demo, lang, proven=False)
    page.text("form[method=post] .first")
    yield "press", page
    page.click("button.first")
    page.see("Who signs in?")
    yield "rehearsal", page
    pick(page)
    page.text("#yes")
    yield "ask", page
    approve(page)
    page.see(languages.text(lang, "close_and_try_again"))
    yield "message", page
    page.back()
    page.see(languages.text(lang, "error_attempt_over"))
    yield "over", page


def _without_a_sign_in(page: Page, demo: Demo, lang: str) -> Iterator[Sight]:
    addresses = {
        "privacy": "/privacy",
        "stray-start": "/start?site=garden",
        "no-cookie": "/start/nobodys",
        "nothing-here": "/nothing/here",
        "deletion": "/deletion/unknown",
    }
    for name, path in addresses.items():
        page.open(f"{demo.gateway}{path}")
        yield name, page
    page.open(f"{demo.rehearsal}/x/i/oauth2/authorize")
    yield "rehearsal-refusal", page
    with running(_hop_that_stays(demo, lang)) as url:
        page.open(f"{url}/")
        yield "hop", page


def _hop_that_stays(demo: Demo, lang: str) -> Starlette:
    async def hop(request: Request) -> Response:
        sentence = languages.text(lang, "returning", site="The garden")
        response = pages.hop(lang, f"{demo.garden}/", sentence)
        del response.headers["Refresh"]
        return response

    return Starlette(routes=[Route("/", hop)])


def _known(page: Page, demo: Demo, lang: str) -> Iterator[Sight]:
    page.open(f"{demo.gateway}/account")
    yield "account", page
    page.click("button[value=withdraw]")
    page.see(languages.text(lang, "said_withdraw"))
    yield "account-said", page
    page.click("button[value=sign_out]")
    page.see(languages.text(lang, "said_sign_out"))
    yield "account-signed-out", page


def _at_the_form(browser: Browser, demo: Demo) -> Iterator[Sight]:
    page = browser.page
    page.open(f"{demo.blog}/?look=icons")
    _scroll_to_buttons(page)
    yield "blog-icons", page
    page.open(demo.blog)
    _scroll_to_buttons(page)
    yield "blog", page
    yield from _signing_in(browser)
    page.type("#comment", "Brass wheels, thousands of them.")
    post(page)
    page.text(".comment:target")
    yield "blog-comment", page


def _refused(page: Page, demo: Demo) -> Iterator[Sight]:
    page.open(demo.blog)
    page.click(".answer a")
    page.click(".out")
    page.type("#comment", "A comment without a name.")
    page.click(SEND)
    page.text(".faults")
    _scroll_to_buttons(page)
    yield "blog-refused", page


def _signing_in(browser: Browser) -> Iterator[Sight]:
    page = browser.page
    window = _leave_for_facebook(browser)
    if window.id != page.id:
        page.text(".busy")
        yield "blog-connecting", page
    window.click("button[name=cancel]")
    page.text(".urgent")
    yield "blog-failed", page
    pick(_leave_for_facebook(browser))
    page.text(".person")
    yield "blog-signed-in", page
    page.click(".change")
    page.text(".buttons")
    yield "blog-change", page
    page.click(".change")


def _leave_for_facebook(browser: Browser) -> Page:
    """The window in which the sign-in goes on: on a phone it is the same one."""
    if not browser.page.evaluate("matchMedia('(pointer: coarse)').matches"):
        return open_popup(browser, "facebook")
    press_icon(browser.page, "facebook")
    return browser.page


def _scroll_to_buttons(page: Page) -> None:
    page.evaluate("document.querySelector('comment-login').scrollIntoView({ block: 'center' })")
    page.text("button.button-twitter")
