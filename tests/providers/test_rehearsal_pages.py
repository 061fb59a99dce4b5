import re
import struct
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx2
import pytest

from providers import PROVIDERS
from providers.rehearsal import FAULTS, PEOPLE, App, demo_apps, endpoints, rehearsal
from tests.providers.standins import APPS, BASE, GATEWAY, StandIns, authorize_url

KEYS = ("wordpress", "twitter", "facebook")


@pytest.mark.parametrize("key", ["wordpress", "twitter", "twitter1", "facebook"])
def test_endpoints_are_the_originals_below_the_base(key: str) -> None:
    made = endpoints(BASE + "/")[key]

    assert set(made) == set(PROVIDERS[key].endpoints) | {"issuer"}
    for name, url in PROVIDERS[key].endpoints.items():
        assert made[name].startswith(made["issuer"] + "/")
        assert made[name].endswith(urlsplit(url).path)


def test_the_demo_registers_one_callback_each() -> None:
    apps = demo_apps(GATEWAY + "/")

    assert apps["twitter1"].redirect_uris == ("http://127.0.0.1:8000/callback/twitter1",)
    assert len({app.client_secret for app in apps.values()}) == 4


@pytest.mark.parametrize("key", KEYS)
async def test_forms_may_end_at_the_page_itself_and_at_the_callback_only(
    standins: StandIns, key: str
) -> None:
    page = await standins.client.get(authorize_url(key))

    policy = _policy(page)
    assert policy["form-action"] == f"'self' {GATEWAY}/callback/{key}"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy


async def test_a_callbacks_query_and_separators_stay_out_of_the_policy() -> None:
    callback = f"{GATEWAY}/a;script-src,b?next=/;"
    app = rehearsal(BASE, {"wordpress": App("47110", "secret", (callback,))})

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        page = await client.get(authorize_url("wordpress", redirect_uri=callback))

    assert _policy(page)["form-action"] == f"'self' {GATEWAY}/a%3Bscript-src%2Cb"


@pytest.mark.parametrize("key", KEYS)
async def test_every_answer_cuts_the_opener_off_unless_told_otherwise(
    standins: StandIns, key: str
) -> None:
    url = authorize_url(key)

    answers = [
        await standins.client.get(url),
        await standins.client.get(authorize_url(key, client_id="99")),
        await standins.client.post(url, data={"person": "ada"}),
        await standins.client.post(url, data={"person": "nobody"}),
    ]

    assert [_coop(answer) for answer in answers] == ["same-origin"] * 4


@pytest.mark.parametrize("key", KEYS)
async def test_the_opener_is_kept_where_the_address_or_the_form_says_so(
    standins: StandIns, key: str
) -> None:
    by_address = await standins.client.get(authorize_url(key) + "&coop=off")
    standins.client.cookies.clear()
    by_form = await standins.client.post(authorize_url(key), data={"person": "ada", "coop": "off"})

    assert _coop(by_address) is _coop(by_form) is None


async def test_the_switch_is_remembered_for_the_next_popup(standins: StandIns) -> None:
    await standins.client.get(authorize_url("wordpress") + "&coop=off")
    off = await standins.client.get(authorize_url("facebook"))
    await standins.client.get(authorize_url("wordpress") + "&coop=on")
    on = await standins.client.get(authorize_url("facebook"))

    assert (_coop(off), _coop(on)) == (None, "same-origin")


async def test_an_app_can_begin_without_the_header() -> None:
    app = rehearsal(BASE, APPS, coop=False)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        page = await client.get(authorize_url("wordpress"))
        switched = await client.get(authorize_url("wordpress") + "&coop=on")

    assert (_coop(page), _coop(switched)) == (None, "same-origin")


@pytest.mark.parametrize("key", KEYS)
async def test_the_switch_on_the_page_keeps_every_parameter(standins: StandIns, key: str) -> None:
    first = await standins.client.get(authorize_url(key))
    off = await standins.client.get(_address(authorize_url(key), _Page(first).links[0]))
    on = await standins.client.get(_address(authorize_url(key), _Page(off).links[0]))

    assert [page.status_code for page in (first, off, on)] == [200] * 3
    assert [_coop(page) for page in (first, off, on)] == ["same-origin", None, "same-origin"]


