"""A code signs in the page that asked for it and no other, and only the blog's own page can ask."""

import secrets

import httpx2
import pytest

from tests.browser.demo import ADA, pick, see_signed_in
from tests.browser.harness import Browser
from tests.browser.widget_attack import (
    FETCH,
    STATE,
    code_in_address,
    exchange,
    start_fields,
    starter,
)
from tests.browser.widget_town import (
    DRAFT,
    ONE_OF_THREE,
    THREE,
    Town,
    begin,
    loud,
    open_post,
    sign_in,
    until,
)

ELSEWHERE = "The sign-in began in another window. Please try again."
OPEN_AT_HEADING = """(url) => {
  document.querySelector("h1").onclick = () => { globalThis.evil = open(url); };
}"""


@ONE_OF_THREE
def test_a_stolen_code_is_worth_nothing_without_its_verifier(browser: Browser, town: Town) -> None:
    code = code_in_address(browser, town)
    guess = exchange(code) | {"code_verifier": secrets.token_urlsafe(32)}

    answer = browser.page.evaluate(FETCH, f"{town.gate.url}/token", guess)
    later = browser.page.evaluate(FETCH, f"{town.gate.url}/token", exchange(code))

    assert answer == [400, "invalid_grant"]
    assert later == [400, "invalid_grant"]


@ONE_OF_THREE
def test_a_stolen_code_and_verifier_are_worth_nothing_on_another_site(
    browser: Browser, town: Town
) -> None:
    code = code_in_address(browser, town)
    other = browser.new_page()
    other.open(town.evil.url)

    there = other.evaluate(FETCH, f"{town.gate.url}/token", exchange(code))
    here = browser.page.evaluate(FETCH, f"{town.gate.url}/token", exchange(code))

    assert there == [0, "unreadable"]
    assert here == [400, "invalid_grant"]


@ONE_OF_THREE
def test_a_code_is_redeemed_once(browser: Browser, town: Town) -> None:
    code = code_in_address(browser, town)

    first = browser.page.evaluate(FETCH, f"{town.gate.url}/token", exchange(code))
    again = browser.page.evaluate(FETCH, f"{town.gate.url}/token", exchange(code))

    assert first == [200, None]
    assert again == [400, "invalid_grant"]


@ONE_OF_THREE
def test_a_link_to_a_sign_in_that_somebody_else_began_leads_nowhere(
    browser: Browser, town: Town
) -> None:
    """Whoever sent it knows the verifier, and forges any header outside a browser."""
    forged = httpx2.post(
        f"{town.gate.url}/start", data=start_fields(town), headers={"Origin": town.blog.url}
    )
    page = browser.page

    page.open(town.gate.url + forged.headers["location"])

    page.see("This sign-in belongs to another browser")
    assert forged.status_code == 303
    assert STATE not in page.evaluate("document.documentElement.outerHTML")
    assert page.count("a[href*='gw=']") == 0


@ONE_OF_THREE
def test_a_sign_in_page_that_somebody_else_began_delivers_nothing(
    browser: Browser, town: Town
) -> None:
    with httpx2.Client(follow_redirects=True) as attacker:
        begun = attacker.post(
            f"{town.gate.url}/start", data=start_fields(town), headers={"Origin": town.blog.url}
        )
    page = browser.page

    page.open(begun.headers["refresh"].partition("url=")[2])
    pick(page)

    page.see("This sign-in belongs to another browser")
    assert town.redeemed == []
    assert page.url.startswith(town.gate.url)


@THREE
def test_a_code_that_nobody_asked_for_is_taken_out_of_the_address_and_refused(
    browser: Browser, town: Town
) -> None:
    """Somebody wants a reader to comment under the name that the code is for."""
    code = code_in_address(browser, town)
    page = browser.new_page()

    page.open(f"{town.blog.url}/#gw={STATE}.{code}")

    page.see(ELSEWHERE, "[role=alert]")
    assert page.url == f"{town.blog.url}/"
    assert page.property("[name=commentgate_token]", "disabled")
    assert town.redeemed == []
    assert loud(page) == []


@THREE
@pytest.mark.parametrize("message", ["code", "error"])
def test_a_foreign_state_in_an_open_page_does_nothing(
    browser: Browser, town: Town, message: str
) -> None:
    """The gateway's answers never come to a page that is there already."""
    page = open_post(browser, town)
    name = {"code": "gw", "error": "gw_error"}[message]

    page.evaluate("(hash) => { location.hash = hash; }", f"{name}={STATE}.denied")
    sign_in(browser, page)

    assert page.property("#comment", "value") == DRAFT
    assert town.redeemed == ["authorization_code"]
    assert loud(page) == []


@THREE
def test_a_page_that_opens_the_window_itself_is_told_nothing(browser: Browser, town: Town) -> None:
    """Not even when it hides where it comes from: the code goes to the blog's origin only."""
    town.idp.knobs.headers = {"Cross-Origin-Opener-Policy": None}
    town.evil.knobs.html = starter(town, "no-referrer")
    page = browser.page
    page.open(town.evil.url)

    popup = browser.popup(lambda: page.click("button"))
    popup.see("A page of Ada's blog asks you to sign in with X.")
    popup.click("button", "Continue with X")
    pick(popup)

    popup.see("Close this window, go back to the page with the comment form")
    assert "#gw" not in popup.url
    assert town.evil.knobs.reports == [f"address {town.evil.url}/"]
    assert town.redeemed == []


