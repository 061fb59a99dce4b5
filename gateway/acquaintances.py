"""An acquaintance: a site that knows a person, what it may see, and who said so.

For a site that is not trusted the person said so, on our own page. A trusted site is the
operator's own: nobody was asked, and ``approved_at`` stays empty.
"""

from dataclasses import dataclass

from gateway.database import Reader, Row, Transaction
from gateway.sites import Site


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What one site knows; ``shared`` are words of the catalogue, times are seconds."""

    site: str
    shared: tuple[str, ...]
    met_at: int
    used_at: int
    approved_at: int | None


async def may_know(db: Reader, person: str, site: Site) -> bool:
    """Whether the site is trusted, or the person lets it see all that it asks for now."""
    if site.trusted:
        return True
    known = await _find(db, person, site)
    return known is not None and known.approved_at is not None and _covers(known, site)


async def approve(tx: Transaction, person: str, site: Site, now: int) -> None:
    """The person lets the site see what it asks for today."""
    await _write(tx, person, site, now, approved_at=now)


async def meet(tx: Transaction, person: str, site: Site, now: int) -> None:
    """The person signed in at the site; what a trusted one sees beyond their yes voids it."""
    known = await _find(tx, person, site)
    still = known.approved_at if known and _covers(known, site) else None
    await _write(tx, person, site, now, approved_at=still)


async def _write(
    tx: Transaction, person: str, site: Site, now: int, *, approved_at: int | None
) -> None:
    await tx.execute(
        "INSERT INTO acquaintances (person, site, shared, met_at, used_at, approved_at)"
        " VALUES (:person, :site, :shared, :now, :now, :approved_at)"
        " ON CONFLICT (person, site) DO UPDATE SET shared = excluded.shared,"
        " used_at = excluded.used_at, approved_at = excluded.approved_at",
        person=person,
        site=site.id,
        shared=" ".join(site.shared),
        now=now,
        approved_at=approved_at,
    )


async def touch(tx: Transaction, person: str, site: Site, now: int) -> None:
    """The person's session with the site was renewed."""
    await tx.execute(
        "UPDATE acquaintances SET used_at = :now WHERE person = :person AND site = :site",
        now=now,
        person=person,
        site=site.id,
    )


async def withdraw(tx: Transaction, person: str, site: str) -> bool:
    """The site shall not know the person any more: its sessions end; False if it did not."""
    await tx.execute(
        "DELETE FROM sessions WHERE person = :person AND site = :site", person=person, site=site
    )
    gone = await tx.execute(
        "DELETE FROM acquaintances WHERE person = :person AND site = :site",
        person=person,
        site=site,
    )
    return bool(gone)


async def of_person(db: Reader, person: str) -> list[Acquaintance]:
    """Every site that knows a person, the one used last first."""
    rows = await db.rows(
        "SELECT * FROM acquaintances WHERE person = :person ORDER BY used_at DESC, site",
        person=person,
    )
    return [_acquaintance(row) for row in rows]


async def _find(db: Reader, person: str, site: Site) -> Acquaintance | None:
    row = await db.row(
        "SELECT * FROM acquaintances WHERE person = :person AND site = :site",
        person=person,
        site=site.id,
    )
    return _acquaintance(row) if row else None


def _covers(known: Acquaintance, site: Site) -> bool:
    return set(site.shared) <= set(known.shared)


def _acquaintance(row: Row) -> Acquaintance:
    return Acquaintance(
        site=row["site"],
        shared=tuple(row["shared"].split()),
        met_at=row["met_at"],
        used_at=row["used_at"],
        approved_at=row["approved_at"],
    )
