"""Return URLs are judged in one place; what it accepts, every parser reads alike."""

from urllib.parse import urlsplit

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import BadReturnUrl, UnknownSite
from gateway.sites import RETURN_URL_LENGTH, Site, Sites, url_origin

BLOG = Site(
    id="blog",
    name="Ada's blog",
    origins=(
        "https://blog.example.org",
        "https://blog.example.org:8443",
        "http://localhost:8001",
        "http://[::1]:8001",
        "https://xn--mller-kva.example",
    ),
    providers=("wordpress",),
)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://blog.example.org/", "https://blog.example.org"),
        ("https://blog.example.org/2026/post/", "https://blog.example.org"),
        ("https://blog.example.org/?p=1&replytocom=2", "https://blog.example.org"),
        ("https://blog.example.org/a/..;/b", "https://blog.example.org"),
        ("https://blog.example.org/?p=1&p=2", "https://blog.example.org"),
        ("https://blog.example.org//evil.example/", "https://blog.example.org"),
        ("https://blog.example.org/?next=https://evil.example/", "https://blog.example.org"),
        ("https://blog.example.org/@evil.example", "https://blog.example.org"),
        ("https://blog.example.org/%09%0d%0a", "https://blog.example.org"),
        ("https://blog.example.org:8443/", "https://blog.example.org:8443"),
        ("http://localhost:8001/", "http://localhost:8001"),
        ("http://[::1]:8001/", "http://[::1]:8001"),
        ("https://xn--mller-kva.example/", "https://xn--mller-kva.example"),
    ],
)
def test_R1_a_page_of_the_site_has_the_origin_it_shows(url: str, origin: str) -> None:
    assert BLOG.origin_of(url) == origin


@pytest.mark.parametrize("url", ["https://blog.example.org/a|b?tags=x|y&f={z}^`'[]"])
def test_R1_what_a_browser_leaves_as_it_is_in_an_address_is_accepted(url: str) -> None:
    """A form's own page is named by ``location.href``: that must always be a return URL."""
    as_shown = ada_url.URL(url).href

    assert BLOG.origin_of(as_shown) == "https://blog.example.org"


ELSEWHERE = [
    "",
    "/",
    "/2026/post/",
    "blog.example.org",
    "//evil.example/",
    "//blog.example.org/",
    "///blog.example.org/",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:blog.example.org/",
    "https:/blog.example.org/",
    "https:///blog.example.org/",
    "https:\\\\blog.example.org\\",
    "https://blog.example.org",
    "https://blog.example.org?p=1",
    "https://blog.example.org#top",
    "https://blog.example.org/#top",
    "https://blog.example.org/#",
    "https://blog.example.org\\",
    "https://blog.example.org\\@evil.example/",
    "https://blog.example.org/\\evil.example",
    "https://evil.example\\.blog.example.org/",
    "https://blog.example.org@evil.example/",
    "https://blog.example.org:8443@evil.example/",
    "https://blog.example.org%40evil.example/",
    "https://evil.example@blog.example.org/",
    "https://@blog.example.org/",
    "https://:@blog.example.org/",
    "https://blog.example.org%09/",
    "https://blog.example.org%0d%0a/",
    "https://blog.example.org%2f@evil.example/",
    "https://blog.example.org%00.evil.example/",
    "https://blog%2eexample.org/",
    "https://blog.example.org\t/",
    "https://blog.example.org/\r\nX: y",
    "ht\ntps://blog.example.org/",
    " https://blog.example.org/",
    "https://blog.example.org/ ",
    "https://blog.example.org /",
    "\x00https://blog.example.org/",
    "https://blog.example.org/\x7f",
    'https://blog.example.org/"',
    "https://blog.example.org/<script>",
    "https://blog.example.org./",
    "https://.blog.example.org/",
    "https://blog..example.org/",
    "https://blog.example.org.:8443/",
    "HTTPS://blog.example.org/",
    "https://BLOG.example.org/",
    "https://blog.example.org:443/",
    "https://blog.example.org:0443/",
    "https://blog.example.org:08443/",
    "https://blog.example.org:/",
    "https://blog.example.org:84430/",
    "https://blog.example.org:99999/",
    "https://blog.example.org:-1/",
    "https://blog.example.org:8443x/",
    "https://blog.example.org: 8443/",
    "https://blog.example.org:٨٤٤٣/",
    "http://blog.example.org/",
    "http://blog.example.org:443/",
    "ftp://blog.example.org/",
    "javascript://blog.example.org/%0aalert(1)",
    "data:text/html,https://blog.example.org/",
    "blob:https://blog.example.org/",
    "view-source:https://blog.example.org/",
    "https://example.org/",
    "https://evil-blog.example.org/",
    "https://evilblog.example.org/",
    "https://www.blog.example.org/",
    "https://blog.example.org.evil.example/",
    "https://blog.example.orgevil.example/",
    "https://blog.example.or/",
    "https://blog.example.org;evil.example/",
    "https://blog.example.org,evil.example/",
    "https://blog.example.org&evil.example/",
    "https://blog.example.org[evil.example/",
    "https://bloɡ.example.org/",
    "https://blog。example.org/",
    "https://blog.example.org\uff0fevil.example/",
    "https://müller.example/",
    "https://M\u00fcller.example/",
    "https://xn--mller-kva.example.evil.example/",
    "https://xn--Mller-kva.example/",
    "http://[::1]/",
    "http://[::1]:8001",
    "http://[0:0:0:0:0:0:0:1]:8001/",
    "http://[::0001]:8001/",
    "http://[::1%25lo]:8001/",
    "http://[::ffff:127.0.0.1]:8001/",
    "http://::1:8001/",
    "http://127.0.0.1:8001/",
    "http://localhost:8001@evil.example/",
    "http://localhost:80011/",
    "https://blog.example.org/" + "x" * RETURN_URL_LENGTH,
]


