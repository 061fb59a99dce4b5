"""I7: Facebook's two callbacks: who left is signed out or erased; nobody learns who was known."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from gateway.seal import b64url
from providers.rehearsal import PEOPLE, demo_apps
from providers.rehearsal.signed import signed_request
from tests.web.attack import change, dump, reopened, says, texts
from tests.world import GATEWAY, Browser, Click, World, landed

APP = demo_apps(GATEWAY)["facebook"]
ADA = PEOPLE["ada"].facebook_id(APP.client_id)
STRANGER = "100000000000001"


def request_for(world: World, person: str = ADA, age: int = 0, secret: str = "") -> str:
    """A signed request as Facebook sends it."""
    return signed_request(secret or APP.client_secret, person, int(world.clock()) - age)


def claiming(**claims: Any) -> str:
    """A signed request with a right signature and odd claims."""
    return sealed(json.dumps(claims).encode())


def sealed(payload: bytes) -> str:
    """A signed request with a right signature over any payload."""
    encoded = b64url(payload)
    signature = hmac.digest(APP.client_secret.encode(), encoded.encode(), hashlib.sha256)
    return f"{b64url(signature)}.{encoded}"


async def post(world: World, what: str, signed: str) -> httpx2.Response:
    """Call one of the two callbacks as Facebook's server does."""
    return await world.client.post(f"/facebook/{what}", data={"signed_request": signed})


async def signed_in(world: World, person: str = "ada") -> tuple[Browser, dict[str, Any]]:
    """Somebody who came by Facebook, and their session with the blog."""
    browser = world.browser()
    return browser, await world.session(browser, Click(provider="facebook"), person)


async def is_over(world: World, browser: Browser, session: dict[str, Any]) -> bool:
    """Whether the session and the visit here have ended."""
    refreshed = await world.refresh(session["refresh_token"])
    click = await browser.click(Click(provider="facebook"))
    return refreshed.status_code == 400 and "refresh" in click.headers


async def test_removing_the_app_there_signs_out_here(world: World) -> None:
    """What is known stays, until the person asks for erasure."""
    browser, session = await signed_in(world)

    answer = await post(world, "deauthorize", request_for(world))

    assert (answer.status_code, answer.json()) == (200, {})
    assert await is_over(world, browser, session)
    assert (await dump(world))["identities"]


async def test_a_deletion_takes_everything_away_but_a_name_for_nobody(world: World) -> None:
    """The subject stays as a tombstone, so that it is never given to somebody else."""
    browser, session = await signed_in(world)
    waiting = landed(await browser.click(Click(provider="facebook")))

    answer = (await post(world, "deletion", request_for(world))).json()

    left = await dump(world)
    told = list(texts(left))
    assert waiting.code
    assert set(answer) == {"url", "confirmation_code"}
    assert answer["url"] == f"{GATEWAY}/deletion/{answer['confirmation_code']}"
    for table in (
        "persons",
        "identities",
        "acquaintances",
        "sessions",
        "gateway_sessions",
        "grants",
    ):
        assert left[table] == [], table
    assert [row[:2] for row in left["subjects"]] == [(session["user"]["sub"], None)]
    assert not [text for text in told if ADA in text or "Lovelace" in text or "lovelace" in text]
    assert answer["confirmation_code"] not in told
    assert await is_over(world, browser, session)


async def test_the_same_person_is_a_stranger_afterwards(world: World) -> None:
    """With another subject: what was erased can't be joined again."""
    _, before = await signed_in(world)
    await post(world, "deletion", request_for(world))

    _, after = await signed_in(world)

    assert after["user"]["sub"] != before["user"]["sub"]


async def test_others_go_on(world: World) -> None:
    ada = await signed_in(world)
    other = await signed_in(world, "no-email")

    await post(world, "deletion", request_for(world))

    assert await is_over(world, *ada)
    assert not await is_over(world, *other)


async def test_a_code_that_waits_dies_with_the_person(world: World) -> None:
    """Both callbacks come from a server, in the middle of anything."""
    for what in ("deauthorize", "deletion"):
        click = Click(provider="facebook")
        code = landed(await world.browser().sign_in(click)).code

        await post(world, what, request_for(world))

        assert (await world.redeem(click, code)).status_code == 400


async def test_a_sign_in_under_way_is_no_way_back_in(world: World) -> None:
    """The question stands on the screen while the person is erased."""
    browser = world.browser()
    garden = "https://garden.example.org"
    click = Click(provider="facebook", site="garden", return_to=f"{garden}/", origin=garden)
    page = await browser.sign_in(click)
    await post(world, "deletion", request_for(world))

    answer = await browser.answer(page, "continue")

    assert "refresh" in answer.headers, "on to the provider, as a stranger"
    assert (await dump(world))["persons"] == (await dump(world))["grants"] == []


async def test_strangers_are_answered_the_same(world: World) -> None:
    """Whoever holds the app's secret still can't ask who was here."""
    await signed_in(world)

    known = await post(world, "deletion", request_for(world))
    unknown = await post(world, "deletion", request_for(world, STRANGER))

    assert known.status_code == unknown.status_code == 200
    assert set(known.json()) == set(unknown.json())
    assert len(known.json()["confirmation_code"]) == len(unknown.json()["confirmation_code"])
    assert known.json()["confirmation_code"].isalnum()


