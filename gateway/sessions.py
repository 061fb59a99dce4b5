"""A session with one site: opened by a code, renewed by refresh tokens, ended by Log out.

A refresh token is ``sid.generation.mac``. Nothing of it is stored but the generation that was
issued last, so an old token can be answered with the same successor again, and nothing at rest
is enough to make one. Rotation and reuse: RFC 9700 section 4.14.2.
"""

from dataclasses import dataclass

from gateway.database import Reader, Transaction, insert, shaped
from gateway.gateway_sessions import GatewaySession
from gateway.grants import Door
from gateway.seal import Seal, random_id

IDLE = 14 * 86_400  # seconds since the last refresh
ABSOLUTE = 60 * 86_400  # seconds since it was opened
KEPT = 20  # of one person with one site, each in a browser of its own or forgotten by one
GRACE = 60  # seconds for which a token still answers after its successor was redeemed
REFRESH_TOKEN_LENGTH = 100  # characters, at most


@dataclass(frozen=True, slots=True)
class Session:
    """Who comments on which site, in what browser (coarse words, may be empty).

    ``generation`` counts the refresh tokens issued.
    """

    sid: str
    door: Door
    site: str
    subject: str
    avatar: str
    person: str
    namespace: str
    provider_id: str
    provider: str
    gateway_session: str
    auth_time: int
    browser: str
    generation: int
    advanced_at: int
    created_at: int
    renewed_at: int

    def is_live(self, now: int) -> bool:
        """Neither idle for too long nor too old."""
        return now < self.renewed_at + IDLE and now < self.created_at + ABSOLUTE


def refresh_token(seal: Seal, session: str, generation: int) -> str:
    """The refresh token of one generation."""
    named = f"{session}.{generation}"
    return f"{named}.{seal.mac('refresh token', named)}"


def read_refresh_token(seal: Seal, token: str) -> tuple[str, int] | None:
    """The session's sid and the generation that a genuine token stands for, else None."""
    named, _, mac = token[:REFRESH_TOKEN_LENGTH].rpartition(".")
    sid, _, generation = named.rpartition(".")
    if not generation.isascii() or not generation.isdigit():
        return None
    return (sid, int(generation)) if seal.is_mac("refresh token", named, mac) else None


async def open_session(
    tx: Transaction,
    signed_in: GatewaySession,
    site: str,
    subject: str,
    avatar: str,
    door: Door,
    browser: str,
    now: int,
) -> Session:
    """Open a session of the person who is signed in here with one site.

    Beyond ``KEPT`` the one renewed longest ago makes room.
    """
    await _make_room(tx, signed_in.person, site)
    session = Session(
        sid=random_id(),
        door=door,
        site=site,
        subject=subject,
        avatar=avatar,
        person=signed_in.person,
        namespace=signed_in.namespace,
        provider_id=signed_in.provider_id,
        provider=signed_in.provider,
        gateway_session=signed_in.id,
        auth_time=signed_in.auth_time,
        browser=browser,
        generation=1,
        advanced_at=now,
        created_at=now,
        renewed_at=now,
    )
    await insert(tx, "sessions", session)
    return session


async def _make_room(tx: Transaction, person: str, site: str) -> None:
    await tx.execute(
        "DELETE FROM sessions WHERE person = :person AND site = :site AND sid NOT IN"
        " (SELECT sid FROM sessions WHERE person = :person AND site = :site"
        " ORDER BY renewed_at DESC, created_at DESC LIMIT :others)",
        person=person,
        site=site,
        others=KEPT - 1,
    )


async def find(db: Reader, sid: str, now: int) -> Session | None:
    """A live session, or None."""
    row = await db.row("SELECT * FROM sessions WHERE sid = :sid", sid=sid)
    session = shaped(Session, row) if row else None
    return session if session and session.is_live(now) else None


async def advance(tx: Transaction, session: Session, presented: int, now: int) -> int | None:
    """Redeem a refresh token of generation ``presented``; the generation to answer with.

    The last one issued is followed by a new one. The one before answers that same successor
    until it is redeemed, and for ``GRACE`` after. Anything older has been stolen or replayed:
    the session ends, and the answer is None.
    """
    if presented == session.generation:
        await tx.execute(
            "UPDATE sessions SET generation = :next, advanced_at = :now, renewed_at = :now"
            " WHERE sid = :sid",
            next=presented + 1,
            now=now,
            sid=session.sid,
        )
        return presented + 1
    successor_waits = presented == session.generation - 1
    in_grace = presented == session.generation - 2 and now <= session.advanced_at + GRACE
    if successor_waits or in_grace:
        return presented + 1
    await end(tx, session.sid)
    return None


async def end(tx: Transaction, sid: str) -> None:
    """End the session; its tokens die at their next refresh, at the latest at ``exp``."""
    await tx.execute("DELETE FROM sessions WHERE sid = :sid", sid=sid)


async def of_person(db: Reader, person: str, now: int) -> list[Session]:
    """A person's live sessions, the one used last first."""
    rows = await db.rows(
        "SELECT * FROM sessions WHERE person = :person ORDER BY renewed_at DESC, sid",
        person=person,
    )
    live = (shaped(Session, row) for row in rows)
    return [session for session in live if session.is_live(now)]


async def end_all(tx: Transaction, person: str) -> int:
    """End all of a person's sessions with sites; how many there were."""
    return await tx.execute("DELETE FROM sessions WHERE person = :person", person=person)


async def forget(tx: Transaction, now: int) -> None:
    """Forget sessions that are idle or too old."""
    await tx.execute(
        "DELETE FROM sessions WHERE renewed_at < :idle OR created_at < :absolute",
        idle=now - IDLE,
        absolute=now - ABSOLUTE,
    )
