"""Nobody vouches for the page that began an unproven attempt: a button first, and no code in a URL.

Whoever begins a sign-in knows the verifier. With an open redirector on the blog as the return URL,
a code in that URL would be theirs.
"""

import httpx2
import pytest

from tests.web.attack import dump, everything_told, says
from tests.world import BLOG, GARDEN, Browser, Click, World, hop_url, landed

REDIRECTOR = f"{BLOG}/go?to=https://evil.example/"


def unproven(**more: object) -> Click:
    """A click whose page kept its origin to itself, and returns by a redirector."""
    return Click(**{"origin": None, "return_to": REDIRECTOR, **more})  # type: ignore[arg-type]  # the fields of Click


def shown(page: httpx2.Response) -> str:
    """A page without what differs at every showing."""
    nonce = page.text.partition('nonce="')[2].partition('"')[0]
    return page.text.replace(nonce, "")


@pytest.mark.parametrize("origin", [None, "null"])
async def test_it_begins_with_a_button(world: World, origin: str | None) -> None:
    """Neither the provider nor the session is asked before the person pressed it."""
    browser = world.browser()

    page = await browser.click(unproven(origin=origin))
    hop = await browser.post(page)

    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert "refresh" not in page.headers
    assert hop_url(hop)


async def test_the_button_is_the_same_whoever_is_known_here(world: World) -> None:
    """Else any page could learn by its height or its end whether its visitor is known."""
    stranger, known = world.browser(), world.browser()
    await world.session(known)
    click = unproven()

    pages = [await browser.click(click) for browser in (stranger, known)]

    assert shown(pages[0]) == shown(pages[1])
    assert [page.status_code for page in pages] == [200, 200]


async def test_a_reload_shows_the_button_again_and_writes_nothing(world: World) -> None:
    """Also after it was pressed: a page that opened the window can reload it."""
    browser = world.browser()
    await world.session(browser)
    page = await browser.click(unproven())
    before = await dump(world)

    again = await browser.get(page.request.url.path)

    assert shown(again) == shown(page)
    assert await dump(world) == before


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"origin": "null"},
        {"origin": BLOG},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "own", "sec_fetch_site": "cross-site"},
        {"origin": "own", "sec_fetch_site": "same-site"},
        {"origin": "own", "sec_fetch_site": "none"},
    ],
)
async def test_only_our_own_page_can_press_it(world: World, forged: dict[str, str]) -> None:
    """S14: a form that another page sends here is no press."""
    browser = world.browser()
    await world.session(browser)
    page = await browser.click(unproven())
    before = await dump(world)
    own = world.settings.public_url
    headers = {name: own if value == "own" else value for name, value in forged.items()}

    answer = await browser.send("POST", page.request.url.path, {}, **headers)

    assert answer.status_code == 403
    assert says(answer, "foreign_form")
    assert await dump(world) == before


async def walked(world: World, browser: Browser, click: Click, known: bool) -> httpx2.Response:
    """The whole way of an unproven attempt, through the button and the question."""
    page = await browser.click(click)
    page = await browser.post(page)
    if not known:
        page = await browser.come_back(await world.consent(page))
    return await browser.answer(page, "continue") if click.site == "garden" else page


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "known"])
@pytest.mark.parametrize("site", ["blog", "garden"])
async def test_R2_an_open_redirector_on_the_blog_gets_no_code(
    world: World, site: str, known: bool
) -> None:
    """The code stands in one place: the message to an opener at exactly the blog's origin."""
    browser = world.browser()
    if known:
        await world.session(browser)
        browser.seen.clear()
    home = GARDEN if site == "garden" else BLOG
    click = unproven(site=site, return_to=f"{home}/go?to=https://evil.example/")

    landing = landed(await walked(world, browser, click, known))

    assert landing.code
    assert (landing.by, landing.fragment_too, landing.origin) == ("message", False, home)
    message = f'"code": "{landing.code}"'
    told = everything_told(browser.seen)
    assert told.count(landing.code) == told.count(message) == 1
    assert "gw=" not in told
    assert (await world.redeem(click, landing.code)).status_code == 200


async def test_an_attempt_begun_elsewhere_is_no_link_for_anybody(world: World) -> None:
    """With curl any Origin can be sent, but the cookie stays with curl."""
    attacker, victim = world.browser(), world.browser()
    await world.session(victim)
    forged = Click(return_to=REDIRECTOR)
    began = await attacker.send("POST", "/start", forged.form, origin=BLOG)
    before = await dump(world)

    page = await victim.get(began.headers["location"])

    assert page.status_code == 400
    assert says(page, "no_cookie")
    assert await dump(world) == before


async def test_an_error_may_stand_in_the_fragment(world: World) -> None:
    """It holds no secret, and the form can say what happened."""
    browser, click = world.browser(), unproven()
    hop = await browser.post(await browser.click(click))

    landing = landed(await browser.come_back(await world.consent(hop, fault="cancel")))

    assert (landing.reason, landing.fragment_too) == ("denied", True)


async def test_pressing_twice_leads_to_the_same_place(world: World) -> None:
    """Firefox and WebKit send a double click as two forms and show the second answer."""
    browser = world.browser()
    page = await browser.click(unproven(provider="twitter1"))

    hops = [await browser.post(page) for _ in range(2)]

    assert hops[0].headers["refresh"] == hops[1].headers["refresh"]
    assert world.calls["twitter1.request_token_url"] == 1
