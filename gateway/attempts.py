"""An attempt: one sign-in under way in one browser, in a record of our own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from gateway.database import Reader, Row, Transaction, insert, shaped
from gateway.seal import Seal, digest, random_id, same

LIFE = 600  # seconds from the click to the provider's answer
REMEMBERED = 86_400  # seconds for which a tombstone still leads back
KEPT = 10  # the newest attempts of one browser

Mode = Literal["popup", "page", "here"]  # here: at our own account page
Outcome = Literal["code", "denied", "expired", "provider", "busy", "off"]


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """What only we and the provider may know of an attempt; encrypted at rest until it is taken."""

    state: str
    verifier: str = ""
    request_token: str = ""
    request_secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a start form asked for, judged."""

    site: str
    provider: str
    mode: Mode
    return_to: str
    challenge: str
    widget_state: str
    proven: bool
    choose_account: bool
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Wish):
    """A wish with its life: until ``outcome`` is set it can still become a session."""

    id: str
    cookie_hash: str
    sealed: str | None
    created_at: int
    expires_at: int
    taken_at: int | None
    gateway_session: str | None
    outcome: Outcome | None

    def belongs_to(self, cookies: Mapping[str, str]) -> bool:
        """Whether the browser with these attempt cookies (id to value) is the one it began in."""
        return same(digest(cookies.get(self.id, "")), self.cookie_hash)

    def secrets(self, seal: Seal) -> Secrets | None:
        """What was sealed, or None once it is taken or its secret key is gone."""
        plain = seal.unwrap("attempt", self.sealed) if self.sealed else None
        return msgspec.json.decode(plain, type=Secrets) if plain else None


async def record(tx: Transaction, wish: Wish, address: str, now: int) -> tuple[str, str]:
    """Write a new attempt down; its id, and its cookie's value, which can't be told from the id."""
    attempt, cookie = random_id(), random_id()
    await insert(
        tx,
        "attempts",
        wish,
        id=attempt,
        cookie_hash=digest(cookie),
        address=address,
        created_at=now,
        expires_at=now + LIFE,
    )
    return attempt, cookie


async def pending_from(db: Reader, address: str, now: int) -> int:
    """How many attempts from one address prefix could still be finished."""
    row = await db.row(
        "SELECT count(*) AS pending FROM attempts WHERE address = :address AND address <> ''"
        " AND expires_at > :now AND taken_at IS NULL AND outcome IS NULL",
        address=address,
        now=now,
    )
    return int(row["pending"]) if row else 0


async def by_id(db: Reader, attempt: str) -> Attempt | None:
    """The attempt or its tombstone, or None."""
    return _attempt(await db.row("SELECT * FROM attempts WHERE id = :id", id=attempt))


async def by_state(db: Reader, state: str) -> Attempt | None:
    """The attempt that gave this state (or OAuth 1.0a request token) to its provider, or None."""
    return _attempt(
        await db.row("SELECT * FROM attempts WHERE state_hash = :hash", hash=digest(state))
    )


def new_secrets() -> Secrets:
    """The state and verifier of one visit to the provider (state: 32 characters, verifier: 48)."""
    return Secrets(state=random_id(24), verifier=random_id(36))


async def keep_secrets(tx: Transaction, attempt: Attempt, seal: Seal, secrets: Secrets) -> bool:
    """Keep what the provider will name the attempt by: the state, or OAuth 1.0a's request token.

    False if the attempt is not any more as it was read: another window was faster.
    """
    return bool(
        await tx.execute(
            "UPDATE attempts SET state_hash = :hash, sealed = :sealed WHERE id = :id"
            " AND taken_at IS NULL AND outcome IS NULL AND coalesce(sealed, '') = :before",
            id=attempt.id,
            hash=digest(secrets.request_token or secrets.state),
            sealed=seal.wrap("attempt", msgspec.json.encode(secrets)),
            before=attempt.sealed or "",
        )
    )