@pytest.mark.parametrize("url", ELSEWHERE, ids=lambda url: ascii(url)[1:60])
def test_R1_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(BadReturnUrl):
        BLOG.origin_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://127.0.0.1./",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://example.0x/",
        "http://[::7f00:0001]/",
        "http://[0::1]/",
        "http://[v1.x]/",
        "http://[]/",
        "http://[::1]x/",
        "http://[::1]:/",
    ],
)
def test_R1_a_number_that_only_stands_for_an_address_is_no_plain_host(url: str) -> None:
    assert url_origin(url) is None


def test_R1_a_url_may_have_2048_characters_and_no_more() -> None:
    longest = "https://blog.example.org/".ljust(RETURN_URL_LENGTH, "x")

    assert url_origin(longest) == "https://blog.example.org"
    assert url_origin(longest + "x") is None


HOSTS = st.text("abexn-._:@[]%0127x/\\?#;&=~!$'()*+,| \t\r\nüÖ。．①ß\u200d", max_size=24)
ADDRESSES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "https:", "HTTP://", "https:\\\\", "//", "https:///"]),
    HOSTS,
    st.sampled_from(["", ":443", ":80", ":8443", ":0", ":", ":٣", ":00", ":65536"]),
    st.text("/\\?#@:a.%0|{}'\"<> ;&", max_size=12),
)


def _origin_by_whatwg(url: str) -> str | None:
    try:
        return str(ada_url.URL(url).origin)
    except ValueError:
        return None


def _origin_by_python(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@given(st.one_of(ADDRESSES, st.text(), st.sampled_from(ELSEWHERE)))
@example("http://127.1/")
@example("https://blog%2eexample.org/")
@example("http://[0::1]/")
def test_R1_whatever_is_accepted_is_the_same_origin_to_a_browser_and_to_python(url: str) -> None:
    """A browser may still call it no address at all, as it does with broken punycode."""
    origin = url_origin(url)

    if origin is not None:
        assert _origin_by_python(url) == origin
        assert _origin_by_whatwg(url) in (origin, None)
        assert "xn--" in origin or _origin_by_whatwg(url) == origin


@given(
    st.from_regex(r"[a-z0-9-]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True),
    st.text("/?ab.;&=%7E|{}^`'[]~!$()*+,:@", max_size=30),
)
def test_R1_the_address_that_a_browser_shows_is_always_a_return_url(host: str, rest: str) -> None:
    try:
        page = ada_url.URL(f"https://{host}/{rest}")
    except ValueError:
        return

    assert url_origin(page.href) == page.origin


@pytest.mark.parametrize(
    ("profile", "email", "shared"),
    [
        (True, False, ("name", "picture", "profile")),
        (False, False, ("name", "picture")),
        (True, True, ("name", "picture", "profile", "email")),
    ],
)
def test_a_site_says_what_it_learns(profile: bool, email: bool, shared: tuple[str, ...]) -> None:
    site = Site(id="b", name="B", origins=(), providers=(), profile=profile, email=email)

    assert site.shared == shared


def test_public_sites_share_their_subjects_and_others_do_not() -> None:
    private = Site(id="b", name="B", origins=(), providers=())
    public = Site(id="b", name="B", origins=(), providers=(), subject="public")

    assert (private.subject_scope, public.subject_scope) == ("b", "")


def test_sites_are_found_by_their_id_and_nothing_else() -> None:
    sites = Sites({"blog": BLOG})

    assert sites.get("blog") is sites.find("blog") is BLOG
    assert list(sites) == [BLOG]
    assert sites.find("Blog") is None
    with pytest.raises(UnknownSite):
        sites.get("")
