import asyncio
import json
from collections.abc import Callable
from urllib.parse import parse_qsl

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from providers.rehearsal import FAULTS, FOREIGN_ISSUER, demo_apps, endpoints, rehearsal
from providers.rehearsal.stage import Stage
from tests.providers.standins import (
    BASE,
    GATEWAY,
    URLS,
    StandIns,
    authorize_url,
    oauth1_header,
    proof,
)

KEYS = ("wordpress", "twitter", "twitter1", "facebook")
OAUTH2 = ("wordpress", "twitter", "facebook")


def test_every_fault_belongs_to_somebody() -> None:
    for key, fault in FAULTS.items():
        assert fault.key == key
        assert fault.providers
        assert set(fault.providers) <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
async def test_a_fault_of_another_provider_is_refused(standins: StandIns, key: str) -> None:
    page = await _page(standins, key)
    foreign = [fault.key for fault in FAULTS.values() if key not in fault.providers]

    for fault in [*foreign, "made-up"]:
        answer = await standins.client.post(page, data={"person": "ada", "fault": fault})

        assert answer.status_code == 400


@pytest.mark.parametrize("key", KEYS)
async def test_nobody_unlisted_signs_in(standins: StandIns, key: str) -> None:
    page = await _page(standins, key)

    for data in ({"person": "stranger"}, {}):
        assert (await standins.client.post(page, data=data)).status_code == 400


@pytest.mark.parametrize(
    ("key", "fault", "status", "told"),
    [
        ("wordpress", "plan", 403, {"error": "unauthorized"}),
        ("wordpress", "rate", 429, {"error": "too_many_requests"}),
        ("wordpress", "profile-500", 500, {"error": "internal_error"}),
        ("twitter", "credits", 402, {"title": "CreditsDepleted"}),
        ("twitter", "plan", 403, {"reason": "client-not-enrolled"}),
        ("twitter", "rate", 429, {"code": 88}),
        ("twitter", "profile-500", 500, {"status": 500}),
        ("twitter1", "credits", 402, {"title": "CreditsDepleted"}),
        ("twitter1", "plan", 403, {"code": 453}),
        ("twitter1", "gated", 403, {"code": 453}),
        ("twitter1", "rate", 429, {"code": 88}),
        ("twitter1", "profile-500", 500, {"code": 131}),
        ("facebook", "plan", 403, {"code": 200}),
        ("facebook", "rate", 403, {"code": 4}),
        ("facebook", "profile-500", 500, {"code": 1}),
    ],
)
async def test_a_profile_is_refused_in_the_providers_own_words(
    standins: StandIns, key: str, fault: str, status: int, told: dict[str, object]
) -> None:
    answer = await _profile(standins, key, fault)

    assert answer.status_code == status
    assert told.items() <= _flat(answer.json()).items()


@pytest.mark.parametrize("key", KEYS)
async def test_a_token_call_can_fail(standins: StandIns, key: str) -> None:
    answer = await _token(standins, key, "token-500")

    assert answer.status_code == 500


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_be_huge_and_otherwise_right(standins: StandIns, key: str) -> None:
    answer = await _profile(standins, key, "huge")

    assert answer.status_code == 200
    assert len(answer.content) > 1_000_000
    assert len(answer.json()["padding"]) == 1_000_000


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_end_in_the_middle(standins: StandIns, key: str) -> None:
    answer = await _profile(standins, key, "broken-json")

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_be_false(standins: StandIns, key: str) -> None:
    answer = await _profile(standins, key, "false")

    assert (answer.status_code, answer.json()) == (200, False)


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_be_no_utf8(standins: StandIns, key: str) -> None:
    answer = await _profile(standins, key, "bad-utf8")

    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_be_compressed_unasked(standins: StandIns, key: str) -> None:
    plain = await _profile(standins, key, "none")
    squeezed = await _profile(standins, key, "gzip")

    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) != len(squeezed.content)
    assert set(squeezed.json()) == set(plain.json())


@pytest.mark.parametrize("key", KEYS)
async def test_a_profile_can_point_elsewhere_where_a_stranger_waits(
    standins: StandIns, key: str
) -> None:
    answer = await _profile(standins, key, "profile-redirect")
    unfollowed = standins.app.state.calls["elsewhere"]
    stranger = await standins.client.get(answer.headers["location"])

    assert answer.status_code == 302
    assert "Somebody Else" in stranger.text
    assert (unfollowed, standins.app.state.calls["elsewhere"]) == (0, 1)


@pytest.mark.parametrize("key", KEYS)
async def test_a_callback_can_belong_to_nobody(standins: StandIns, key: str) -> None:
    page = await _page(standins, key)

    callback = await standins.pick(page, fault="wrong-state")

    name = "oauth_token" if key == "twitter1" else "state"
    assert callback[name]
    assert callback[name] not in page


@pytest.mark.parametrize("key", OAUTH2)
async def test_a_callback_can_name_its_issuer_or_another(standins: StandIns, key: str) -> None:
    right = await standins.callback(key, fault="right-iss")
    foreign = await standins.callback(key, fault="foreign-iss")
    usual = await standins.callback(key)

    assert right["iss"] == endpoints(BASE)[key]["issuer"]
    assert foreign["iss"] == FOREIGN_ISSUER
    assert "iss" not in usual


