"""Whole sign-ins through the app, for each provider, and each way a provider can fail."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.verify import Verifier
from providers.rehearsal import FAULTS, PEOPLE
from tests.web.conftest import StandIns
from tests.world import BLOG, GATEWAY, PROVIDERS, Click, Clock, World, landed, opened, query

ENDS_AS_PROVIDER = (
    *("credits", "plan", "rate", "token-500", "profile-500", "huge", "broken-json", "false"),
    *("bad-utf8", "gzip", "profile-redirect", "foreign-app", "error-code"),
)
EACH_FAILURE = [
    (provider, fault)
    for fault in ENDS_AS_PROVIDER
    for provider in FAULTS[fault].providers
    if (provider, fault) != ("twitter1", "plan")  # there the gateway asks v2 instead
]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_commenter_signs_in_and_the_blog_can_verify_who_it_is(
    world: World, provider: str
) -> None:
    """From the click to a token that the blog's own verifier accepts."""
    browser, click = world.browser(), Click(provider=provider)

    landing = landed(await browser.sign_in(click))
    answer = (await world.redeem(click, landing.code)).json()

    keys = await world.client.get("/jwks.json")
    verifier = Verifier(GATEWAY, "blog", clock=world.clock, fetch=lambda: keys.content)
    commenter = verifier.verify(answer["access_token"])
    assert commenter.name == answer["user"]["name"] == "Ada Lovelace"
    assert commenter.provider == answer["user"]["provider"] == provider.rstrip("1")
    assert commenter.subject == answer["user"]["sub"]
    assert (landing.by, landing.origin, landing.state) == ("message", BLOG, click.state)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_profile_is_read_once_in_a_sign_in(world: World, provider: str) -> None:
    """X charges for every profile that is read."""
    await world.session(world.browser(), Click(provider=provider))

    assert world.calls[f"{provider}.profile_url"] == 1
    assert world.calls.get(f"{provider}.fallback_profile_url", 0) == 0


async def test_both_protocols_of_x_name_the_same_person(world: World) -> None:
    """An owner may move from one to the other without losing who is who."""
    by_two = await world.session(world.browser(), Click(provider="twitter"))
    by_one = await world.session(world.browser(), Click(provider="twitter1"))

    assert by_two["user"] == by_one["user"]


async def test_page_mode_ends_in_the_fragment_of_the_same_page(world: World) -> None:
    """The code never stands in a query, which servers log."""
    click = Click(mode="page")

    landing = landed(await world.browser().sign_in(click))

    assert (landing.by, landing.state, landing.origin) == ("fragment", click.state, BLOG)
    assert (await world.redeem(click, landing.code)).status_code == 200


async def test_v1_of_x_may_be_gated_by_the_plan(world: World) -> None:
    """Low plans answer 403/453 there; the same token reads the v2 profile, picture and all."""
    landing = landed(await world.browser().sign_in(Click(provider="twitter1"), fault="gated"))

    assert landing.code
    assert world.calls["twitter1.fallback_profile_url"] == 1
    stored = await world.gate.db.row("SELECT avatar_url FROM identities")
    assert stored and stored["avatar_url"]


@pytest.mark.parametrize(("provider", "fault"), EACH_FAILURE)
async def test_a_provider_that_fails_leads_back_with_a_reason(
    world: World, provider: str, fault: str
) -> None:
    """Whatever it answers: a named reason at the form, and nobody is signed in."""
    click = Click(provider=provider)

    landing = landed(await world.browser().sign_in(click, fault=fault))

    assert (landing.reason, landing.state) == ("provider", click.state)
    assert not await world.gate.db.rows("SELECT 1 FROM identities")
    assert not await world.gate.db.rows("SELECT 1 FROM grants")
    assert world.calls.get("elsewhere", 0) == 0, "a redirect was followed"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_saying_no_at_the_provider_leads_back_as_denied(world: World, provider: str) -> None:
    """Each provider says no in its own way."""
    landing = landed(await world.browser().sign_in(Click(provider=provider), fault="cancel"))

    assert landing.reason == "denied"