async def test_a_deletion_asked_for_twice_has_one_code(world: World) -> None:
    """And its page goes on saying what was erased, and when."""
    await signed_in(world)
    first = (await post(world, "deletion", request_for(world))).json()
    page = await world.client.get(f"/deletion/{first['confirmation_code']}")
    world.clock.sleep(86_000)

    second = (await post(world, "deletion", request_for(world))).json()
    again = await world.client.get(f"/deletion/{first['confirmation_code']}")

    assert first == second
    assert page.status_code == again.status_code == 200
    assert "Everything kept here about you was erased on 2027-01-15" in page.text
    assert "2027-01-15" in again.text
    assert "mailto:ada@example.org" in page.text


async def test_a_deletion_of_a_stranger_says_that_nothing_was_kept(world: World) -> None:
    code = (await post(world, "deletion", request_for(world, STRANGER))).json()["confirmation_code"]

    page = await world.client.get(f"/deletion/{code}")

    assert "Nothing was kept here" in page.text


@pytest.mark.parametrize("code", ["x", "0" * 32, "%00", "..%2f..", "%3Cscript%3E", "a" * 5000])
async def test_a_code_that_never_was_leads_to_no_deletion(world: World, code: str) -> None:
    await signed_in(world)

    page = await world.client.get(f"/deletion/{code}")

    assert page.status_code == 404
    assert "<script>" not in page.text


FORGED: dict[str, Callable[[World], str]] = {
    "nothing": lambda world: "",
    "no signature": lambda world: "." + request_for(world).partition(".")[2],
    "no payload": lambda world: request_for(world).partition(".")[0] + ".",
    "no dot": lambda world: request_for(world).replace(".", ""),
    "other signature": lambda world: (
        b64url(b"\0" * 32) + "." + request_for(world).partition(".")[2]
    ),
    "cut signature": lambda world: request_for(world)[4:],
    "other payload": lambda world: (
        request_for(world).partition(".")[0] + "." + request_for(world, STRANGER).partition(".")[2]
    ),
    "other secret": lambda world: request_for(world, secret="x"),
    "other app's secret": lambda world: request_for(
        world, secret=demo_apps(GATEWAY)["twitter"].client_secret
    ),
    "no secret": lambda world: signed_request("", ADA, int(world.clock())),
    "a day old": lambda world: request_for(world, age=86_401),
    "from tomorrow": lambda world: request_for(world, age=-61),
    "not ascii": lambda world: "é." + "é",
    "no base64": lambda world: "!!!!.????",
    "long": lambda world: request_for(world) + "A" * 5000,
    "other algorithm": lambda world: claiming(
        algorithm="none", user_id=ADA, issued_at=int(world.clock())
    ),
    "no algorithm": lambda world: claiming(user_id=ADA, issued_at=int(world.clock())),
    "no age": lambda world: claiming(algorithm="HMAC-SHA256", user_id=ADA),
    "age as text": lambda world: claiming(
        algorithm="HMAC-SHA256", user_id=ADA, issued_at=str(int(world.clock()))
    ),
    "no person": lambda world: claiming(algorithm="HMAC-SHA256", issued_at=int(world.clock())),
    "person as number": lambda world: claiming(
        algorithm="HMAC-SHA256", user_id=int(ADA), issued_at=int(world.clock())
    ),
    "empty person": lambda world: claiming(
        algorithm="HMAC-SHA256", user_id="", issued_at=int(world.clock())
    ),
    "no object": lambda world: sealed(b"[]"),
    "no json": lambda world: sealed(b"\xff"),
    "deep json": lambda world: sealed(b"[" * 2500),
}


@pytest.mark.parametrize("what", ["deauthorize", "deletion"])
async def test_a_forged_or_old_request_does_nothing(world: World, what: str) -> None:
    await signed_in(world)
    before = await dump(world)

    for why, forge in FORGED.items():
        answer = await post(world, what, forge(world))

        assert (answer.status_code, answer.json()["error"]) == (400, "bad_signed_request"), why
    assert await dump(world) == before


@pytest.mark.parametrize("what", ["deauthorize", "deletion"])
async def test_what_is_no_form_does_nothing(world: World, what: str) -> None:
    signed = request_for(world)
    bodies = [
        ({"content-type": "application/json"}, json.dumps({"signed_request": signed})),
        ({"content-type": "application/x-www-form-urlencoded"}, f"signed_request={signed}&" * 2),
        ({"content-type": "application/x-www-form-urlencoded"}, "x" * 17_000),
        ({}, ""),
    ]

    for headers, body in bodies:
        answer = await world.client.post(f"/facebook/{what}", content=body, headers=headers)

        assert (answer.status_code, answer.json()["error"]) == (400, "bad_signed_request")


async def test_without_facebook_there_is_nothing_to_call(
    world: World, table: dict[str, Any]
) -> None:
    sites = {key: {**site, "providers": ["twitter"]} for key, site in table["sites"].items()}
    only = {**table, "providers": {"twitter": table["providers"]["twitter"]}, "sites": sites}

    async with reopened(world, only) as later:
        page = await post(later, "deletion", request_for(later))

    assert page.status_code == 404
    assert says(page, "unknown_provider")


async def test_a_subject_is_never_given_again(world: World) -> None:
    """The tombstone holds its place, whatever the dice say."""
    _, session = await signed_in(world)
    await post(world, "deletion", request_for(world))

    with pytest.raises(Exception, match="UNIQUE"):
        await change(
            world,
            "INSERT INTO subjects (subject, site, created_at) VALUES (:subject, 'blog', 1)",
            subject=session["user"]["sub"],
        )
