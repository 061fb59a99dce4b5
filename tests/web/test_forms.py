"""A form is small, url-encoded, and has every field once."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from gateway.errors import BadField, ForeignForm, TooLarge
from gateway.web.forms import BODY_BYTES, FIELDS, once, read_form, read_own_form

URL_ENCODED = "application/x-www-form-urlencoded"
OWN = "https://id.example.org"
READABLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _request(body: bytes = b"a=b", *, chunk: int = 1000, **headers: str) -> Request:
    given = {"content-type": URL_ENCODED, **{k.replace("_", "-"): v for k, v in headers.items()}}
    chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]

    async def receive() -> Message:
        sent = chunks.pop(0)
        return {"type": "http.request", "body": sent, "more_body": bool(chunks)}

    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


# -- fields --------------------------------------------------------------------------------------


def test_fields_are_read_with_their_escapes() -> None:
    fields = once(b"code=a%2Bb%26c&name=J%C3%BCrgen+M&empty=&bare")

    assert fields == {"code": "a+b&c", "name": "Jürgen M", "empty": "", "bare": ""}


def test_nothing_is_no_fields() -> None:
    assert once(b"") == {}


@given(st.dictionaries(READABLE.filter(bool), READABLE, max_size=FIELDS))
def test_whatever_a_browser_encodes_is_read_as_it_was(fields: dict[str, str]) -> None:
    assert once(urlencode(fields).encode()) == fields


@pytest.mark.parametrize("doubled", [b"state=a&state=b", b"state=a&x=y&state=a", b"state&st%61te="])
def test_R1_a_field_that_stands_there_twice_is_refused_by_name(doubled: bytes) -> None:
    with pytest.raises(BadField) as refused:
        once(doubled)

    assert refused.value.field == "state"


def test_the_name_of_a_doubled_field_is_not_repeated_at_length() -> None:
    name = b"x" * 5000

    with pytest.raises(BadField) as refused:
        once(name + b"=1&" + name + b"=2")

    assert len(refused.value.field) == 40


@pytest.mark.parametrize("broken", [b"a=%ff", b"a=%C3", b"a=%ED%A0%80", b"a=\xc3\xbc", b"\xff=a"])
def test_what_is_no_utf8_is_refused(broken: bytes) -> None:
    with pytest.raises(BadField) as refused:
        once(broken)

    assert refused.value.field == "encoding"


def test_T6_more_fields_than_any_form_of_ours_are_refused() -> None:
    assert len(once(b"&".join(b"f%d=" % number for number in range(FIELDS)))) == FIELDS
    with pytest.raises(BadField):
        once(b"&".join(b"f%d=" % number for number in range(FIELDS + 1)))


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_a_bad_field(encoded: bytes) -> None:
    try:
        fields = once(encoded)
    except BadField:
        return
    assert all(isinstance(value, str) for value in fields.values())


# -- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [URL_ENCODED, f"{URL_ENCODED}; charset=UTF-8", f"{URL_ENCODED.upper()} ;x=y"]
)
async def test_a_form_is_url_encoded(kind: str) -> None:
    assert await read_form(_request(content_type=kind)) == {"a": "b"}


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/json", "multipart/form-data; boundary=x", "x-www"]
)
async def test_any_other_body_is_refused(kind: str) -> None:
    with pytest.raises(BadField) as refused:
        await read_form(_request(content_type=kind))

    assert refused.value.field == "content-type"


async def test_T6_a_body_may_have_16_kilobytes_and_no_more() -> None:
    longest = b"a=" + b"x" * (BODY_BYTES - 2)

    assert len((await read_form(_request(longest)))["a"]) == BODY_BYTES - 2
    with pytest.raises(TooLarge):
        await read_form(_request(longest + b"x"))


async def test_T6_a_large_body_is_not_read_to_its_end() -> None:
    taken = 0

    async def endless() -> Message:
        nonlocal taken
        taken += 1000
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    headers = [(b"content-type", URL_ENCODED.encode())]
    with pytest.raises(TooLarge):
        await read_form(Request({"type": "http", "method": "POST", "headers": headers}, endless))

    assert taken <= BODY_BYTES + 1000


async def test_a_body_may_come_in_pieces() -> None:
    assert await read_form(_request(b"name=J%C3%BCrgen&b=c", chunk=1)) == {
        "name": "Jürgen",
        "b": "c",
    }


# -- our own forms -------------------------------------------------------------------------------


async def test_a_form_of_our_own_page_is_read() -> None:
    assert await read_own_form(_request(origin=OWN), OWN) == {"a": "b"}
    assert await read_own_form(_request(origin=OWN, sec_fetch_site="same-origin"), OWN) == {
        "a": "b"
    }


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "https://blog.example.org",
        "http://id.example.org",
        "https://id.example.org:8443",
        "https://ID.example.org",
        "https://id.example.org/",
        "https://id.example.org.evil.example",
    ],
)
async def test_S14_a_form_of_another_page_is_refused(origin: str) -> None:
    with pytest.raises(ForeignForm):
        await read_own_form(_request(origin=origin), OWN)


async def test_S14_a_form_of_nobody_knows_where_is_refused() -> None:
    with pytest.raises(ForeignForm):
        await read_own_form(_request(), OWN)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_S14_a_browser_that_says_it_came_from_elsewhere_is_believed(site: str) -> None:
    with pytest.raises(ForeignForm):
        await read_own_form(_request(origin=OWN, sec_fetch_site=site), OWN)
