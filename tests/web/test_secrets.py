"""N7, T9: no secret of a sign-in is logged, shown where it does not belong, or kept readable.

The gateway runs under its own server and logging; its calls to the providers are watched.
"""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from providers.rehearsal import PEOPLE
from tests.web.attack import dump, texts
from tests.web.served import logged, served
from tests.world import (
    GARDEN,
    PROVIDERS,
    Browser,
    Click,
    World,
    form_token,
    hop_url,
    landed,
    query,
)

PERSON = "entities"
EMAIL = PEOPLE[PERSON].email
CANARIES = ("canary-in-a-path", "canary-in-a-query", "canary-in-a-header", "canary-in-a-form")


@dataclass
class Story:
    """Everything that was done, and the secrets that occurred on our side of it."""

    pages: list[httpx2.Response] = field(default_factory=list)
    cookies: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    verifiers: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)
    form_tokens: set[str] = field(default_factory=set)

    def ended(self, browser: Browser, click: Click) -> None:
        """Take down what a browser saw."""
        self.pages += browser.seen
        self.verifiers.add(click.verifier)
        for page in browser.seen:
            given = [
                one.partition(";")[0].partition("=") for one in page.headers.get_list("set-cookie")
            ]
            self.cookies |= {value for _, _, value in given if value}


async def told(world: World, providers: tuple[str, ...] = PROVIDERS) -> Story:
    """Sign-ins to the end and into every failure, renewed, reused, ended."""
    story = Story()
    for provider in providers:
        await _happy(world, story, Click(provider=provider))
        await _happy(world, story, Click(provider=provider, mode="page"))
        await _asked(world, story, Click(provider, "garden", return_to=f"{GARDEN}/", origin=GARDEN))
        for fault in ("cancel", "token-500", "profile-500", "broken-json", "wrong-state", "rate"):
            browser, click = world.browser(), Click(provider=provider)
            await browser.sign_in(click, PERSON, fault)
            story.ended(browser, click)
    await _rubbish(world, story)
    return story


async def _happy(world: World, story: Story, click: Click) -> None:
    browser = world.browser()
    hop = await browser.click(click)
    asked = query(hop_url(hop))
    story.states.add(asked.get("state") or asked["oauth_token"])
    landing = landed(await browser.come_back(await world.consent(hop, PERSON)))
    story.ended(browser, click)
    await _redeemed(world, story, click, landing.code or "")


async def _asked(world: World, story: Story, click: Click) -> None:
    browser = world.browser()
    page = await browser.sign_in(click, PERSON)
    if "not_now" in page.text:  # both protocols of X bring the same person
        story.form_tokens.add(form_token(page))
        page = await browser.answer(page, "continue")
    landing = landed(page)
    story.ended(browser, click)
    await _redeemed(world, story, click, landing.code or "")


async def _redeemed(world: World, story: Story, click: Click, code: str) -> None:
    origin = click.origin or ""
    session = (await world.redeem(click, code)).json()
    refused = await world.redeem(click, code)
    first = session["refresh_token"]
    second = (await world.refresh(first, click.site, origin)).json()
    third = (await world.refresh(second["refresh_token"], click.site, origin)).json()
    world.clock.sleep(100)
    reused = await world.refresh(first, click.site, origin)
    fields = {"client_id": click.site, "token": third["refresh_token"]}
    story.pages += [refused, reused, await world.token(fields, origin, "/revoke")]
    story.codes.add(code)
    story.tokens |= {one["refresh_token"] for one in (session, second, third)}
    story.tokens |= {one["access_token"] for one in (session, second, third)}


