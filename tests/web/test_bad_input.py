"""A start form that is wrong, or sent by the wrong page, begins nothing and writes nothing."""

from urllib.parse import urlencode

import pytest

from tests.web.attack import dump, says
from tests.world import BLOG, GARDEN, GATEWAY, Click, World, hop_url, query

LOOK_ALIKES = (
    *("https://blog.example.org.evil.example", "https://evil-blog.example.org"),
    *("https://blog.example.org:8443", "http://blog.example.org", "https://BLOG.example.org"),
    *("https://blog.example.org/", "https://blog.example.org.", "https://blog.example.org@evil"),
    *("https://www.blog.example.org", GARDEN, GATEWAY, "file://", "NULL", "*", "", "://"),
    *("https://evil.example", "https://blog.example.org https://evil.example", "blog.example.org"),
)
BAD_RETURN_URLS = (
    *("", "/a-post/", "//evil.example/", "/\\evil.example/", "https:evil.example/"),
    *("https://evil.example/", "https://evil.example/?https://blog.example.org/"),
    *("https://blog.example.org@evil.example/", "https://ada:pw@blog.example.org/"),
    *("https://blog.example.org\\@evil.example/", "https://blog.example.org;@evil.example/"),
    *("https://blog.example.org.evil.example/", "https://evilblog.example.org/"),
    *("https://blog.example.org.", "https://blog.example.org./", "https://BLOG.example.org/"),
    *("HTTPS://blog.example.org/", "https://blög.example.org/", "https://xn--blg-sna.example.org/"),
    *("https://blog.example.org", "https://blog.example.org:443/", "https://blog.example.org:/"),
    *("https:///blog.example.org/", "http://blog.example.org/", "https://[::1]/", "https://["),
    *(
        "https://blog.example.org/#gw=a.b",
        "https://blog.example.org/#",
        " https://blog.example.org/",
    ),
    *(
        "https://blog.example.org/\r\nSet-Cookie: a=b",
        "https://blog.example.org/\ta",
        "https://\t/",
    ),
    *("javascript:alert(1)//https://blog.example.org/", "data:text/html,https://blog.example.org/"),
    *(
        "https://blog.example.org/\u202e",
        "https://blog.example.org/\x00",
        "https://blog%2eexample.org/",
    ),
    *("https://blog.example.org%2f@evil.example/", "https://blog.example.org/" + "a" * 2048),
    *('https://blog.example.org/"onload="', "https://blog.example.org/<script>", "https://*/"),
)
BAD_FIELDS = [
    ("site", None, 404, "unknown_site"),
    ("site", "nowhere", 404, "unknown_site"),
    ("site", "blog ", 404, "unknown_site"),
    ("provider", None, 404, "unknown_provider"),
    ("provider", "myspace", 404, "unknown_provider"),
    ("provider", "__class__", 404, "unknown_provider"),
    ("mode", None, 400, "bad_field"),
    ("mode", "iframe", 400, "bad_field"),
    ("mode", "here", 400, "bad_field"),
    ("return_to", None, 400, "bad_return_url"),
    ("challenge", None, 400, "bad_field"),
    ("challenge", "A" * 42, 400, "bad_field"),
    ("challenge", "A" * 44, 400, "bad_field"),
    ("challenge", "A" * 42 + "=", 400, "bad_field"),
    ("challenge", "A" * 43 + "\n", 400, "bad_field"),
    ("challenge", "\u0663" * 43, 400, "bad_field"),
    ("challenge_method", None, 400, "bad_field"),
    ("challenge_method", "plain", 400, "bad_field"),
    ("challenge_method", "s256", 400, "bad_field"),
    ("state", None, 400, "bad_field"),
    ("state", "A" * 21, 400, "bad_field"),
    ("state", "A" * 65, 400, "bad_field"),
    ("state", "A" * 30 + ".code", 400, "bad_field"),
    ("state", "A" * 30 + "</script>", 400, "bad_field"),
    ("prompt", "none", 400, "bad_field"),
]


async def refused(world: World, click: Click, status: int, code: str, **headers: str) -> None:
    """The form is answered by this error, no cookie is set, and nothing is written."""
    before = await dump(world)
    sent = headers if click.origin is None else {"origin": click.origin, **headers}

    page = await world.client.post("/start", data=click.form, headers=sent)

    assert page.status_code == status, page.text
    assert says(page, code), page.text
    assert "set-cookie" not in page.headers
    assert await dump(world) == before


async def test_each_field_is_judged(world: World) -> None:
    """One that is missing is no better than one that is wrong."""
    for field, value, status, code in BAD_FIELDS:
        await refused(world, Click(extra={field: value}), status, code)


@pytest.mark.parametrize("field", [*Click().form, "prompt", "unheard_of"])
async def test_a_field_that_stands_there_twice_is_refused(world: World, field: str) -> None:
    """Two readers of one request may each take another one of the two (R1)."""
    fields = {**Click().form, field: Click().form.get(field, "")}
    body = urlencode([*fields.items(), (field, fields[field])])
    form = {"content-type": "application/x-www-form-urlencoded", "origin": BLOG}

    page = await world.client.post("/start", content=body, headers=form)

    assert page.status_code == 400
    assert says(page, "bad_field")


async def test_R1_a_return_url_is_exactly_on_the_site(world: World) -> None:
    """Neither repaired nor guessed at: a browser could read it another way than we do."""
    for url in BAD_RETURN_URLS:
        await refused(world, Click(return_to=url), 400, "bad_return_url")


