import base64

import httpx2
import pytest

from providers.rehearsal import App
from tests.providers.standins import (
    APPS,
    CHALLENGE,
    URLS,
    VERIFIER,
    StandIns,
    authorize_url,
    redemption,
)

KEY = "twitter"
X = URLS[KEY]


async def test_a_person_with_an_id_of_19_digits_signs_in(standins: StandIns) -> None:
    answer = await _profile(standins, "big-id")

    assert answer.json()["data"] == {
        "id": "1234567890123456789",
        "name": "Big Number",
        "username": "big_number",
    }
    assert answer.headers["x-rate-limit-limit"] == "75"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "99"},
        {"redirect_uri": APPS[KEY].redirect_uris[0] + "/"},
        {"response_type": "token"},
        {"state": None},
        {"state": "x" * 501},
        {"code_challenge": None},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"scope": None},
        {"scope": "users.read tweet.write"},
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


async def test_scopes_are_joined_by_percent_20(standins: StandIns) -> None:
    url = authorize_url(KEY)

    with_percent = await standins.client.get(url)
    with_plus = await standins.client.get(url.replace("%20", "+"))

    assert (with_percent.status_code, with_plus.status_code) == (200, 400)


async def test_a_code_can_be_redeemed_once(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]

    first = await standins.redeem(KEY, code)
    second = await standins.redeem(KEY, code)

    assert first.status_code == 200
    assert first.json()["expires_in"] == 7200
    assert _told(second) == (400, "invalid_request", INVALID)


@pytest.mark.parametrize(("seconds", "status"), [(29, 200), (30, 400)])
async def test_a_code_lives_thirty_seconds(standins: StandIns, seconds: int, status: int) -> None:
    code = (await standins.callback(KEY))["code"]

    standins.clock.now += seconds
    answer = await standins.redeem(KEY, code)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"code_verifier": VERIFIER[:-1] + "A"}, "INVALID"),
        ({"code_verifier": CHALLENGE}, "INVALID"),
        ({"redirect_uri": "http://127.0.0.1:8000/callback/twitter1"}, "INVALID"),
        ({"code": "made-up"}, "INVALID"),
        ({"code_verifier": None}, "Missing required parameter [code_verifier]."),
        ({"code": None}, "Missing required parameter [code]."),
    ],
)
async def test_a_wrong_redemption_is_refused(
    standins: StandIns, changes: dict[str, str | None], description: str
) -> None:
    answer = await standins.token(KEY, changes=changes)

    wanted = description.replace("INVALID", INVALID)
    assert _told(answer) == (400, "invalid_request", wanted)


async def test_a_wrong_verifier_burns_the_code(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]

    await standins.redeem(KEY, code, {"code_verifier": "wrong"})
    answer = await standins.redeem(KEY, code)

    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("where", ["nowhere", "body", "both", "wrong", "bearer", "not-base64"])
async def test_the_secret_counts_in_a_basic_header_only(standins: StandIns, where: str) -> None:
    app = APPS[KEY]
    body = redemption(KEY, (await standins.callback(KEY))["code"])
    if where in ("body", "both"):
        body |= {"client_id": app.client_id, "client_secret": app.client_secret}

    headers = _authorization(where, app)
    answer = await standins.client.post(X["token_url"], data=body, headers=headers)

    wanted = (401, "unauthorized_client", "Missing valid authorization header")
    assert _told(answer) == wanted


async def test_the_body_must_be_urlencoded(standins: StandIns) -> None:
    parts = {name: (None, value) for name, value in redemption(KEY, "any").items()}
    auth = (APPS[KEY].client_id, APPS[KEY].client_secret)

    multipart = await standins.client.post(X["token_url"], files=parts, auth=auth)
    json = await standins.client.post(X["token_url"], json=redemption(KEY, "any"), auth=auth)

    assert multipart.status_code == json.status_code == 400


@pytest.mark.parametrize("scope", ["users.read", "tweet.read", "users.email"])
async def test_a_profile_needs_both_scopes(standins: StandIns, scope: str) -> None:
    answer = await _profile(standins, scope=scope)

    assert (answer.status_code, answer.json()["title"]) == (403, "Forbidden")


async def test_asking_for_the_email_without_its_scope_spoils_the_whole_call(
    standins: StandIns,
) -> None:
    query = "?user.fields=profile_image_url,confirmed_email"

    without = await _profile(standins, query=query, scope="users.read tweet.read")
    granted = await _profile(standins, query=query)

    assert without.status_code == 403
    assert "data" not in without.json()
    assert granted.json()["data"]["confirmed_email"] == "ada@example.org"


@pytest.mark.parametrize("person", ["no-email", "unverified"])
async def test_an_email_that_is_not_confirmed_is_absent(standins: StandIns, person: str) -> None:
    answer = await _profile(standins, person, "?user.fields=confirmed_email")

    assert "confirmed_email" not in answer.json()["data"]


@pytest.mark.parametrize("query", ["?user.fields=pinned_tweet_id", "?skip_status=true"])
async def test_unknown_fields_and_parameters_are_refused(standins: StandIns, query: str) -> None:
    answer = await _profile(standins, query=query)

    assert (answer.status_code, answer.json()["title"]) == (400, "Invalid Request")


async def test_a_made_up_token_is_refused(standins: StandIns) -> None:
    headers = {"Authorization": "Bearer made-up"}
    answer = await standins.client.get(X["profile_url"], headers=headers)

    assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")


async def test_a_token_ends_after_two_hours(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    standins.clock.now += 7200
    headers = {"Authorization": f"Bearer {token}"}
    answer = await standins.client.get(X["profile_url"], headers=headers)

    assert answer.status_code == 401


async def test_a_no_comes_back_with_the_state(standins: StandIns) -> None:
    callback = await standins.callback(KEY, fault="cancel")

    assert callback == {"error": "access_denied", "state": "the-state"}


INVALID = "Value passed for the authorization code was invalid."


def _told(answer: httpx2.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


def _authorization(where: str, app: App) -> dict[str, str]:
    right = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    wrong = base64.b64encode(f"{app.client_id}:wrong".encode()).decode()
    headers = {
        "both": f"Basic {right}",
        "wrong": f"Basic {wrong}",
        "bearer": f"Bearer {right}",
        "not-base64": "Basic *",
    }
    return {"Authorization": headers[where]} if where in headers else {}


async def _profile(
    standins: StandIns, person: str = "ada", query: str = "", **changes: str
) -> httpx2.Response:
    callback = await standins.pick(authorize_url(KEY, **changes), person)
    token = (await standins.redeem(KEY, callback["code"])).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return await standins.client.get(X["profile_url"] + query, headers=headers)
