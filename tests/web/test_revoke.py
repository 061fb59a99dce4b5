"""Log out: a refresh token ends the visit here too, an access token only the one session."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.seal import b64url
from tests.web.attack import dump, seen_from
from tests.world import BLOG, GARDEN, Browser, Click, World, landed

VECTORS = Path(__file__).parents[1] / "vectors" / "tokens.json"
IN_GARDEN = {"site": "garden", "return_to": f"{GARDEN}/", "origin": GARDEN}


async def revoke(
    world: World, token: str, site: str = "blog", origin: str | None = BLOG, **more: str
) -> httpx2.Response:
    """Log out as the page of a site does."""
    return await world.token({"client_id": site, "token": token, **more}, origin, "/revoke")


async def in_garden(world: World, browser: Browser) -> dict[str, Any]:
    """A session with the garden, in a browser that is signed in here."""
    click = Click(**IN_GARDEN)  # type: ignore[arg-type]  # the fields of Click
    page = await browser.click(click)
    if "token" in page.text and "not_now" in page.text:
        page = await browser.answer(page, "continue")
    session: dict[str, Any] = (await world.redeem(click, landed(page).code)).json()
    return session


async def is_alive(world: World, session: dict[str, Any], site: str, origin: str) -> bool:
    """Whether a session is still renewed."""
    return (await world.refresh(session["refresh_token"], site, origin)).status_code == 200


async def is_known(browser: Browser) -> bool:
    """Whether the next click goes to a code without a visit to the provider."""
    return "refresh" not in (await browser.click(Click())).headers


async def test_a_refresh_token_ends_the_session_and_the_visit_here(world: World) -> None:
    """On a shared computer the next person's click must not sign in the one before."""
    browser = world.browser()
    session = await world.session(browser)
    assert await is_known(browser)

    answer = await revoke(world, session["refresh_token"])

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == BLOG
    assert answer.headers["cache-control"] == "no-store"
    assert not await is_alive(world, session, "blog", BLOG)
    assert not await is_known(browser)


async def test_an_access_token_ends_only_its_session(world: World) -> None:
    """Every comment server has seen it, and none may sign a person out of everywhere."""
    browser = world.browser()
    session = await world.session(browser)

    answer = await revoke(world, session["access_token"])

    assert answer.status_code == 200
    assert not await is_alive(world, session, "blog", BLOG)
    assert await is_known(browser)


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_sessions_of_other_sites_go_on(world: World, kind: str) -> None:
    browser = world.browser()
    blog = await world.session(browser)
    garden = await in_garden(world, browser)

    await revoke(world, blog[kind])

    assert await is_alive(world, garden, "garden", GARDEN)


async def test_other_browsers_of_the_person_go_on(world: World) -> None:
    phone, laptop = world.browser(), world.browser()
    there = await world.session(phone)
    here = await world.session(laptop)

    await revoke(world, here["refresh_token"])

    assert await is_alive(world, there, "blog", BLOG)
    assert await is_known(phone)


async def test_an_old_token_of_the_session_ends_it_too(world: World) -> None:
    """Logging out must not depend on which tab renewed last, nor on the hour."""
    first = await world.session(world.browser())
    await world.refresh(first["refresh_token"])
    second = await world.session(world.browser())
    world.clock.sleep(7200)

    await revoke(world, first["refresh_token"])
    await revoke(world, second["access_token"])

    assert not (await dump(world))["sessions"]


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_T4_tokens_of_one_site_mean_nothing_to_another(world: World, kind: str) -> None:
    """The garden's page can't sign anybody out of the blog."""
    browser = world.browser()
    session = await world.session(browser)

    answer = await revoke(world, session[kind], "garden", GARDEN)

    assert answer.status_code == 200
    assert await is_alive(world, session, "blog", BLOG)
    assert await is_known(browser)


async def test_T1_garbage_and_forgeries_are_answered_as_the_rest(world: World) -> None:
    """RFC 7009 section 2.2; whoever asks learns nothing about a token."""
    session = await world.session(world.browser())
    header, claims, signature = session["access_token"].split(".")
    sid, _, mac = session["refresh_token"].split(".")
    vectors = [vector["token"] for vector in json.loads(VECTORS.read_text())["vectors"]]
    garbage = [
        *("x", ".", "..", "...", "a.b.c", "é", "\x00", "A" * 9000, f"{sid}.2.{mac}", sid),
        *(f"{header}.{claims}.", f"{header}.{claims}", f"{claims}.{claims}.{signature}"),
        *(f"{header}.{claims}.{signature[:-4]}AAAA", f"{header}.e30.{signature}"),
        *("eyJhbGciOiJub25lIn0." + claims + ".", f"[].{claims}.{signature}", f"{header}..x"),
        *(f"{b64url(odd)}.e30.{signature}" for odd in (b"[]", b'"x"', b"1", b"null", b"[" * 5000)),
        *(f"{b64url(odd)}.e30.AAAA" for odd in (b'{"alg":1}', b'{"alg":"ES256","crit":1}')),
        *(vector for vector in vectors if 0 < len(vector) < 10_000),
    ]

    async with seen_from(world, "198.51.100.1") as there:
        answers = [await revoke(there, token, token_type_hint="x") for token in garbage]

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"{}")}
    assert await is_alive(world, session, "blog", BLOG)


@pytest.mark.parametrize(
    ("site", "origin", "token", "status", "error"),
    [
        ("blog", "https://evil.example", "x", 401, "invalid_client"),
        ("blog", GARDEN, "x", 401, "invalid_client"),
        ("blog", None, "x", 401, "invalid_client"),
        ("blog", "null", "x", 401, "invalid_client"),
        ("nowhere", BLOG, "x", 401, "invalid_client"),
        ("blog", BLOG, "", 400, "invalid_request"),
    ],
)
async def test_only_a_page_of_a_site_is_heard(
    world: World, site: str, origin: str | None, token: str, status: int, error: str
) -> None:
    answer = await revoke(world, token, site, origin)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("access-control-allow-origin" in answer.headers) == (status == 400)


async def test_a_stolen_refresh_token_can_be_used_by_no_other_page(world: World) -> None:
    """Not even to log somebody out."""
    session = await world.session(world.browser())

    await revoke(world, session["refresh_token"], "blog", "https://evil.example")

    assert await is_alive(world, session, "blog", BLOG)


async def test_logging_out_twice_is_no_error(world: World) -> None:
    session = await world.session(world.browser())

    answers = [await revoke(world, session["refresh_token"]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
