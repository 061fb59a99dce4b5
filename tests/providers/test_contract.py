import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from providers import PROVIDERS
from providers.base import Identity, Provider, Trouble

FIXTURES = Path(__file__).parent / "fixtures"
ICONS = Path(inspect.getfile(Provider)).parent / "icons"
SVG = "{http://www.w3.org/2000/svg}"

#: The names by which a configuration can override an endpoint.
ENDPOINT_NAMES = {
    "authorize_url",
    "token_url",
    "profile_url",
    "debug_token_url",
    "request_token_url",
    "access_token_url",
    "fallback_profile_url",
    "jwks_url",
}

each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda it: it.key)


each_recording = pytest.mark.parametrize(
    ("provider", "path"),
    [
        pytest.param(provider, path, id=f"{provider.key}-{path.stem}")
        for provider in PROVIDERS.values()
        for path in sorted((FIXTURES / provider.key).glob("*.json"))
    ],
)


@each_provider
def test_a_provider_is_found_under_its_own_key(provider: Provider) -> None:
    assert PROVIDERS[provider.key] is provider
    assert provider.key.isidentifier()
    assert provider.label


@each_provider
def test_a_provider_brings_recorded_profiles(provider: Provider) -> None:
    recorded = list((FIXTURES / provider.key).glob("*.json"))

    assert len(recorded) >= 3


@each_recording
def test_a_recorded_profile_becomes_its_identity(provider: Provider, path: Path) -> None:
    recorded = json.loads(path.read_text("utf-8"))

    identity = provider.identify(recorded["profile"])

    assert dataclasses.asdict(identity) == recorded["identity"]
    assert identity.namespace == provider.namespace


@each_recording
def test_a_profile_without_its_permanent_id_is_nobody(provider: Provider, path: Path) -> None:
    profile = json.loads(path.read_text("utf-8"))["profile"]
    holder = profile.get("data", profile)
    for name in ("ID", "id", "id_str"):
        holder.pop(name, None)

    with pytest.raises((KeyError, TypeError, ValueError)):
        provider.identify(profile)


@pytest.mark.parametrize("nonsense", [None, "", "ada", "12a", "²", [], {}, 1.5, True])
@each_provider
def test_an_id_of_the_wrong_shape_is_nobody(provider: Provider, nonsense: Any) -> None:
    profile = json.loads(_any_recording(provider.key).read_text("utf-8"))["profile"]
    holder = profile.get("data", profile)
    for name in {"ID", "id", "id_str"} & set(holder):
        holder[name] = nonsense

    with pytest.raises((KeyError, TypeError, ValueError)):
        provider.identify(profile)


