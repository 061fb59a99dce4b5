"""The people we have seen: identities, the person behind them, and our name for them at a site."""

from dataclasses import dataclass

from gateway.database import Reader, Row, Transaction, present
from gateway.seal import random_id
from gateway.sites import Site
from gateway.text import clean, email, web_url
from providers.base import Identity


@dataclass(frozen=True, slots=True)
class Known:
    """An identity with the times (seconds) at which it was first and last seen."""

    identity: Identity
    created_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was taken away: ``identity`` if we knew it, ``person`` if that was their last one."""

    identity: bool
    person: bool

    def __str__(self) -> str:
        return "person" if self.person else "identity" if self.identity else "nothing"


async def recognise(tx: Transaction, identity: Identity, now: int, *, keep_email: bool) -> str:
    """The person behind an identity, made at the first meeting; what they show is kept current.

    An e-mail is kept only when a site wants it, and never joins two identities.
    """
    address = email(identity.email) if keep_email else None
    known = await tx.row(
        "SELECT person FROM identities WHERE namespace = :namespace AND provider_id = :provider_id",
        namespace=identity.namespace,
        provider_id=identity.provider_id,
    )
    person: str = known["person"] if known else await _new_person(tx, now)
    row = await tx.row(
        "INSERT INTO identities (namespace, provider_id, person, name, username, profile_url,"
        " avatar_url, email, email_verified, created_at, seen_at)"
        " VALUES (:namespace, :provider_id, :person, :name, :username, :profile_url,"
        " :avatar_url, :email, :email_verified, :now, :now)"
        " ON CONFLICT (namespace, provider_id) DO UPDATE SET name = excluded.name,"
        " username = excluded.username, profile_url = excluded.profile_url,"
        " avatar_url = excluded.avatar_url,"
        " email = CASE WHEN :keep_email THEN excluded.email ELSE identities.email END,"
        " email_verified = CASE WHEN :keep_email THEN excluded.email_verified"
        " ELSE identities.email_verified END, seen_at = excluded.seen_at RETURNING person",
        namespace=identity.namespace,
        provider_id=identity.provider_id,
        person=person,
        name=clean(identity.name) or clean(identity.username or "") or identity.provider_id,
        username=clean(identity.username or "") or None,
        profile_url=web_url(identity.profile_url),
        avatar_url=web_url(identity.avatar_url),
        email=address,
        email_verified=address is not None and identity.email_verified,
        keep_email=keep_email,
        now=now,
    )
    return str(row["person"]) if row else person  # a node that was faster has made the person


async def _new_person(tx: Transaction, now: int) -> str:
    person = random_id()
    await tx.execute("INSERT INTO persons (id, created_at) VALUES (:id, :now)", id=person, now=now)
    return person


async def identity(db: Reader, namespace: str, provider_id: str) -> Identity | None:
    """What an identity showed at its last sign-in, or None if it was erased."""
    row = await db.row(
        "SELECT * FROM identities WHERE namespace = :namespace AND provider_id = :provider_id",
        namespace=namespace,
        provider_id=provider_id,
    )
    return _identity(row) if row else None


async def identities(db: Reader, person: str) -> list[Known]:
    """The identities of a person, the first one first."""
    rows = await db.rows(
        "SELECT * FROM identities WHERE person = :person ORDER BY created_at, namespace",
        person=person,
    )
    return [Known(_identity(row), row["created_at"], row["seen_at"]) for row in rows]


async def subjects(db: Reader, person: str) -> list[Row]:
    """Our names for a person: subject, site ('' for the public one), created_at."""
    return await db.rows(
        "SELECT subject, site, created_at FROM subjects WHERE person = :person ORDER BY site",
        person=person,
    )


def _identity(row: Row) -> Identity:
    return Identity(
        namespace=row["namespace"],
        provider_id=row["provider_id"],
        name=row["name"],
        username=row["username"],
        profile_url=row["profile_url"],
        avatar_url=row["avatar_url"],
        email=row["email"],
        email_verified=bool(row["email_verified"]),
    )


async def subject(tx: Transaction, person: str, site: Site, now: int) -> str:
    """Our name for a person at a site: 128 random bits, made once, never reassigned."""
    row = await tx.row(
        "SELECT subject FROM subjects WHERE person = :person AND site = :site",
        person=person,
        site=site.subject_scope,
    ) or await tx.row(
        "INSERT INTO subjects (subject, person, site, created_at)"
        " VALUES (:subject, :person, :site, :now)"
        " ON CONFLICT (person, site) DO UPDATE SET site = excluded.site RETURNING subject",
        subject=random_id(),
        person=person,
        site=site.subject_scope,
        now=now,
    )
    return str(present(row)["subject"])


async def is_banned(db: Reader, person: str, site: Site) -> bool:
    """Whether the person may not comment, here or anywhere."""
    row = await db.row(
        "SELECT 1 FROM persons LEFT JOIN subjects ON subjects.person = persons.id"
        " AND subjects.site = :site WHERE persons.id = :person"
        " AND (persons.banned_at IS NOT NULL OR subjects.banned_at IS NOT NULL)",
        person=person,
        site=site.subject_scope,
    )
    return row is not None


async def sign_out_everywhere(tx: Transaction, namespace: str, provider_id: str) -> None:
    """End every session, ours and the sites', that this identity opened, and codes that wait."""
    for table in ("grants", "sessions", "gateway_sessions"):
        await tx.execute(
            f"DELETE FROM {table} WHERE namespace = :namespace AND provider_id = :provider_id",  # noqa: S608  # the names stand in the line above
            namespace=namespace,
            provider_id=provider_id,
        )


async def erase_person(tx: Transaction, person: str, now: int) -> Erasure:
    """Take all identities of a person away, and with the last one the person."""
    erased = Erasure(identity=False, person=False)
    for known in await identities(tx, person):
        identity = known.identity
        erased = await erase(tx, identity.namespace, identity.provider_id, now)
    return erased


async def erase(tx: Transaction, namespace: str, provider_id: str, now: int) -> Erasure:
    """Take an identity and its sessions away, and the person with their last identity.

    Subjects stay as tombstones without a person, so that none is ever given to somebody else.
    """
    await sign_out_everywhere(tx, namespace, provider_id)
    row = await tx.row(
        "DELETE FROM identities WHERE namespace = :namespace AND provider_id = :provider_id"
        " RETURNING person",
        namespace=namespace,
        provider_id=provider_id,
    )
    if row is None:
        return Erasure(identity=False, person=False)
    await tx.execute(
        "UPDATE avatars SET namespace = NULL, provider_id = NULL"
        " WHERE namespace = :namespace AND provider_id = :provider_id",
        namespace=namespace,
        provider_id=provider_id,
    )
    person = row["person"]
    if await tx.row("SELECT 1 FROM identities WHERE person = :person", person=person):
        return Erasure(identity=True, person=False)
    await tx.execute(
        "UPDATE subjects SET person = NULL, erased_at = :now WHERE person = :person",
        person=person,
        now=now,
    )
    await tx.execute("UPDATE avatars SET person = NULL WHERE person = :person", person=person)
    await tx.execute("DELETE FROM acquaintances WHERE person = :person", person=person)
    await tx.execute("DELETE FROM persons WHERE id = :person", person=person)
    return Erasure(identity=True, person=True)
