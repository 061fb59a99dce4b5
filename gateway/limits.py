"""Rate limits in the database, so that they hold across workers: GCRA, one row a name.

A limit of N a minute lets N come at once and then one every 60/N seconds.
"""

import ipaddress
from functools import lru_cache
from math import ceil

from gateway.database import Transaction
from gateway.errors import TooMany

# Milliseconds: a row that far back says nothing any more; one that far ahead is from before the
# clock was set back.
_KEPT = 120_000


@lru_cache(maxsize=1024)
def address_prefix(address: str) -> str:
    """What counts as one visitor's network: an IPv4 address, or the /56 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 56), strict=False).network_address)
    return str(parsed)


async def count(tx: Transaction, name: str, per_minute: int, now: float) -> None:
    """Count one more under ``name``. Raises ``TooMany`` with the seconds to wait."""
    arrived = int(now * 1000)
    step = 60_000 // per_minute
    latest = arrived + step * (per_minute - 1)
    row = await tx.row(
        "INSERT INTO limits (name, arrival) VALUES (:name, :first)"
        " ON CONFLICT (name) DO UPDATE SET arrival = CASE WHEN limits.arrival > :now"
        " AND limits.arrival <= :possible THEN limits.arrival ELSE :now END + :step"
        " WHERE limits.arrival <= :latest OR limits.arrival > :possible RETURNING arrival",
        name=name,
        first=arrived + step,
        now=arrived,
        step=step,
        latest=latest,
        possible=arrived + _KEPT,
    )
    if row is None:
        full = await tx.row("SELECT arrival FROM limits WHERE name = :name", name=name)
        waiting = (full["arrival"] if full else arrived) - latest
        raise TooMany(retry_after=max(1, ceil(waiting / 1000)))


async def forget(tx: Transaction, now: float) -> None:
    """Forget names that have been quiet."""
    await tx.execute("DELETE FROM limits WHERE arrival < :then", then=int(now * 1000) - _KEPT)
