"""What comes to a callback is a stranger's until state, cookie, provider and issuer agree."""

from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.gate import tidy
from tests.web.attack import dump, everything_told, reopened, says
from tests.world import BLOG, PROVIDERS, Browser, Click, World, landed

BY_STATE = ("wordpress", "twitter", "facebook")
HOSTILE = "</p><script>alert(document.domain)</script><p id='x"


async def waiting(world: World, provider: str = "wordpress") -> tuple[Browser, str, Click]:
    """A browser whose provider has just answered; the callback it is about to open."""
    browser, click = world.browser(), Click(provider=provider)
    return browser, await world.consent(await browser.click(click)), click


def changed(callback: str, **parameters: str | None) -> str:
    """The callback with other parameters; None takes one out."""
    parts = urlsplit(callback)
    merged = {**dict(parse_qsl(parts.query)), **parameters}
    kept = {name: value for name, value in merged.items() if value is not None}
    return f"{parts.path}?{urlencode(kept)}"


def token_name(provider: str) -> str:
    """The parameter that says whose callback it is."""
    return "oauth_token" if provider == "twitter1" else "state"


async def touches_nothing(world: World, browser: Browser, callback: str, code: str) -> None:
    """The page names the error, nothing is written, and no provider is asked."""
    before, calls = await dump(world), dict(world.calls)

    page = await browser.come_back(callback)

    assert page.status_code == (404 if code == "unknown_provider" else 400), page.text
    assert says(page, code)
    assert await dump(world) == before
    assert dict(world.calls) == calls


async def still_works(world: World, browser: Browser, callback: str, click: Click) -> None:
    """The attempt lives on: its right callback ends in a session."""
    landing = landed(await browser.come_back(callback))
    assert (await world.redeem(click, landing.code)).status_code == 200


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S1_a_callback_without_a_state_of_ours_touches_nothing(
    world: World, provider: str
) -> None:
    browser, callback, click = await waiting(world, provider)

    for state in (None, "", "x", "A" * 32, "A" * 4000, "\x00", "État", "' OR 1=1 --"):
        foreign = changed(callback, **{token_name(provider): state})
        await touches_nothing(world, browser, foreign, "unknown_state")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S1_another_browsers_callback_touches_nothing(world: World, provider: str) -> None:
    """Login CSRF: a link with the attacker's code and state must not sign the victim in."""
    browser, callback, click = await waiting(world, provider)
    victim, _, _ = await waiting(world, provider)

    await touches_nothing(world, victim, callback, "no_cookie")
    await touches_nothing(world, world.browser(), callback, "no_cookie")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S2_another_providers_callback_touches_nothing(world: World, provider: str) -> None:
    browser, callback, click = await waiting(world, provider)

    for other in set(PROVIDERS) - {provider}:
        elsewhere = callback.replace(f"/callback/{provider}", f"/callback/{other}")
        await touches_nothing(world, browser, elsewhere, "wrong_provider")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("provider", BY_STATE)
@pytest.mark.parametrize("issuer", ["https://issuer.example", "", "WORDPRESS", "http://127.0.0.3"])
async def test_S7_an_answer_of_another_issuer_touches_nothing(
    world: World, provider: str, issuer: str
) -> None:
    """Mix-up: the code would be sent to somebody else's token endpoint."""
    browser, callback, click = await waiting(world, provider)

    await touches_nothing(world, browser, changed(callback, iss=issuer), "wrong_issuer")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("provider", BY_STATE)
async def test_S7_the_issuers_own_name_is_welcome(world: World, provider: str) -> None:
    landing = landed(await world.browser().sign_in(Click(provider=provider), fault="right-iss"))

    assert landing.code


@pytest.mark.parametrize("error", ["access_denied", "server_error", HOSTILE])
@pytest.mark.parametrize("state", [None, "", "x"])
async def test_S10_an_error_with_a_bad_state_touches_nothing(
    world: World, error: str, state: str | None
) -> None:
    """Else any page could end the sign-ins of its visitors."""
    browser, callback, click = await waiting(world)
    bad = changed(callback, code=None, error=error, state=state)

    await touches_nothing(world, browser, bad, "unknown_state")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("good_state", [True, False])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S10_texts_of_a_provider_are_never_echoed(
    world: World, provider: str, good_state: bool
) -> None:
    """Neither as markup nor as words: a stranger's sentence on our page is believed."""
    browser, callback, _ = await waiting(world, provider)
    names = ("error", "error_description", "error_uri", "error_reason", "lang")
    hostile = dict.fromkeys(names, HOSTILE)
    extra = {} if good_state else {token_name(provider): HOSTILE}

    await browser.come_back(changed(callback, code=None, oauth_verifier=None, **hostile, **extra))

    told = "\n".join(f"{page.headers}{page.text}" for page in browser.seen)
    assert "alert(" not in told
    assert quote("alert(") not in told


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_S3_a_replayed_callback_is_over(world: World, provider: str) -> None:
    browser, callback, _ = await waiting(world, provider)
    await browser.come_back(callback)
    before, calls = await dump(world), dict(world.calls)

    again = await browser.come_back(callback)

    assert again.status_code == 410
    assert says(again, "attempt_over")
    assert f'href="{BLOG}/a-post/"' in again.text
    assert await dump(world) == before
    assert dict(world.calls) == calls


