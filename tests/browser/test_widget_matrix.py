"""Every way in which blogs, providers and browsers keep a popup from its opener, and back again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import Browser
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import (
    DRAFT,
    THREE,
    Town,
    begin,
    loud,
    open_post,
    running_town,
    sign_in,
    until,
)
from tests.servers import Authority

CARET = """() => {
  const field = document.getElementById("comment");
  return [field.selectionStart, document.activeElement === field];
}"""
EVERYWHERE = ("chromium", "firefox", "webkit")
COOP = "Cross-Origin-Opener-Policy"
REFERRER = "Referrer-Policy"
TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types 'none'"


@dataclass(frozen=True)
class Case:
    """One way in which blog and provider are set up, and which way back is left then."""

    blog: dict[str, str] = field(default_factory=dict)
    idp: dict[str, str | None] = field(default_factory=dict)
    csp: str = ""  # further directives of the blog's policy
    popups: bool = True
    by_address: tuple[str, ...] = ()  # where the popup itself goes to the blog, without a message


CASES = {
    "opener-alive": Case(idp={COOP: None}),
    "provider-same-origin": Case(idp={COOP: "same-origin"}, by_address=EVERYWHERE),
    "provider-allow-popups": Case(idp={COOP: "same-origin-allow-popups"}, by_address=EVERYWHERE),
    "provider-noopener": Case(
        idp={COOP: "noopener-allow-popups"},
        by_address=("chromium", "webkit"),  # Firefox leaves the opener to such a page
    ),
    "blog-same-origin": Case(blog={COOP: "same-origin"}, idp={COOP: None}, by_address=EVERYWHERE),
    "blog-allow-popups": Case(
        blog={COOP: "same-origin-allow-popups"},
        idp={COOP: None},
        by_address=("webkit",),  # the others let such a page keep its popup
    ),
    "popups-blocked": Case(popups=False),
    "no-referrer": Case(blog={REFERRER: "no-referrer"}, by_address=EVERYWHERE),
    "no-referrer-same-tab": Case(blog={REFERRER: "no-referrer"}, popups=False),
    "referrer-same-origin": Case(blog={REFERRER: "same-origin"}, idp={COOP: None}),
    "helmet": Case(
        blog={REFERRER: "no-referrer", COOP: "same-origin"},
        csp="base-uri 'self'; object-src 'none'; script-src-attr 'none'",
        by_address=EVERYWHERE,
    ),
    "trusted-types": Case(csp=TRUSTED_TYPES, idp={COOP: None}),
    "trusted-types-same-tab": Case(csp=TRUSTED_TYPES, popups=False),
}


# Those that are nearest to what is out there run always, the crossings of them in the long run.
USUAL = (
    "opener-alive",
    "provider-same-origin",
    "provider-noopener",
    "blog-same-origin",
    "popups-blocked",
    "no-referrer",
    "helmet",
    "trusted-types",
)
RARE = sorted(set(CASES) - set(USUAL))


@pytest.fixture(scope="module")
def secure_town(authority: Authority) -> Iterator[Town]:
    with running_town(authority) as town:
        yield town


def policy(town: Town, more: str = "") -> dict[str, str | None]:
    """The policy that the documentation asks for, and no more than that."""
    gate = town.gate.url
    parts = [
        "default-src 'none'",
        "style-src 'self'",
        f"script-src {gate}",
        f"connect-src {gate}",
        f"img-src 'self' {gate}",
        f"form-action 'self' {gate}",
        more,
    ]
    return {"Content-Security-Policy": "; ".join(part for part in parts if part)}


@THREE
@pytest.mark.parametrize(
    "name", [*USUAL, *(pytest.param(name, marks=pytest.mark.slow) for name in RARE)]
)
def test_a_sign_in_comes_back_to_the_draft(browser: Browser, town: Town, name: str) -> None:
    case = CASES[name]
    town.blog.knobs.headers = {**policy(town, case.csp), **case.blog}
    town.idp.knobs.headers = dict(case.idp)
    page = open_post(browser, town)
    page.press("ArrowLeft", "ArrowLeft")
    if not case.popups:
        page.evaluate(f"() => {{ {NO_POPUPS} }}")

    if case.popups:
        popup = browser.popup(lambda: press_icon(page, "twitter"))
        pick(popup)
        see_signed_in(page)
        popup.wait_closed()
        assert loud(popup) == []
    else:
        press_icon(page, "twitter")
        pick(page)
        see_signed_in(page)

    loads = 2 if browser.name in case.by_address or not case.popups else 1
    (start,) = town.gate.asked("POST", "/start")
    assert start.origin == town.blog.url
    assert len(town.blog.asked("GET", "/")) == loads
    assert town.redeemed == ["authorization_code"]
    assert page.property("#comment", "value") == DRAFT
    assert page.evaluate(CARET) == [len(DRAFT) - 2, True]
    assert page.url == f"{town.blog.url}/"
    assert len(browser.pages()) == 1
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []


def test_a_redirect_in_place_of_our_first_page_would_end_at_the_blog_s_policy(
    open_browser: OpenBrowser, town: Town, engine: str
) -> None:
    """Why there is such a page: two engines hold form-action against redirects as well."""
    town.blog.knobs.headers = policy(town)
    town.gate.knobs.instead["/start"] = RedirectResponse(f"{town.idp.url}/avatars/1.png", 303)
    browser = open_browser()
    page = open_post(browser, town)

    press_icon(page, "twitter")

    if engine == "firefox":
        browser.pages()[-1].wait_url(town.idp.url)
    else:
        page.see("The form-action policy of this page does not allow", "[role=alert]")


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_a_redirect_in_place_of_our_last_page_would_end_at_the_provider_s_policy(
    browser: Browser, town: Town
) -> None:
    """Attempt and answer would be used up, and nobody would say a word."""
    town.gate.knobs.instead["/callback/twitter"] = RedirectResponse(town.blog.url, 303)
    page = open_post(browser, town)
    popup = begin(browser, page)

    pick(popup)

    popup.wait("() => true")
    assert until(lambda: bool(town.gate.asked("GET", "/callback/twitter")))
    popup.see("Who signs in?")
    assert any("form-action" in error for error in popup.errors)


@THREE
def test_going_back_never_leads_to_a_page_that_goes_on_by_itself(
    browser: Browser, town: Town
) -> None:
    town.idp.knobs.headers = {COOP: None}  # WebKit's driver cannot follow Back to one that has it
    page = open_post(browser, town)
    page.evaluate(f"() => {{ {NO_POPUPS} }}")
    press_icon(page, "twitter")
    pick(page)
    see_signed_in(page)
    before = len(town.gate.asked("GET", "/callback/twitter"))

    page.back()
    page.see("Who signs in?")
    page.back()
    page.wait_url(f"{town.blog.url}/")

    see_signed_in(page)
    assert before == len(town.gate.asked("GET", "/callback/twitter")) == 1
    assert page.property("#comment", "value") == DRAFT


@CHROMIUM_FIRST
def test_the_address_of_a_post_comes_back_as_it_was(browser: Browser, town: Town) -> None:
    address = "/?p=12&q=a%20b%C3%A9&amp=1"
    page = open_post(browser, town, address)
    page.evaluate(f"() => {{ {NO_POPUPS} }}")

    press_icon(page, "twitter")
    pick(page)

    see_signed_in(page)
    assert page.url == town.blog.url + address
    assert page.property("#comment", "value") == DRAFT


async def _control(scope: Scope, receive: Receive, send: Send) -> None:
    """Set a cookie for third parties, and tell whether it came along."""
    request = Request(scope)
    origin = request.headers.get("origin", "")
    answer = JSONResponse("control" in request.cookies)
    answer.headers["Set-Cookie"] = "control=1; Path=/; Secure; SameSite=None; Max-Age=600"
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Allow-Credentials"] = "true"
    await answer(scope, receive, send)


@pytest.mark.parametrize("way", ["popup", "same-tab"])
def test_three_names_over_tls_need_no_cookie_in_the_blog_s_page(
    browser: Browser, secure_town: Town, way: str
) -> None:
    """A control cookie that the blog's page would like to have proves that none could come."""
    town = secure_town
    town.reset()
    town.gate.knobs.instead["/control"] = _control
    control = browser.new_page()
    control.open(f"{town.gate.url}/control")
    control.open(f"{town.gate.url}/control")
    at_home = control.text().endswith("true")  # Firefox puts a viewer around it
    control.close()
    page = open_post(browser, town)
    abroad = page.evaluate(
        "async (url) => (await fetch(url, { credentials: 'include' })).json()",
        f"{town.gate.url}/control",
    )

    if way == "same-tab":
        page.evaluate(f"() => {{ {NO_POPUPS} }}")
        press_icon(page, "twitter")
        pick(page)
        see_signed_in(page)
    else:
        sign_in(browser, page)
    page.click("#send")
    page.wait_url("#comment-1")

    cookies = [one.headers.get("cookie", "") for one in town.gate.asked("GET", "/callback/twitter")]
    assert at_home
    assert abroad is False
    assert len(cookies) == 1
    assert "__Host-" in cookies[0]
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert [one.headers for one in town.blog.knobs.seen if "cookie" in one.headers] == []
    assert loud(page) == []
