"""The account page: who I am here, which sites know me, and taking it back."""

import json
import logging
import re

import httpx2
import pytest

from tests.world import GARDEN, GATEWAY, Browser, Click, World, form_token, landed


async def _at_garden(world: World, browser: Browser, person: str = "ada") -> tuple[Click, str]:
    """Sign in at the site that is not trusted, and say yes; the click and the refresh token."""
    click = Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN)
    page = await browser.sign_in(click, person)
    if 'name="choice"' in page.text:
        page = await browser.answer(page, "continue")
    answer = await world.redeem(click, landed(page).code)
    return click, answer.json()["refresh_token"]


async def _act(browser: Browser, action: str, target: str = "", **headers: str) -> httpx2.Response:
    page = await browser.get("/account")
    fields = {"action": action, "target": target, "token": form_token(page)}
    return await browser.send("POST", "/account", fields, origin=GATEWAY, **headers)


def _said(response: httpx2.Response) -> str:
    return re.sub(r".*said=(\w+).*", r"\1", response.headers["location"])


async def test_somebody_who_is_not_signed_in_gets_the_icons_and_comes_back(world: World) -> None:
    browser = world.browser()
    page = await browser.get("/account")

    response = await browser.send(
        "POST", "/account/sign-in", {"provider": "facebook"}, origin=GATEWAY
    )
    hop = await browser.get(response.headers["location"])
    back = await browser.come_back(await world.consent(hop))

    assert page.text.count('name="provider"') == 4
    assert back.request.url.path == "/account"
    assert "Ada Lovelace" in back.text
    assert not await world.gate.db.rows("SELECT 1 FROM grants"), "a code that nobody asked for"


async def test_saying_no_at_the_provider_comes_back_with_words(world: World) -> None:
    browser = world.browser()
    response = await browser.send(
        "POST", "/account/sign-in", {"provider": "wordpress"}, origin=GATEWAY
    )
    hop = await browser.get(response.headers["location"])

    page = await browser.come_back(await world.consent(hop, fault="cancel"))

    assert "The sign-in was cancelled." in page.text
    assert 'name="provider"' in page.text


async def test_the_page_says_which_sites_know_me_and_what_they_see(world: World) -> None:
    browser = world.browser()
    await world.session(browser)
    await _at_garden(world, browser)

    page = await browser.get("/account")

    assert "Ada&#39;s blog" in page.text
    assert "The garden" in page.text
    assert page.text.count("your picture") == 2
    assert "e-mail" not in page.text


async def test_a_withdrawn_site_asks_again_and_its_sessions_are_dead(world: World) -> None:
    browser = world.browser()
    _, token = await _at_garden(world, browser)

    done = await _act(browser, "withdraw", "garden")

    assert _said(done) == "withdraw"
    assert (await world.refresh(token, "garden", GARDEN)).json()["error"] == "invalid_grant"
    again = await browser.click(Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN))
    assert 'value="continue"' in again.text


async def test_one_session_can_be_ended_without_the_others(world: World) -> None:
    browser = world.browser()
    _, first = await _at_garden(world, browser)
    _, second = await _at_garden(world, world.browser())
    page = await browser.get("/account")
    sids = re.findall(r'name="target" value="([\w-]{22})"', page.text)

    done = await _act(browser, "end_session", sids[0])

    alive = [
        (await world.refresh(token, "garden", GARDEN)).status_code for token in (first, second)
    ]
    assert _said(done) == "end_session"
    assert len(sids) == 2
    assert sorted(alive) == [200, 400]


async def test_all_sessions_can_be_ended_at_once(world: World) -> None:
    browser = world.browser()
    _, garden = await _at_garden(world, browser)
    blog = (await world.session(browser))["refresh_token"]

    done = await _act(browser, "end_all")

    assert _said(done) == "end_all"
    assert (await world.refresh(garden, "garden", GARDEN)).status_code == 400
    assert (await world.refresh(blog)).status_code == 400
    assert "Ada Lovelace" in (await browser.get("/account")).text, "signed out of the gateway too"


