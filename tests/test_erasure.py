"""Erasure that a provider asks for: who may ask, what is taken away, and the receipt."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import commenters, erasure, gateway_sessions, sessions
from gateway.erasure import read_signed_request
from gateway.errors import BadSignedRequest
from gateway.gate import Gate
from tests.parts import ADA, NOW, gate, open_session, signed_in

APP_SECRET = "0123456789abcdef0123456789abcdef"
ISSUED_AT = 1_790_000_000
VECTOR = (
    "Rw2T1iIZA3g_Ngs3bPdAaAv-exyaIo9m2GDR2ktovVs."
    "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImlzc3VlZF9hdCI6MTc5MDAwMDAwMCwidXNlcl9pZCI6IjEwMjIz"
    "MzQ0NTU2Njc3ODg5In0"
)
PERSON = "10223344556677889"
ERIN = replace(ADA, namespace="facebook", provider_id=PERSON, name="Erin")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signed(payload: bytes, secret: str = APP_SECRET) -> str:
    encoded = _b64(payload)
    return f"{_b64(hmac.digest(secret.encode(), encoded.encode(), hashlib.sha256))}.{encoded}"


def _claims(**changes: Any) -> bytes:
    claims = {"algorithm": "HMAC-SHA256", "issued_at": ISSUED_AT, "user_id": PERSON, **changes}
    return json.dumps({k: v for k, v in claims.items() if v is not None}).encode()


def _read(signed: str, now: int = ISSUED_AT, secret: str = APP_SECRET) -> str:
    return read_signed_request(signed, secret, now)


# -- the signed request --------------------------------------------------------------------------


def test_I7_a_signed_request_names_the_person() -> None:
    assert _read(VECTOR) == PERSON
    assert _read(_signed(_claims())) == PERSON


def test_I7_padding_is_allowed_and_not_needed() -> None:
    signature, _, payload = VECTOR.partition(".")

    assert _read(f"{signature}=.{payload}") == PERSON


@pytest.mark.parametrize(
    "signed",
    [
        _signed(_claims(), secret="another app's secret"),
        _signed(_claims(), secret=""),
        "." + VECTOR.partition(".")[2],
        VECTOR.partition(".")[0],
        VECTOR.partition(".")[0] + ".",
        VECTOR.replace(".", ""),
        VECTOR[1:],
        VECTOR + "x",
        VECTOR.partition(".")[0] + "." + _b64(_claims(user_id="1")),
        "ä." + VECTOR.partition(".")[2],
        VECTOR + "\ud7ff",
        " " + VECTOR,
        "!!!!." + VECTOR.partition(".")[2],
        "",
        ".",
        "a.b.c",
    ],
)
def test_I7_a_forged_request_is_refused(signed: str) -> None:
    with pytest.raises(BadSignedRequest):
        _read(signed)


@pytest.mark.parametrize(
    "payload",
    [
        _claims(algorithm="none"),
        _claims(algorithm="hmac-sha1"),
        _claims(algorithm=None),
        _claims(algorithm=["HMAC-SHA256"]),
        _claims(user_id=None),
        _claims(user_id=""),
        _claims(user_id=10223344556677889),
        _claims(user_id={"id": PERSON}),
        _claims(issued_at=None),
        _claims(issued_at=str(ISSUED_AT)),
        _claims(issued_at=float(ISSUED_AT)),
        _claims(issued_at=True),
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"",
        b"\xff\xfe",
        b'{"algorithm":' * 1000,
    ],
)
def test_I7_a_genuine_request_that_says_something_else_is_refused(payload: bytes) -> None:
    with pytest.raises(BadSignedRequest):
        _read(_signed(payload))


def test_I7_a_request_is_good_for_a_day_and_a_minute_of_skew() -> None:
    assert _read(VECTOR, ISSUED_AT + 86_400) == PERSON
    assert _read(VECTOR, ISSUED_AT - 60) == PERSON
    for now in (ISSUED_AT + 86_401, ISSUED_AT - 61):
        with pytest.raises(BadSignedRequest):
            _read(VECTOR, now)


def test_T6_a_request_larger_than_any_is_refused() -> None:
    with pytest.raises(BadSignedRequest):
        _read(_signed(_claims(more="x" * 5000)))


@given(st.text())
def test_I7_any_text_is_no_signed_request(text: str) -> None:
    with pytest.raises(BadSignedRequest):
        _read(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_I7_whatever_a_genuine_request_holds_it_is_a_person_or_refused(value: object) -> None:
    try:
        person = _read(_signed(_claims(user_id=value)))
    except BadSignedRequest:
        return
    assert person == value


# -- erasing -------------------------------------------------------------------------------------


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Gate]:
    """A gate that knows Erin, who comments on the blog."""
    async with gate(tmp_path) as opened:
        await open_session(opened.db, await signed_in(opened.db, ERIN))
        yield opened


async def _is_known(at: Gate) -> bool:
    return await commenters.identity(at.db, "facebook", PERSON) is not None


async def test_I7_an_erasure_takes_the_person_away_and_leaves_a_receipt(at: Gate) -> None:
    code = await erasure.erase(at, "facebook", PERSON)

    receipt = await erasure.receipt(at, code)
    assert not await _is_known(at)
    assert receipt is not None
    assert (receipt.asked_at, receipt.erased) == (NOW, "person")
    assert await at.db.rows("SELECT * FROM sessions") == []
    assert await at.db.rows("SELECT * FROM gateway_sessions") == []


async def test_I7_a_confirmation_code_is_alphanumeric_and_tells_nothing(at: Gate) -> None:
    code = await erasure.erase(at, "facebook", PERSON)

    assert len(code) == 32
    assert code.isalnum()
    assert PERSON not in code


async def test_I7_asking_again_is_answered_the_same(at: Gate) -> None:
    codes = {await erasure.erase(at, "facebook", PERSON) for _ in range(3)}

    (code,) = codes
    receipt = await erasure.receipt(at, code)
    assert receipt is not None
    assert receipt.erased == "person"


async def test_I7_somebody_unknown_is_answered_the_same(at: Gate) -> None:
    code = await erasure.erase(at, "facebook", "1")

    receipt = await erasure.receipt(at, code)
    assert len(code) == 32
    assert receipt is not None
    assert receipt.erased == "nothing"
    assert await _is_known(at)


async def test_I7_somebody_who_came_back_can_be_erased_again(at: Gate) -> None:
    first = await erasure.erase(at, "facebook", PERSON)
    await open_session(at.db, await signed_in(at.db, ERIN))

    again = await erasure.erase(at, "facebook", PERSON)

    assert again == first
    assert not await _is_known(at)


async def test_I7_two_providers_may_have_people_of_one_number(at: Gate) -> None:
    await signed_in(at.db, replace(ERIN, namespace="wordpress"))

    codes = {await erasure.erase(at, each, PERSON) for each in ("facebook", "wordpress")}

    assert len(codes) == 2


@pytest.mark.parametrize("code", ["", "x", "0" * 32])
async def test_a_code_of_nothing_has_no_receipt(at: Gate, code: str) -> None:
    await erasure.erase(at, "facebook", PERSON)

    assert await erasure.receipt(at, code) is None


async def test_T9_a_confirmation_code_is_hashed_at_rest(at: Gate) -> None:
    code = await erasure.erase(at, "facebook", PERSON)

    (row,) = await at.db.rows("SELECT * FROM deletions")
    assert code not in [row["code_hash"], row["erased"]]


async def test_an_erasure_is_logged_without_saying_whose(
    at: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="commentgate"):
        code = await erasure.erase(at, "facebook", PERSON)

    said = " ".join(str(record.__dict__) for record in caplog.records)
    assert "person" in said
    assert [word for word in (PERSON, "Erin", code) if word in said] == []


async def test_I7_removing_the_app_ends_sessions_and_keeps_the_person(at: Gate) -> None:
    by = await signed_in(at.db, ERIN)
    session = await open_session(at.db, by)

    await erasure.sign_out(at, "facebook", PERSON)

    assert await _is_known(at)
    assert await gateway_sessions.find(at.db, by.id, NOW) is None
    assert await sessions.find(at.db, session.sid, NOW) is None
