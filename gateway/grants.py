"""A grant: the one-use code that a finished attempt leaves for its site, hashed at rest."""

from dataclasses import dataclass
from typing import Literal

from gateway.attempts import Attempt
from gateway.database import Reader, Transaction, insert, shaped
from gateway.seal import Seal, digest
from gateway.sites import url_origin

LIFE = 60  # seconds

Door = Literal["widget"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code was made for: ``origin`` and ``challenge`` are the attempt's.

    It names the identity itself: the same person may sign in by another one before it is redeemed.
    """

    door: Door
    site: str
    origin: str
    challenge: str
    provider: str
    namespace: str
    provider_id: str
    gateway_session: str
    expires_at: int


def code_for(seal: Seal, attempt: Attempt) -> str:
    """The code of an attempt: derived, so that it can be told again without being stored."""
    return seal.mac("code", attempt.id)


async def leave(
    tx: Transaction,
    seal: Seal,
    attempt: Attempt,
    session: str,
    namespace: str,
    provider_id: str,
    now: int,
) -> str:
    """Leave a grant of an identity, signed in by ``session``, for the attempt's site; its code."""
    code = code_for(seal, attempt)
    grant = Grant(
        door="widget",
        site=attempt.site,
        origin=url_origin(attempt.return_to) or "",
        challenge=attempt.challenge,
        provider=attempt.provider,
        namespace=namespace,
        provider_id=provider_id,
        gateway_session=session,
        expires_at=now + LIFE,
    )
    await insert(tx, "grants", grant, code_hash=digest(code))
    return code


async def is_waiting(db: Reader, code: str, now: int) -> bool:
    """Whether the code could still be redeemed."""
    row = await db.row(
        "SELECT 1 FROM grants WHERE code_hash = :hash AND expires_at > :now",
        hash=digest(code),
        now=now,
    )
    return row is not None


async def take(tx: Transaction, code: str) -> Grant | None:
    """Take the grant of a code away, whatever comes of it then; None if there is none."""
    row = await tx.row("DELETE FROM grants WHERE code_hash = :hash RETURNING *", hash=digest(code))
    return shaped(Grant, row) if row else None


async def forget(tx: Transaction, now: int) -> None:
    """Forget codes that nobody redeemed."""
    await tx.execute("DELETE FROM grants WHERE expires_at < :now", now=now)
