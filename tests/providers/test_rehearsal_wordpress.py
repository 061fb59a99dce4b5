import html

import pytest

from tests.providers.standins import APPS, BASE, GATEWAY, URLS, StandIns, authorize_url, redemption

KEY = "wordpress"
WP = URLS[KEY]


async def test_a_person_signs_in_and_is_read_once(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    headers = {"Authorization": f"Bearer {token}"}
    profile = (await standins.client.get(WP["profile_url"], headers=headers)).json()

    assert profile["ID"] == 100_000_001
    assert profile["email_verified"] is True
    assert standins.app.state.calls["wordpress.profile_url"] == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "99"},
        {"client_id": None},
        {"redirect_uri": APPS[KEY].redirect_uris[0] + "/"},
        {"redirect_uri": "https://evil.example/callback/wordpress"},
        {"redirect_uri": None},
        {"scope": None},
        {"scope": "global"},
        {"scope": "auth posts"},
        {"response_type": "token"},
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
        assert "text/html" in answer.headers["content-type"]


async def test_a_code_can_be_redeemed_once(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]

    first = await standins.redeem(KEY, code)
    second = await standins.redeem(KEY, code)

    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 400)])
async def test_a_code_lives_ten_minutes(standins: StandIns, seconds: int, status: int) -> None:
    code = (await standins.callback(KEY))["code"]

    standins.clock.now += seconds
    answer = await standins.redeem(KEY, code)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "99"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"redirect_uri": "http://127.0.0.1:8000/callback/twitter"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_redemption_is_refused(
    standins: StandIns, changes: dict[str, str | None], error: str
) -> None:
    answer = await standins.token(KEY, changes=changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_wrong_redirect_uri_burns_the_code(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]

    await standins.redeem(KEY, code, {"redirect_uri": f"{GATEWAY}/elsewhere"})
    answer = await standins.redeem(KEY, code)

    assert answer.json()["error"] == "invalid_grant"


async def test_the_secret_counts_in_the_body_only(standins: StandIns) -> None:
    code = (await standins.callback(KEY))["code"]
    body = redemption(KEY, code)

    basic = (APPS[KEY].client_id, APPS[KEY].client_secret)
    answer = await standins.client.post(WP["token_url"], data=body, auth=basic)

    assert answer.json()["error"] == "invalid_client"


async def test_the_body_may_be_multipart_but_not_json(standins: StandIns) -> None:
    first, second = [(await standins.callback(KEY))["code"] for _ in range(2)]

    parts = {name: (None, value) for name, value in redemption(KEY, first).items()}
    multipart = await standins.client.post(WP["token_url"], files=parts)
    json = await standins.client.post(WP["token_url"], json=redemption(KEY, second))

    assert multipart.status_code == 200
    assert json.json()["error"] == "invalid_request"


async def test_a_parameter_may_not_stand_there_twice(standins: StandIns) -> None:
    body = {**redemption(KEY, (await standins.callback(KEY))["code"]), "scope": ["auth", "auth"]}

    answer = await standins.client.post(WP["token_url"], data=body)

    assert answer.json()["error"] == "invalid_request"


async def test_a_token_holds_every_character_that_wants_encoding(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]

    assert len(token) == 64
    assert set("%&#^@()!") <= set(token)


async def test_token_info_knows_a_token_only_when_it_was_encoded(standins: StandIns) -> None:
    token = (await standins.token(KEY)).json()["access_token"]
    url = f"{BASE}/wordpress/oauth2/token-info"
    client_id = APPS[KEY].client_id

    encoded = await standins.client.get(url, params={"client_id": client_id, "token": token})
    glued = await standins.client.get(f"{url}?client_id={client_id}&token={token}")
    foreign = await standins.client.get(url, params={"client_id": "99", "token": token})

    assert encoded.json() == {
        "client_id": client_id,
        "user_id": "100000001",
        "blog_id": None,
        "scope": "auth",
    }
    assert glued.status_code == foreign.status_code == 400


async def test_a_profile_needs_a_good_token(standins: StandIns) -> None:
    bare = await standins.client.get(WP["profile_url"])
    headers = {"Authorization": "Bearer made-up"}
    made_up = await standins.client.get(WP["profile_url"], headers=headers)

    assert (bare.status_code, bare.json()["error"]) == (403, "authorization_required")
    assert (made_up.status_code, made_up.json()["error"]) == (401, "invalid_token")


async def test_the_display_name_is_html_encoded_once(standins: StandIns) -> None:
    profile = await _profile(standins, "entities")

    assert profile["display_name"] == "Tom &amp;amp; Ada"
    assert html.unescape(str(profile["display_name"])) == "Tom &amp; Ada"


async def test_only_email_verified_says_whether_the_address_is(standins: StandIns) -> None:
    profile = await _profile(standins, "unverified")

    assert profile["verified"] is True
    assert profile["email_verified"] is False


async def test_fields_trim_the_profile(standins: StandIns) -> None:
    profile = await _profile(standins, "ada", "?fields=ID,username")

    assert profile == {"ID": 100_000_001, "username": "ada_lovelace"}


async def test_a_no_comes_back_with_or_without_the_state(standins: StandIns) -> None:
    with_state = await standins.callback(KEY, fault="cancel")
    without = await standins.callback(KEY, fault="cancel-stateless")

    assert with_state == {"error": "access_denied", "state": "the-state"}
    assert without == {"error": "access_denied"}


async def _profile(standins: StandIns, person: str, query: str = "") -> dict[str, object]:
    token = (await standins.token(KEY, person)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await standins.client.get(WP["profile_url"] + query, headers=headers)
    profile: dict[str, object] = answer.json()
    return profile
