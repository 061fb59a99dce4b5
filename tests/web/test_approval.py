"""A site that is not trusted learns who somebody is after their yes, and not before."""

import asyncio
from typing import Any

import pytest
from markupsafe import escape

from gateway.web import languages
from tests.web.attack import asks, change, click_in_garden, dump, reopened
from tests.world import GARDEN, Click, World, hop_url, landed, query


@pytest.mark.parametrize("origin", [GARDEN, None], ids=["proven", "unproven"])
async def test_the_first_meeting_asks_and_no_code_exists_before_the_yes(
    world: World, origin: str | None
) -> None:
    browser, click = world.browser(), click_in_garden(origin=origin)
    page = await browser.click(click)
    if origin is None:
        page = await browser.post(page)

    question = await browser.come_back(await world.consent(page))
    before = await dump(world)
    landing = landed(await browser.answer(question, "continue"))

    assert asks(question)
    assert GARDEN in question.text and "The garden" in question.text
    assert before["grants"] == before["acquaintances"] == before["subjects"] == []
    assert landing.fragment_too == (origin is not None)
    assert (await world.redeem(click, landing.code)).status_code == 200


@pytest.mark.parametrize("mode", ["popup", "page"])
async def test_the_second_meeting_does_not_ask(world: World, mode: str) -> None:
    """Nor on another device: the person answered, not the browser."""
    first = world.browser()
    await first.answer(await first.sign_in(click_in_garden()), "continue")
    calls = dict(world.calls)

    here = landed(await first.click(click_in_garden(mode=mode)))
    elsewhere = landed(await world.browser().sign_in(click_in_garden(mode=mode)))

    assert here.code and elsewhere.code
    assert world.calls["wordpress.profile_url"] == calls["wordpress.profile_url"] + 1


async def test_a_yes_is_for_one_site_and_one_person(world: World) -> None:
    browser = world.browser()
    await browser.answer(await browser.sign_in(click_in_garden()), "continue")

    assert asks(await world.browser().sign_in(click_in_garden(), person="no-email"))
    assert asks(await world.browser().sign_in(click_in_garden(provider="twitter")))


async def test_somebody_known_at_one_blog_is_asked_at_the_next_without_the_provider(
    world: World,
) -> None:
    """Second site, one click, no second visit to the provider."""
    browser = world.browser()
    await world.session(browser)
    calls, click = dict(world.calls), click_in_garden()

    question = await browser.click(click)
    landing = landed(await browser.answer(question, "continue"))

    assert asks(question)
    assert (await world.redeem(click, landing.code)).status_code == 200
    assert dict(world.calls) == calls


@pytest.mark.parametrize("mode", ["popup", "page"])
async def test_not_now_is_denied_and_keeps_the_visit_here(world: World, mode: str) -> None:
    """The site learns nothing, and is asked about again the next time."""
    browser, click = world.browser(), click_in_garden(mode=mode)

    landing = landed(await browser.answer(await browser.sign_in(click), "not_now"))
    calls = dict(world.calls)
    again = await browser.click(click_in_garden())

    assert (landing.reason, landing.state) == ("denied", click.state)
    assert asks(again)
    assert dict(world.calls) == calls
    stored = await dump(world)
    assert stored["grants"] == stored["acquaintances"] == stored["subjects"] == []


async def test_another_account_begins_again_with_the_same_proof(world: World) -> None:
    """It works to the end with another person, in the form that began it."""
    browser, click = world.browser(), click_in_garden(provider="facebook")
    question = await browser.sign_in(click)

    hop = await browser.answer(question, "other")
    second = await browser.come_back(await world.consent(hop, "no-email"))
    landing = landed(await browser.answer(second, "continue"))
    session = (await world.redeem(click, landing.code)).json()

    assert query(hop_url(hop))["auth_type"] == "reauthenticate"
    assert "Charles Babbage" in second.text and "Ada" not in second.text
    assert session["user"]["name"] == "Charles Babbage"
    assert landing.state == click.state


async def test_another_account_may_take_as_long_as_a_new_sign_in(world: World) -> None:
    """Who read the question for nine minutes is not late already."""
    browser = world.browser()
    question = await browser.sign_in(click_in_garden())
    world.clock.sleep(599)
    hop = await browser.answer(question, "other")
    world.clock.sleep(599)

    assert asks(await browser.come_back(await world.consent(hop, "no-email")))