async def _rubbish(world: World, story: Story) -> None:
    """What strangers put into requests is their secret too."""
    path, asked, header, form = CANARIES
    headers = dict.fromkeys(("user-agent", "cookie", "authorization", "referer", "origin"), header)
    story.pages += [
        await world.client.get(f"/{path}?{asked}", headers=headers),
        await world.client.get(f"/start/{path}", headers=headers),
        await world.client.get(f"/callback/{path}?state={asked}&code={asked}", headers=headers),
        await world.client.get(f"/callback/wordpress?{asked}=1&{asked}=2", headers=headers),
        await world.client.get(f"/deletion/{path}", headers=headers),
        await world.client.get(f"/avatar/{path}", headers=headers),
        await world.client.post("/token", data={"code": form, form: form}, headers=headers),
        await world.client.post("/start", data={"return_to": form, form: form}, headers=headers),
        await world.client.post("/facebook/deletion", data={"signed_request": form}),
        await world.client.request(path.replace("-", ""), "/token"),
    ]


def found(secrets: set[str], text: str) -> set[str]:
    """Which of some secrets stand in a text."""
    return {secret for secret in secrets if len(secret) > 5 and secret in text}


async def test_N7_no_secret_of_a_sign_in_reaches_a_line_page_or_row(tmp_path: Path) -> None:
    """Of ours, of the providers' and of the person's."""
    with logged() as lines:
        async with served(tmp_path) as (world, transport):
            logging.getLogger().handlers[0].setStream(lines)  # type: ignore[attr-defined]  # the server has configured it anew
            story = await told(world)
            rows = "\n".join(texts(await dump(world)))

    written = lines.getvalue()
    theirs = transport.seen | {app.client_secret for app in world.settings.apps.values()}
    ours = story.cookies | story.codes | story.tokens | story.states | story.form_tokens
    everything = theirs | ours | story.verifiers | {EMAIL or ""} | set(CANARIES)
    assert len(theirs) > 40 and len(ours) > 60
    assert written.count('"message":"request"') > 150
    assert all(json.loads(line) for line in written.splitlines())
    assert not found(everything, written)
    assert not found(everything - {EMAIL, *CANARIES}, rows)
    for page in story.pages:
        assert_only_what_belongs(story, page, theirs)


def assert_only_what_belongs(story: Story, page: httpx2.Response, theirs: set[str]) -> None:
    """Hold one answer against what may stand in it."""
    headers = "\n".join(f"{n}: {v}" for n, v in page.headers.multi_items() if n != "set-cookie")
    answer = f"{headers}\n{page.text}"
    on_the_way = "refresh" in page.headers and "127.0.0.3" in page.headers["refresh"]
    is_token = page.request.url.path == "/token" and page.status_code == 200
    secrets = theirs | story.cookies | story.verifiers | {EMAIL or ""} | set(CANARIES)
    if on_the_way:  # the state, or the request token, goes to the provider
        secrets -= story.states | theirs & set(query(hop_url(page)).values())
    else:
        secrets |= story.states
    assert not found(secrets - story.codes, answer)
    if not is_token:
        assert not found(story.tokens, answer)
    assert not found(story.codes, page.headers.get("location", ""))
    assert not found(story.codes, str(page.request.url))


async def test_N7_the_capture_would_have_seen_them(tmp_path: Path) -> None:
    """With every logger at its loudest, libraries do tell secrets; our own never do."""
    with logged() as lines:
        async with served(tmp_path) as (world, transport):
            logging.getLogger().handlers[0].setStream(lines)  # type: ignore[attr-defined]  # the server has configured it anew
            for name in ("", "authlib", "commentgate", "uvicorn.error"):
                logging.getLogger(name).setLevel(logging.DEBUG)
            story = await told(world, ("twitter",))

    theirs, by_logger = transport.seen, [json.loads(line) for line in lines.getvalue().splitlines()]
    ours = story.cookies | story.codes | story.tokens | story.states | story.verifiers
    own = [
        one for one in by_logger if one["logger"].partition(".")[0] in ("commentgate", "uvicorn")
    ]
    loud = [one for one in by_logger if one not in own]
    assert found(theirs | ours, json.dumps(loud))
    assert own and not found(theirs | ours | {EMAIL or ""} | set(CANARIES), json.dumps(own))