@pytest.mark.parametrize("key", KEYS)
async def test_a_callback_can_be_opened_twice(standins: StandIns, key: str) -> None:
    page = await _page(standins, key)

    data = {"person": "ada", "fault": "double-callback"}
    answer = await standins.client.post(page, data=data)

    link = answer.headers["link"]
    callback = link[1 : link.index(">")]
    assert answer.status_code == 200
    assert callback.startswith(f"{GATEWAY}/callback/{key}?")
    assert answer.text.count(callback.replace("&", "&amp;")) == 2


@pytest.mark.parametrize("key", KEYS)
async def test_a_fault_stays_with_its_sign_in(standins: StandIns, key: str) -> None:
    spoiled = await _profile(standins, key, "false")
    next_one = await _profile(standins, key, "none")

    assert spoiled.json() is False
    assert "Ada Lovelace" in next_one.text


async def test_a_fault_can_be_laid_out_for_one_call(standins: StandIns) -> None:
    standins.app.state.ahead["twitter.profile_url"] = "credits"

    first = await _profile(standins, "twitter", "none")
    second = await _profile(standins, "twitter", "none")

    assert (first.status_code, second.status_code) == (402, 200)


@pytest.mark.parametrize("fault", ["slow", "hang"])
async def test_waiting_ends_when_the_server_closes(standins: StandIns, fault: str) -> None:
    code = (await standins.callback("twitter", fault=fault))["code"]

    standins.app.state.closing.set()
    answer = await asyncio.wait_for(standins.redeem("twitter", code), 2)

    assert answer.status_code == 200


async def test_waiting_ends_when_the_client_leaves() -> None:
    stage = Stage(base_url=BASE, apps=demo_apps(GATEWAY), clock=lambda: 0.0)
    leaves = asyncio.Event()

    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    waiting = asyncio.create_task(stage.delay(Request({"type": "http"}, receive), "hang"))
    await asyncio.sleep(0)
    still_there = not waiting.done()
    leaves.set()
    await asyncio.wait_for(waiting, 2)

    assert still_there


async def test_the_end_of_the_app_ends_all_waiting() -> None:
    app = rehearsal(BASE, demo_apps(GATEWAY))

    async with app.router.lifespan_context(app):
        assert not app.state.closing.is_set()

    assert app.state.closing.is_set()


def _flat(body: dict[str, object]) -> dict[str, object]:
    """The error's own fields, wherever this provider nests them."""
    errors = body.get("errors")
    inner = errors[0] if isinstance(errors, list) else body.get("error")
    return inner if isinstance(inner, dict) else body


async def _page(standins: StandIns, key: str) -> str:
    if key != "twitter1":
        return authorize_url(key)
    return (await _request_token(standins))[0]


async def _request_token(standins: StandIns) -> tuple[str, str]:
    url = URLS["twitter1"]["request_token_url"]
    oauth = {"oauth_callback": f"{GATEWAY}/callback/twitter1"}
    answer = await standins.client.post(url, headers=oauth1_header("POST", url, oauth))
    token = dict(parse_qsl(answer.text))
    page = f"{URLS['twitter1']['authorize_url']}?oauth_token={token['oauth_token']}"
    return page, token["oauth_token_secret"]


async def _token(standins: StandIns, key: str, fault: str) -> httpx2.Response:
    if key != "twitter1":
        return await standins.token(key, fault=fault)
    page, secret = await _request_token(standins)
    callback = await standins.pick(page, fault=fault)
    url = URLS[key]["access_token_url"]
    headers = oauth1_header("POST", url, callback, secret)
    return await standins.client.post(url, headers=headers)


async def _profile(standins: StandIns, key: str, fault: str) -> httpx2.Response:
    answer = await _token(standins, key, fault)
    return await standins.client.send(_REQUESTS[key](standins, answer))


def _bearer(key: str) -> Callable[[StandIns, httpx2.Response], httpx2.Request]:
    def request(standins: StandIns, answer: httpx2.Response) -> httpx2.Request:
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return standins.client.build_request("GET", URLS[key]["profile_url"], headers=headers)

    return request


def _signed(standins: StandIns, answer: httpx2.Response) -> httpx2.Request:
    access = dict(parse_qsl(answer.text))
    url = URLS["twitter1"]["profile_url"]
    oauth = {"oauth_token": access["oauth_token"]}
    headers = oauth1_header("GET", url, oauth, access["oauth_token_secret"])
    return standins.client.build_request("GET", url, headers=headers)


def _proven(standins: StandIns, answer: httpx2.Response) -> httpx2.Request:
    token = answer.json()["access_token"]
    params = {"access_token": token, "appsecret_proof": proof(token)}
    return standins.client.build_request("GET", URLS["facebook"]["profile_url"], params=params)


_REQUESTS = {
    "wordpress": _bearer("wordpress"),
    "twitter": _bearer("twitter"),
    "twitter1": _signed,
    "facebook": _proven,
}
