"""A refresh token is good once, forgives what networks lose, and betrays whoever steals it."""

import asyncio
import hashlib
import hmac
from typing import Any

import pytest

from gateway.demo.run import environment
from gateway.seal import b64url
from tests.web.attack import change, dump, reopened, texts
from tests.world import BLOG, GARDEN, GATEWAY, SECRET, Click, World, landed

A_DAY = 86_400
WWW = "https://www.blog.example.org"


async def opened_session(world: World, provider: str = "wordpress") -> str:
    """A session with the blog; its first refresh token."""
    session = await world.session(world.browser(), Click(provider=provider))
    token: str = session["refresh_token"]
    return token


async def renewed(world: World, token: str) -> str:
    """The next refresh token."""
    answer = await world.refresh(token)
    assert answer.status_code == 200, answer.text
    successor: str = answer.json()["refresh_token"]
    return successor


async def is_dead(world: World, token: str) -> bool:
    """Whether a refresh token is refused, with the error that sends the person to sign in."""
    answer = await world.refresh(token)
    refusal = {"status": answer.status_code, "error": answer.json().get("error")}
    return refusal == {"status": 400, "error": "invalid_grant"}


async def test_T7_each_refresh_brings_another_token(world: World) -> None:
    tokens = [await opened_session(world)]
    for _ in range(5):
        tokens.append(await renewed(world, tokens[-1]))

    assert len(set(tokens)) == 6


