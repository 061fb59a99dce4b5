"""Nobody but the person who was asked, in the window where they were asked, can say yes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx2
import pytest

from tests.web.attack import change, click_in_garden, dump, moved, reopened, says
from tests.world import GARDEN, GATEWAY, Browser, Click, World, form_token, landed


async def asked(world: World, person: str = "ada") -> tuple[Browser, httpx2.Response, str]:
    """A browser that shows the question, the page, and the address its form goes to."""
    browser = world.browser()
    page = await browser.sign_in(click_in_garden(), person)
    return browser, page, page.request.url.path


async def hands_out_nothing(
    world: World,
    browser: Browser,
    address: str,
    form: Mapping[str, str],
    *,
    headers: Mapping[str, str] = MappingProxyType({}),
    status: int = 403,
    code: str = "foreign_form",
) -> None:
    """The answer is refused, and nothing is written."""
    before = await dump(world)

    page = await browser.send("POST", address, dict(form), **{"origin": GATEWAY, **headers})

    assert page.status_code == status, page.text
    assert says(page, code)
    assert await dump(world) == before
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("choice", ["continue", "other", "not_now"])
async def test_S12_the_token_of_the_form_is_compared_whole(world: World, choice: str) -> None:
    """Missing, empty, cut, of another person's form: the attempt and its question live on."""
    browser, page, address = await asked(world)
    _, others, _ = await asked(world, "no-email")
    token = form_token(page)
    again = await browser.sign_in(click_in_garden())

    for wrong in (None, "", token[:-1], f"{token}=", f" {token}", token.swapcase(), "é" * 43):
        form = {"choice": choice} if wrong is None else {"choice": choice, "token": wrong}
        await hands_out_nothing(world, browser, address, form)
    for foreign in (form_token(others), form_token(again)):
        await hands_out_nothing(world, browser, address, {"choice": choice, "token": foreign})
    assert landed(await browser.answer(page, "continue")).code


async def test_S12_a_token_is_good_for_its_attempt_alone(world: World) -> None:
    """Of two questions in one browser each has its own, also after the other was answered."""
    browser = world.browser()
    first, second = [await browser.sign_in(click_in_garden()) for _ in range(2)]
    await browser.answer(first, "not_now")
    form = {"choice": "continue", "token": form_token(first)}

    await hands_out_nothing(world, browser, second.request.url.path, form)


@pytest.mark.parametrize("redeemed", [True, False])
async def test_S12_a_used_token_gets_no_code_from_a_guess(world: World, redeemed: bool) -> None:
    """The repeat of a double click needs the form's token as well."""
    browser, page, address = await asked(world)
    click = click_in_garden()
    landing = landed(await browser.answer(page, "continue"))
    if redeemed:
        await world.redeem(click, landing.code)

    for wrong in ("", "A" * 43):
        answer = await browser.send(
            "POST", address, {"choice": "continue", "token": wrong}, origin=GATEWAY
        )
        assert answer.status_code == 410
        assert landing.code and landing.code not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": GARDEN},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": f"{GATEWAY}.evil.example"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
    ],
)
async def test_S12_an_answer_comes_from_our_own_page(world: World, headers: dict[str, str]) -> None:
    """Even with the right token: another page may have it from nowhere, but it is not ours."""
    browser, page, address = await asked(world)
    form = {"choice": "continue", "token": form_token(page)}

    await hands_out_nothing(world, browser, address, form, headers=headers)
    assert landed(await browser.answer(page, "continue")).code


async def test_S12_approving_another_browsers_attempt_does_nothing(world: World) -> None:
    """With all that stands in the page, but not its cookie."""
    _, page, address = await asked(world)
    attacker, _, _ = await asked(world, "no-email")
    form = {"choice": "continue", "token": form_token(page)}

    await hands_out_nothing(world, attacker, address, form, status=400, code="no_cookie")
    await hands_out_nothing(world, world.browser(), address, form, status=400, code="no_cookie")


async def test_S13_the_attempts_cookie_without_the_visit_here_is_no_yes(world: World) -> None:
    """A stolen attempt cookie in a browser where somebody else is signed in."""
    browser, page, _ = await asked(world)
    attacker, _, _ = await asked(world, "no-email")
    attacker.cookies = {
        **browser.cookies,
        "commentgate-session": attacker.cookies["commentgate-session"],
    }

    again = await attacker.answer(page, "continue")

    assert "Charles Babbage" in again.text
    assert not (await dump(world))["grants"]


@pytest.mark.parametrize("choice", ["", "yes", "Continue", "continue "])
async def test_an_answer_that_is_none_is_refused(world: World, choice: str) -> None:
    browser, page, address = await asked(world)
    form = {"choice": choice, "token": form_token(page)}

    await hands_out_nothing(world, browser, address, form, status=400, code="bad_field")


