"""What the demo blog promises to people who comment on it."""

import json
import time
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.demo import blog
from gateway.demo.words import LANGUAGES, language_of, words

ISSUER = "https://id.example.org"
OWN_URL = "https://blog.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
DRAFT = "My long thought,\nwhich must not be lost.\n\nIts second part."


class Keys:
    """The gateway's key endpoint, which can be down."""

    def __init__(self) -> None:
        self.down = False

    def fetch(self) -> bytes:
        if self.down:
            raise OSError("unreachable")
        return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()


class Page(HTMLParser):
    """The elements of a page, each with its attributes, and the text people see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def named(self, name: str) -> dict[str, str | None]:
        [found] = [each for _, each in self.elements if each.get("name") == name]
        return found


def token(**changes: Any) -> str:
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "blog",
        "client_id": "blog",
        "sub": "subject-of-ada",
        "iat": now,
        "exp": now + 3600,
        "jti": "t1",
        "sid": "s1",
        "auth_time": now,
        "scope": "profile",
        "idp": "twitter",
        "name": "Ada Lovelace",
        "profile": "https://x.com/ada",
        "picture": f"{ISSUER}/avatar/a1",
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jws.serialize_compact(header, json.dumps(claims), KEY, ["ES256"])


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
async def reader(tmp_path: Path, keys: Keys) -> AsyncIterator[httpx2.AsyncClient]:
    app = blog(
        name="Ada's <blog>",
        issuer=ISSUER,
        site="blog",
        own_url=OWN_URL,
        database=tmp_path / "blog.db",
        fetch_keys=keys.fetch,
    )
    async with client(app) as opened:
        yield opened


def client(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=OWN_URL)


async def post(reader: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    headers = {"Origin": OWN_URL}
    return await reader.post("/comments", data={"comment": DRAFT} | fields, headers=headers)


async def home(reader: httpx2.AsyncClient, address: str = "/", **headers: str) -> Page:
    answer = await reader.get(address, headers=headers)
    assert answer.status_code == 200
    return Page(answer.text)


def textarea(html: str) -> str:
    """Give what a browser would show in the text field: the first line break does not count."""
    inside = html.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return inside.removeprefix("\n")


# Who is writing


async def test_a_commenter_with_a_token_is_shown_as_verified(reader: httpx2.AsyncClient) -> None:
    sent = await post(reader, commentgate_token=token())

    assert sent.status_code == 303
    assert sent.headers["location"] == "/#comment-1"
    page = await home(reader)
    assert "✓ Verified by signing in with X" in page.text
    assert "Name not verified" not in page.text
    [link] = [a for a in page.all("a") if a.get("class") == "name"]
    assert link["href"] == "https://x.com/ada"
    assert "nofollow" in (link["rel"] or "")
    assert [img["src"] for img in page.all("img")] == [f"{ISSUER}/avatar/a1"]


async def test_what_a_signed_in_commenter_typed_as_a_name_is_not_believed(
    reader: httpx2.AsyncClient,
) -> None:
    await post(
        reader, commentgate_token=token(), author="Grace Hopper", url="https://grace.example"
    )

    page = await home(reader)
    assert "Ada Lovelace" in page.text
    assert "Grace Hopper" not in page.text
    assert all("grace" not in (a["href"] or "") for a in page.all("a"))


async def test_a_commenter_without_profile_and_picture_is_verified_all_the_same(
    reader: httpx2.AsyncClient,
) -> None:
    await post(
        reader, commentgate_token=token(profile=None, picture=None, idp="https://op.example")
    )

    page = await home(reader)
    assert "Verified by signing in with https://op.example" in page.text
    assert page.all("img") == []
    assert [a for a in page.all("a") if a.get("class") == "name"] == []


async def test_a_picture_from_elsewhere_is_not_shown(reader: httpx2.AsyncClient) -> None:
    await post(reader, commentgate_token=token(picture="https://tracker.example/a.gif"))

    assert (await home(reader)).all("img") == []


async def test_a_guest_is_shown_as_not_verified(reader: httpx2.AsyncClient) -> None:
    sent = await post(
        reader, author="  Grace\tHopper ", email="grace@example.org", url="grace.example"
    )

    assert sent.status_code == 303
    page = await home(reader)
    assert "Grace Hopper" in page.text
    assert "Name not verified" in page.text
    assert "✓" not in page.text
    assert "grace@example.org" not in page.text
    assert "https://grace.example" in [a["href"] for a in page.all("a")]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"author": ""}, "fault_name"),
        ({"author": " \t\u202e"}, "fault_name"),
        ({"author": "x" * 101}, "fault_name"),
        ({"email": "grace"}, "fault_email"),
        ({"email": "a@b@c"}, "fault_email"),
        ({"email": "x" * 250 + "@example.org"}, "fault_email"),
        ({"url": "javascript://x/%0aalert(1)"}, "fault_website"),
        ({"url": "javascript:alert(1)"}, "fault_website"),
        ({"url": "https://ada@evil.example"}, "fault_website"),
        ({"url": "https://"}, "fault_website"),
        ({"url": "http://[::1"}, "fault_website"),
        ({"url": "https://x.example/" + "x" * 200}, "fault_website"),
    ],
)
async def test_a_guests_mistake_is_named_and_nothing_typed_is_lost(
    reader: httpx2.AsyncClient, fields: dict[str, str], sentence: str
) -> None:
    typed = {"author": "Grace", "email": "g@example.org", "url": "grace.example"} | fields

    answer = await post(reader, **typed)

    assert answer.status_code == 422
    page = Page(answer.text)
    assert words("en")[sentence] in page.text
    assert "No comments yet" in page.text
    assert textarea(answer.text) == DRAFT
    kept = {name for name in typed if page.named(name)["value"] == typed[name]}
    assert kept >= set(typed) - set(fields)


# Tokens that prove nothing


def tampered() -> str:
    return token()[:-8] + "AAAAAAAA"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: token(iat=1_000_000, exp=1_003_600), "Your sign-in has ended."),
        (tampered, "Your sign-in could not be confirmed."),
        (lambda: token(aud="other", client_id="other"), "Your sign-in could not be confirmed."),
        (lambda: "nonsense", "Your sign-in could not be confirmed."),
        (lambda: "é\x00", "Your sign-in could not be confirmed."),
        (lambda: "x" * 20_000, "Your sign-in could not be confirmed."),
    ],
    ids=["expired", "tampered", "foreign", "nonsense", "binary", "long"],
)
async def test_a_bad_token_is_explained_and_the_text_is_kept(
    reader: httpx2.AsyncClient, make: Callable[[], str], sentence: str
) -> None:
    answer = await post(reader, commentgate_token=make(), author="Grace")

    assert answer.status_code == 422
    assert sentence in Page(answer.text).text
    assert textarea(answer.text) == DRAFT
    assert "No comments yet" in answer.text, "and it does not become a guest's comment either"


async def test_when_no_keys_can_be_had_the_text_is_kept_and_nobody_is_blamed(
    reader: httpx2.AsyncClient, keys: Keys
) -> None:
    keys.down = True

    answer = await post(reader, commentgate_token=token())

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert words("en")["fault_keys"] in Page(answer.text).text
    assert textarea(answer.text) == DRAFT


async def test_a_token_is_never_shown_again(reader: httpx2.AsyncClient) -> None:
    bad = tampered()

    answer = await post(reader, commentgate_token=bad)

    assert bad not in answer.text


# The text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "fault_empty"), (" \r\n\t ", "fault_empty"), ("x" * 5001, "fault_long")],
)
async def test_an_empty_or_endless_comment_is_sent_back(
    reader: httpx2.AsyncClient, text: str, sentence: str
) -> None:
    answer = await post(reader, comment=text, author="Grace")

    assert answer.status_code == 422
    assert words("en")[sentence] in Page(answer.text).text
    assert textarea(answer.text) == text.strip()
    assert Page(answer.text).named("comment")["aria-invalid"] == "true"


async def test_the_longest_comment_is_taken_in_any_script(reader: httpx2.AsyncClient) -> None:
    answer = await post(reader, comment="愛" * 5000, commentgate_token=token())

    assert answer.status_code == 303


async def test_markup_in_name_and_text_stays_text(reader: httpx2.AsyncClient) -> None:
    attack = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    for fields in (
        {"author": attack},
        {"commentgate_token": token(name=attack, preferred_username=attack)},
        {"author": '"><svg onload=alert(1)>', "url": 'https://x.example/"onclick="x'},
    ):
        sent = await post(reader, comment=f"{attack}</textarea>", **fields)
        assert sent.status_code == 303

    page = await home(reader)
    assert page.text.count(attack) >= 5
    assert [script["src"] for script in page.all("script")] == [f"{ISSUER}/widget.js"]
    assert [img["src"] for img in page.all("img")] == [f"{ISSUER}/avatar/a1"]
    assert page.all("svg") == []
    assert not any(name.startswith("on") for _, each in page.elements for name in each)


async def test_markup_in_a_draft_that_is_sent_back_stays_text(reader: httpx2.AsyncClient) -> None:
    attack = "</textarea><script>alert(1)</script>"

    answer = await post(reader, comment=attack, author="", email=f'">{attack}', url=attack)

    page = Page(answer.text)
    assert len(page.all("script")) == 1
    assert page.named("email")["value"] == f'">{attack}'


async def test_paragraphs_are_kept_as_they_were_written(reader: httpx2.AsyncClient) -> None:
    await post(reader, comment="\r\nOne\r\nline.\r\n\r\n\r\n  Two.\x00", author="Grace")

    html = (await reader.get("/")).text
    assert "<p>One\nline.</p>" in html
    assert "<p>  Two.</p>" in html


async def test_text_that_runs_the_other_way_cannot_leave_its_place(
    reader: httpx2.AsyncClient,
) -> None:
    await post(reader, author="\u202eecarG\u2066")

    html = (await reader.get("/")).text
    assert "<bdi" in html
    assert not {"\u202e", "\u2066"} & set(html)


# Threads


async def test_an_answer_stands_under_the_comment_it_answers(reader: httpx2.AsyncClient) -> None:
    for fields in (
        {"author": "First"},
        {"author": "Second"},
        {"author": "Answer", "comment_parent": "1"},
    ):
        assert (await post(reader, **fields)).status_code == 303

    page = await home(reader)
    order = [page.text.index(name) for name in ("First", "Answer", "Second")]
    assert order == sorted(order)
    assert len(page.all("ol")) == 2
    assert "3 comments" in page.text


async def test_the_form_says_whom_one_answers(reader: httpx2.AsyncClient) -> None:
    await post(reader, author="Grace")

    page = await home(reader, "/?reply_to=1")

    assert "Reply to Grace" in page.text
    assert page.named("comment_parent")["value"] == "1"
    assert "/#respond" in [a["href"] for a in page.all("a")], "and how to stop answering"
    assert [form["action"] for form in page.all("form")] == ["/comments?reply_to=1"]


async def test_a_long_quarrel_does_not_grow_deeper_than_the_page(
    reader: httpx2.AsyncClient,
) -> None:
    await post(reader, author="0")
    for parent in range(1, 9):
        await post(reader, author="Again", comment_parent=str(parent))

    page = await home(reader)

    assert len(page.all("ol")) == 5
    assert len([each for each in page.all("article") if each["class"] == "comment"]) == 9


@pytest.mark.parametrize("parent", ["99", "999999999999999"])
async def test_an_answer_to_nothing_is_sent_back_with_its_text(
    reader: httpx2.AsyncClient, parent: str
) -> None:
    answer = await post(reader, author="Grace", comment_parent=parent)

    assert answer.status_code == 422
    assert words("en")["fault_parent"] in Page(answer.text).text
    assert textarea(answer.text) == DRAFT


@pytest.mark.parametrize("parent", ["x", "-1", "1.0", "9" * 5000, "١"])
async def test_nonsense_in_the_place_of_a_parent_is_a_comment_on_the_article(
    reader: httpx2.AsyncClient, parent: str
) -> None:
    assert (await post(reader, author="Grace", comment_parent=parent)).status_code == 303


# The form


async def test_the_sign_in_is_two_lines_inside_the_form(reader: httpx2.AsyncClient) -> None:
    html = (await reader.get("/")).text

    form = html.partition("<form")[2].partition("</form>")[0]
    assert f'\n<script type="module" src="{ISSUER}/widget.js"></script>\n' in form
    assert '\n<comment-login site="blog" buttons="4">Signing in with' in form
    assert "data-commentgate-guest" in form


async def test_no_field_that_the_widget_hides_can_stop_the_form(
    reader: httpx2.AsyncClient,
) -> None:
    page = await home(reader)

    assert not any("required" in page.named(name) for name in ("author", "email", "url"))


async def test_the_icon_look_is_passed_on_and_kept(reader: httpx2.AsyncClient) -> None:
    page = await home(reader, "/?look=icons")
    [element] = page.all("comment-login")
    [form] = page.all("form")
    sent = await reader.post(form["action"] or "", data={"comment": "x", "author": "Grace"})

    assert element["look"] == "icons"
    assert sent.headers["location"] == "/?look=icons#comment-1"


async def test_an_unknown_look_is_left_out(reader: httpx2.AsyncClient) -> None:
    [element] = (await home(reader, "/?look=x%22%3E")).all("comment-login")

    assert "look" not in element


async def test_the_address_of_a_form_sent_back_can_be_opened(reader: httpx2.AsyncClient) -> None:
    await post(reader, author="Grace")

    page = await home(reader, "/comments?reply_to=1")

    assert "Reply to Grace" in page.text


# Languages


async def test_the_page_speaks_german_where_german_is_asked_for(
    reader: httpx2.AsyncClient,
) -> None:
    await post(reader, commentgate_token=token())

    page = await home(reader, **{"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})

    assert page.all("html")[0]["lang"] == "de"
    assert "✓ Bestätigt durch Anmeldung mit X" in page.text
    assert "Einen Kommentar schreiben" in page.text


async def test_a_form_sent_back_keeps_the_language(reader: httpx2.AsyncClient) -> None:
    answer = await reader.post("/comments", data={"comment": ""}, headers={"Accept-Language": "de"})

    assert words("de")["fault_empty"] in Page(answer.text).text
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-ch", "de"),
        ("fr, de;q=0.3", "de"),
        ("en, de", "en"),
        ("en;q=0.2, de;q=0.8", "de"),
        ("de;q=0", "en"),
        ("de;q=x", "en"),
        ("de;q=1.2.3", "en"),
        ("*", "en"),
        (",;,;;q=", "en"),
        ("den", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_most(header: str, language: str) -> None:
    assert language_of(header) == language


def test_both_catalogues_hold_the_same_sentences_with_the_same_places() -> None:
    places = [
        {
            key: {part for part in ("{name}", "{count}", "{provider}") if part in text}
            for key, text in words(language).items()
        }
        for language in LANGUAGES
    ]

    assert places[0] == places[1]


# Safety of the page


async def test_B3_the_csp_allows_the_gateway_and_nothing_else(reader: httpx2.AsyncClient) -> None:
    for address in ("/", "/static/blog.css", "/nothing", "/healthz"):
        headers = (await reader.get(address)).headers

        assert headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; script-src https://id.example.org; "
            "connect-src https://id.example.org; img-src 'self' https://id.example.org; "
            "form-action 'self' https://id.example.org; frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{OWN_URL}.evil.example", ""])
async def test_a_comment_sent_from_another_page_is_refused(
    reader: httpx2.AsyncClient, origin: str
) -> None:
    answer = await reader.post(
        "/comments", data={"comment": "x", "author": "x"}, headers={"Origin": origin}
    )

    assert answer.status_code == 403
    assert words("en")["error_403"] in Page(answer.text).text
    assert "No comments yet" in (await home(reader)).text


async def test_a_browser_that_sends_no_origin_can_comment(reader: httpx2.AsyncClient) -> None:
    answer = await reader.post("/comments", data={"comment": "x", "author": "Grace"})

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"comment=" + b"x" * 200_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"f%d=1" % i for i in range(50)), "application/x-www-form-urlencoded", 400),
        (b"nonsense", "multipart/form-data; boundary=x", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 422),
        (b"--x", "multipart/form-data", 400),
        (b"%ff%zz=&&==;comment", "application/x-www-form-urlencoded", 422),
        (b'{"comment":"x"}', "application/json", 422),
        (b"comment=%ED%A0%80&author=%00%ff", "application/x-www-form-urlencoded", 303),
    ],
    ids=["huge", "many", "broken", "cut", "boundless", "odd", "json", "half-characters"],
)
async def test_a_damaged_form_gets_an_answer(
    reader: httpx2.AsyncClient, body: bytes, kind: str, status: int
) -> None:
    answer = await reader.post("/comments", content=body, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert (await reader.get("/")).status_code == 200


async def test_unknown_pages_lead_back(reader: httpx2.AsyncClient) -> None:
    answer = await reader.get("/wp-login.php", headers={"Accept-Language": "de"})

    assert answer.status_code == 404
    assert words("de")["error_404"] in answer.text
    assert Page(answer.text).all("a")[0]["href"] == "/"


async def test_healthz_says_that_the_blog_is_alive(reader: httpx2.AsyncClient) -> None:
    assert (await reader.get("/healthz")).text == "ok"


async def test_two_blogs_keep_their_comments_and_tokens_apart(tmp_path: Path, keys: Keys) -> None:
    def named(site: str) -> httpx2.AsyncClient:
        database = tmp_path / f"{site}.db"
        app = blog(
            name=site, issuer=ISSUER, site=site, own_url=OWN_URL, database=database,
            fetch_keys=keys.fetch,
        )  # fmt: skip
        return client(app)

    async with named("blog") as first, named("other") as second:
        taken = await post(first, commentgate_token=token())
        refused = await post(second, commentgate_token=token())

        assert (taken.status_code, refused.status_code) == (303, 422)
        assert "One comment" in (await first.get("/")).text
        assert "No comments yet" in (await second.get("/")).text


async def test_comments_outlive_a_restart(tmp_path: Path, keys: Keys) -> None:
    settings: dict[str, Any] = {
        "name": "blog",
        "issuer": ISSUER,
        "site": "blog",
        "own_url": f"{OWN_URL}/",
        "database": tmp_path / "blog.db",
        "fetch_keys": keys.fetch,
    }
    async with client(blog(**settings)) as before:
        assert (await post(before, author="Grace")).status_code == 303

    async with client(blog(**settings)) as after:
        assert "Grace" in (await after.get("/")).text