async def test_a_hanging_provider_is_given_up(
    table: dict[str, Any], stand_ins: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is not kept waiting for a minute."""
    monkeypatch.setattr("gateway.http.CALL_SECONDS", 0.3)
    async with opened(table, tmp_path, stand_ins[1]) as world:
        landing = landed(await world.browser().sign_in(fault="hang"))

    assert landing.reason == "provider"


async def test_an_unconfirmed_callback_is_no_request_token(world: World) -> None:
    """OAuth 1.0a without `oauth_callback_confirmed` is the protocol with the fixation hole."""
    world.stand_ins.state.ahead["twitter1.request_token_url"] = "unconfirmed"

    landing = landed(await world.browser().click(Click(provider="twitter1")))

    assert landing.reason == "provider"


async def test_a_reload_before_the_provider_leads_to_the_same_request_token(world: World) -> None:
    """Each request token is a call, and the provider will name the attempt by the one it gave."""
    browser = world.browser()
    hop = await browser.click(Click(provider="twitter1"))

    again = await browser.get(str(hop.request.url.raw_path, "ascii"))

    assert again.headers["refresh"] == hop.headers["refresh"]
    assert world.calls["twitter1.request_token_url"] == 1


async def test_an_expired_attempt_delivers_expired_once(world: World) -> None:
    """Whoever comes back late is told at the form; whoever comes after that is led back."""
    browser = world.browser()
    hop = await browser.click(Click())
    callback = await world.consent(hop)
    world.clock.sleep(601)

    first = landed(await browser.come_back(callback))
    second = await browser.come_back(callback)

    assert first.reason == "expired"
    assert second.status_code == 410
    assert f'href="{BLOG}/a-post/"' in second.text


async def test_S4_many_sign_ins_at_once_in_one_browser_all_finish(world: World) -> None:
    """Tabs know nothing of each other."""
    browser = world.browser()
    clicks = [Click(provider=provider) for provider in PROVIDERS * 2]
    hops = [await browser.click(click) for click in clicks]
    callbacks = [await world.consent(hop) for hop in hops]

    landings = [landed(await browser.come_back(callback)) for callback in reversed(callbacks)]
    answers = [
        await world.redeem(click, landing.code)
        for click, landing in zip(reversed(clicks), landings, strict=True)
    ]

    assert [answer.status_code for answer in answers] == [200] * len(clicks)


async def test_S4_only_the_newest_ten_attempts_are_kept(world: World) -> None:
    """Cookies pile up otherwise until the headers are too large."""
    browser = world.browser()
    for _ in range(13):
        hop = await browser.click(Click())
    newest = landed(await browser.come_back(await world.consent(hop)))

    cookies = [name for name in browser.cookies if "attempt" in name]
    kept = await world.gate.db.rows("SELECT 1 FROM attempts")
    assert newest.code
    assert len(cookies) == 10
    assert len(kept) == 10


async def test_S4_foreign_ids_in_a_crowded_jar_drop_nobody_elses_attempt(world: World) -> None:
    """The limit of one browser is not a way to delete another's sign-in."""
    victim, crowded = world.browser(), world.browser()
    hop = await victim.click(Click())
    theirs = next(name for name in victim.cookies if "attempt" in name)
    await crowded.click(Click())
    for n in range(12):
        crowded.cookies[f"commentgate-attempt-{n}"] = "x"
    crowded.cookies[theirs] = "guessed"

    await crowded.click(Click())

    assert landed(await victim.come_back(await world.consent(hop))).code


async def test_S3_of_two_identical_callbacks_exactly_one_wins(world: World) -> None:
    """Prefetchers and proxies open a callback twice."""
    browser = world.browser()
    callback = await world.consent(await browser.click(Click()))

    pages = await asyncio.gather(*(browser.come_back(callback) for _ in range(5)))

    assert sorted(page.status_code for page in pages) == [200, 410, 410, 410, 410]
    assert world.calls["wordpress.token_url"] == 1


async def test_a_second_sign_in_asks_the_provider_nothing(world: World) -> None:
    """Who is known here signs in with one click, and X is not paid again."""
    browser = world.browser()
    first = await world.session(browser, Click(provider="twitter"))
    calls = dict(world.calls)
    click = Click(provider="twitter")

    landing = landed(await browser.click(click))
    second = (await world.redeem(click, landing.code)).json()

    assert dict(world.calls) == calls
    assert second["user"] == first["user"]


async def test_the_people_of_one_browser_follow_each_other(world: World) -> None:
    """S13: the cookie changes with every sign-in, and nobody can come back to the one before."""
    browser = world.browser()
    await world.session(browser, Click(), person="ada")
    ada = browser.cookies["commentgate-session"]
    choose = Click(extra={"prompt": "select_account"})
    await world.session(browser, choose, person="no-email")
    other = browser.cookies["commentgate-session"]

    assert other != ada
    browser.cookies["commentgate-session"] = ada
    hop = await browser.click(Click())
    assert "refresh" in hop.headers, "the old cookie still signs somebody in"


async def test_account_choice_is_asked_of_providers_that_have_it(world: World) -> None:
    """Change leads to a choice instead of straight back to the same account."""
    choose = {"prompt": "select_account"}

    hop = await world.browser().click(Click(provider="facebook", extra=choose))

    assert query(hop.headers["refresh"])["auth_type"] == "reauthenticate"


@pytest.mark.parametrize(
    "person", ["no-email", "entities", "emoji", "arabic", "hebrew", "big-id", "long-name"]
)
async def test_odd_people_can_sign_in_too(world: World, person: str) -> None:
    """No e-mail, entities, emoji, 19 digits, 300 characters: nobody is left out."""
    for provider in PROVIDERS:
        opened_session = await world.session(world.browser(), Click(provider=provider), person)

        assert opened_session["user"]["name"] == PEOPLE[person].name[:100]


async def test_I5_hostile_names_are_plain_text_in_tokens(world: World) -> None:
    """Bidirectional controls could make a name read as somebody else's."""
    opened_session = await world.session(world.browser(), person="script")

    name = opened_session["user"]["name"]
    assert not set(name) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\n")


async def test_the_token_says_what_the_contract_says(world: World) -> None:
    """RFC 9068, and never an e-mail."""
    session = await world.session(world.browser())
    keys = KeySet.import_key_set((await world.client.get("/jwks.json")).json())

    token = jwt.decode(session["access_token"], keys, algorithms=["ES256"])

    claims = token.claims
    assert token.header["typ"] == "at+jwt"
    assert {**claims, "jti": 0, "sid": 0, "sub": 0} == {
        "iss": GATEWAY,
        "aud": "blog",
        "client_id": "blog",
        "sub": 0,
        "iat": int(world.clock()),
        "exp": int(world.clock()) + 3600,
        "jti": 0,
        "sid": 0,
        "auth_time": int(world.clock()),
        "scope": "profile",
        "idp": "wordpress",
        "name": "Ada Lovelace",
        "preferred_username": "ada_lovelace",
        "profile": claims["profile"],
        "picture": claims["picture"],
    }
    assert claims["picture"].startswith(f"{GATEWAY}/avatar/")
    assert "example.org" not in str({**claims, "iss": "", "profile": ""})


async def test_subjects_differ_between_sites_and_stay_for_each(world: World) -> None:
    """Two blogs can't join their commenters by it."""
    blog = await world.session(world.browser())
    again = await world.session(world.browser())
    browser, click = world.browser(), Click(site="garden", return_to="https://garden.example.org/")
    click.origin = "https://garden.example.org"
    asked = await browser.sign_in(click)
    landing = landed(await browser.answer(asked, "continue"))
    garden = (await world.redeem(click, landing.code)).json()

    assert blog["user"]["sub"] == again["user"]["sub"]
    assert garden["user"]["sub"] != blog["user"]["sub"]


async def test_a_site_without_profile_gets_no_link(
    table: dict[str, Any], stand_ins: StandIns, tmp_path: Path
) -> None:
    """Neither the user name nor the address: both lead to the person elsewhere."""
    table["sites"]["blog"]["profile"] = False
    async with opened(table, tmp_path, stand_ins[1]) as world:
        session = await world.session(world.browser())

    assert set(session["user"]) == {"sub", "name", "picture", "provider"}


async def test_an_email_is_asked_for_only_where_a_site_wants_it(
    table: dict[str, Any], stand_ins: StandIns, tmp_path: Path
) -> None:
    """More than needed is neither asked for nor kept."""
    async with opened(table, tmp_path, stand_ins[1]) as world:
        hop = await world.browser().click(Click(provider="facebook"))
        without = query(hop.headers["refresh"])["scope"]
        await world.session(world.browser())
        kept = await world.gate.db.row("SELECT email FROM identities")
    table["sites"]["blog"]["email"] = True
    async with opened(table, tmp_path, stand_ins[1], Clock()) as world:
        hop = await world.browser().click(Click(provider="facebook"))
        with_email = query(hop.headers["refresh"])["scope"]
        for provider in PROVIDERS:
            await world.session(world.browser(), Click(provider=provider))
        now_kept = await world.gate.db.rows("SELECT email, email_verified FROM identities")

    assert (without, with_email) == ("public_profile", "public_profile email")
    assert kept and kept["email"] is None
    assert {row["email"] for row in now_kept} == {"ada@example.org"}


async def test_a_page_of_another_site_can_embed_nothing_of_ours(world: World) -> None:
    """B3: every page forbids framing and loads nothing from anywhere."""
    page: httpx2.Response = await world.browser().sign_in()

    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "cross-origin-opener-policy" not in page.headers
    assert page.headers["cache-control"] == "no-store"
