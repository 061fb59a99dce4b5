"""Rate limits: so many at once, then one at a time, the same for every worker."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway import limits
from gateway.database import Database
from gateway.errors import TooMany
from gateway.limits import address_prefix
from tests.parts import NOW, database


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


async def _count(db: Database, per_minute: int, now: float, name: str = "start:ada") -> None:
    await db.transact(lambda tx: limits.count(tx, name, per_minute, now))


async def _passing(db: Database, per_minute: int, now: float, tries: int) -> int:
    """How many of so many tries at one moment pass."""
    passed = 0
    for _ in range(tries):
        try:
            await _count(db, per_minute, now)
        except TooMany:
            continue
        passed += 1
    return passed


async def _refused(db: Database, per_minute: int, now: float) -> int:
    """The seconds that a refused one is told to wait."""
    with pytest.raises(TooMany) as refused:
        await _count(db, per_minute, now)
    return refused.value.retry_after


@pytest.mark.parametrize("per_minute", [1, 2, 7, 45, 60, 240, 999])
async def test_N6_so_many_pass_at_once_and_no_more(db: Database, per_minute: int) -> None:
    assert await _passing(db, per_minute, NOW, per_minute + 5) == per_minute


async def test_N6_then_one_passes_in_its_time(db: Database) -> None:
    await _passing(db, 6, NOW, 6)

    assert await _passing(db, 6, NOW + 9.99, 2) == 0
    assert await _passing(db, 6, NOW + 10, 2) == 1
    assert await _passing(db, 6, NOW + 30, 5) == 2


async def test_N6_after_a_quiet_minute_all_pass_again(db: Database) -> None:
    await _passing(db, 6, NOW, 6)

    assert await _passing(db, 6, NOW + 60, 10) == 6


async def test_N6_a_steady_pace_within_the_limit_is_never_refused(db: Database) -> None:
    for turn in range(50):
        await _count(db, 6, NOW + 10 * turn)


@pytest.mark.parametrize("per_minute", [1, 6, 60])
async def test_N6_whoever_waits_as_long_as_told_passes(db: Database, per_minute: int) -> None:
    await _passing(db, per_minute, NOW, per_minute)

    told = await _refused(db, per_minute, NOW)

    assert told == 60 / per_minute
    if told > 1:
        await _refused(db, per_minute, NOW + told - 1)
    await _count(db, per_minute, NOW + told)


async def test_N6_nobody_is_told_to_come_back_at_once(db: Database) -> None:
    await _passing(db, 240, NOW, 240)

    assert await _refused(db, 240, NOW) == 1


async def test_N6_a_refused_try_makes_nobody_wait_longer(db: Database) -> None:
    await _passing(db, 6, NOW, 6)

    told = [await _refused(db, 6, NOW) for _ in range(20)]

    assert set(told) == {10}


async def test_N6_one_name_does_not_use_up_another(db: Database) -> None:
    await _count(db, 1, NOW, "start:ada")
    await _count(db, 1, NOW, "start:bob")
    await _count(db, 1, NOW, "token:ada")

    await _refused(db, 1, NOW)


async def test_N6_all_workers_count_together(db: Database, tmp_path: Path) -> None:
    async with database(tmp_path) as other_worker:
        passed = await _passing(db, 6, NOW, 4) + await _passing(other_worker, 6, NOW, 4)

    assert passed == 6


async def test_a_clock_that_was_set_back_locks_nobody_out(db: Database) -> None:
    await _passing(db, 6, NOW, 6)

    assert await _passing(db, 6, NOW - 3600, 10) == 6


async def test_N6_clocks_that_differ_a_little_do_not_lift_the_limit(db: Database) -> None:
    await _passing(db, 6, NOW, 6)

    assert await _passing(db, 6, NOW - 5, 10) == 0


async def test_quiet_names_are_forgotten_and_busy_ones_are_not(db: Database) -> None:
    await _count(db, 6, NOW, "quiet")
    await _count(db, 6, NOW + 180, "busy")

    await db.transact(lambda tx: limits.forget(tx, NOW + 180))

    assert [row["name"] for row in await db.rows("SELECT name FROM limits")] == ["busy"]


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::7", "2001:db8:1::"),
        ("2001:0DB8:0001:00ff:ffff:ffff:ffff:ffff", "2001:db8:1::"),
        ("2001:db8:1:100::1", "2001:db8:1:100::"),
        ("::1", "::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("a socket's name", "a socket's name"),
    ],
)
def test_N6_a_visitor_is_an_ipv4_address_or_the_56_bits_of_an_ipv6_network(
    address: str, prefix: str
) -> None:
    assert address_prefix(address) == prefix