@ONE_OF_THREE
def test_a_page_that_names_itself_cannot_begin_a_sign_in_for_the_blog(
    browser: Browser, town: Town
) -> None:
    town.evil.knobs.html = starter(town, "origin")
    page = browser.page
    page.open(town.evil.url)

    popup = browser.popup(lambda: page.click("button"))

    popup.see("The page with the button is not registered for the blog that it names.")
    assert town.stand_ins.state.calls == {}


@THREE
def test_a_hidden_frame_cannot_begin_a_sign_in(browser: Browser, town: Town) -> None:
    """It would use up what one visitor may begin."""
    town.evil.knobs.html = (
        "<iframe name=signin hidden></iframe>"
        + starter(town, "no-referrer")
        + "<script>document.forms[0].onsubmit = null; document.forms[0].submit();</script>"
    )
    page = browser.page

    page.open(town.evil.url)
    page.wait("() => { try { return !frames[0].location.href; } catch { return true; } }")

    (start,) = town.gate.asked("POST", "/start")
    assert start.headers["sec-fetch-dest"] == "iframe"
    assert [one for one in town.gate.knobs.seen if one.path.startswith("/start/")] == []


@THREE
@pytest.mark.parametrize("answer", ["code", "denied"])
def test_an_open_redirector_of_the_blog_carries_no_code_to_anybody(
    browser: Browser, town: Town, answer: str
) -> None:
    redirector = f"{town.blog.url}/go?to={town.evil.url}/?arrived"
    town.evil.knobs.html = starter(town, "no-referrer", return_to=redirector)
    page = browser.page
    page.open(town.evil.url)
    popup = browser.popup(lambda: page.click("button"))
    popup.click("button", "Continue with X")

    if answer == "denied":
        popup.click("button[name=cancel]")
        popup.wait_url(f"{town.evil.url}/?arrived")
    else:
        pick(popup)
        popup.see("Close this window, go back to the page with the comment form")

    reports = town.evil.knobs.reports
    assert until(lambda: len(reports) == (2 if answer == "denied" else 1))
    told = " ".join(reports)
    assert "gw=" not in told
    assert "code" not in told
    assert ("gw_error=" in told) == (answer == "denied")


@ONE_OF_THREE
def test_an_unproven_sign_in_that_would_return_by_address_is_refused_at_once(
    browser: Browser, town: Town
) -> None:
    town.evil.knobs.html = starter(town, "no-referrer", mode="page")
    page = browser.page
    page.open(town.evil.url)

    popup = browser.popup(lambda: page.click("button"))

    popup.see("The sign-in could not begin")
    assert popup.count("button") == 0


def _pretend(town: Town, state: str) -> dict[str, object]:
    return {"gw": 1, "type": "code", "state": state, "code": "c" * 43}


@THREE
def test_messages_from_other_windows_and_origins_change_nothing(
    browser: Browser, town: Town
) -> None:
    town.idp.knobs.headers = {"Cross-Origin-Opener-Policy": None}
    town.evil.knobs.html = """<script>
      onmessage = ({ data }) => opener.postMessage(data, "*");
    </script><h1>Evil</h1>"""
    page = open_post(browser, town)
    page.evaluate(OPEN_AT_HEADING, town.evil.url)
    evil = browser.popup(lambda: page.click("h1"))
    evil.see("Evil")
    popup = begin(browser, page)
    popup.see("Who signs in?")
    (start,) = town.gate.asked("POST", "/start")
    message = _pretend(town, start.form["state"])

    page.evaluate("(message) => postMessage(message, '*')", message)  # this page itself
    page.evaluate("(message) => evil.postMessage(message, '*')", message)  # a foreign page
    popup.evaluate("(message) => opener.postMessage(message, '*')", message)  # the provider's

    page.see("Connecting to X…", "[role=status]")
    assert town.redeemed == []
    pick(popup)
    see_signed_in(page)
    assert town.redeemed == ["authorization_code"]
    assert loud(page) == []


@THREE
def test_the_gateway_s_word_counts_only_in_the_window_of_that_sign_in(
    browser: Browser, town: Town
) -> None:
    """Another window of the gateway may belong to somebody who opened it from a link."""
    town.idp.knobs.headers = {"Cross-Origin-Opener-Policy": None}
    page = open_post(browser, town)
    first = begin(browser, page, "twitter")
    second = begin(browser, page, "facebook")
    second.see("Who signs in?")
    second.evaluate("(url) => { location.href = url; }", f"{town.gate.url}/healthz")
    second.wait_url("/healthz")
    states = [start.form["state"] for start in town.gate.asked("POST", "/start")]

    heard = second.evaluate("Boolean(opener)")
    second.evaluate("(message) => opener.postMessage(message, '*')", _pretend(town, states[0]))
    pick(first)

    see_signed_in(page)
    assert heard
    assert town.redeemed == ["authorization_code"]
    assert loud(page) == []


@ONE_OF_THREE
def test_a_message_page_that_is_opened_again_tells_nothing_more(
    browser: Browser, town: Town
) -> None:
    page = open_post(browser, town)
    popup = begin(browser, page)
    popup.see("Who signs in?")
    attempt = town.gate.asked("POST", "/start")
    pick(popup)
    see_signed_in(page)
    resumed = [one.path for one in town.gate.knobs.seen if one.path.startswith("/start/")]

    page.open(town.gate.url + resumed[-1])

    page.see("This sign-in is over")
    assert len(attempt) == 1
    assert town.redeemed == ["authorization_code"]
    page.click("a", "Back to Ada's blog")
    page.see(ADA, ".person .name")
