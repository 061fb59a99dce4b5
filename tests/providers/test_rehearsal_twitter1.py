import base64
import hashlib
import hmac
from urllib.parse import parse_qsl

import httpx2
import pytest
from oauthlib.oauth1 import Client

from tests.providers.standins import APPS, BASE, URLS, StandIns, base_string, oauth1_header

KEY = "twitter1"
X = URLS[KEY]
CALLBACK = APPS[KEY].redirect_uris[0]


@pytest.mark.parametrize(
    ("host", "signature"),
    [
        ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="),
        ("api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="),
    ],
)
def test_the_client_of_these_tests_signs_as_the_published_example(
    host: str, signature: str
) -> None:
    url = f"https://{host}/1.1/statuses/update.json"
    secret = b"kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
    token_secret = b"LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"

    text = base_string("POST", url, list(PUBLISHED.items()))
    digest = hmac.new(secret + b"&" + token_secret, text.encode(), hashlib.sha1).digest()

    assert base64.b64encode(digest).decode() == signature


async def test_a_person_signs_in_over_three_legs(standins: StandIns) -> None:
    access = await _access(standins, "big-id")

    profile = await _read(standins, X["profile_url"], access, "?include_email=true")

    assert access["oauth_token"].startswith("1234567890123456789-")
    assert profile.json()["id_str"] == "1234567890123456789"
    assert profile.json()["email"] == "big@example.org"


async def test_another_library_signs_in_as_well(standins: StandIns) -> None:
    app = APPS[KEY]
    first = Client(app.client_id, app.client_secret, callback_uri=CALLBACK, timestamp="1790000000")
    url, headers, _ = first.sign(X["request_token_url"], "POST")

    answer = await standins.client.post(url, headers=headers)

    assert _form(answer)["oauth_callback_confirmed"] == "true"


async def test_a_request_token_is_form_data_labelled_as_html(standins: StandIns) -> None:
    answer = await _request_token(standins)

    assert answer.headers["content-type"].startswith("text/html")
    assert set(_form(answer)) == {
        "oauth_token",
        "oauth_token_secret",
        "oauth_callback_confirmed",
    }


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        (CALLBACK + "/", 415),
        ("https://evil.example/callback", 415),
        (CALLBACK + "#fragment", 415),
        ("", 415),
        (None, 415),
        ("oob", 417),
    ],
)
async def test_a_callback_must_be_on_the_list(
    standins: StandIns, callback: str | None, code: int
) -> None:
    answer = await _request_token(standins, oauth_callback=callback)

    assert (answer.status_code, _code(answer)) == (403, code)


async def test_a_callback_may_carry_a_query(standins: StandIns) -> None:
    token = _form(await _request_token(standins, oauth_callback=f"{CALLBACK}?a=b"))

    answer = await standins.client.post(_page(token), data={"person": "ada"})

    assert answer.headers["location"].startswith(f"{CALLBACK}?a=b&oauth_token=")


@pytest.mark.parametrize(
    ("oauth", "status", "code"),
    [
        ({"oauth_consumer_key": "somebody-else"}, 401, 32),
        ({"oauth_signature_method": "PLAINTEXT"}, 401, 32),
        ({"oauth_signature_method": "HMAC-SHA256"}, 401, 32),
        ({"oauth_version": "2.0"}, 400, 215),
        ({"oauth_nonce": None}, 400, 215),
        ({"oauth_nonce": "nönce"}, 400, 215),
        ({"oauth_timestamp": "soon"}, 400, 215),
        ({"oauth_timestamp": "1789999699"}, 401, 135),
        ({"oauth_timestamp": "1790000301"}, 401, 135),
        ({"oauth_token": "made-up"}, 401, 89),
    ],
)
async def test_a_request_of_the_wrong_form_is_refused(
    standins: StandIns, oauth: dict[str, str | None], status: int, code: int
) -> None:
    answer = await _request_token(standins, **oauth)

    assert (answer.status_code, _code(answer)) == (status, code)


@pytest.mark.parametrize("timestamp", ["1789999700", "1790000300"])
async def test_a_clock_may_be_five_minutes_off(standins: StandIns, timestamp: str) -> None:
    answer = await _request_token(standins, oauth_timestamp=timestamp)

    assert answer.status_code == 200


