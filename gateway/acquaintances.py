"""An acquaintance: a site that knows a person, what it may see, and who said so.

For a site that is not trusted the person said so, on our own page. A trusted site is the
operator's own: nobody was asked, and ``approved_at`` stays empty.
"""

from dataclasses import dataclass

from gateway.database import Reader, Row, Transaction
from gateway.sites import Site

NOTED = 3_600  # seconds for which a use need not be noted again


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What one site knows; ``shared`` are words of the catalogue, times are seconds."""

    site: str
    shared: tuple[str, ...]
    met_at: int
    used_at: int
    approved_at: int | None


async def find(db: Reader, person: str, site: Site) -> Acquaintance | None:
    """What the site knows of the person, or None if they have not met."""
    row = await db.row(
        "SELECT * FROM acquaintances WHERE person = :person AND site = :site",
        person=person,
        site=site.id,
    )
    return _acquaintance(row) if row else None


def may_know(known: Acquaintance | None, site: Site) -> bool:
    """Whether the site is trusted, or the person lets it see all that it asks for now."""
    approved = known is not None and known.approved_at is not None and _covers(known, site)
    return site.trusted or approved


async def approve(tx: Transaction, person: str, site: Site, now: int) -> None:
    """The person lets the site see what it asks for today."""
    await _write(tx, person, site, now, approved_at=now)


async def meet(
    tx: Transaction, person: str, site: Site, known: Acquaintance | None, now: int
) -> None:
    """The person is at the site, which is noted to the hour; ``known`` is what it knows so far.

    What a trusted site sees beyond the person's yes voids it.
    """
    if known and known.shared == site.shared and now < known.used_at + NOTED:
        return
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