@pytest.mark.parametrize(
    "body",
    [{}, {"data": {}}, {"data": None}, {"data": []}, {"error": "x"}, {"errors": [{"code": 1}]}],
)
@each_provider
def test_a_body_that_is_no_profile_is_nobody(provider: Provider, body: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        provider.identify(body)


@each_provider
def test_endpoints_are_https_and_named_as_the_configuration_names_them(
    provider: Provider,
) -> None:
    assert set(provider.endpoints) <= ENDPOINT_NAMES
    assert {"authorize_url", "profile_url"} <= set(provider.endpoints)
    for url in (*provider.endpoints.values(), provider.issuer):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.hostname
        assert not parts.query
        assert not parts.fragment


@each_provider
def test_a_protocol_has_the_endpoints_of_its_legs(provider: Provider) -> None:
    legs = {"oauth1": {"request_token_url", "access_token_url"}, "oauth2": {"token_url"}}

    assert legs[provider.protocol] <= set(provider.endpoints)


@each_provider
def test_the_email_is_asked_for_apart_from_the_rest(provider: Provider) -> None:
    assert not any("email" in scope for scope in provider.scopes)
    assert not any("email" in f"{name}={value}" for name, value in provider.profile_query.items())


def test_what_each_provider_demands_of_its_client() -> None:
    demands = {
        key: (it.protocol, it.client_auth, it.pkce, it.app_secret_proof, it.scopes)
        for key, it in PROVIDERS.items()
    }

    basic, post = "client_secret_basic", "client_secret_post"
    assert demands["wordpress"] == ("oauth2", post, False, False, ("auth",))
    assert demands["twitter"] == ("oauth2", basic, True, False, ("users.read", "tweet.read"))
    assert demands["facebook"] == ("oauth2", post, False, True, ("public_profile",))
    assert demands["twitter1"][0] == "oauth1"


def test_both_protocols_of_x_name_the_same_person() -> None:
    by_oauth2 = _identity("twitter")
    by_oauth1 = _identity("twitter1")

    assert (by_oauth2.namespace, by_oauth2.provider_id) == (
        by_oauth1.namespace,
        by_oauth1.provider_id,
    )


@pytest.mark.parametrize("namespace", sorted({it.namespace for it in PROVIDERS.values()}))
def test_a_provider_has_a_mark_that_takes_the_texts_colour(namespace: str) -> None:
    svg = ElementTree.fromstring((ICONS / f"{namespace}.svg").read_text("utf-8"))  # noqa: S314 - our own file

    assert svg.get("viewBox") == "0 0 24 24"
    assert svg.get("fill") == "currentColor"
    assert [child.tag for child in svg] == [f"{SVG}path"]


def _any_recording(key: str) -> Path:
    return sorted((FIXTURES / key).glob("*.json"))[0]


def _identity(key: str) -> Identity:
    recorded = json.loads((FIXTURES / key / "usual.json").read_text("utf-8"))
    return PROVIDERS[key].identify(recorded["profile"])


def _graph(code: int, message: str = "...", **more: Any) -> dict[str, Any]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return {"error": {**error, **more}}


def _v1(code: int, message: str = "...") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


def _oauth2(error: str, description: str = "...") -> dict[str, str]:
    return {"error": error, "error_description": description}


def _problem(status: int, title: str) -> dict[str, Any]:
    return {"title": title, "type": "about:blank", "status": status, "detail": title}


_CREDITS = {
    "title": "CreditsDepleted",
    "detail": "...",
    "type": "https://api.twitter.com/2/problems/credits",
}

REFUSALS: list[tuple[str, int, Any, Trouble]] = [
    ("wordpress", 403, {"error": "authorization_required", "message": "..."}, Trouble.ACCESS),
    ("wordpress", 400, {"error": "invalid_token", "message": "..."}, Trouble.CODE),
    ("wordpress", 401, {"error": "invalid_token", "message": "..."}, Trouble.CODE),
    ("wordpress", 400, _oauth2("invalid_grant"), Trouble.CODE),
    ("wordpress", 400, _oauth2("invalid_client", "Unknown client_id."), Trouble.CLIENT),
    ("wordpress", 429, None, Trouble.RATE),
    ("wordpress", 500, None, Trouble.DOWN),
    ("wordpress", 302, None, Trouble.DOWN),
    ("twitter1", 401, _v1(32, "Could not authenticate you."), Trouble.CLIENT),
    ("twitter1", 403, _v1(415, "Callback URL not approved."), Trouble.CLIENT),
    ("twitter1", 403, _v1(416), Trouble.CLIENT),
    ("twitter1", 403, _v1(417), Trouble.CLIENT),
    ("twitter1", 400, _v1(215), Trouble.CLIENT),
    ("twitter1", 401, _v1(135), Trouble.CLIENT),
    ("twitter1", 401, _v1(89, "Invalid or expired token."), Trouble.CODE),
    ("twitter1", 403, _v1(453, "... subset of endpoints ..."), Trouble.ACCESS),
    ("twitter1", 401, _v1(453), Trouble.ACCESS),
    ("twitter1", 429, _v1(88, "Rate limit exceeded"), Trouble.RATE),
    ("twitter1", 500, _v1(131), Trouble.DOWN),
    ("twitter", 400, _oauth2("invalid_request"), Trouble.CODE),
    ("twitter", 401, _oauth2("unauthorized_client"), Trouble.CLIENT),
    ("twitter", 401, _problem(401, "Unauthorized"), Trouble.CODE),
    ("twitter", 403, _problem(403, "Forbidden"), Trouble.ACCESS),
    ("twitter", 403, {"reason": "client-not-enrolled", "title": "Forbidden"}, Trouble.ACCESS),
    ("twitter", 402, _CREDITS, Trouble.CREDITS),
    ("twitter", 429, _v1(88, "Rate limit exceeded"), Trouble.RATE),
    ("twitter", 429, _problem(429, "Too Many Requests"), Trouble.RATE),
    ("twitter", 503, None, Trouble.DOWN),
    ("facebook", 400, _graph(190, error_subcode=463), Trouble.CODE),
    ("facebook", 401, _graph(190, error_subcode=458), Trouble.CODE),
    ("facebook", 403, _graph(4, is_transient=True), Trouble.RATE),
    ("facebook", 400, _graph(17), Trouble.RATE),
    ("facebook", 403, _graph(200, "Permissions error"), Trouble.ACCESS),
    ("facebook", 403, _graph(299), Trouble.ACCESS),
    ("facebook", 403, _graph(10), Trouble.ACCESS),
    ("facebook", 400, _graph(100, error_subcode=36009), Trouble.CODE),
    ("facebook", 400, _graph(101), Trouble.CLIENT),
    ("facebook", 400, _graph(191), Trouble.CLIENT),
    ("facebook", 500, _graph(1), Trouble.DOWN),
    ("facebook", 400, _graph(1, "Error validating client secret."), Trouble.CLIENT),
    ("facebook", 500, _graph(2), Trouble.DOWN),
    ("facebook", 200, _graph(190), Trouble.CODE),
    ("facebook", 200, False, Trouble.DOWN),
    ("facebook", 200, None, Trouble.DOWN),
]


@pytest.mark.parametrize(("key", "status", "body", "trouble"), REFUSALS)
def test_a_refusal_is_known_for_what_it_is(
    key: str, status: int, body: Any, trouble: Trouble
) -> None:
    assert PROVIDERS[key].trouble(status, body) is trouble


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418, 429, 500, 502, 503, 301, 307])
@pytest.mark.parametrize("body", [None, False, [], "", "text", 5, {}, {"error": None}])
@each_provider
def test_no_refusal_passes_for_success(provider: Provider, status: int, body: Any) -> None:
    assert isinstance(provider.trouble(status, body), Trouble)


@pytest.mark.parametrize(
    "body",
    [
        {"errors": None},
        {"errors": 5},
        {"errors": [{"code": [1]}]},
        {"errors": [None, 1, "x"]},
        {"error": {"code": "190"}},
        {"error": {"code": [190]}},
        {"error": []},
    ],
)
@each_provider
def test_a_refusal_of_any_shape_is_read(provider: Provider, body: Any) -> None:
    assert isinstance(provider.trouble(400, body), Trouble)


@each_provider
def test_an_answer_without_refusal_is_no_trouble(provider: Provider) -> None:
    profile = json.loads(_any_recording(provider.key).read_text("utf-8"))["profile"]

    assert provider.trouble(200, profile) is None
