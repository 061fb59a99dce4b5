"""What the yes was about has changed: the question, or the person, is asked anew."""

import html
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway import erasure
from gateway.database.sqlite import Sqlite
from gateway.web import languages
from tests.web.attack import asks, change, click_in_garden, dump, moved, reopened, texts
from tests.world import Browser, Click, World, hop_url, landed


def is_asked_about(page: httpx2.Response) -> list[str]:
    """What the question says that the site will see, in words of the catalogue."""
    words = ("name", "picture", "profile", "email")
    told = html.unescape(page.text)
    return [word for word in words if f"<li>{languages.text('en', f'shares_{word}')}</li>" in told]


def changed(table: dict[str, Any], **garden: Any) -> dict[str, Any]:
    """The configuration with other settings of the garden."""
    sites = table["sites"]
    return {**table, "sites": {**sites, "garden": {**sites["garden"], **garden}}}


@pytest.mark.parametrize(
    ("first", "then", "asked"),
    [
        ({}, {}, None),
        ({"profile": False}, {}, ["name", "picture", "profile"]),
        ({}, {"email": True}, ["name", "picture", "profile", "email"]),
        ({"profile": False}, {"profile": False, "email": True}, ["name", "picture", "email"]),
        ({}, {"profile": False}, None),
        ({"email": True}, {}, None),
        ({}, {"trusted": True, "email": True}, None),
    ],
)
async def test_who_asks_for_more_asks_again(
    world: World,
    table: dict[str, Any],
    first: dict[str, Any],
    then: dict[str, Any],
    asked: list[str] | None,
) -> None:
    """A yes to less is no yes to more; a yes to more is one to less."""
    async with reopened(world, changed(table, **first)) as before:
        browser = before.browser()
        await browser.answer(await browser.sign_in(click_in_garden()), "continue")

    async with reopened(world, changed(table, **then)) as after:
        page = await moved(browser, after).click(click_in_garden())

    if asked is None:
        assert landed(page).code
    else:
        assert asks(page)
        assert is_asked_about(page) == asked


async def test_what_a_trusted_site_saw_was_never_agreed_to(
    world: World, table: dict[str, Any]
) -> None:
    """When it is trusted no more, it has what the person said yes to and nothing else."""
    async with reopened(world, table) as asked:
        browser = asked.browser()
        await browser.answer(await browser.sign_in(click_in_garden()), "continue")
    async with reopened(world, changed(table, trusted=True, email=True)) as trusted:
        await trusted.session(moved(browser, trusted), click_in_garden())
    async with reopened(world, changed(table, email=True)) as again:
        page = await moved(browser, again).click(click_in_garden())

    assert asks(page)


async def signs_in_as(world: World, browser: Browser, person: str) -> None:
    """Another tab of the same browser signs somebody else in."""
    choose = Click(extra={"prompt": "select_account"})
    await browser.come_back(await world.consent(await browser.click(choose), person))


@pytest.mark.parametrize("choice", ["continue", "other", "not_now"])
async def test_S13_an_answer_counts_for_the_person_who_was_asked(world: World, choice: str) -> None:
    """With somebody else signed in meanwhile the attempt begins again, with who is live."""
    browser, click = world.browser(), click_in_garden()
    question = await browser.sign_in(click)
    await signs_in_as(world, browser, "no-email")
    before = await dump(world)

    again = await browser.answer(question, choice)

    assert asks(again)
    assert "Charles Babbage" in again.text and "Ada" not in again.text
    assert (await dump(world))["acquaintances"] == before["acquaintances"]
    session = (
        await world.redeem(click, landed(await browser.answer(again, "continue")).code)
    ).json()
    assert session["user"]["name"] == "Charles Babbage"


@pytest.mark.parametrize("how", ["signed out", "erased", "lost cookie"])
async def test_S13_an_answer_of_nobody_begins_again_at_the_provider(world: World, how: str) -> None:
    browser = world.browser()
    question = await browser.sign_in(click_in_garden())
    if how == "lost cookie":
        del browser.cookies["commentgate-session"]
    else:
        await change(world, "DELETE FROM gateway_sessions")
    if how == "erased":
        await change(world, "DELETE FROM identities")
        await change(world, "DELETE FROM persons")

    page = await browser.answer(question, "continue")

    assert hop_url(page)
    stored = await dump(world)
    assert stored["grants"] == stored["acquaintances"] == []
    assert asks(await browser.come_back(await world.consent(page)))


async def erased_in_between(world: World, patch: pytest.MonkeyPatch) -> str:
    """Have whoever is signed in erased just before the next write; their id at Facebook."""
    write, row = Sqlite.transact, await world.gate.db.row("SELECT provider_id FROM identities")
    assert row is not None
    person = str(row["provider_id"])

    async def after_an_erasure(self: Sqlite, work: Any) -> Any:
        patch.setattr(Sqlite, "transact", write)
        await erasure.erase(world.gate, "facebook", person)
        return await write(self, work)

    patch.setattr(Sqlite, "transact", after_an_erasure)
    return person


@pytest.mark.parametrize("story", ["question", "yes", "code"])
async def test_I6_an_erasure_that_is_faster_wins(
    world: World, monkeypatch: pytest.MonkeyPatch, story: str
) -> None:
    """Nothing of the person is written again, and the attempt goes to the provider anew."""
    browser, click = world.browser(), click_in_garden(provider="facebook")
    if story == "code":
        click = Click(provider="facebook")
        await world.session(browser, click)
        began = await browser.send("POST", "/start", click.form, origin=click.origin)
        path = began.headers["location"]
    else:
        question = await browser.sign_in(click)
        path = urlsplit(str(question.request.url)).path
    person = await erased_in_between(world, monkeypatch)

    if story == "yes":
        page = await browser.answer(question, "continue")
    else:
        page = await browser.get(path)

    assert "client_id=" in hop_url(page)
    assert person not in set(texts(await dump(world)))