async def take(tx: Transaction, attempt: str, now: int) -> bool:
    """Take the attempt for its one use; False for whoever comes second."""
    return bool(
        await tx.execute(
            "UPDATE attempts SET taken_at = :now, sealed = NULL"
            " WHERE id = :id AND taken_at IS NULL AND outcome IS NULL",
            id=attempt,
            now=now,
        )
    )


async def identify(tx: Transaction, attempt: str, gateway_session: str, now: int) -> None:
    """Fix whose attempt this is, while the person is asked whether the site may know them."""
    await tx.execute(
        "UPDATE attempts SET gateway_session = :gateway_session, sealed = NULL,"
        " taken_at = coalesce(taken_at, :now) WHERE id = :id AND outcome IS NULL",
        id=attempt,
        gateway_session=gateway_session,
        now=now,
    )


async def begin_again(tx: Transaction, attempt: str) -> str | None:
    """Whose attempt it was has changed meanwhile: open it anew; its old state is dead.

    The network that it came from, or None for a tombstone.
    """
    row = await tx.row(
        "UPDATE attempts SET gateway_session = NULL, taken_at = NULL, state_hash = NULL,"
        " sealed = NULL WHERE id = :id AND outcome IS NULL RETURNING address",
        id=attempt,
    )
    return str(row["address"]) if row else None


async def choose_again(tx: Transaction, attempt: str, now: int) -> None:
    """The person wants another account: open it anew for as long as a new attempt has."""
    await begin_again(tx, attempt)
    await tx.execute(
        "UPDATE attempts SET choose_account = TRUE, expires_at = :expires_at"
        " WHERE id = :id AND outcome IS NULL",
        id=attempt,
        expires_at=now + LIFE,
    )


async def end(tx: Transaction, attempt: str, outcome: Outcome, now: int) -> bool:
    """Turn the attempt into a tombstone; False if it was one already."""
    return bool(
        await tx.execute(
            "UPDATE attempts SET outcome = :outcome, ended_at = :now, sealed = NULL, address = '',"
            " taken_at = coalesce(taken_at, :now) WHERE id = :id AND outcome IS NULL",
            id=attempt,
            outcome=outcome,
            now=now,
        )
    )


async def too_many(db: Reader, cookies: Mapping[str, str], keep: str) -> list[str]:
    """The attempts of one browser beyond the newest ten, ``keep`` never among them.

    ``cookies`` are its attempt cookies, id to value. Cookies of nothing go first, then
    tombstones, then unproven attempts, then the oldest.
    """
    if len(cookies) <= KEPT:
        return []
    marks = {f"id{number}": attempt for number, attempt in enumerate(cookies)}
    rows = await db.rows(
        f"SELECT * FROM attempts WHERE id IN ({', '.join(f':{mark}' for mark in marks)})",  # noqa: S608  # marks of ours, values by marks
        **marks,
    )
    ranked = dict.fromkeys(cookies, (0, 0))
    for row in rows:
        found = shaped(Attempt, row)
        if found.belongs_to(cookies):
            rank = 1 if found.outcome else 3 if found.proven else 2
            ranked[found.id] = (4 if found.id == keep else rank, found.created_at)
    first_to_go = sorted(cookies, key=lambda attempt: (*ranked[attempt], attempt))
    return first_to_go[: len(cookies) - KEPT]


async def drop(tx: Transaction, cookies: Mapping[str, str], attempts: list[str]) -> None:
    """Forget a browser's own attempts altogether; an id without its cookie touches nothing."""
    for attempt in attempts:
        await tx.execute(
            "DELETE FROM attempts WHERE id = :id AND cookie_hash = :cookie_hash",
            id=attempt,
            cookie_hash=digest(cookies[attempt]),
        )


async def forget(tx: Transaction, now: int) -> None:
    """Forget tombstones that have led back for a day, and where an attempt in time came from."""
    await tx.execute("DELETE FROM attempts WHERE created_at < :then", then=now - REMEMBERED - LIFE)
    await tx.execute(
        "UPDATE attempts SET address = '' WHERE expires_at <= :now AND address <> ''", now=now
    )


def _attempt(row: Row | None) -> Attempt | None:
    return shaped(Attempt, row) if row else None
