"""What gateway/verify.py promises to a blog server; the tokens are those of tests/vectors/."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.verify import AsyncVerifier, BadToken, Commenter, KeysUnavailable, Verifier

VECTORS_FOLDER = Path(__file__).parent / "vectors"
CORPUS: dict[str, Any] = json.loads((VECTORS_FOLDER / "tokens.json").read_text())
VECTORS: dict[str, dict[str, Any]] = {vector["id"]: vector for vector in CORPUS["vectors"]}
KEYS: list[dict[str, Any]] = CORPUS["jwks"]["keys"]
GOOD: str = VECTORS["plain"]["token"]
BY_NEXT: str = VECTORS["next_key"]["token"]
UNKNOWN_KEY: str = VECTORS["kid_unknown"]["token"]
HOUR = 3600


class Gateway:
    """A gateway's key endpoint and the time, both in the test's hand."""

    def __init__(self, *kids: str) -> None:
        self.now = float(CORPUS["now"])
        self.fetches = 0
        self.failure: Exception | None = None
        self.publish(*kids or ("signing", "next", "rsa", "p384", "enc"))

    def publish(self, *kids: str) -> None:
        self.answer = key_set(*kids)

    def clock(self) -> float:
        return self.now

    def fetch(self) -> bytes:
        self.fetches += 1
        if self.failure:
            raise self.failure
        return self.answer

    def verifier(self, **more: Any) -> Verifier:
        return Verifier(
            CORPUS["issuer"], CORPUS["site"], clock=self.clock, fetch=self.fetch, **more
        )

    def async_verifier(
        self, fetch: Callable[[], bytes] | Callable[[], Awaitable[bytes]] | None = None
    ) -> AsyncVerifier:
        return AsyncVerifier(
            CORPUS["issuer"], CORPUS["site"], clock=self.clock, fetch=fetch or self.fetch
        )


def key_set(*kids: str) -> bytes:
    return json.dumps({"keys": [key for key in KEYS if key["kid"] in kids]}).encode()


def answer(verifier: Verifier, token: str) -> Commenter | str:
    try:
        return verifier.verify(token)
    except BadToken as refusal:
        assert str(refusal)
        return refusal.reason


def expected(vector: dict[str, Any]) -> Commenter | str:
    if vector["outcome"] == "accepted":
        return Commenter(**vector["commenter"])
    return str(vector["reason"])


# The corpus


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_T1_every_vector_gets_its_answer_and_the_same_again(vector: dict[str, Any]) -> None:
    verifier = Gateway().verifier()

    first, second = answer(verifier, vector["token"]), answer(verifier, vector["token"])

    assert first == expected(vector)
    assert second == first


async def test_T1_the_async_verifier_gives_every_vector_the_same_answer() -> None:
    verifier = Gateway().async_verifier()

    for vector in VECTORS.values():
        try:
            got: Commenter | str = await verifier.verify(vector["token"])
        except BadToken as refusal:
            got = refusal.reason
        assert got == expected(vector), vector["id"]


def test_the_corpus_is_what_its_generator_writes(tmp_path: Path) -> None:
    fresh = tmp_path / "tokens.json"

    subprocess.run([sys.executable, VECTORS_FOLDER / "make.py", fresh], check=True)

    assert fresh.read_text() == (VECTORS_FOLDER / "tokens.json").read_text()


def pyjwt_accepts(token: str) -> bool:
    """Judge as a blog would that uses another library with its own key lookup."""
    keys = {key["kid"]: jwt.PyJWK(key) for key in KEYS if key["kid"] in ("signing", "next")}
    checks: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            audience=CORPUS["site"],
            issuer=CORPUS["issuer"],
            options=checks | {"require": ["exp", "iat", "sub", "jti"]},
        )
    except (jwt.PyJWTError, KeyError):
        return False
    # PyJWT has no clock argument, so the fixed time of the corpus is compared here.
    return bool(claims["exp"] + 60 > CORPUS["now"] and claims["iat"] - 60 <= CORPUS["now"])


@pytest.mark.parametrize("name", [n for n, v in VECTORS.items() if v["outcome"] == "accepted"])
def test_another_library_accepts_the_good_vectors(name: str) -> None:
    assert pyjwt_accepts(VECTORS[name]["token"])


@pytest.mark.parametrize(
    "name",
    [
        "tampered_name",
        "tampered_header",
        "tampered_signature",
        "stranger",
        "empty_signature",
        "der_signature",
        "expired_61",
        "future_61",
        "foreign_audience",
        "foreign_issuer",
        "alg_none",
        "alg_none_case",
        "hs256_pem",
        "rs256_over_es256_key",
        "es256_under_rs256_key",
        "jwk",
        "kid_unknown",
        "crit_unknown",
        "nested_jwe",
        "missing_exp",
        "missing_sub",
        "claims_text",
        "two_parts",
    ],
)
def test_another_library_refuses_the_bad_vectors_it_can_judge(name: str) -> None:
    assert not pyjwt_accepts(VECTORS[name]["token"])


# Anything else that can be sent


def mutations(token: str) -> st.SearchStrategy[str]:
    place = st.integers(0, len(token) - 1)
    swapped = st.tuples(place, st.characters()).map(
        lambda pc: token[: pc[0]] + pc[1] + token[pc[0] + 1 :]
    )
    inserted = st.tuples(place, st.text(min_size=1)).map(
        lambda pt: token[: pt[0]] + pt[1] + token[pt[0] :]
    )
    cut = st.tuples(place, place).map(lambda ij: token[: min(ij)] + token[max(ij) + 1 :])
    return st.one_of(swapped, inserted, cut).filter(lambda text: text != token)


@given(mutations(GOOD))
def test_any_mutation_of_a_good_token_is_a_bad_token(text: str) -> None:
    with pytest.raises(BadToken):
        Gateway().verifier().verify(text)


@given(st.one_of(st.text(), st.from_regex(r"\A[\w-]*\.[\w-]*\.[\w-]*\Z")))
def test_any_text_is_a_bad_token(text: str) -> None:
    with pytest.raises(BadToken):
        Gateway().verifier().verify(text)


@pytest.mark.parametrize("thing", [None, b"a.b.c", 7, ["a.b.c"], f"{GOOD}\n", GOOD[:-1] + "\ud800"])
def test_what_is_no_token_at_all_is_a_bad_token(thing: object) -> None:
    with pytest.raises(BadToken) as refusal:
        Gateway().verifier().verify(cast(str, thing))

    assert refusal.value.reason in ("malformed", "signature")


def test_T6_no_keys_are_fetched_for_a_token_that_cannot_be_one() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()

    for name in ("huge_token", "long_header", "alg_none", "id_token", "jwk", "nothing", "word"):
        assert answer(verifier, VECTORS[name]["token"]) == VECTORS[name]["reason"]

    assert gateway.fetches == 0


# Time


def test_T5_a_token_remembered_from_before_ends_when_its_time_comes() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    commenter = verifier.verify(GOOD)

    gateway.now = commenter.expires_at + 59
    assert verifier.verify(GOOD) == commenter

    gateway.now = commenter.expires_at + 60
    assert answer(verifier, GOOD) == "expired"


def test_T5_a_clock_that_steps_back_makes_a_remembered_token_one_of_the_future() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    issued = verifier.verify(GOOD).issued_at

    gateway.now = issued - 61

    assert answer(verifier, GOOD) == "not_yet"
    assert gateway.fetches == 2, "and the age of the keys means nothing any more"


def test_T5_less_skew_can_be_allowed_but_not_more() -> None:
    strict = Gateway().verifier(leeway=0)

    assert answer(strict, VECTORS["expired_59"]["token"]) == "expired"
    assert answer(strict, VECTORS["future_59"]["token"]) == "not_yet"
    with pytest.raises(ValueError, match="leeway"):
        Gateway().verifier(leeway=61)


# Keys


def test_keys_are_fetched_once_and_again_when_ten_minutes_old() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()

    verifier.verify(GOOD)
    gateway.now += 599
    verifier.verify(GOOD)
    assert gateway.fetches == 1

    gateway.now += 1
    verifier.verify(GOOD)
    assert gateway.fetches == 2


def test_a_new_key_is_found_at_once() -> None:
    gateway = Gateway("signing")
    verifier = gateway.verifier()
    verifier.verify(GOOD)

    gateway.publish("signing", "next")
    gateway.now += 60

    assert verifier.verify(BY_NEXT).name == "Ada Lovelace"


def test_T2_unknown_key_ids_cause_one_fetch_a_minute_and_leave_the_good_keys_alone() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    verifier.verify(GOOD)
    names = ("kid_unknown", "kid_path", "kid_sql")

    for second in range(150):
        gateway.now += 1
        assert answer(verifier, VECTORS[names[second % 3]]["token"]) == "key"

    assert gateway.fetches == 3
    assert verifier.verify(GOOD)


@pytest.mark.parametrize("token", ["plain", "no_profile"], ids=["remembered", "new"])
def test_a_retired_key_is_dropped_by_the_next_successful_fetch(token: str) -> None:
    gateway = Gateway("signing", "next")
    verifier = gateway.verifier()
    verifier.verify(GOOD)

    gateway.publish("next")
    gateway.now += 600

    assert answer(verifier, VECTORS[token]["token"]) == "key"
    assert verifier.verify(BY_NEXT)


def test_a_remembered_token_does_not_outlive_its_key_under_the_same_name() -> None:
    gateway = Gateway("signing")
    verifier = gateway.verifier()
    verifier.verify(GOOD)

    [other] = [key for key in KEYS if key["kid"] == "next"]
    gateway.answer = json.dumps({"keys": [other | {"kid": "signing"}]}).encode()
    gateway.now += 600

    assert answer(verifier, GOOD) == "signature"


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"<html>Welcome to the hotel</html>",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": []}',
        b'{"keys": [7, {"kid": 7}, {"kid": "signing"}]}',
        b'{"keys": [{"kid": "signing", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
        b'{"keys": [{"kid": "signing", "kty": "EC", "crv": "P-256", "x": 1, "y": null}]}',
        b"[" * 60_000,
        key_set("rsa", "p384", "enc"),
        key_set("signing") + b" " * 64 * 1024,
        b"\xff\xfe",
    ],
    ids=range(13),
)
def test_T2_an_answer_that_is_no_key_set_does_not_replace_one(answered: bytes) -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    verifier.verify(GOOD)

    gateway.answer = answered
    gateway.now += 600

    assert verifier.verify(GOOD)
    assert gateway.fetches == 2


def test_one_broken_key_does_not_spoil_the_others() -> None:
    gateway = Gateway()
    broken = {"kid": "broken", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    gateway.answer = json.dumps({"keys": [broken, 7, None, {}, *KEYS]}).encode()

    assert gateway.verifier().verify(GOOD)


def test_the_last_good_keys_serve_for_a_day() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    verifier.verify(GOOD)
    gateway.failure = OSError("unreachable")
    start = gateway.now

    gateway.now = start + 24 * HOUR - 1
    assert answer(verifier, GOOD) == "expired", "judged, and not given up on"

    gateway.now = start + 24 * HOUR
    with pytest.raises(KeysUnavailable):
        verifier.verify(GOOD)


def test_people_go_on_commenting_while_the_gateway_is_down() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    verifier.verify(GOOD)
    gateway.failure = OSError("unreachable")

    for _ in range(30):
        gateway.now += 60
        assert verifier.verify(VECTORS["no_profile"]["token"])

    assert gateway.fetches <= 22, "asked at most once a minute, from the tenth on"


def test_with_no_keys_at_all_the_answer_is_that_nothing_can_be_told() -> None:
    gateway = Gateway()
    gateway.failure = OSError("unreachable")
    verifier = gateway.verifier()

    with pytest.raises(KeysUnavailable):
        verifier.verify(GOOD)
    with pytest.raises(KeysUnavailable):
        verifier.verify(GOOD)
    assert gateway.fetches == 1, "not asked again within the same second"

    gateway.failure, gateway.now = None, gateway.now + 1
    assert verifier.verify(GOOD)


def test_an_unknown_key_is_not_called_bad_while_the_newest_keys_cannot_be_had() -> None:
    gateway = Gateway("signing")
    verifier = gateway.verifier()
    verifier.verify(GOOD)
    gateway.failure = OSError("unreachable")
    gateway.now += 60

    with pytest.raises(KeysUnavailable):
        verifier.verify(BY_NEXT)


def test_a_failed_fetch_is_logged_without_what_was_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    gateway.failure = OSError("canary")

    with caplog.at_level(logging.DEBUG), pytest.raises(KeysUnavailable):
        gateway.verifier().verify(GOOD)

    assert "OSError" in caplog.text
    assert "canary" not in caplog.text
    assert GOOD not in caplog.text


# Many at once


def test_many_threads_share_one_fetch() -> None:
    gateway = Gateway()
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        assert may_end.wait(10)
        return gateway.fetch()

    verifier = Verifier(CORPUS["issuer"], CORPUS["site"], clock=gateway.clock, fetch=slow)
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(verifier.verify, GOOD) for _ in range(8)]
        assert begun.wait(10)
        may_end.set()

        assert {done.result(10).name for done in answers} == {"Ada Lovelace"}
    assert gateway.fetches == 1


def test_nobody_with_a_known_key_waits_for_anothers_fetch() -> None:
    gateway = Gateway()
    verifier = gateway.verifier()
    verifier.verify(GOOD)
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        assert may_end.wait(10)
        return gateway.fetch()

    verifier._fetch = slow
    gateway.now += 600
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(verifier.verify, GOOD)
        assert begun.wait(10)

        assert verifier.verify(BY_NEXT), "answered while the other still waits"
        assert not first.done()
        may_end.set()
        assert first.result(10)


def test_threads_with_many_tokens_get_each_its_own_answer() -> None:
    verifier = Gateway().verifier()
    pairs = [(vector["token"], expected(vector)) for vector in VECTORS.values()] * 4

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda pair: answer(verifier, pair[0]), pairs))

    assert answers == [wanted for _, wanted in pairs]


async def test_many_tasks_share_one_fetch_and_one_who_leaves_does_not_end_it() -> None:
    gateway = Gateway()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> bytes:
        begun.set()
        await may_end.wait()
        return gateway.fetch()

    verifier = gateway.async_verifier(slow)
    leaver = asyncio.create_task(verifier.verify(GOOD))
    await begun.wait()
    others = [asyncio.create_task(verifier.verify(GOOD)) for _ in range(8)]
    leaver.cancel()
    may_end.set()

    answers = await asyncio.gather(*others)
    assert {commenter.name for commenter in answers} == {"Ada Lovelace"}
    assert leaver.cancelled()
    assert gateway.fetches == 1


async def test_the_async_verifier_serves_old_keys_while_it_asks_and_when_it_fails() -> None:
    gateway = Gateway()
    begun, may_end = asyncio.Event(), asyncio.Event()
    verifier = gateway.async_verifier()
    await verifier.verify(GOOD)

    async def fails_late() -> bytes:
        begun.set()
        await may_end.wait()
        raise OSError("unreachable")

    verifier._fetch = fails_late
    gateway.now += 600
    first = asyncio.create_task(verifier.verify(GOOD))
    await begun.wait()

    assert await verifier.verify(BY_NEXT)
    may_end.set()
    assert await first


async def test_the_async_verifier_says_when_it_has_no_keys() -> None:
    gateway = Gateway()
    gateway.failure = OSError("unreachable")

    with pytest.raises(KeysUnavailable):
        await gateway.async_verifier().verify(GOOD)


def test_old_tokens_are_forgotten_before_memory_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.verify.REMEMBERED", 3)
    verifier = Gateway().verifier()
    good = [v for v in VECTORS.values() if v["outcome"] == "accepted"]

    for vector in good * 2:
        assert answer(verifier, vector["token"]) == expected(vector)

    assert len(verifier._desk._seen) == 3


def test_no_token_stays_in_memory() -> None:
    verifier = Gateway().verifier()

    verifier.verify(GOOD)

    assert GOOD not in repr(vars(verifier._desk))


# The default fetch


@contextmanager
def http_server(**pages: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    """Serve `pages` by name on a free port of loopback; give the origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = pages[self.path.strip("/").replace(".", "_")]
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def verdict(origin: str) -> str:
    """Say what becomes of a token from elsewhere: 'issuer' shows that the keys were had."""
    verifier = Verifier(origin, CORPUS["site"], clock=lambda: float(CORPUS["now"]))
    try:
        verifier.verify(GOOD)
    except BadToken as refusal:
        return refusal.reason
    except KeysUnavailable:
        return "no keys"
    return "accepted"


