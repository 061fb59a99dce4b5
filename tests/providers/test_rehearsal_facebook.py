from typing import Any

import httpx2
import pytest

from providers.rehearsal import PEOPLE, app_secret_proof, signed_request
from tests.providers.standins import (
    APPS,
    URLS,
    StandIns,
    authorize_url,
    changed,
    proof,
    redemption,
)

KEY = "facebook"
FB = URLS[KEY]
APP = APPS[KEY]
APP_TOKEN = f"{APP.client_id}|{APP.client_secret}"
SECRET = "0123456789abcdef0123456789abcdef"


def test_a_proof_is_the_published_one() -> None:
    made = app_secret_proof(SECRET, "EAATESTTOKEN123")

    assert made == "02810c917b3e327d0bc6ccf57ac73ac327c135ce03a538f1a157997bb973e258"


def test_a_signed_request_is_the_published_one() -> None:
    made = signed_request(SECRET, "10223344556677889", 1790000000)

    assert made == (
        "Rw2T1iIZA3g_Ngs3bPdAaAv-exyaIo9m2GDR2ktovVs."
        "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImlzc3VlZF9hdCI6MTc5MDAwMDAwMCwidXNlcl9pZCI6"
        "IjEwMjIzMzQ0NTU2Njc3ODg5In0"
    )


async def test_a_person_signs_in_under_an_id_of_this_app_alone(standins: StandIns) -> None:
    profile = (await _me(standins)).json()

    assert profile["name"] == "Ada Lovelace"
    assert profile["id"] == PEOPLE["ada"].facebook_id(APP.client_id)
    assert profile["id"] != PEOPLE["ada"].facebook_id("another app")
    assert len(profile["id"]) == 17


async def test_the_way_back_ends_in_the_famous_fragment(standins: StandIns) -> None:
    yes = await standins.client.post(authorize_url(KEY), data={"person": "ada"})
    no = await standins.client.post(authorize_url(KEY), data={"cancel": "yes"})

    assert yes.headers["location"].endswith("#_=_")
    assert no.headers["location"].endswith("#_=_")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "99"},
        {"redirect_uri": APP.redirect_uris[0] + "/"},
        {"redirect_uri": APP.redirect_uris[0] + "?next=/"},
        {"state": None},
        {"response_type": "token"},
        {"scope": "public_profile,user_link"},
    ],
)
async def test_a_bad_question_gets_a_page_and_no_redirect(
    standins: StandIns, changes: dict[str, str | None]
) -> None:
    url = authorize_url(KEY, **changes)

    shown = await standins.client.get(url)
    answered = await standins.client.post(url, data={"person": "ada"})

    for answer in (shown, answered):
        assert answer.status_code == 400
        assert "location" not in answer.headers


async def test_a_code_can_be_redeemed_once(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]

    first = await standins.redeem(KEY, code)
    second = await standins.redeem(KEY, code)

    assert first.json()["expires_in"] == 5183944
    assert _error(second) == (400, 100, 36009)
    assert second.headers["www-authenticate"].startswith('OAuth "Facebook Platform"')


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 400)])
async def test_a_code_lives_ten_minutes(standins: StandIns, seconds: int, status: int) -> None:
    code = (await standins.callback(KEY))["code"]

    standins.clock.now += seconds
    answer = await standins.redeem(KEY, code)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "99"}, (400, 101, None)),
        ({"client_secret": "wrong"}, (400, 1, None)),
        ({"client_secret": None}, (400, 1, None)),
        ({"redirect_uri": "callback/facebook"}, (400, 191, None)),
        ({"redirect_uri": "http://127.0.0.1:8000/callback/twitter"}, (400, 100, 36008)),
        ({"code": "made-up"}, (400, 100, 36007)),
    ],
)
async def test_a_wrong_redemption_is_refused_by_a_nested_error(
    standins: StandIns, changes: dict[str, str | None], error: tuple[int, int, int | None]
) -> None:
    answer = await standins.token(KEY, changes=changes)

    assert _error(answer) == error
    assert answer.json()["error"]["type"] == "OAuthException"


async def test_a_basic_header_is_refused(standins: StandIns) -> None:
    body = redemption(KEY, (await standins.callback(KEY))["code"])

    auth = (APP.client_id, APP.client_secret)
    answer = await standins.client.post(FB["token_url"], data=body, auth=auth)

    assert _error(answer) == (400, 1, None)


async def test_a_code_can_be_redeemed_by_get_as_well(standins: StandIns) -> None:
    params = redemption(KEY, (await standins.callback(KEY))["code"])

    answer = await standins.client.get(FB["token_url"], params=params)

    assert answer.json()["token_type"] == "bearer"


async def test_a_profile_has_the_fields_asked_for_and_no_other(standins: StandIns) -> None:
    usual = await _me(standins, fields=None)
    asked = await _me(standins, fields="id,email,picture.width(200).height(100)")
    unknown = await _me(standins, fields="id,username")

    assert set(usual.json()) == {"id", "name"}
    assert set(asked.json()) == {"id", "email", "picture"}
    assert asked.json()["picture"]["data"]["width"] == 200
    assert asked.json()["picture"]["data"]["height"] == 100
    assert _error(unknown) == (400, 100, None)


@pytest.mark.parametrize("person", ["no-email", "unverified"])
async def test_an_email_that_is_not_there_has_no_key(standins: StandIns, person: str) -> None:
    profile = (await _me(standins, person, fields="id,name,email")).json()

    assert "email" not in profile


