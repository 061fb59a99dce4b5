"""Who somebody is comes from a provider's answer to us, about a token made for our own app."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.apps import App
from gateway.attempts import Secrets
from gateway.errors import ProviderError
from gateway.http import BODY_BYTES, Answer
from gateway.oauth import OAuth
from providers.base import Identity
from tests.providers.test_contract import FIXTURES
from tests.world import GATEWAY, PROVIDERS, Click, World, hop_url, query


def _answer(status: int, body: object) -> Answer:
    return Answer(status, {}, json.dumps(body).encode())


class Telling:
    """A provider where every code is good. ``profile``, and what Facebook's ``debug_token`` says
    ``about`` a token, are what a test wants; it counts the profiles it gave.
    """

    def __init__(self, app: App, profile: bytes, about: object) -> None:
        self.profiles = 0
        self._profile = profile
        self._endpoints = app.endpoints
        self._about = about

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Answer a call by its path."""
        if urlsplit(url).path.endswith("/debug_token"):
            return _answer(200, {"data": self._about})
        if url == self._endpoints.get("access_token_url"):
            return Answer(200, {}, b"oauth_token=t&oauth_token_secret=s")
        if url == self._endpoints.get("token_url"):
            return _answer(200, {"access_token": "t", "token_type": "bearer"})
        self.profiles += 1
        return Answer(200, {}, self._profile)


async def identified(world: World, about: object) -> tuple[bool, int]:
    """Whether somebody was identified, and how many profiles were read for it."""
    app = world.settings.apps["facebook"]
    graph = Telling(app, b'{"id": "1", "name": "Ada"}', about)
    answer = {"code": "c", "state": "s"}
    try:
        await OAuth(graph).identify(
            app, f"{GATEWAY}/callback/facebook", Secrets(state="s"), answer, email=False
        )
    except ProviderError:
        return False, graph.profiles
    return True, graph.profiles


async def test_S9_the_token_is_for_our_app_to_the_last_digit(world: World) -> None:
    """Another app's token says who somebody is there; a part of an id is no id."""
    ours = world.settings.apps["facebook"].client_id
    foreign = (
        *(ours + "1", "1" + ours, ours[:-1], ours[1:], f" {ours}", f"{ours}\n", "", "0"),
        *([ours], {ours: ours}, None, True, int(ours), float(ours)),
    )

    for app_id in foreign:
        assert await identified(world, {"app_id": app_id, "is_valid": True}) == (False, 0), app_id
    for valid in (False, None, "true", 1):
        assert await identified(world, {"app_id": ours, "is_valid": valid}) == (False, 0), valid
    shapeless: tuple[object, ...] = (None, [], {}, "x", {"app_id": ours}, {"is_valid": True})
    for about in shapeless:
        assert await identified(world, about) == (False, 0), about
    assert await identified(world, {"app_id": ours, "is_valid": True}) == (True, 1)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S5_the_providers_pkce_has_no_downgrade(world: World, provider: str) -> None:
    """Where it is used it is S256, with a challenge of its own for each attempt."""
    asked = [
        query(hop_url(await world.browser().click(Click(provider=provider)))) for _ in range(2)
    ]

    uses = world.settings.apps[provider].provider.pkce
    assert uses == (provider == "twitter")
    assert [one.get("code_challenge_method") for one in asked] == ["S256" if uses else None] * 2
    assert (asked[0].get("code_challenge") != asked[1].get("code_challenge")) == uses
    assert not any("code_verifier" in one for one in asked)


class Watching:
    """A provider that fails, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Fail."""
        self.sent = dict(parse_qsl(body))
        return _answer(500, {})


async def test_S5_the_verifier_goes_to_the_token_endpoint_alone(world: World) -> None:
    """In the body, beside the code and the redirect URI that the code was made for."""
    provider, redirect_uri = Watching(), f"{GATEWAY}/callback/twitter"
    secrets, app = Secrets(state="s", verifier="v" * 43), world.settings.apps["twitter"]

    with pytest.raises(ProviderError):
        await OAuth(provider).identify(
            app, redirect_uri, secrets, {"code": "c", "state": "s"}, email=False
        )

    assert provider.sent["code_verifier"] == "v" * 43
    assert (provider.sent["code"], provider.sent["redirect_uri"]) == ("c", redirect_uri)


async def told(world: World, provider: str, profile: bytes) -> Identity:
    """Who somebody is by a profile."""
    app = world.settings.apps[provider]
    secrets = Secrets(state="s", verifier="v" * 43, request_token="t", request_secret="s")
    answer = {"code": "c", "oauth_verifier": "v"}
    asked = OAuth(Telling(app, profile, {"app_id": app.client_id, "is_valid": True}))
    return await asked.identify(app, f"{GATEWAY}/callback", secrets, answer, email=False)


def spoilt(profile: Any) -> Iterator[Any]:
    """A profile with something else in the place of each of its parts in turn."""
    yield from (5, True, None, [], {}, ["x"], {"a": "b"}, 1.5, "text")
    if isinstance(profile, dict):
        for name, part in profile.items():
            yield from (profile | {name: other} for other in spoilt(part))


RECORDED = [
    pytest.param(path.parent.name, json.loads(path.read_text("utf-8"))["profile"], id=path.stem)
    for provider in PROVIDERS
    for path in sorted((FIXTURES / provider).glob("*.json"))
]


@pytest.mark.parametrize(("provider", "profile"), RECORDED)
async def test_a_profile_with_anything_in_a_field_is_unusable_or_of_texts(
    world: World, provider: str, profile: dict[str, Any]
) -> None:
    """What is no text would break where it is cleaned, kept and shown."""
    assert (await told(world, provider, json.dumps(profile).encode())).name

    for other in spoilt(profile):
        with suppress(ProviderError):
            identity = await told(world, provider, json.dumps(other).encode())
            assert isinstance(identity.name, str), other
            shown = (identity.username, identity.profile_url, identity.avatar_url, identity.email)
            assert all(text is None or isinstance(text, str) for text in shown), other


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "nested",
    [b"[" * 50_000, b'{"a":' * 30_000, b"[" * 50_000 + b"]" * 50_000],
    ids=["lists", "objects", "closed"],
)
async def test_a_profile_nested_without_end_is_unusable(
    world: World, provider: str, nested: bytes
) -> None:
    with pytest.raises(ProviderError):
        await told(world, provider, nested)