def test_keys_come_from_the_issuers_jwks_json() -> None:
    with http_server(jwks_json=(200, {}, key_set("signing"))) as origin:
        assert verdict(origin) == "issuer"


def test_a_redirect_within_the_origin_is_followed() -> None:
    moved = (302, {"Location": "/elsewhere"}, b"")
    with http_server(jwks_json=moved, elsewhere=(200, {}, key_set("signing"))) as origin:
        assert verdict(origin) == "issuer"


def test_N5_a_redirect_to_another_origin_is_not_followed() -> None:
    with http_server(jwks_json=(200, {}, key_set("signing"))) as elsewhere:
        moved = (302, {"Location": f"{elsewhere}/jwks.json"}, b"")
        with http_server(jwks_json=moved) as origin:
            assert verdict(origin) == "no keys"


@pytest.mark.parametrize(
    "page",
    [
        (500, {}, key_set("signing")),
        (404, {}, b"not here"),
        (200, {}, key_set("signing") + b" " * 70_000),
        (200, {}, b"<html>"),
    ],
    ids=["fails", "missing", "huge", "html"],
)
def test_T6_an_answer_without_keys_means_that_nothing_can_be_told(
    page: tuple[int, dict[str, str], bytes],
) -> None:
    with http_server(jwks_json=page) as origin:
        assert verdict(origin) == "no keys"


def test_a_gateway_that_is_not_there_means_that_nothing_can_be_told() -> None:
    with http_server() as origin:
        pass

    assert verdict(origin) == "no keys"


# Settings


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "id.example.org",
        "https://",
        "https://id.example.org/",
        "https://id.example.org/path",
        "https://id.example.org?x=1",
        "https://ada@id.example.org",
        "http://id.example.org",
        "ftp://id.example.org",
        "file:///etc/passwd",
    ],
)
def test_an_issuer_that_is_no_safe_origin_is_refused_at_the_start(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        Verifier(issuer, "blog")


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "http://[::1]:80", "http://localhost"])
def test_an_issuer_on_loopback_may_be_http(issuer: str) -> None:
    assert Verifier(issuer, "blog")


def test_an_empty_site_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="site"):
        Verifier("https://id.example.org", "")