async def test_an_email_nobody_asked_leave_for_has_no_key(standins: StandIns) -> None:
    callback = await standins.pick(authorize_url(KEY, scope="public_profile"))
    token = (await standins.redeem(KEY, callback["code"])).json()["access_token"]

    profile = (await _ask(standins, token, fields="id,email")).json()

    assert set(profile) == {"id"}


async def test_a_person_without_a_picture_has_a_silhouette(standins: StandIns) -> None:
    seen = (await _me(standins, "ada", fields="picture")).json()
    unseen = (await _me(standins, "silhouette", fields="picture")).json()

    assert seen["picture"]["data"]["is_silhouette"] is False
    assert unseen["picture"]["data"]["is_silhouette"] is True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"appsecret_proof": None},
            "API calls from the server require an appsecret_proof argument",
        ),
        (
            {"appsecret_proof": "0" * 64},
            "Invalid appsecret_proof provided in the API argument",
        ),
    ],
)
async def test_every_graph_call_needs_its_proof(
    standins: StandIns, changes: dict[str, str | None], message: str
) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    me = await _ask(standins, token, **changes)
    debugged = await _debug(standins, token, APP_TOKEN, **changes)

    for answer in (me, debugged):
        assert _error(answer) == (400, 100, None)
        assert answer.json()["error"]["message"] == message


@pytest.mark.parametrize(("token", "code"), [("", 2500), ("made-up", 190), (APP_TOKEN, 190)])
async def test_a_profile_needs_a_persons_token(standins: StandIns, token: str, code: int) -> None:
    answer = await _ask(standins, token)

    assert _error(answer) == (400, code, None)


async def test_debug_token_says_whose_token_it_is(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    data = (await _debug(standins, token)).json()["data"]

    assert data["is_valid"] is True
    assert data["app_id"] == APP.client_id
    assert data["user_id"] == PEOPLE["ada"].facebook_id(APP.client_id)
    assert data["issued_at"] == 1790000000


async def test_debug_token_takes_an_app_token_by_client_credentials(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]
    body = {
        "grant_type": "client_credentials",
        "client_id": APP.client_id,
        "client_secret": APP.client_secret,
    }

    app_token = (await standins.client.post(FB["token_url"], data=body)).json()["access_token"]
    answer = await _debug(standins, token, app_token)

    assert answer.json()["data"]["is_valid"] is True


async def test_debug_token_takes_no_persons_token_and_no_wrong_secret(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    for wrong in (token, f"{APP.client_id}|wrong"):
        answer = await _debug(standins, token, wrong)

        assert _error(answer) == (400, 190, None)


async def test_debug_token_calls_a_made_up_token_invalid(standins: StandIns) -> None:
    data = (await _debug(standins, "made-up")).json()["data"]

    assert data["is_valid"] is False
    assert data["error"]["code"] == 190


async def test_debug_token_can_name_another_app(standins: StandIns) -> None:
    token = (await standins.token(KEY, fault="foreign-app")).json()["access_token"]

    data = (await _debug(standins, token)).json()["data"]

    assert data["is_valid"] is True
    assert data["app_id"] != APP.client_id


@pytest.mark.parametrize(("asked", "served"), [("v26.0", "v26.0"), ("v19.0", "v21.0")])
async def test_an_ended_version_is_served_by_the_next(
    standins: StandIns, asked: str, served: str
) -> None:
    standins.clock.now = 1_795_000_000.0
    token = (await standins.token(KEY)).json()["access_token"]

    url = FB["profile_url"].replace("v26.0", asked)
    answer = await standins.client.get(url, params=_proven(token))

    assert answer.headers["facebook-api-version"] == served


@pytest.mark.parametrize("version", ["v99.0", "26.0", "latest"])
async def test_a_version_that_never_was_is_refused(standins: StandIns, version: str) -> None:
    page = await standins.client.get(authorize_url(KEY).replace("v26.0", version))
    call = await standins.client.get(FB["profile_url"].replace("v26.0", version))

    assert page.status_code == 400
    assert _error(call) == (400, 2500, None)


async def test_a_no_comes_back_with_its_reason(standins: StandIns) -> None:
    callback = await standins.callback(KEY, fault="cancel")

    assert callback == {
        "error": "access_denied",
        "error_code": "200",
        "error_description": "Permissions error",
        "error_reason": "user_denied",
        "state": "the-state",
    }


async def test_a_failure_can_come_without_error(standins: StandIns) -> None:
    callback = await standins.callback(KEY, fault="error-code")

    assert set(callback) == {"error_code", "error_message", "state"}


async def test_a_name_outside_ascii_is_written_as_escapes(standins: StandIns) -> None:
    answer = await _me(standins, "arabic")

    assert answer.content.isascii()
    assert answer.json()["name"] == PEOPLE["arabic"].name


def _proven(token: str) -> dict[str, str]:
    return {"access_token": token, "appsecret_proof": proof(token)}


async def _ask(standins: StandIns, token: str, **changes: str | None) -> httpx2.Response:
    params = changed(_proven(token), changes)
    return await standins.client.get(FB["profile_url"], params=params)


async def _me(standins: StandIns, person: str = "ada", **changes: Any) -> httpx2.Response:
    token = (await standins.token(KEY, person)).json()["access_token"]
    return await _ask(standins, token, **changes)


async def _debug(
    standins: StandIns, token: str, app_token: str = APP_TOKEN, **changes: str | None
) -> httpx2.Response:
    params = changed({**_proven(app_token), "input_token": token}, changes)
    return await standins.client.get(FB["debug_token_url"], params=params)


def _error(answer: httpx2.Response) -> tuple[int, int, int | None]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("error_subcode")
