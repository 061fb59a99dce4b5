"""Every way in which blogs, providers and browsers keep a popup from its opener, and back again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.browser.demo import ADA, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import ENGINES, Browser
from tests.browser.widget_pages import Comment
from tests.browser.widget_town import DRAFT, Town, loud, open_post, running_town

CARET = """() => {
  const field = document.getElementById("comment");
  return [field.selectionStart, document.activeElement === field];
}"""
THREE = [*ENGINES, pytest.param("webkit", marks=pytest.mark.slow)]
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
    "blog-allow-popups": Case(blog={COOP: "same-origin-allow-popups"}, idp={COOP: None}),
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


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with running_town() as town:
        yield town


@pytest.fixture(autouse=True)
def fresh(town: Town) -> None:
    town.reset()


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


@pytest.mark.parametrize("engine", THREE, indirect=True)
@pytest.mark.parametrize("name", CASES)
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
