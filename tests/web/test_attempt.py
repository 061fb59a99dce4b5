"""An attempt belongs to one browser: to all others it does not exist."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.attack import dump, moved, reopened, says
from tests.world import BLOG, GARDEN, Browser, Click, World, hop_url, landed

NAME = "commentgate-attempt-"


async def begun(browser: Browser, click: Click | None = None) -> tuple[str, str]:
    """Begin an attempt without coming to it; its address and the name of its cookie."""
    click = click or Click()
    began = await browser.send("POST", "/start", click.form, origin=click.origin)
    address = began.headers["location"].partition("#")[0]
    return address, NAME + address.rpartition("/")[2]


async def told_nothing(
    world: World, address: str, cookie: str | bytes | None, method: str = "GET"
) -> None:
    """The page speaks of cookies alone, and nothing is written."""
    before = await dump(world)
    headers: list[tuple[str, str | bytes]] = [("origin", str(world.client.base_url))]
    if cookie is not None:
        headers.append(("cookie", cookie))
    form = {"choice": "continue", "token": "x"} if method == "POST" else None

    page = await world.client.request(method, address, headers=headers, data=form)  # type: ignore[arg-type]  # raw bytes are the point

    assert page.status_code == 400
    assert says(page, "no_cookie")
    assert BLOG not in page.text
    assert "refresh" not in page.headers
    assert "set-cookie" not in page.headers
    assert await dump(world) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda name, value: None,
        lambda name, value: "",
        lambda name, value: f"{name}=",
        lambda name, value: f"{name}",
        lambda name, value: f"{name}={value[:-1]}",
        lambda name, value: f"{name}={value}x",
        lambda name, value: f'{name}="{value}"',
        lambda name, value: f"{name}={value}; {name}={value}",
        lambda name, value: f"{name}=x; {name}={value}",
        lambda name, value: f"{name.upper()}={value}",
        lambda name, value: f"\xa0{name}={value}".encode("latin-1"),
        lambda name, value: f"{name}\xa0={value}".encode("latin-1"),
        lambda name, value: f"\x0b{name}={value}".encode(),
        lambda name, value: f"{name}={value}\xa0".encode("latin-1"),
        lambda name, value: f"{name}={value}{'x' * 8192}",
        lambda name, value: f"__Host-{name}={value}",
    ],
)
async def test_S1_an_attempt_needs_its_cookie_to_the_byte(
    world: World, method: str, spoil: Callable[[str, str], str | bytes | None]
) -> None:
    """Whoever forged an Origin with curl could send somebody there; siblings plant cookies."""
    browser = world.browser()
    address, name = await begun(browser)

    await told_nothing(world, address, spoil(name, browser.cookies[name]), method)


async def test_S1_the_cookie_of_another_attempt_opens_nothing(world: World) -> None:
    browser, other = world.browser(), world.browser()
    address, name = await begun(browser)
    _, others = await begun(other)

    await told_nothing(world, address, f"{others}={other.cookies[others]}")
    await told_nothing(world, address, f"{name}={other.cookies[others]}")


@pytest.mark.parametrize("ending", ["known", "ended", "expired", "asked"])
async def test_S1_nothing_is_told_however_far_the_attempt_has_come(
    world: World, ending: str
) -> None:
    """Not whether it ended, nor whether its person is known here."""
    browser = world.browser()
    click = Click(site="garden", return_to=f"{GARDEN}/", origin=GARDEN)
    if ending == "asked":
        page = await browser.sign_in(click)
        address = page.request.url.path
    else:
        address, _ = await begun(browser)
        if ending == "ended":
            await browser.come_back(await world.consent(await browser.get(address)))
        if ending == "known":
            await world.session(browser)
        if ending == "expired":
            world.clock.sleep(601)

    await told_nothing(world, address, None)
    signed_in = browser.cookies.get("commentgate-session")
    await told_nothing(world, address, f"commentgate-session={signed_in}")


@pytest.mark.parametrize(
    "address",
    ["/start/x", f"/start/{'A' * 22}", "/start/%00", "/start/%ff", f"/start/{'a' * 9000}"],
)
async def test_an_attempt_that_never_was_is_answered_the_same(world: World, address: str) -> None:
    await told_nothing(world, address, None)
    await told_nothing(world, address, f"{NAME}x=y")


async def test_cookies_beside_ours_do_no_harm(world: World) -> None:
    """Nor does what a sibling domain planted before ours."""
    browser = world.browser()
    address, name = await begun(browser)
    ours = f"{name}={browser.cookies[name]}".encode()
    planted = f"\xa0{name}=evil; a; =b; ;; c=\xff; {name}\x01=evil; \t".encode("latin-1")

    page = await world.client.get(address, headers={b"cookie": planted + ours + b" \t;x=1"})

    assert hop_url(page)


def without(table: dict[str, Any], what: str) -> dict[str, Any]:
    """The configuration after the operator has taken something out of it."""
    sites = {key: dict(site) for key, site in table["sites"].items()}
    providers = dict(table["providers"])
    if what == "site":
        del sites["blog"]
    if what == "origin":
        sites["blog"]["origins"] = ["https://www.blog.example.org"]
    if what in ("offer", "provider"):
        sites["blog"]["providers"] = ["twitter"]
    if what == "provider":
        providers = {"twitter": providers["twitter"]}
        sites = {key: {**site, "providers": ["twitter"]} for key, site in sites.items()}
    return {**table, "sites": sites, "providers": providers}


@pytest.mark.parametrize("step", ["start", "callback"])
@pytest.mark.parametrize("what", ["offer", "provider"])
async def test_S11_a_provider_that_is_switched_off_ends_what_is_under_way(
    world: World, table: dict[str, Any], what: str, step: str
) -> None:
    """The person is told at the form, and the provider is not asked."""
    browser, click = world.browser(), Click()
    address, _ = await begun(browser, click)
    if step == "callback":
        address = await world.consent(await browser.get(address))
    calls = dict(world.calls)

    async with reopened(world, without(table, what)) as later:
        there = moved(browser, later)
        page = await (there.come_back(address) if step == "callback" else there.get(address))

    landing = landed(page)
    assert (landing.reason, landing.state) == ("off", click.state)
    assert dict(world.calls) == calls


@pytest.mark.parametrize("step", ["start", "callback"])
@pytest.mark.parametrize("what", ["site", "origin"])
async def test_S11_a_site_that_is_gone_is_not_linked_to(
    world: World, table: dict[str, Any], what: str, step: str
) -> None:
    """Its address may belong to somebody else by now."""
    browser = world.browser()
    address, _ = await begun(browser)
    if step == "callback":
        address = await world.consent(await browser.get(address))

    async with reopened(world, without(table, what)) as later:
        there = moved(browser, later)
        page = await (there.come_back(address) if step == "callback" else there.get(address))
        again = await (there.come_back(address) if step == "callback" else there.get(address))
        grants = await later.gate.db.rows("SELECT 1 FROM grants")

    assert page.status_code == 404
    assert again.status_code == 410
    for shown in (page, again):
        assert "<a" not in shown.text
        assert "blog.example.org" not in f"{shown.text}{shown.headers}"
    assert not grants


async def test_a_site_that_comes_back_finds_no_code_waiting(
    world: World, table: dict[str, Any]
) -> None:
    """What was ended while the site was away stays ended."""
    browser = world.browser()
    address, _ = await begun(browser)
    async with reopened(world, without(table, "site")) as later:
        await moved(browser, later).get(address)

    page = await browser.get(address)

    assert page.status_code == 410
    assert f'href="{BLOG}/a-post/"' in page.text
