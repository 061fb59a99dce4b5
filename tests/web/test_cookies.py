"""Our cookies are read from the raw bytes, and nobody else's can become one of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from gateway.web.cookies import VALUE_LENGTH, Cookies, read

SECURE, PLAIN = Cookies(secure=True), Cookies(secure=False)
SESSION = b"__Host-commentgate-session"


def _request(*cookies: bytes) -> Request:
    headers = [(b"host", b"id.example.org"), *((b"cookie", cookie) for cookie in cookies)]
    return Request({"type": "http", "headers": headers, "client": ("192.0.2.7", 50000)})


def _session(*cookies: bytes) -> str | None:
    return SECURE.browser(_request(*cookies)).session


# -- reading -------------------------------------------------------------------------------------


def test_a_browser_shows_its_attempts_and_its_session() -> None:
    browser = SECURE.browser(
        _request(
            b"theme=dark; __Host-commentgate-session=s3.ss; __Host-commentgate-attempt-a1=v1",
            b"__Host-commentgate-attempt-a2=v2",
        )
    )

    assert browser.session == "s3.ss"
    assert browser.attempts == {"a1": "v1", "a2": "v2"}


def test_a_browser_without_cookies_shows_nothing() -> None:
    browser = SECURE.browser(_request())

    assert (browser.session, dict(browser.attempts)) == (None, {})


@pytest.mark.parametrize("blank", [b"", b" ", b"\t", b" \t  "])
def test_only_spaces_and_tabs_around_a_cookie_are_trimmed(blank: bytes) -> None:
    assert _session(b"a=b;" + blank + SESSION + b"=mine" + blank + b";c=d") == "mine"


TRIMMED_BY_OTHERS = [
    b"\xa0",
    b"\x85",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\x1d",
    b"\x1e",
    b"\x1f",
    b"\xc2\xa0",
]


@pytest.mark.parametrize("blank", TRIMMED_BY_OTHERS, ids=repr)
def test_B1_a_sibling_cannot_make_up_a_name_that_becomes_ours(blank: bytes) -> None:
    """Any subdomain may set such a name for the whole domain; browsers send it as it is."""
    assert _session(blank + SESSION + b"=theirs") is None
    assert _session(SESSION + blank + b"=theirs") is None
    assert SECURE.browser(_request(blank + b"__Host-commentgate-attempt-a1=theirs")).attempts == {}


@pytest.mark.parametrize("blank", TRIMMED_BY_OTHERS, ids=repr)
def test_B1_and_does_not_hide_ours_either(blank: bytes) -> None:
    theirs = blank + SESSION + b"=theirs"

    assert _session(theirs + b"; " + SESSION + b"=mine") == "mine"
    assert _session(SESSION + b"=mine; " + theirs) == "mine"


def test_B1_the_usual_reader_would_have_been_fooled() -> None:
    """Why there is a reader of our own."""
    header = (b"\xa0" + SESSION + b"=theirs").decode("latin-1")

    assert cookie_parser(header)[SESSION.decode()] == "theirs"


@pytest.mark.parametrize(
    "name",
    [
        b"__host-commentgate-session",
        b"__HOST-commentgate-session",
        b"__Secure-commentgate-session",
        b"commentgate-session",
        b"$__Host-commentgate-session",
        b'"__Host-commentgate-session"',
        b"__Host-commentgate-session[]",
        b"__Host-commentgate-session\x00",
        b"__Host%2dcommentgate-session",
        b"x__Host-commentgate-session",
        b"",
    ],
)
def test_B1_names_match_byte_for_byte(name: bytes) -> None:
    assert _session(name + b"=theirs") is None


@pytest.mark.parametrize(
    "cookies",
    [
        (SESSION + b"=mine; " + SESSION + b"=theirs",),
        (SESSION + b"=mine", SESSION + b"=theirs"),
        (SESSION + b"=same; " + SESSION + b"=same",),
        (SESSION + b"=mine; " + SESSION,),
        (SESSION + b"=mine; a=b; " + SESSION + b"=",),
        (b" \t" + SESSION + b"=mine;" + SESSION + b"=theirs",),
    ],
)
def test_B1_a_name_that_stands_there_twice_counts_as_absent(cookies: tuple[bytes, ...]) -> None:
    assert _session(*cookies) is None


def test_B1_one_doubled_attempt_does_not_touch_the_others() -> None:
    prefix = b"__Host-commentgate-attempt-"
    browser = SECURE.browser(
        _request(prefix + b"a=1; " + prefix + b"b=2; " + prefix + b"a=3; " + SESSION + b"=mine")
    )

    assert (browser.attempts, browser.session) == ({"b": "2"}, "mine")


def test_T6_a_value_larger_than_any_of_ours_counts_as_absent() -> None:
    assert _session(SESSION + b"=" + b"x" * VALUE_LENGTH) == "x" * VALUE_LENGTH
    assert _session(SESSION + b"=" + b"x" * (VALUE_LENGTH + 1)) is None
    assert _session(SESSION + b"=" + b"x" * 8192) is None


@pytest.mark.parametrize(
    ("cookie", "value"),
    [
        (b"=mine=2==", "mine=2=="),
        (b'="mine"', '"mine"'),
        (b"=%6dine", "%6dine"),
        (b"=", ""),
        (b"", None),
        (b"=m\xfcll", None),
        (b"=m\xc3\xbcll", None),
    ],
)
def test_a_value_is_taken_as_it_stands_there(cookie: bytes, value: str | None) -> None:
    assert _session(SESSION + cookie) == value


def test_without_https_the_names_have_no_prefix() -> None:
    browser = PLAIN.browser(_request(b"commentgate-session=s; commentgate-attempt-a1=v1"))

    assert (browser.session, browser.attempts) == ("s", {"a1": "v1"})
    assert PLAIN.browser(_request(SESSION + b"=theirs")).session is None


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_header_at_all_can_be_read(cookies: list[bytes]) -> None:
    found = read([(b"cookie", cookie) for cookie in cookies])

    whole = b";".join(cookies)
    assert all(f"{name}={value}".encode() in whole for name, value in found.items())


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_B1_no_bytes_around_another_name_make_it_ours(before: bytes, after: bytes) -> None:
    """Unless they end the cookie before it, which nobody but the browser can."""
    theirs = before + SESSION + after

    if b";" not in theirs and theirs.strip(b" \t").partition(b"=")[0] != SESSION:
        assert _session(theirs + b"=theirs") is None
        assert _session(theirs + b"; " + SESSION + b"=mine") == "mine"


# -- writing -------------------------------------------------------------------------------------

WRITTEN = re.compile(
    r"__Host-commentgate-[A-Za-z0-9_-]+=[A-Za-z0-9_.-]*; Path=/; Max-Age=\d+; HttpOnly;"
    r" SameSite=Lax; Secure"
)


def _set_cookies(response: Response) -> list[str]:
    return response.headers.getlist("set-cookie")


def test_B1_every_cookie_is_ours_alone() -> None:
    response = Response()
    SECURE.keep_attempt(response, "a1", "v1")
    SECURE.remember_attempt(response, "a1", "v1")
    SECURE.drop_attempt(response, "a2")
    SECURE.keep_session(response, "s3.ss")
    SECURE.drop_session(response)

    written = _set_cookies(response)
    assert len(written) == 5
    assert [cookie for cookie in written if not WRITTEN.fullmatch(cookie)] == []


def test_an_attempts_cookie_lives_ten_minutes_and_then_a_day_more() -> None:
    response = Response()
    SECURE.keep_attempt(response, "a1", "v1")
    SECURE.remember_attempt(response, "a1", "v1")

    first, second = _set_cookies(response)
    assert first.startswith("__Host-commentgate-attempt-a1=v1; ")
    assert "; Max-Age=600; " in first
    assert f"; Max-Age={24 * 3600 + 600}; " in second


def test_the_sessions_cookie_lives_sixty_days() -> None:
    response = Response()
    SECURE.keep_session(response, "s3.ss")

    assert f"; Max-Age={60 * 86_400}; " in _set_cookies(response)[0]


def test_a_dropped_cookie_is_empty_and_over() -> None:
    response = Response()
    SECURE.drop_attempt(response, "a1")
    SECURE.drop_session(response)

    first, second = _set_cookies(response)
    assert first.startswith("__Host-commentgate-attempt-a1=; Path=/; Max-Age=0; ")
    assert second.startswith("__Host-commentgate-session=; Path=/; Max-Age=0; ")


def test_what_is_written_is_what_is_read() -> None:
    for cookies in (SECURE, PLAIN):
        response = Response()
        cookies.keep_attempt(response, "a-1_x", "v-1_x")
        cookies.keep_session(response, "s3.ss-_")

        shown = [cookie.partition(";")[0].encode() for cookie in _set_cookies(response)]
        browser = cookies.browser(_request(b"; ".join(shown)))
        assert (browser.attempts, browser.session) == ({"a-1_x": "v-1_x"}, "s3.ss-_")


def test_only_loopback_http_goes_without_the_prefix_and_secure() -> None:
    response = Response()
    PLAIN.keep_session(response, "s")

    (cookie,) = _set_cookies(response)
    assert cookie.startswith("commentgate-session=s; ")
    assert "Secure" not in cookie
    assert "HttpOnly; SameSite=Lax" in cookie
