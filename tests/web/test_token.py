"""A code is good once, for a minute, for its page and proof, and while all still holds."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.database.sqlite import Sqlite
from gateway.errors import Busy
from tests.web.attack import change, dump, reopened
from tests.world import BLOG, GARDEN, GATEWAY, Click, World, landed

WWW = "https://www.blog.example.org"
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def coded(world: World, provider: str = "wordpress") -> tuple[Click, str]:
    """A finished sign-in that waits for its redemption."""
    click = Click(provider=provider)
    code = landed(await world.browser().sign_in(click)).code
    assert code
    return click, code


def fields(click: Click, code: str, **changed: str | None) -> dict[str, str]:
    """A right redemption, but for what is changed; None leaves a field out."""
    right: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "client_id": "blog",
        "code": code,
        "code_verifier": click.verifier,
        **changed,
    }
    return {name: value for name, value in right.items() if value is not None}


def is_refused(answer: httpx2.Response, status: int, error: str) -> bool:
    """Whether an answer is this error, in the shape of RFC 6749 section 5.2."""
    body = answer.json()
    allowed = {chr(n) for n in range(0x20, 0x7F)} - {'"', "\\"}
    assert set(body) == {"error", "error_description"}
    assert set(body["error_description"]) <= allowed
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Origin"
    return (answer.status_code, body["error"]) == (status, error)


REFUSALS: dict[str, tuple[dict[str, str | None], dict[str, str | None], int, str]] = {
    # what is changed in the form, what in the headers, and the answer
    "wrong verifier": ({"code_verifier": "A" * 43}, {}, 400, "invalid_grant"),
    "short verifier": ({"code_verifier": "A" * 42}, {}, 400, "invalid_grant"),
    "odd verifier": ({"code_verifier": "é" * 43}, {}, 400, "invalid_grant"),
    "no verifier": ({"code_verifier": None}, {}, 400, "invalid_grant"),
    "empty verifier": ({"code_verifier": ""}, {}, 400, "invalid_grant"),
    "other site": ({"client_id": "garden"}, {"origin": GARDEN}, 400, "invalid_grant"),
    "other site's id": ({"client_id": "garden"}, {}, 401, "invalid_client"),
    "unknown site": ({"client_id": "nowhere"}, {}, 401, "invalid_client"),
    "no site": ({"client_id": None}, {}, 401, "invalid_client"),
    "other page of the site": ({}, {"origin": WWW}, 400, "invalid_grant"),
    "foreign page": ({}, {"origin": "https://evil.example"}, 401, "invalid_client"),
    "our own page": ({}, {"origin": GATEWAY}, 401, "invalid_client"),
    "look-alike page": ({}, {"origin": f"{BLOG}.evil.example"}, 401, "invalid_client"),
    "no origin": ({}, {"origin": None}, 401, "invalid_client"),
    "null origin": ({}, {"origin": "null"}, 401, "invalid_client"),
    "secret": ({"client_secret": "x"}, {}, 400, "invalid_request"),
    "empty secret": ({"client_secret": ""}, {}, 400, "invalid_request"),
    "assertion": ({"client_assertion": "x"}, {}, 400, "invalid_request"),
    "authorization": ({}, {"authorization": "Basic YmxvZzp4"}, 400, "invalid_request"),
    "no grant type": ({"grant_type": None}, {}, 400, "unsupported_grant_type"),
    "other grant type": ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
    "refresh without token": ({"grant_type": "refresh_token"}, {}, 400, "invalid_request"),
    "refresh with a bad token": (
        {"grant_type": "refresh_token", "refresh_token": "x.1.y"},
        {},
        400,
        "invalid_request",
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
async def test_R5_a_refusal_burns_the_code_that_it_names(world: World, why: str) -> None:
    """Whoever has the code without the rest may try once, and the person sees that it failed."""
    click, code = await coded(world)
    changed, headers, status, error = REFUSALS[why]
    sent = {name: value for name, value in {"origin": BLOG, **headers}.items() if value}

    answer = await world.client.post("/token", data=fields(click, code, **changed), headers=sent)

    assert is_refused(answer, status, error)
    assert not (await dump(world))["grants"]
    assert is_refused(await world.redeem(click, code), 400, "invalid_grant")
    assert not (await dump(world))["sessions"]


@pytest.mark.parametrize("doubled", ["code", "client_id", "code_verifier", 'x"é\\'])
async def test_R5_a_form_that_names_something_twice_burns_the_code(
    world: World, doubled: str
) -> None:
    """It names the code, and is refused."""
    click, code = await coded(world)
    pairs = [*fields(click, code).items(), (doubled, "x"), (doubled, "y")]

    answer = await world.client.post(
        "/token", content=urlencode(pairs), headers={**FORM, "origin": BLOG}
    )

    assert is_refused(answer, 400, "invalid_request")
    assert is_refused(await world.redeem(click, code), 400, "invalid_grant")


@pytest.mark.parametrize("code", [None, "", "x", "A" * 43, "A" * 10_000, "\x00", "é"])
async def test_a_code_that_never_was_is_refused(world: World, code: str | None) -> None:
    click, right = await coded(world)

    answer = await world.redeem(click, code)

    assert is_refused(answer, 400, "invalid_grant" if code else "invalid_request")
    assert (await world.redeem(click, right)).status_code == 200


async def test_S3_a_code_is_good_once(world: World) -> None:
    click, code = await coded(world)

    answers = [await world.redeem(click, code) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 400, 400]


async def test_S3_of_parallel_redemptions_exactly_one_wins(world: World) -> None:
    click, code = await coded(world)

    answers = await asyncio.gather(*(world.redeem(click, code) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    assert len((await dump(world))["sessions"]) == 1


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400), (61, 400)])
async def test_R5_a_code_lives_for_a_minute(world: World, seconds: int, status: int) -> None:
    """And not longer by being asked for: it has no skew to allow for (T5)."""
    click, code = await coded(world)
    world.clock.sleep(seconds)

    assert (await world.redeem(click, code)).status_code == status


HOLDS_NO_MORE = {
    "erased": "DELETE FROM identities",
    "banned": "UPDATE persons SET banned_at = 1",
    "signed out": "DELETE FROM gateway_sessions",
}


@pytest.mark.parametrize("what", HOLDS_NO_MORE)
async def test_I6_what_has_ended_meanwhile_ends_the_code(world: World, what: str) -> None:
    """A log-out, a ban or an erasure between the callback and the redemption wins."""
    click, code = await coded(world)
    await change(world, HOLDS_NO_MORE[what])

    answer = await world.redeem(click, code)

    assert is_refused(answer, 400, "invalid_grant")
    assert not (await dump(world))["sessions"]


async def test_an_approval_that_was_withdrawn_meanwhile_ends_the_code(world: World) -> None:
    browser, click = world.browser(), Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN)
    page = await browser.answer(await browser.sign_in(click), "continue")
    await change(world, "DELETE FROM acquaintances")

    assert is_refused(await world.redeem(click, landed(page).code), 400, "invalid_grant")


@pytest.mark.parametrize("what", ["provider", "site", "origin", "question"])
async def test_S11_what_was_switched_off_meanwhile_ends_the_code(
    world: World, table: dict[str, Any], what: str
) -> None:
    click, code = await coded(world)
    blog = table["sites"]["blog"]
    later: Mapping[str, dict[str, Any]] = {
        "provider": {**blog, "providers": ["twitter"]},
        "site": {**blog, "origins": ["https://elsewhere.example"]},
        "origin": {**blog, "origins": [WWW]},
        "question": {**blog, "trusted": False},
    }
    changed = {**table, "sites": {**table["sites"], "blog": later[what]}}

    async with reopened(world, changed) as after:
        answer = await after.redeem(click, code)

    assert answer.status_code in (400, 401)
    assert is_refused(await world.redeem(click, code), 400, "invalid_grant")


async def test_N6_a_limit_does_not_burn_the_code(world: World, table: dict[str, Any]) -> None:
    """The page may try again after as long as it was told to wait."""
    async with reopened(world, {**table, "limits": {"token": 4}}) as narrow:
        click, code = await coded(narrow)
        for _ in range(4):
            await narrow.redeem(click, "x")

        limited = await narrow.redeem(click, code)
        narrow.clock.sleep(int(limited.headers["retry-after"]))
        after = await narrow.redeem(click, code)

    assert is_refused(limited, 429, "temporarily_unavailable")
    assert limited.headers["access-control-allow-origin"] == BLOG
    assert after.status_code == 200


@pytest.mark.parametrize("why", REFUSALS)
async def test_N6_no_refusal_is_free(world: World, table: dict[str, Any], why: str) -> None:
    """Each costs a write to the database, and each might be a guess."""
    changed, headers, status, _ = REFUSALS[why]
    sent = {name: value for name, value in {"origin": BLOG, **headers}.items() if value}
    async with reopened(world, {**table, "limits": {"token": 2}}) as narrow:
        answers = [
            await narrow.client.post("/token", data=fields(Click(), "x", **changed), headers=sent)
            for _ in range(3)
        ]

    assert [answer.status_code for answer in answers] == [status, status, 429]


@pytest.mark.parametrize("call", [0, 1])
async def test_an_overload_does_not_burn_the_code(
    world: World, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Whichever write finds the database busy."""
    click, code = await coded(world)
    right, calls = Sqlite.transact, iter(range(10))

    async def busy(self: Sqlite, work: Any) -> Any:
        if next(calls) == call:
            raise Busy
        return await right(self, work)

    monkeypatch.setattr(Sqlite, "transact", busy)
    first = await world.redeem(click, code)
    monkeypatch.undo()

    if first.status_code != 200:
        assert is_refused(first, 503, "temporarily_unavailable")
        assert int(first.headers["retry-after"]) > 0
        assert (await world.redeem(click, code)).status_code == 200