@pytest.mark.parametrize("mode", ["popup", "page"])
async def test_R1_the_start_form_comes_from_the_page_it_returns_to(world: World, mode: str) -> None:
    """The origin is compared whole."""
    for origin in LOOK_ALIKES:
        await refused(world, Click(origin=origin, mode=mode), 403, "foreign_origin")


@pytest.mark.parametrize("origin", [None, "null"])
async def test_page_mode_without_a_proof_is_refused_at_once(
    world: World, origin: str | None
) -> None:
    """It could deliver by a URL only, and whoever began it may have chosen the challenge."""
    await refused(world, Click(mode="page", origin=origin), 403, "foreign_origin")


@pytest.mark.parametrize(
    ("mode", "destination"),
    [
        ("navigate", "iframe"),
        ("navigate", "frame"),
        ("navigate", "embed"),
        ("navigate", "object"),
        ("no-cors", "empty"),
        ("cors", "empty"),
        ("same-origin", "document"),
        ("nested-navigate", "document"),
    ],
)
async def test_S14_hidden_frames_and_scripts_use_up_no_limit(
    world: World, mode: str, destination: str
) -> None:
    """Any page could make its visitors' browsers send start forms all day."""
    headers = {"sec-fetch-mode": mode, "sec-fetch-dest": destination}

    await refused(world, Click(), 403, "not_a_navigation", **headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"site=blog&" + b"a" * 16_384, 413, "too_large"),
        (b"site=\xff", 400, "bad_field"),
        (b"site=%ff", 400, "bad_field"),
        (b"site=%ed%a0%80", 400, "bad_field"),
        (b"&".join(b"f%d=" % n for n in range(33)), 400, "bad_field"),
        (b"", 404, "unknown_site"),
        (b"site", 404, "unknown_site"),
        (b"site=blog%00", 404, "unknown_site"),
    ],
)
async def test_a_body_that_is_no_small_form_is_refused(
    world: World, body: bytes, status: int, code: str
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", "origin": BLOG}

    page = await world.client.post("/start", content=body, headers=form)

    assert page.status_code == status
    assert says(page, code)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "form"]
)
async def test_only_a_form_is_read_as_a_form(world: World, kind: str) -> None:
    headers = {"content-type": kind, "origin": BLOG}

    page = await world.client.post("/start", content=urlencode(Click().form), headers=headers)

    assert page.status_code == 400
    assert says(page, "bad_field")


async def test_headers_beyond_any_of_ours_are_refused(world: World) -> None:
    page = await world.client.get("/start?site=blog", headers={"cookie": "a=" + "x" * 33_000})

    assert page.status_code == 431


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost:8000", "127.0.0.1:8000."]
)
async def test_N2_another_host_is_refused(world: World, host: str) -> None:
    """Behind a wrong name every link and cookie of ours would be wrong too."""
    page = await world.client.get("/start?site=blog", headers={"host": host})

    assert page.status_code == 421


async def test_N1_forwarded_names_are_not_believed(world: World) -> None:
    """Our address comes from the configuration, so the provider sends nobody elsewhere."""
    forwarded = {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
        "x-forwarded-prefix": "/evil",
        "forwarded": "host=evil.example;proto=gopher",
        "x-original-url": "/evil",
    }
    browser = world.browser()
    await browser.send("POST", "/start", Click().form, origin=BLOG, **forwarded)
    attempt = browser.seen[-1].headers["location"].partition("#")[0]

    page = await browser.send("GET", attempt, **forwarded)

    assert query(hop_url(page))["redirect_uri"] == f"{GATEWAY}/callback/wordpress"
    assert "evil" not in f"{page.text}{page.headers}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("whole", [False, True])
async def test_a_stray_link_to_the_start_writes_nothing(
    world: World, method: str, whole: bool
) -> None:
    """A crawler follows it, and a link in an e-mail must begin nothing (S14)."""
    before = await dump(world)
    address = "/start?" + urlencode(Click().form if whole else {"site": "blog"})

    page = await world.client.request(method, address, headers={"origin": BLOG})

    assert page.status_code == 200
    assert page.headers["x-robots-tag"] == "noindex"
    assert method == "HEAD" or f'href="{BLOG}/"' in page.text
    assert "set-cookie" not in page.headers
    assert await dump(world) == before


@pytest.mark.parametrize("address", ["/start", "/start?site=", "/start?site=x", "/start?site=%ff"])
async def test_a_stray_link_for_no_site_is_not_found(world: World, address: str) -> None:
    page = await world.client.get(address)

    assert page.status_code == 404
    assert says(page, "unknown_site")


@pytest.mark.parametrize(
    "path",
    ["/", "/start/", "/START", "//start", "/start/../token", "/callback", "/callback/a/b", "/%00"],
)
async def test_N3_no_other_spelling_of_a_path_leads_anywhere(world: World, path: str) -> None:
    page = await world.client.get(f"{GATEWAY}{path}")

    assert page.status_code in (404, 405)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_other_methods_are_refused(world: World, method: str) -> None:
    for path in ("/start", "/start/x", "/token", "/revoke", "/callback/wordpress", "/jwks.json"):
        answer = await world.client.request(method, path)

        assert answer.status_code == 405
        assert "allow" in answer.headers
