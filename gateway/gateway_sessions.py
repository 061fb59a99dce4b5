"""The gateway's own session with a browser: one a browser, it saves the next visit to the provider.

The cookie holds a signed random value; the database holds its hash. The value changes at every
sign-in; the row stays while the person is the same.
"""

from dataclasses import dataclass

from gateway.database import Reader, Row, Transaction, shaped
from gateway.seal import Seal, digest, random_id
from providers.base import Identity

IDLE = 14 * 86_400  # seconds since it was last used
ABSOLUTE = 60 * 86_400  # seconds since it began
NOTED = 3_600  # seconds for which a use need not be noted again
FOLLOWED = 3_600  # seconds for which a row followed by another person's is kept

# A session dies with the ban of its person.
_OF_WELCOME = (
    "SELECT gateway_sessions.* FROM gateway_sessions"
    " JOIN persons ON persons.id = gateway_sessions.person AND persons.banned_at IS NULL"
    " WHERE TRUE"
)


@dataclass(frozen=True, slots=True)
class GatewaySession:
    """Who is signed in here, by which provider entry, since when (``auth_time``, seconds)."""

    id: str
    person: str
    namespace: str
    provider_id: str
    provider: str
    auth_time: int
    created_at: int
    used_at: int

    def is_live(self, now: int) -> bool:
        """Neither idle for too long nor too old."""
        return now < self.used_at + IDLE and now < self.created_at + ABSOLUTE


async def find(db: Reader, session: str, now: int) -> GatewaySession | None:
    """A live session by its row."""
    return _live(await db.row(f"{_OF_WELCOME} AND gateway_sessions.id = :id", id=session), now)


async def of_browser(db: Reader, seal: Seal, cookie: str | None, now: int) -> GatewaySession | None:
    """The live session that a cookie's value stands for, or None."""
    value = seal.unsign("gateway session", cookie) if cookie else None
    if not value:
        return None
    row = await db.row(f"{_OF_WELCOME} AND cookie_hash = :hash", hash=digest(value))
    return _live(row, now)


async def begin(
    tx: Transaction,
    seal: Seal,
    before: GatewaySession | None,
    identity: Identity,
    person: str,
    provider: str,
    now: int,
) -> tuple[str, str]:
    """Sign a person in; the row's id and the new cookie.

    The same person keeps the row. Another one gets a row of their own, and nobody can come back
    to the one ``before``.
    """
    value = random_id(24)
    same_person = before is not None and before.person == person
    session = before.id if before and same_person else random_id()
    if before and not same_person:
        await tx.execute(
            "UPDATE gateway_sessions SET cookie_hash = NULL, used_at = :now WHERE id = :id",
            id=before.id,
            now=now,
        )
    await tx.execute(
        "INSERT INTO gateway_sessions (id, cookie_hash, person, namespace, provider_id, provider,"
        " auth_time, created_at, used_at) VALUES (:id, :cookie_hash, :person, :namespace,"
        " :provider_id, :provider, :now, :now, :now) ON CONFLICT (id) DO UPDATE SET"
        " cookie_hash = excluded.cookie_hash, namespace = excluded.namespace,"
        " provider_id = excluded.provider_id, provider = excluded.provider,"
        " auth_time = excluded.auth_time, created_at = excluded.created_at,"
        " used_at = excluded.used_at",
        id=session,
        cookie_hash=digest(value),
        person=person,
        namespace=identity.namespace,
        provider_id=identity.provider_id,
        provider=provider,
        now=now,
    )
    return session, seal.sign("gateway session", value)


async def touch(tx: Transaction, session: GatewaySession, now: int) -> None:
    """Note that the session was used, to the hour."""
    if now >= session.used_at + NOTED:
        await tx.execute(
            "UPDATE gateway_sessions SET used_at = :now WHERE id = :id", id=session.id, now=now
        )


async def end(tx: Transaction, session: str) -> None:
    """End it: no cookie leads to it any more, and grants that came from it are dead."""
    await tx.execute("DELETE FROM gateway_sessions WHERE id = :id", id=session)


async def forget(tx: Transaction, now: int) -> None:
    """Forget what is idle, too old, or was followed by another person's session."""
    await tx.execute(
        "DELETE FROM gateway_sessions WHERE used_at < :idle OR created_at < :absolute"
        " OR (cookie_hash IS NULL AND used_at < :followed)",
        idle=now - IDLE,
        absolute=now - ABSOLUTE,
        followed=now - FOLLOWED,
    )


def _live(row: Row | None, now: int) -> GatewaySession | None:
    session = shaped(GatewaySession, row) if row else None
    return session if session and session.is_live(now) else None