async def test_B6_B7_an_answer_is_for_the_sites_page_alone_and_kept_nowhere(world: World) -> None:
    click, code = await coded(world)

    answer = await world.redeem(click, code)

    assert answer.headers["access-control-allow-origin"] == BLOG
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert "access-control-allow-credentials" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert set(answer.json()) == {
        *("access_token", "token_type", "expires_in", "refresh_token", "scope", "user"),
    }
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", GARDEN, GATEWAY, f"{BLOG}.evil.example", ""]
)
async def test_B6_no_other_page_may_read_an_answer(world: World, origin: str) -> None:
    """Nor is an origin ever reflected."""
    click, code = await coded(world)

    for path in ("/token", "/revoke"):
        answer = await world.client.post(
            path, data={**fields(click, code), "token": "x"}, headers={"origin": origin}
        )

        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"


NO_FORMS = [
    (b'{"code": "CODE"}', "application/json"),
    (b'{"a": [{"code":"CODE"}]', "application/json"),
    (b"code=CODE", "text/plain"),
    (b'--x\r\ncontent-disposition: form-data; name="code"\r\n\r\nCODE\r\n', "multipart/form-data"),
    (b"code=CODE&a=\xff", FORM["content-type"]),
    (b"a=%ff&code=CODE", FORM["content-type"]),
    (b"&".join(b"f%d=" % n for n in range(40)) + b"&code=CODE", FORM["content-type"]),
]