async def test_a_refresh_answers_as_a_redemption_does(world: World) -> None:
    """With a fresh hour, for the same person, in the same session."""
    session = await world.session(world.browser())
    world.clock.sleep(3000)

    answer = await world.refresh(session["refresh_token"])

    assert set(answer.json()) == set(session)
    assert answer.json()["user"] == session["user"]
    assert answer.json()["access_token"] != session["access_token"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == BLOG


async def test_T7_a_lost_answer_is_told_again(world: World) -> None:
    """However late: the successor was not used, so nobody else has it."""
    first = await opened_session(world)
    second = await renewed(world, first)
    world.clock.sleep(13 * A_DAY)

    assert await renewed(world, first) == second
    assert await renewed(world, second)


async def test_T7_parallel_refreshes_agree(world: World) -> None:
    """Tabs wake up together."""
    first = await opened_session(world)

    answers = await asyncio.gather(*(world.refresh(first) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize(("seconds", "forgiven"), [(0, True), (60, True), (61, False)])
async def test_T7_a_token_is_forgiven_for_a_minute_after_its_successor_was_used(
    world: World, seconds: int, forgiven: bool
) -> None:
    """A slow tab is no thief; after that, reuse ends the session for both."""
    first = await opened_session(world)
    second = await renewed(world, first)
    third = await renewed(world, second)
    world.clock.sleep(seconds)

    if forgiven:
        assert await renewed(world, first) == second
        assert await renewed(world, third)
    else:
        assert await is_dead(world, first)
        assert await is_dead(world, third)


async def test_T7_a_token_two_generations_old_is_never_forgiven(world: World) -> None:
    tokens = [await opened_session(world)]
    for _ in range(3):
        tokens.append(await renewed(world, tokens[-1]))

    assert await is_dead(world, tokens[0])
    assert await is_dead(world, tokens[-1])


async def test_T7_reuse_ends_one_session_and_no_other(world: World) -> None:
    """The same person's on another device goes on."""
    stolen, other = await opened_session(world), await opened_session(world)
    token = stolen
    for _ in range(3):
        token = await renewed(world, token)

    assert await is_dead(world, stolen)
    assert await renewed(world, other)


@pytest.mark.parametrize(("days", "alive"), [(13.9, True), (14, False)])
async def test_a_session_ends_after_fourteen_idle_days(
    world: World, days: float, alive: bool
) -> None:
    token = await opened_session(world)
    world.clock.sleep(days * A_DAY)

    assert await is_dead(world, token) != alive


async def test_a_session_ends_after_sixty_days_however_busy(world: World) -> None:
    token = await opened_session(world)
    for _ in range(5):
        world.clock.sleep(11.9 * A_DAY)
        token = await renewed(world, token)
    world.clock.sleep(0.6 * A_DAY)

    assert await is_dead(world, token)


@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        ("blog", BLOG, 200),
        ("blog", WWW, 200),
        ("blog", GARDEN, 401),
        ("garden", BLOG, 401),
        ("garden", GARDEN, 400),
        ("blog", "null", 401),
        ("blog", GATEWAY, 401),
        ("blog", f"{BLOG}.evil.example", 401),
        ("nowhere", BLOG, 401),
    ],
)
async def test_a_token_is_for_the_pages_of_its_site(
    world: World, site: str, origin: str, status: int
) -> None:
    """Any of them, and a stranger's try does not end the session."""
    token = await opened_session(world)

    answer = await world.refresh(token, site, origin)

    assert answer.status_code == status
    assert ("access-control-allow-origin" in answer.headers) == (status != 401)
    assert await renewed(world, token)


async def test_forged_tokens_are_unknown_and_end_nothing(world: World) -> None:
    """The MAC covers the session and the generation."""
    token, other = await opened_session(world), await opened_session(world)
    sid, generation, mac = token.split(".")
    forged = [
        *(f"{sid}.{n}.{mac}" for n in ("0", "2", "01", "-1", "1e0", "\u0661", "9" * 80, "")),
        *(f"{sid}.{generation}.{bad}" for bad in ("", mac[:-1], f"{mac}=", f"{mac}A", "A" * 43)),
        *(f"{other.split('.')[0]}.{generation}.{mac}", f"{sid}{generation}.{mac}", mac, f"..{mac}"),
        *(
            f"{token}.{mac}",
            f" {token}",
            f"{token}\x00",
            f"{token}{' ' * 100}",
            "A" * 9000,
            "é.1.é",
        ),
    ]

    assert all([await is_dead(world, bad) for bad in forged])
    assert await renewed(world, token)


async def test_T9_nothing_at_rest_is_enough_to_make_a_token(world: World) -> None:
    """Neither a token nor a key of its MAC stands in a stolen database."""
    token = await renewed(world, await opened_session(world))
    named, _, mac = token.rpartition(".")

    stored = set(texts(await dump(world)))

    assert named.partition(".")[0] in stored, "the session itself is there"
    for text in stored:
        assert mac not in text
        assert b64url(hmac.digest(text.encode(), named.encode(), hashlib.sha256)) != mac


async def test_a_token_outlives_a_change_of_secrets_but_not_the_loss_of_its_own(
    world: World, table: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest secret makes, all of the list are tried."""
    token = await opened_session(world)
    known = {**environment(GATEWAY), "DEMO_SECRET": SECRET, "NEXT": "n" * 40}
    monkeypatch.setattr("tests.world.environment", lambda _: known)

    async with reopened(world, {**table, "secret_keys": ["env:NEXT", "env:DEMO_SECRET"]}) as both:
        second = await renewed(both, token)
        third = await renewed(both, second)
    async with reopened(world, {**table, "secret_keys": ["env:NEXT"]}) as new:
        assert await is_dead(new, token)
        assert await renewed(new, third)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE persons SET banned_at = 1",
        "UPDATE subjects SET banned_at = 1",
        "DELETE FROM sessions",
        "DELETE FROM identities",
    ],
)
async def test_I6_who_may_not_comment_any_more_gets_no_new_token(world: World, sql: str) -> None:
    token = await opened_session(world)
    await change(world, sql)

    assert await is_dead(world, token)


async def test_S11_a_provider_that_is_switched_off_renews_nothing(
    world: World, table: dict[str, Any]
) -> None:
    token = await opened_session(world)
    blog = {**table["sites"]["blog"], "providers": ["twitter"]}

    async with reopened(world, {**table, "sites": {**table["sites"], "blog": blog}}) as later:
        assert await is_dead(later, token)


async def test_a_withdrawn_approval_renews_nothing(world: World) -> None:
    browser, click = world.browser(), Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN)
    page = await browser.answer(await browser.sign_in(click), "continue")
    session = (await world.redeem(click, landed(page).code)).json()
    await change(world, "UPDATE acquaintances SET approved_at = NULL, shared = ''")

    answer = await world.refresh(session["refresh_token"], "garden", GARDEN)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
