"""What only the gateway can read or make, under several secrets at once."""

import base64
import hashlib
import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.seal import Seal, b64url, digest, random_id, same

OLD, NEW = b"the secret that was there at first", b"the secret that was put in front of it"
BEFORE, BETWEEN, AFTER = Seal([OLD]), Seal([NEW, OLD]), Seal([NEW])


# -- small things --------------------------------------------------------------------------------


def test_bytes_are_written_as_base64url_without_padding() -> None:
    assert b64url(b"\xfb\xff\xfe?") == "-__-Pw"
    assert b64url(b"") == ""


def test_random_ids_have_128_bits_and_differ() -> None:
    ids = {random_id() for _ in range(100)}

    assert len(ids) == 100
    assert {len(one) for one in ids} == {22}
    assert set("".join(ids)) <= set(string.ascii_letters + string.digits + "-_")


def test_a_digest_is_sha256_in_base64url() -> None:
    assert digest("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"


def test_T8_equal_texts_are_the_same_and_an_empty_one_never_is() -> None:
    assert same("abc", "abc")
    assert same("é", "é")
    assert not same("abc", "abd")
    assert not same("abc", "abcd")
    assert not same("", "")
    assert not same("", "abc")


# -- codes ---------------------------------------------------------------------------------------


def test_a_mac_is_of_its_purpose_and_its_message() -> None:
    mac = AFTER.mac("code", "ada")

    assert AFTER.is_mac("code", "ada", mac)
    assert not AFTER.is_mac("code", "bob", mac)
    assert not AFTER.is_mac("refresh token", "ada", mac)
    assert len(mac) == 43


@pytest.mark.parametrize("forged", ["", "x", "é", "A" * 43])
def test_a_forged_mac_is_none(forged: str) -> None:
    assert not AFTER.is_mac("code", "ada", forged)


def test_nobody_without_a_derived_key_can_make_a_mac() -> None:
    """The purpose's key is derived (HKDF): the secret itself makes nothing."""
    by_secret = b64url(hmac.digest(NEW, b"ada", hashlib.sha256))

    assert not AFTER.is_mac("code", "ada", by_secret)


def test_a_mac_of_the_older_secret_is_good_until_that_is_taken_away() -> None:
    mac = BEFORE.mac("code", "ada")

    assert BETWEEN.is_mac("code", "ada", mac)
    assert not AFTER.is_mac("code", "ada", mac)
    assert BETWEEN.mac("code", "ada") == AFTER.mac("code", "ada") != mac


# -- signatures ----------------------------------------------------------------------------------


def test_what_was_signed_is_given_back_and_readable_by_anybody() -> None:
    signed = AFTER.sign("gateway session", "ada")

    readable = base64.urlsafe_b64decode(signed.partition(".")[0] + "==")
    assert AFTER.unsign("gateway session", signed) == "ada"
    assert readable == b'"ada"'


def test_a_signature_is_of_its_purpose() -> None:
    assert AFTER.unsign("csrf", AFTER.sign("gateway session", "ada")) is None


def test_a_signature_of_the_older_secret_is_good_until_that_is_taken_away() -> None:
    signed = BEFORE.sign("gateway session", "ada")

    assert BETWEEN.unsign("gateway session", signed) == "ada"
    assert AFTER.unsign("gateway session", signed) is None
    assert AFTER.unsign("gateway session", BETWEEN.sign("gateway session", "ada")) == "ada"


@given(place=st.integers(0, 200), to=st.sampled_from(string.ascii_letters + "-_.=%\x00é"))
def test_a_signed_value_with_one_other_character_is_forged(place: int, to: str) -> None:
    signed = AFTER.sign("gateway session", "ada")
    place %= len(signed)
    forged = signed[:place] + to + signed[place + 1 :]

    read = AFTER.unsign("gateway session", forged)

    assert read is None or forged == signed or _decodes_alike(signed, forged)


def _decodes_alike(signed: str, forged: str) -> bool:
    """The last character of a signature carries bits that base64 does not use."""
    return signed[:-1] == forged[:-1]


@given(st.text())
def test_any_text_is_no_signed_value(text: str) -> None:
    assert AFTER.unsign("gateway session", text) is None


# -- encryption ----------------------------------------------------------------------------------


def test_what_was_wrapped_is_given_back_and_not_readable() -> None:
    wrapped = AFTER.wrap("attempt", b"a secret of ada's")

    parts = [base64.urlsafe_b64decode(part + "==") for part in wrapped.split(".")]
    assert AFTER.unwrap("attempt", wrapped) == b"a secret of ada's"
    assert b"ada" not in b"".join(parts)
    assert wrapped != AFTER.wrap("attempt", b"a secret of ada's")


def test_what_is_wrapped_beside_others_opens_for_whoever_opens_those() -> None:
    old, new = BEFORE.wrap("attempt", b"old"), BETWEEN.wrap("attempt", b"new")

    for others, reader in (([old], BEFORE), ([new, old], BEFORE), ([new], AFTER), ([], AFTER)):
        wrapped = BETWEEN.wrap_beside("attempt", b"ada", others)

        assert reader.unwrap("attempt", wrapped) == b"ada"


def test_what_was_wrapped_opens_for_its_purpose_only() -> None:
    assert AFTER.unwrap("signing key", AFTER.wrap("attempt", b"ada")) is None


def test_what_the_older_secret_wrapped_opens_until_that_is_taken_away() -> None:
    wrapped = BEFORE.wrap("attempt", b"ada")

    assert BETWEEN.unwrap("attempt", wrapped) == b"ada"
    assert AFTER.unwrap("attempt", wrapped) is None


def test_the_newest_secret_knows_its_own() -> None:
    assert not BETWEEN.is_newest("attempt", BEFORE.wrap("attempt", b"ada"))
    assert BETWEEN.is_newest("attempt", BETWEEN.wrap("attempt", b"ada"))
    assert not BETWEEN.is_newest("attempt", "")


def test_an_empty_value_comes_back_empty() -> None:
    assert AFTER.unwrap("attempt", AFTER.wrap("attempt", b"")) == b""


@given(place=st.integers(0, 400), to=st.sampled_from(string.ascii_letters + "-_.=\x00é"))
def test_a_wrapped_value_with_one_other_character_does_not_open(place: int, to: str) -> None:
    wrapped = AFTER.wrap("attempt", b"ada")
    place %= len(wrapped)
    forged = wrapped[:place] + to + wrapped[place + 1 :]

    assert AFTER.unwrap("attempt", forged) in (
        None,
        b"ada" if _same_bytes(wrapped, forged) else None,
    )


def _same_bytes(one: str, other: str) -> bool:
    try:
        return [base64.urlsafe_b64decode(part + "==") for part in one.split(".")] == [
            base64.urlsafe_b64decode(part + "==") for part in other.split(".")
        ]
    except ValueError:
        return False


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*){4}", fullmatch=True))
def test_any_text_opens_to_nothing(text: str) -> None:
    assert AFTER.unwrap("attempt", text) is None


def test_another_algorithm_in_the_header_does_not_open() -> None:
    wrapped = AFTER.wrap("attempt", b"ada").split(".")
    for header in (
        b'{"alg":"none"}',
        b'{"alg":"dir","enc":"A128GCM"}',
        b'{"alg":"dir"}',
        b"[]",
        b"",
    ):
        forged = ".".join([b64url(header), *wrapped[1:]])
        assert AFTER.unwrap("attempt", forged) is None