@pytest.mark.parametrize("path", ["/token", "/revoke"])
@pytest.mark.parametrize(("content", "kind"), [*NO_FORMS, (b"a" * 17_000, FORM["content-type"])])
async def test_N6_what_is_no_form_is_an_invalid_request_and_not_free(
    world: World, table: dict[str, Any], path: str, content: bytes, kind: str
) -> None:
    headers = {"content-type": kind, "origin": BLOG}
    async with reopened(world, {**table, "limits": {"token": 1}}) as narrow:
        first = await narrow.client.post(path, content=content, headers=headers)
        second = await narrow.client.post(path, content=content, headers=headers)

    assert is_refused(first, 400, "invalid_request")
    assert is_refused(second, 429, "temporarily_unavailable")


@pytest.mark.parametrize(("content", "kind"), NO_FORMS)
async def test_R5_what_is_no_form_burns_the_code_that_can_be_seen_in_it(
    world: World, content: bytes, kind: str
) -> None:
    """It names the code, and is refused."""
    click, code = await coded(world)

    answer = await world.client.post(
        "/token",
        content=content.replace(b"CODE", code.encode()),
        headers={"content-type": kind, "origin": BLOG},
    )

    assert is_refused(answer, 400, "invalid_request")
    assert is_refused(await world.redeem(click, code), 400, "invalid_grant")


@pytest.mark.parametrize("fields", [{}, {"token": ""}, [("token", "x"), ("token", "y")]])
async def test_N6_a_log_out_without_a_token_is_not_free(
    world: World, table: dict[str, Any], fields: Any
) -> None:
    async with reopened(world, {**table, "limits": {"token": 1}}) as narrow:
        answers = [
            await narrow.client.post(
                "/revoke", content=urlencode(fields), headers={**FORM, "origin": BLOG}
            )
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [400, 429]


@pytest.mark.parametrize("origin", ["https://evil.example", GATEWAY, "null", None])
async def test_N6_no_page_uses_up_its_visitors_limit_at_a_blog(
    world: World, table: dict[str, Any], origin: str | None
) -> None:
    """Any page can send a form here in its visitor's name; it can't choose the ``Origin``."""
    async with reopened(world, {**table, "limits": {"token": 3}}) as narrow:
        click, code = await coded(narrow)
        foreign = [await narrow.redeem(click, "x", origin=origin) for _ in range(4)]

        honest = await narrow.redeem(click, code)

    assert [answer.status_code for answer in foreign] == [401, 401, 401, 429]
    assert honest.status_code == 200
