"""Limits by network: told to the form as `busy`, shared by one network, not lifted by success."""

from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.attack import asks, click_in_garden, dump, reopened, seen_from, texts
from tests.world import BLOG, Browser, Click, Landing, World, hop_url, landed


def limited(table: dict[str, Any], **limits: int) -> dict[str, Any]:
    """The configuration with other limits."""
    return {**table, "limits": limits}


async def begin(browser: Browser, click: Click) -> Landing | None:
    """Send a start form; where it ended, or None if an attempt began."""
    page = await browser.send("POST", "/start", click.form, origin=click.origin)
    if page.status_code == 303:
        return None
    assert page.status_code == 429
    assert 1 <= int(page.headers["retry-after"]) <= 60
    assert "set-cookie" not in page.headers
    return landed(page)


@pytest.mark.parametrize(
    ("click", "by"),
    [
        (Click(), "message"),
        (Click(mode="page"), "fragment"),
        (Click(origin=None), "message"),
    ],
    ids=["popup", "page", "unproven"],
)
async def test_N6_a_limit_is_told_to_the_form_as_busy(
    world: World, table: dict[str, Any], click: Click, by: str
) -> None:
    """The draft is there; a bare error page would keep it from being sent."""
    async with reopened(world, limited(table, start=2)) as narrow:
        browser = narrow.browser()
        first = [await begin(browser, Click()) for _ in range(2)]
        third = await begin(browser, click)

    assert first == [None, None]
    assert third
    assert (third.reason, third.by, third.state, third.origin) == ("busy", by, click.state, BLOG)


async def test_N6_waiting_as_long_as_was_said_is_enough(
    world: World, table: dict[str, Any]
) -> None:
    async with reopened(world, limited(table, start=2)) as narrow:
        browser = narrow.browser()
        pages = [await browser.send("POST", "/start", Click().form, origin=BLOG) for _ in range(3)]
        narrow.clock.sleep(int(pages[-1].headers["retry-after"]))

        again = await begin(browser, Click())

    assert again is None


async def test_N6_a_success_gives_nothing_back(world: World, table: dict[str, Any]) -> None:
    """Else whoever has one account could try without end."""
    async with reopened(world, limited(table, start=2)) as narrow:
        for _ in range(2):
            await narrow.session(narrow.browser())

        third = await begin(narrow.browser(), Click())

    assert third and third.reason == "busy"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:0:aa00::1", "2001:db8:0:aaff:ffff::2", True),
        ("2001:db8:0:aa00::1", "2001:db8:0:ab00::1", False),
        ("", "", True),
    ],
)
async def test_N6_a_network_is_an_ipv4_address_or_the_56_of_an_ipv6_one(
    world: World, table: dict[str, Any], one: str, other: str, shared: bool
) -> None:
    """One subscriber has 2**72 IPv6 addresses to choose from."""
    async with AsyncExitStack() as doors:
        narrow = await doors.enter_async_context(reopened(world, limited(table, start=1)))
        here = await doors.enter_async_context(seen_from(narrow, one))
        there = await doors.enter_async_context(seen_from(narrow, other))
        await begin(here.browser(), Click())

        second = await begin(there.browser(), Click())

    assert (second is not None) == shared


async def test_open_attempts_have_a_cap_of_their_own(world: World, table: dict[str, Any]) -> None:
    """Each is a row; one that comes to its end makes room."""
    async with reopened(world, limited(table, pending=2)) as narrow:
        browser = narrow.browser()
        hop = await browser.click(Click())
        await browser.click(Click())
        full = await begin(browser, Click())
        await browser.come_back(await narrow.consent(hop))

        after = await begin(browser, Click())

    assert full and full.reason == "busy"
    assert after is None


async def test_N6_an_attempt_that_begins_again_counts_as_another(
    world: World, table: dict[str, Any]
) -> None:
    """A browser may come with its session and without, and OAuth 1.0a makes a call each time."""
    async with reopened(world, limited(table, start=4)) as narrow:
        browser, click = narrow.browser(), click_in_garden(provider="twitter1")
        question = await browser.sign_in(click)
        path = urlsplit(str(question.request.url)).path
        before = narrow.calls["twitter1.request_token_url"]
        session = browser.cookies["commentgate-session"]
        for _ in range(3):
            del browser.cookies["commentgate-session"]
            assert hop_url(await browser.get(path))
            browser.cookies["commentgate-session"] = session
            assert asks(await browser.get(path))
        del browser.cookies["commentgate-session"]

        ended = await browser.get(path)
        after = await browser.get(path)

    assert narrow.calls["twitter1.request_token_url"] == before + 3
    assert (ended.status_code, landed(ended).reason) == (429, "busy")
    assert int(ended.headers["retry-after"]) > 0
    assert after.status_code == 410


async def test_no_network_address_lies_readable_in_the_database(world: World) -> None:
    async with seen_from(world, "192.0.2.77") as there:
        await there.browser().click(Click())

    stored = await dump(world)
    assert stored["attempts"] and stored["limits"]
    assert not any("192.0.2" in text for text in texts(stored))


async def test_forwarded_addresses_are_not_believed(world: World, table: dict[str, Any]) -> None:
    """N1: else a header would be enough to have no limit."""
    async with reopened(world, limited(table, start=1)) as narrow:
        pages = [
            await narrow.browser().send(
                "POST", "/start", Click().form, origin=BLOG, x_forwarded_for=f"198.51.100.{n}"
            )
            for n in range(2)
        ]

    assert [page.status_code for page in pages] == [303, 429]
