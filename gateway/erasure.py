"""Erasure, asked for by a provider or by the person: what is taken away, and the receipt."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway import commenters, events, pictures
from gateway.commenters import Erasure
from gateway.database import Transaction, shaped
from gateway.errors import BadSignedRequest
from gateway.gate import Gate
from gateway.seal import digest

SIGNED_REQUEST_AGE = 86_400  # seconds
SIGNED_REQUEST_LENGTH = 4096  # characters
CLOCK_SKEW = 60  # seconds


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a confirmation code stands for: when it was asked for, and what was there to erase."""

    asked_at: int
    erased: str


def read_signed_request(signed: str, app_secret: str, now: int) -> str:
    """The person (provider id) that a provider's signed request is about.

    Shape: base64url(HMAC-SHA256(app secret, payload)) ``.`` payload, the payload being base64url
    JSON with ``algorithm``, ``issued_at`` and ``user_id``.
    https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
    Raises ``BadSignedRequest``, also for one that is older than a day.
    """
    signature, _, payload = signed[:SIGNED_REQUEST_LENGTH].partition(".")
    expected = hmac.digest(app_secret.encode(), payload.encode(), hashlib.sha256)
    try:
        if not hmac.compare_digest(_bytes(signature), expected):
            raise BadSignedRequest
        claims: dict[str, Any] = msgspec.json.decode(_bytes(payload), type=dict[str, Any])
    except ValueError:
        raise BadSignedRequest from None
    person, issued_at = claims.get("user_id"), claims.get("issued_at")
    if claims.get("algorithm") != "HMAC-SHA256" or not isinstance(issued_at, int):
        raise BadSignedRequest
    if not now - SIGNED_REQUEST_AGE <= issued_at <= now + CLOCK_SKEW:
        raise BadSignedRequest
    if not isinstance(person, str) or not person:
        raise BadSignedRequest
    return person


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64url") from None


async def sign_out(gate: Gate, namespace: str, provider_id: str) -> None:
    """The person took the app's access away: whatever that identity opened here ends."""

    async def work(tx: Transaction) -> None:
        await commenters.sign_out_everywhere(tx, namespace, provider_id)

    await gate.db.transact(work)


async def erase(gate: Gate, namespace: str, provider_id: str) -> str:
    """Erase an identity; the confirmation code, the same at every repetition and for strangers."""
    code = _confirmation_code(gate, namespace, provider_id)

    async def work(tx: Transaction) -> Erasure:
        return await commenters.erase(tx, namespace, provider_id, gate.now())

    return await _with_receipt(gate, code, work, asked_by=namespace)


async def erase_person(gate: Gate, person: str) -> str:
    """Erase somebody who asked for it here, with all identities; the confirmation code."""
    code = _confirmation_code(gate, "person", person)

    async def work(tx: Transaction) -> Erasure:
        return await commenters.erase_person(tx, person, gate.now())

    return await _with_receipt(gate, code, work, asked_by="account")


async def _with_receipt(
    gate: Gate, code: str, erase: Callable[[Transaction], Awaitable[Erasure]], *, asked_by: str
) -> str:
    async def work(tx: Transaction) -> Erasure:
        erased = await erase(tx)
        await pictures.forget_unused(tx)
        await tx.execute(
            "INSERT INTO deletions (code_hash, asked_at, erased) VALUES (:hash, :now, :erased)"
            " ON CONFLICT (code_hash) DO UPDATE SET asked_at = excluded.asked_at,"
            " erased = excluded.erased WHERE excluded.erased <> 'nothing'",
            hash=digest(code),
            now=gate.now(),
            erased=str(erased),
        )
        return erased

    events.erased(asked_by, str(await gate.db.transact(work)))
    return code


async def receipt(gate: Gate, code: str) -> Receipt | None:
    """What a confirmation code stands for, or None."""
    row = await gate.db.row("SELECT * FROM deletions WHERE code_hash = :hash", hash=digest(code))
    return shaped(Receipt, row) if row else None


def _confirmation_code(gate: Gate, namespace: str, id_there: str) -> str:
    """32 hexadecimal digits: Facebook wants the code alphanumeric."""
    derived = gate.seal.mac("deletion", f"{namespace}:{id_there}")
    return hashlib.sha256(derived.encode()).hexdigest()[:32]