async def test_a_nonce_counts_once(standins: StandIns) -> None:
    headers = oauth1_header("POST", X["request_token_url"], {"oauth_callback": CALLBACK})

    first = await standins.client.post(X["request_token_url"], headers=headers)
    second = await standins.client.post(X["request_token_url"], headers=headers)

    assert (first.status_code, second.status_code, _code(second)) == (200, 401, 32)


@pytest.mark.parametrize("spoiled", ["secret", "method", "host", "query", "body", "nonce"])
async def test_the_signature_covers_the_whole_request(standins: StandIns, spoiled: str) -> None:
    url = X["request_token_url"]
    signed_url = url.replace("127.0.0.3", "api.x.com") if spoiled == "host" else url
    secret = "wrong" if spoiled == "secret" else APPS[KEY].client_secret
    method = "GET" if spoiled == "method" else "POST"
    oauth = {"oauth_callback": CALLBACK}
    headers = oauth1_header(method, signed_url, oauth, consumer_secret=secret)
    if spoiled == "nonce":
        headers["Authorization"] = headers["Authorization"].replace('nce="', 'nce="0', 1)

    answer = await standins.client.post(
        url + ("?x_auth_access_type=write" if spoiled == "query" else ""),
        headers=headers,
        data={"x_auth_access_type": "write"} if spoiled == "body" else None,
    )

    assert (answer.status_code, _code(answer)) == (401, 32)


async def test_query_and_form_are_signed_and_realm_is_not(standins: StandIns) -> None:
    url = f"{X['request_token_url']}?a=%20b%2Bc"
    form = {"x_auth_access_type": "read", "empty": ""}
    headers = oauth1_header("POST", url, {"oauth_callback": CALLBACK}, body=form)
    headers["Authorization"] = headers["Authorization"].replace("OAuth ", 'OAuth realm="X", ')

    answer = await standins.client.post(url, headers=headers, data=form)

    assert answer.status_code == 200


async def test_an_unsigned_request_is_bad_authentication(standins: StandIns) -> None:
    answer = await standins.client.post(X["request_token_url"])

    assert (answer.status_code, _code(answer)) == (400, 215)


async def test_a_repeated_parameter_is_refused(standins: StandIns) -> None:
    url = f"{X['request_token_url']}?a=1&a=2"
    headers = oauth1_header("POST", url, {"oauth_callback": CALLBACK})

    answer = await standins.client.post(url, headers=headers)

    assert (answer.status_code, _code(answer)) == (400, 215)


async def test_an_unknown_request_token_gets_a_page_and_no_redirect(standins: StandIns) -> None:
    answer = await standins.client.post(
        f"{X['authorize_url']}?oauth_token=made-up", data={"person": "ada"}
    )

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_the_page_takes_no_callback(standins: StandIns) -> None:
    token = _form(await _request_token(standins))

    answer = await standins.client.get(f"{_page(token)}&oauth_callback=https%3A%2F%2Fevil.example")

    assert answer.status_code == 400


async def test_a_request_token_ends_after_ten_minutes(standins: StandIns) -> None:
    token = _form(await _request_token(standins))

    standins.clock.now += 600
    answer = await standins.client.get(_page(token))

    assert answer.status_code == 400


async def test_a_no_comes_back_as_denied_and_nothing_else(standins: StandIns) -> None:
    token = _form(await _request_token(standins))

    callback = await standins.pick(_page(token), fault="cancel")

    assert callback == {"denied": token["oauth_token"]}


@pytest.mark.parametrize("verifier", ["wrong", None])
async def test_the_verifier_must_be_the_callbacks(standins: StandIns, verifier: str | None) -> None:
    token = _form(await _request_token(standins))
    await standins.pick(_page(token))

    answer = await _exchange(standins, token, verifier)

    assert (answer.status_code, _code(answer)) == (401, 89)


async def test_a_request_token_nobody_approved_is_worth_nothing(standins: StandIns) -> None:
    token = _form(await _request_token(standins))

    answer = await _exchange(standins, token, "")

    assert (answer.status_code, _code(answer)) == (401, 89)


async def test_a_request_token_can_be_exchanged_once(standins: StandIns) -> None:
    token = _form(await _request_token(standins))
    verifier = (await standins.pick(_page(token)))["oauth_verifier"]

    first = await _exchange(standins, token, verifier)
    second = await _exchange(standins, token, verifier)

    assert first.status_code == 200
    assert (second.status_code, _code(second)) == (401, 89)