async def test_an_answer_that_says_two_things_is_refused(world: World) -> None:
    browser, page, address = await asked(world)
    body = f"choice=not_now&choice=continue&token={form_token(page)}"

    answer = await browser.send("POST", address, body, origin=GATEWAY)

    assert answer.status_code == 400
    assert not (await dump(world))["grants"]


async def test_the_token_alone_is_no_answer(world: World) -> None:
    """A form without a choice shows the question again."""
    browser, page, address = await asked(world)

    again = await browser.send("POST", address, {"token": form_token(page)}, origin=GATEWAY)

    assert 'value="not_now"' in again.text
    assert not (await dump(world))["grants"]


@pytest.mark.parametrize("choice", ["continue", "other", "not_now"])
async def test_a_question_that_stood_for_too_long_delivers_expired(
    world: World, choice: str
) -> None:
    browser, page, _ = await asked(world)
    world.clock.sleep(601)

    first = landed(await browser.answer(page, choice))
    second = await browser.answer(page, choice)

    assert first.reason == "expired"
    assert second.status_code == 410
    assert not (await dump(world))["grants"]


def without(table: dict[str, Any], what: str) -> dict[str, Any]:
    """The configuration after the operator has taken something out of it."""
    sites = {**table["sites"], "garden": dict(table["sites"]["garden"])}
    if what == "site":
        del sites["garden"]
    if what == "origin":
        sites["garden"]["origins"] = ["https://meadow.example.org"]
    if what == "offer":
        sites["garden"]["providers"] = ["twitter"]
    if what == "provider":
        sites = {key: {**site, "providers": ["twitter"]} for key, site in sites.items()}
        return {**table, "sites": sites, "providers": {"twitter": table["providers"]["twitter"]}}
    return {**table, "sites": sites}


@pytest.mark.parametrize("choice", ["continue", "other", "not_now", None])
@pytest.mark.parametrize("what", ["site", "origin", "offer", "provider"])
async def test_S11_what_was_switched_off_between_page_and_click_gets_nothing(
    world: World, table: dict[str, Any], what: str, choice: str | None
) -> None:
    """None: the page is only loaded again."""
    browser, page, address = await asked(world)

    async with reopened(world, without(table, what)) as later:
        there = moved(browser, later)
        answer = await (there.answer(page, choice) if choice else there.get(address))
        stored = await dump(later)

    if what in ("offer", "provider"):
        assert landed(answer).reason == "off"
    else:
        assert answer.status_code == 404
        assert "<a" not in answer.text and GARDEN not in answer.text
    assert stored["grants"] == stored["acquaintances"] == []


@pytest.mark.parametrize("what", ["provider", "offer", "site"])
async def test_S11_a_repeated_yes_gets_nothing_from_what_was_switched_off(
    world: World, table: dict[str, Any], what: str
) -> None:
    """The code may wait still, but it is not told again."""
    browser, page, _ = await asked(world)
    code = landed(await browser.answer(page, "continue")).code

    async with reopened(world, without(table, what)) as later:
        answer = await moved(browser, later).answer(page, "continue")

    assert answer.status_code in (404, 410)
    assert code and code not in answer.text


async def test_a_yes_of_somebody_who_is_banned_opens_no_session(world: World) -> None:
    browser, click = world.browser(), click_in_garden()
    page = await browser.sign_in(click)
    await change(world, "UPDATE persons SET banned_at = 1")

    hop = await browser.answer(page, "continue")
    landing = landed(await browser.come_back(await world.consent(hop)))

    assert (landing.code, landing.reason) == (None, "denied")
    assert not (await dump(world))["sessions"]


@pytest.mark.parametrize(
    "cookie", ["", "x", "x.y", ".x.y", "A" * 8192, '"{}"', "eyJ4IjoxfQ.AAAA", "é"]
)
async def test_a_session_cookie_that_is_none_signs_nobody_in(world: World, cookie: str) -> None:
    """Forged, of 8 kB, or of another key."""
    browser = world.browser()
    await browser.click(Click())
    browser.cookies["commentgate-session"] = cookie
    name = next(name for name in browser.cookies if "attempt" in name)
    sent = f"{name}={browser.cookies[name]}; commentgate-session={cookie}".encode("latin-1")

    page = await world.client.get(
        f"/start/{name.rpartition('attempt-')[2]}", headers={b"cookie": sent}
    )

    assert "refresh" in page.headers


async def test_a_doubled_session_cookie_signs_nobody_in(world: World) -> None:
    """A sibling domain may have planted one of the two."""
    browser = world.browser()
    await world.session(browser)
    began = await browser.send("POST", "/start", Click().form, origin=Click().origin)
    jar = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    doubled = f"{jar}; commentgate-session={browser.cookies['commentgate-session']}"

    page = await world.client.get(
        began.headers["location"].partition("#")[0], headers={"cookie": doubled}
    )

    assert "refresh" in page.headers
