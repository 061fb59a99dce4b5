"""What blogs load from us is public; what a site offers is told to its own pages."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from gateway.web import languages
from tests.web.attack import dump
from tests.world import BLOG, GARDEN, GATEWAY, PROVIDERS, Click, World

PUBLIC = ("/widget.js", "/widget.css", "/widget/en.json", "/jwks.json")


@pytest.mark.parametrize("path", PUBLIC)
async def test_B6_public_files_are_for_everybody_and_know_nobody(world: World, path: str) -> None:
    """The same for each origin and each cookie, so that any cache may keep it."""
    browser = world.browser()
    await world.session(browser)

    asked = [
        await world.client.get(path),
        await world.client.get(path, headers={"origin": "https://evil.example"}),
        await browser.send("GET", path, origin=BLOG),
    ]

    assert {answer.status_code for answer in asked} == {200}
    assert {answer.headers["access-control-allow-origin"] for answer in asked} == {"*"}
    assert {answer.content for answer in asked} == {asked[0].content}
    assert all(answer.headers["cache-control"] == "public, max-age=600" for answer in asked)
    assert not any("set-cookie" in answer.headers for answer in asked)


async def test_the_immutable_copy_is_what_its_name_and_integrity_say(world: World) -> None:
    newest = await world.client.get("/widget.js")
    kept = await world.client.get(newest.headers["x-immutable"])

    digest = base64.b64encode(hashlib.sha384(kept.content).digest()).decode()
    assert kept.content == newest.content
    assert newest.headers["x-integrity"] == f"sha384-{digest}"
    assert hashlib.sha256(kept.content).hexdigest()[:16] in newest.headers["x-immutable"]
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    [
        "/widget/0000000000000000.js",
        "/widget/widget.js",
        "/widget/xx.json",
        "/widget/.json",
        "/widget/..%2Flocales%2Fen.json",
        "/widget/%2e%2e%2f%2e%2e%2fexample.json",
        "/widget/en%00.json",
        "/static/widget.js",
        "/locales/en.json",
        "/templates/base.html",
        "/sites/nowhere/providers.json",
        "/sites/..%2fblog/providers.json",
        "/sites/blog%00/providers.json",
    ],
)
async def test_N3_no_other_file_can_be_fetched(world: World, path: str) -> None:
    answer = await world.client.get(path, headers={"origin": BLOG})

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("language", languages.LANGUAGES)
async def test_the_words_of_each_language_are_there(world: World, language: str) -> None:
    """As texts alone, in the order that the widget knows them by."""
    words = languages.catalogue(language)["widget"]

    texts = (await world.client.get(f"/widget/{language}.json")).json()

    assert texts == [words[key] for key in languages.catalogue("en")["widget"]]


async def test_a_text_that_a_language_lacks_leaves_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogues = {"de": {"widget": {"lang": "de", "again": "Nochmal"}}}
    english = languages.catalogue("en")
    monkeypatch.setattr(languages, "catalogue", {"en": english, **catalogues}.get)

    texts = (await world.client.get("/widget/de.json")).json()

    said = dict(zip(english["widget"], texts, strict=True))
    assert {key: text for key, text in said.items() if text} == catalogues["de"]["widget"]


@pytest.mark.parametrize(
    ("site", "origin", "told"),
    [
        ("blog", BLOG, True),
        ("blog", "https://www.blog.example.org", True),
        ("blog", GARDEN, False),
        ("blog", "https://evil.example", False),
        ("blog", f"{BLOG}.evil.example", False),
        ("blog", "null", False),
        ("blog", "", False),
        ("blog", None, False),
        ("garden", GARDEN, True),
        ("garden", BLOG, False),
    ],
)
async def test_B6_what_a_site_offers_is_for_its_own_pages(
    world: World, site: str, origin: str | None, told: bool
) -> None:
    headers = {} if origin is None else {"origin": origin}

    answer = await world.client.get(f"/sites/{site}/providers.json", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["vary"] == "Origin"
    assert answer.headers.get("access-control-allow-origin") == (origin if told else None)
    assert answer.headers["cache-control"] == "public, max-age=5, stale-while-revalidate=60"


async def test_the_offer_names_what_the_buttons_need_and_no_secret(
    world: World, table: dict[str, Any]
) -> None:
    offer = (await world.client.get("/sites/garden/providers.json")).json()

    assert offer["site"] == {
        "id": "garden",
        "name": "The garden",
        "privacy_url": f"{GARDEN}/privacy",
    }
    assert [provider["key"] for provider in offer["providers"]] == list(PROVIDERS)
    assert all(re.fullmatch(r"[A-Za-z0-9 ,.\-]+", one["icon"]) for one in offer["providers"])
    told = json.dumps(offer)
    for app in world.settings.apps.values():
        assert app.client_secret not in told
        assert app.client_id not in told
    assert table["providers"]["facebook"]["token_url"] not in told


async def test_the_published_keys_hold_no_private_half(world: World) -> None:
    keys = (await world.client.get("/jwks.json")).json()["keys"]

    assert keys
    for key in keys:
        assert set(key) <= {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}
        assert (key["kty"], key["alg"], key["use"]) == ("EC", "ES256", "sig")


async def test_reading_writes_nothing(world: World) -> None:
    """Whoever only looks leaves no row, and no limit counts them."""
    before = await dump(world)
    paths = (
        *PUBLIC,
        "/sites/blog/providers.json",
        "/privacy",
        "/healthz",
        "/readyz",
        "/start?site=blog",
    )

    for path in paths:
        answer = await world.client.get(path, headers={"origin": BLOG})
        assert answer.status_code == 200, path

    assert await dump(world) == before


async def test_N4_health_is_told_to_everybody_alike(world: World) -> None:
    """By any host name, and no client is special."""
    for agent in ("ELB-HealthChecker/2.0", "GoogleHC/1.0", "kube-probe/1.30"):
        headers = {"host": "10.0.0.1", "user-agent": agent}
        healthy = await world.client.get("/healthz", headers=headers)
        elsewhere = await world.client.get("/privacy", headers=headers)

        assert (healthy.status_code, healthy.json()) == (200, {"status": "ok"})
        assert elsewhere.status_code == 421


async def test_no_header_or_cookie_skips_a_step(world: World) -> None:
    """N4: what other gateways took for a reason to believe somebody."""
    names = (
        "x-forwarded-user",
        "x-auth-request-user",
        "x-remote-user",
        "authorization",
        "x-real-ip",
    )
    browser = world.browser()
    began = await browser.send("POST", "/start", Click().form, origin=BLOG)

    page = await browser.send(
        "GET",
        began.headers["location"].partition("#")[0],
        **{name.replace("-", "_"): "ada" for name in names},
    )

    assert "refresh" in page.headers
    assert str(page.headers["refresh"]).startswith("0;url=http://127.0.0.3:")
    assert GATEWAY not in page.headers["refresh"].partition("?")[0]