async def test_answering_twice_leads_on_or_back(world: World) -> None:
    """Firefox and WebKit send a double click as two forms and show the second answer."""
    browser = world.browser()
    first, second = [await browser.sign_in(click_in_garden()) for _ in range(2)]
    hop = await browser.answer(first, "other")
    await browser.answer(second, "not_now")

    other = await browser.answer(first, "other")
    not_now = await browser.answer(second, "not_now")

    assert hop_url(other) == hop_url(hop)
    assert not_now.status_code == 410
    assert f'href="{GARDEN}/"' in not_now.text


async def test_a_reload_shows_the_question_again(world: World) -> None:
    """Of the page itself, and of the callback before it (a reload there asks no provider)."""
    browser = world.browser()
    callback = await world.consent(await browser.click(click_in_garden()))
    question = await browser.come_back(callback)
    calls = dict(world.calls)

    reloads = [await browser.get(question.request.url.path), await browser.come_back(callback)]

    assert all(asks(page) for page in reloads)
    assert dict(world.calls) == calls
    assert landed(await browser.answer(reloads[1], "continue")).code


async def test_two_tabs_at_the_same_site_get_a_code_each(world: World) -> None:
    browser = world.browser()
    clicks = [click_in_garden(), click_in_garden()]
    callbacks = [await world.consent(await browser.click(click)) for click in clicks]
    questions = [await browser.come_back(callback) for callback in callbacks]

    landings = [landed(await browser.answer(page, "continue")) for page in questions]
    answers = [
        await world.redeem(click, landing.code)
        for click, landing in zip(clicks, landings, strict=True)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_two_tabs_at_two_sites_get_a_code_each(world: World, table: dict[str, Any]) -> None:
    orchard = "https://orchard.example.org"
    sites = {**table["sites"], "orchard": {**table["sites"]["garden"], "origins": [orchard]}}
    async with reopened(world, {**table, "sites": sites}) as wide:
        browser = wide.browser()
        there = Click(site="orchard", return_to=f"{orchard}/", origin=orchard)
        clicks = [click_in_garden(), there]
        callbacks = [await wide.consent(await browser.click(click)) for click in clicks]
        questions = [await browser.come_back(callback) for callback in callbacks]
        landings = [landed(await browser.answer(page, "continue")) for page in reversed(questions)]
        first = await wide.redeem(there, landings[0].code, origin=orchard)
        second = await wide.redeem(clicks[0], landings[1].code)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["user"]["sub"] != second.json()["user"]["sub"]


async def test_a_double_click_gets_the_same_code_twice(world: World) -> None:
    browser, click = world.browser(), click_in_garden()
    question = await browser.sign_in(click)

    pages = await asyncio.gather(*(browser.answer(question, "continue") for _ in range(3)))

    codes = {landed(page).code for page in pages}
    assert len(codes) == 1
    assert (await world.redeem(click, codes.pop())).status_code == 200


@pytest.mark.parametrize("spent", ["redeemed", "a minute", "a log-out"])
async def test_S12_a_yes_that_was_used_leads_back(world: World, spent: str) -> None:
    """Back after approval, or a reload of its page, hands nothing out."""
    browser, click = world.browser(), click_in_garden()
    question = await browser.sign_in(click)
    landing = landed(await browser.answer(question, "continue"))
    if spent == "a minute":
        world.clock.sleep(60)
    else:
        session = (await world.redeem(click, landing.code)).json()
    if spent == "a log-out":
        fields = {"client_id": "garden", "token": session["refresh_token"]}
        await world.token(fields, GARDEN, "/revoke")

    pages = [
        await browser.answer(question, "continue"),
        await browser.get(question.request.url.path),
    ]

    for page in pages:
        assert page.status_code == 410
        assert f'href="{GARDEN}/"' in page.text
        assert landing.code and landing.code not in page.text


@pytest.mark.parametrize(
    "name", ["W" * 500, "שלום \u202eabc", "<script>alert(1)</script>&\"'", "{{7*7}}{name}%s"]
)
async def test_I5_a_name_of_any_shape_is_asked_about_as_text(world: World, name: str) -> None:
    """500 characters, from right to left, or markup: even if it got past the door."""
    browser = world.browser()
    await world.session(browser)
    await change(world, "UPDATE identities SET name = :name", name=name)

    page = await browser.click(click_in_garden())

    shown = page.text.partition("<bdi>" + str(escape(name)) + "</bdi>")
    assert asks(page)
    assert shown[1]
    assert "<script>alert" not in page.text
    assert landed(await browser.answer(page, "continue")).code


async def test_the_question_comes_in_the_language_of_the_form(world: World) -> None:
    """Whatever the browser itself prefers."""
    page = await world.browser().sign_in(click_in_garden(extra={"lang": "de"}))

    assert '<html lang="de" dir="ltr">' in page.text
    assert languages.text("de", "ask_not_now") in page.text