@pytest.mark.parametrize("key", KEYS)
async def test_the_form_signs_in_whom_its_button_names(standins: StandIns, key: str) -> None:
    page = _Page(await standins.client.get(authorize_url(key)))

    data = {**page.hidden, "person": page.people[0], "fault": page.faults[0]}
    answer = await standins.client.post(_address(authorize_url(key), page.action), data=data)

    assert page.people == list(PEOPLE)
    assert page.faults == [fault.key for fault in FAULTS.values() if key in fault.providers]
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{GATEWAY}/callback/{key}?")


@pytest.mark.parametrize("key", KEYS)
async def test_the_page_says_that_it_is_a_rehearsal(standins: StandIns, key: str) -> None:
    page = await standins.client.get(authorize_url(key))

    assert "Rehearsal. This page only imitates" in page.text
    assert "noindex" in page.text


async def test_names_are_escaped(standins: StandIns) -> None:
    page = await standins.client.get(authorize_url("wordpress"))

    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "Tom &amp;amp; Ada" in page.text


async def test_what_was_asked_is_never_markup(standins: StandIns) -> None:
    url = authorize_url("wordpress", state='"><script>x</script>')

    page = await standins.client.get(url)

    assert "<script" not in page.text


def test_there_is_somebody_for_every_oddity() -> None:
    people = PEOPLE.values()

    assert len({person.number for person in people}) == len(people)
    assert any(person.email is None for person in people)
    assert any(len(person.twitter_id) == 19 for person in people)
    assert any(len(person.name) == 300 for person in people)
    assert any("\u202e" in person.name for person in people)
    assert {person.picture for person in people} == {"usual", "http", "silhouette"}


def test_a_picture_can_be_on_plain_http() -> None:
    url = PEOPLE["http-picture"].picture_url("https://idp.test:8002")

    assert url == "http://idp.test:8002/avatars/8.png"
    assert PEOPLE["ada"].picture_url("https://idp.test").startswith("https:")


@pytest.mark.parametrize(("name", "edge"), [("1", 200), ("1_normal", 48)])
async def test_a_picture_is_a_png(standins: StandIns, name: str, edge: int) -> None:
    answer = await standins.client.get(f"{BASE}/avatars/{name}.png")

    chunks = dict(_chunks(answer.content))
    assert answer.headers["content-type"] == "image/png"
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (edge, edge)
    assert len(zlib.decompress(chunks[b"IDAT"])) == edge * (3 * edge + 1)


@pytest.mark.parametrize("name", ["0", "99", "1_huge", "one", "%2e%2e"])
async def test_there_is_no_other_picture(standins: StandIns, name: str) -> None:
    answer = await standins.client.get(f"{BASE}/avatars/{name}.png")

    assert answer.status_code == 404


class _Page(HTMLParser):
    """What a person could press on a sign-in page."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.links: list[str] = []
        self.people: list[str] = []
        self.faults: list[str] = []
        self.hidden: dict[str, str] = {}
        self.action = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given["href"])
        if tag == "form":
            self.action = given["action"]
        if tag == "button" and given["name"] == "person":
            self.people.append(given["value"])
        if tag == "option":
            self.faults.append(given["value"])
        if tag == "input":
            self.hidden[given["name"]] = given["value"]


def _address(page: str, reference: str) -> str:
    assert reference.startswith("?")
    return page.partition("?")[0] + reference


def _coop(answer: httpx2.Response) -> str | None:
    value: str | None = answer.headers.get("cross-origin-opener-policy")
    return value


def _policy(answer: httpx2.Response) -> dict[str, str]:
    directives = answer.headers["content-security-policy"].split("; ")
    return dict(re.split(" ", directive, maxsplit=1) for directive in directives)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        assert zlib.crc32(name + body) == checksum
        yield name, body
        at += 12 + length