async def test_S3_after_a_day_an_attempt_is_not_known_any_more(world: World) -> None:
    browser, callback, _ = await waiting(world)
    await browser.come_back(callback)
    world.clock.sleep(86_400 + 601)
    await tidy(world.gate)

    await touches_nothing(world, browser, callback, "unknown_state")


@pytest.mark.parametrize("provider", BY_STATE)
async def test_a_parameter_that_stands_there_twice_touches_nothing(
    world: World, provider: str
) -> None:
    """Two readers could each take another one of the two."""
    browser, callback, click = await waiting(world, provider)

    for extra in ("state=x", "code=x", "iss=a&iss=b", "%73tate=x"):
        await touches_nothing(world, browser, f"{changed(callback)}&{extra}", "bad_field")
    await still_works(world, browser, callback, click)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("code", [None, ""])
async def test_an_answer_without_a_code_ends_as_the_providers_failure(
    world: World, provider: str, code: str | None
) -> None:
    browser, callback, _ = await waiting(world, provider)
    name = "oauth_verifier" if provider == "twitter1" else "code"

    landing = landed(await browser.come_back(changed(callback, **{name: code})))

    assert landing.reason == "provider"
    assert "commentgate-session" not in browser.cookies


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "invalid_scope", "x"])
async def test_an_error_beside_a_code_is_an_error(world: World, error: str) -> None:
    """RFC 6749 4.1.2.1: an answer is one or the other, and the code may be anybody's."""
    browser, callback, _ = await waiting(world)
    calls = dict(world.calls)

    landing = landed(await browser.come_back(changed(callback, error=error)))

    assert landing.reason == "provider"
    assert dict(world.calls) == calls


@pytest.mark.parametrize("provider", ["", "nobody", "WORDPRESS", "wordpress%20", "..", "%00"])
async def test_a_callback_of_no_provider_is_not_found(world: World, provider: str) -> None:
    page = await world.browser().come_back(f"/callback/{provider}?state=x&code=y")

    assert page.status_code == 404


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_callback_with_a_state_nobody_sent_is_refused(world: World, provider: str) -> None:
    """As the provider itself sends it, under a fault of its own."""
    browser = world.browser()

    page = await browser.sign_in(Click(provider=provider), fault="wrong-state")

    assert says(page, "unknown_state")
    assert "commentgate-session" not in browser.cookies


NAMES = ("state", "code", "error", "iss", "oauth_token", "oauth_verifier", "denied", "scope")
VALUES = st.one_of(
    st.just("RIGHT"), st.sampled_from(["", "x", "access_denied", "null"]), st.text(max_size=80)
)
PARAMETER = st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), VALUES)
QUERIES = st.lists(PARAMETER, max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(provider=st.sampled_from(PROVIDERS), parameters=QUERIES, raw=st.binary(max_size=20))
async def test_no_callback_breaks_anything_or_signs_anybody_in(
    world: World,
    table: dict[str, Any],
    provider: str,
    parameters: list[tuple[str, str]],
    raw: bytes,
) -> None:
    """Whatever is asked, with a right state too: a page of ours, and no session."""
    limits = {"start": 60_000, "pending": 60_000}
    async with reopened(world, {**table, "limits": limits}) as wide:
        browser = wide.browser()
        hop = await browser.click(Click(provider=provider))
        right = parse_qsl(urlsplit(hop.headers["refresh"]).query)
        state = dict(right).get(token_name(provider), "")
        filled = [(name, state if value == "RIGHT" else value) for name, value in parameters]
        encoded = f"{urlencode(filled, errors='replace')}&{quote(raw)}"

        page = await browser.come_back(f"/callback/{provider}?{encoded}")

        assert page.status_code in (200, 400, 404, 410), everything_told([page])
        assert not await wide.gate.db.rows("SELECT 1 FROM gateway_sessions")
        assert not await wide.gate.db.rows("SELECT 1 FROM grants")