async def test_the_verifier_may_stand_in_the_form(standins: StandIns) -> None:
    token = _form(await _request_token(standins))
    form = {"oauth_verifier": (await standins.pick(_page(token)))["oauth_verifier"]}

    headers = oauth1_header(
        "POST",
        X["access_token_url"],
        {"oauth_token": token["oauth_token"]},
        token["oauth_token_secret"],
        form,
    )
    answer = await standins.client.post(X["access_token_url"], headers=headers, data=form)

    assert answer.status_code == 200


async def test_the_token_secret_is_part_of_the_key(standins: StandIns) -> None:
    access = await _access(standins)

    answer = await _read(standins, X["profile_url"], {**access, "oauth_token_secret": "wrong"})

    assert (answer.status_code, _code(answer)) == (401, 32)


@pytest.mark.parametrize("person", ["no-email", "unverified"])
async def test_an_email_that_is_not_confirmed_is_null(standins: StandIns, person: str) -> None:
    access = await _access(standins, person)

    asked = await _read(standins, X["profile_url"], access, "?include_email=true")
    unasked = await _read(standins, X["profile_url"], access)

    assert asked.json()["email"] is None
    assert "email" not in unasked.json()


async def test_gated_v1_leaves_users_me_open(standins: StandIns) -> None:
    access = await _access(standins, fault="gated")

    gated = await _read(standins, X["profile_url"], access)
    fallback = await _read(standins, X["fallback_profile_url"], access)

    assert (gated.status_code, _code(gated)) == (403, 453)
    assert fallback.json()["data"]["username"] == "ada_lovelace"
    assert standins.app.state.calls["twitter1.fallback_profile_url"] == 1


async def test_users_me_gives_no_email_to_this_protocol(standins: StandIns) -> None:
    access = await _access(standins)

    query = "?user.fields=confirmed_email"
    answer = await _read(standins, X["fallback_profile_url"], access, query)

    assert answer.status_code == 403


async def test_the_next_request_token_can_lack_its_confirmation(standins: StandIns) -> None:
    token = _form(await _request_token(standins))
    await standins.pick(_page(token), fault="unconfirmed")

    second = _form(await _request_token(standins))
    third = _form(await _request_token(standins))

    assert "oauth_callback_confirmed" not in second
    assert third["oauth_callback_confirmed"] == "true"


async def test_a_fault_can_be_laid_out_for_the_first_leg(standins: StandIns) -> None:
    standins.app.state.ahead["twitter1.request_token_url"] = "rate"

    refused = await _request_token(standins)
    after = await _request_token(standins)

    assert (refused.status_code, _code(refused), after.status_code) == (429, 88, 200)


PUBLISHED = {
    "status": "Hello Ladies + Gentlemen, a signed OAuth request!",
    "include_entities": "true",
    "oauth_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "1318622958",
    "oauth_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "oauth_version": "1.0",
}


async def _request_token(standins: StandIns, **oauth: str | None) -> httpx2.Response:
    headers = oauth1_header("POST", X["request_token_url"], {"oauth_callback": CALLBACK, **oauth})
    return await standins.client.post(X["request_token_url"], headers=headers)


async def _exchange(
    standins: StandIns, token: dict[str, str], verifier: str | None
) -> httpx2.Response:
    oauth = {"oauth_token": token["oauth_token"], "oauth_verifier": verifier}
    secret = token["oauth_token_secret"]
    headers = oauth1_header("POST", X["access_token_url"], oauth, secret)
    return await standins.client.post(X["access_token_url"], headers=headers)


async def _access(standins: StandIns, person: str = "ada", fault: str = "none") -> dict[str, str]:
    token = _form(await _request_token(standins))
    callback = await standins.pick(_page(token), person, fault)
    assert callback["oauth_token"] == token["oauth_token"]
    return _form(await _exchange(standins, token, callback["oauth_verifier"]))


async def _read(
    standins: StandIns, url: str, access: dict[str, str], query: str = ""
) -> httpx2.Response:
    oauth = {"oauth_token": access["oauth_token"]}
    headers = oauth1_header("GET", url + query, oauth, access["oauth_token_secret"])
    return await standins.client.get(url + query, headers=headers)


def _page(token: dict[str, str]) -> str:
    return f"{BASE}/x/oauth/authenticate?oauth_token={token['oauth_token']}"


def _form(answer: httpx2.Response) -> dict[str, str]:
    return dict(parse_qsl(answer.text))


def _code(answer: httpx2.Response) -> int:
    code: int = answer.json()["errors"][0]["code"]
    return code