async def test_B8_signing_out_takes_the_cookie_away_and_leaves_the_sites(world: World) -> None:
    browser = world.browser()
    _, token = await _at_garden(world, browser)
    cookie = browser.cookies["commentgate-session"]

    done = await _act(browser, "sign_out")

    assert _said(done) == "sign_out"
    assert "commentgate-session" not in browser.cookies
    assert (await world.refresh(token, "garden", GARDEN)).status_code == 200
    browser.cookies["commentgate-session"] = cookie
    assert 'name="provider"' in (await browser.get("/account")).text, "the row lives on"


async def test_everything_kept_about_me_can_be_downloaded(world: World) -> None:
    browser = world.browser()
    await _at_garden(world, browser)

    download = await _act(browser, "export", user_agent="Mozilla/5.0 (X11; Linux) Firefox/153.0")

    kept = json.loads(download.content)
    assert "attachment" in download.headers["content-disposition"]
    assert kept["identities"][0]["provider_id"]
    assert [site["site"] for site in kept["sites"]] == ["garden"]
    assert len(kept["sessions"]) == 1
    assert list(kept["names_at_sites"]) == ["garden"]


async def test_I7_erasing_myself_leaves_a_tombstone_and_a_receipt(world: World) -> None:
    browser = world.browser()
    _, token = await _at_garden(world, browser)
    subject = await world.gate.db.row("SELECT subject FROM subjects")

    unsure = await _act(browser, "erase", "")
    sure = await _act(browser, "erase", "yes")
    receipt = await browser.get(sure.headers["location"])

    assert _said(unsure) == "not_sure"
    assert "was erased" in receipt.text
    assert (await world.refresh(token, "garden", GARDEN)).status_code == 400
    for table in ("persons", "identities", "acquaintances", "sessions", "gateway_sessions"):
        assert not await world.gate.db.rows(f"SELECT 1 FROM {table}"), table  # noqa: S608  # the names stand in the line above
    left = await world.gate.db.row("SELECT * FROM subjects")
    assert left and subject and (left["subject"], left["person"]) == (subject["subject"], None)


@pytest.mark.parametrize("action", ["withdraw", "end_session", "end_all", "sign_out", "erase"])
async def test_S12_an_action_needs_the_token_of_the_page_that_this_person_was_shown(
    world: World, action: str
) -> None:
    """A form that another page or another person's page made changes nothing."""
    browser, other = world.browser(), world.browser()
    _, token = await _at_garden(world, browser)
    await _at_garden(world, other, "no-email")
    foreign = form_token(await other.get("/account"))
    own = form_token(await browser.get("/account"))
    fields = {"action": action, "target": "yes" if action == "erase" else "garden"}

    refused = [
        await browser.send("POST", "/account", {**fields, "token": used}, origin=origin)
        for used, origin in [(foreign, GATEWAY), ("", GATEWAY), (own, GARDEN), (own, "null")]
    ]

    assert [response.status_code for response in refused] == [403] * 4
    assert (await world.refresh(token, "garden", GARDEN)).status_code == 200


async def test_an_unknown_action_is_no_action(world: World) -> None:
    browser = world.browser()
    await world.session(browser)

    assert (await _act(browser, "promote")).status_code == 403


async def test_S12_somebody_else_cannot_sign_a_visitor_in_from_outside(world: World) -> None:
    """S14: the account page's own sign-in starts only from its own form."""
    response = await world.browser().send(
        "POST", "/account/sign-in", {"provider": "wordpress"}, origin=GARDEN
    )

    assert response.status_code == 403
    assert not await world.gate.db.rows("SELECT 1 FROM attempts")


async def test_every_decision_leaves_a_line_without_personal_data(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    browser = world.browser()
    with caplog.at_level(logging.INFO, "commentgate.events"):
        await _at_garden(world, browser)
        await _act(browser, "withdraw", "garden")
        await _act(browser, "sign_out")
        await world.session(browser)
        await _act(browser, "erase", "yes")

    events = [record.__dict__["event"] for record in caplog.records]
    assert events == ["approved", "withdrawn", "signed_out", "erased"]
    assert "Ada" not in caplog.text
    assert "example" not in caplog.text


async def test_the_browser_of_a_session_is_named_in_coarse_words(world: World) -> None:
    browser, click = world.browser(), Click()
    landing = landed(await browser.sign_in(click))
    world.client.headers["user-agent"] = "Mozilla/5.0 (iPhone; like Mac OS X) Safari/605.1"
    await world.redeem(click, landing.code)

    page = await browser.get("/account")

    assert "Safari, iPhone" in page.text
