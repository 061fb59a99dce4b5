"""Which site may know whom, what it may see, and who said so."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import acquaintances, sessions
from gateway.database import Database
from gateway.sites import Site
from tests.parts import ADA, BLOG, BOB, GARDEN, NOW, database, open_session, person_of, signed_in

TRUSTED = replace(BLOG, trusted=True)
CURIOUS = replace(BLOG, email=True)
MODEST = replace(BLOG, profile=False)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ada(db: Database) -> str:
    """Somebody."""
    return await person_of(db, ADA)


async def _approve(db: Database, person: str, site: Site = BLOG, now: int = NOW) -> None:
    await db.transact(lambda tx: acquaintances.approve(tx, person, site, now))


async def _meet(db: Database, person: str, site: Site = BLOG, now: int = NOW) -> None:
    known = await acquaintances.find(db, person, site)
    await db.transact(lambda tx: acquaintances.meet(tx, person, site, known, now))


async def _may_know(db: Database, person: str, site: Site = BLOG) -> bool:
    return acquaintances.may_know(await acquaintances.find(db, person, site), site)


async def test_a_site_knows_nobody_before_they_said_yes(db: Database, ada: str) -> None:
    assert not await _may_know(db, ada, BLOG)

    await _approve(db, ada)

    assert await _may_know(db, ada, BLOG)


async def test_a_trusted_site_needs_no_yes(db: Database, ada: str) -> None:
    assert await _may_know(db, ada, TRUSTED)


async def test_a_yes_is_for_one_person_and_one_site(db: Database, ada: str) -> None:
    await _approve(db, ada)

    assert not await _may_know(db, ada, GARDEN)
    assert not await _may_know(db, await person_of(db, BOB), BLOG)


@pytest.mark.parametrize(("then", "still"), [(BLOG, True), (MODEST, True), (CURIOUS, False)])
async def test_a_site_that_asks_for_more_asks_again(
    db: Database, ada: str, then: Site, still: bool
) -> None:
    await _approve(db, ada)

    assert await _may_know(db, ada, then) is still


async def test_a_sign_in_keeps_the_yes_and_notes_when(db: Database, ada: str) -> None:
    await _approve(db, ada)

    await _meet(db, ada, now=NOW + 3600)

    (known,) = await acquaintances.of_person(db, ada)
    assert await _may_know(db, ada, BLOG)
    assert (known.met_at, known.used_at, known.approved_at) == (NOW, NOW + 3600, NOW)
    assert known.shared == ("name", "picture", "profile")


async def test_meeting_a_trusted_site_is_no_yes(db: Database, ada: str) -> None:
    """The operator may stop trusting it: then it asks."""
    await _meet(db, ada, TRUSTED)

    (known,) = await acquaintances.of_person(db, ada)
    assert known.approved_at is None
    assert not await _may_know(db, ada, BLOG)


async def test_what_a_site_saw_while_it_was_trusted_was_not_approved(
    db: Database, ada: str
) -> None:
    await _approve(db, ada)
    await _meet(db, ada, replace(CURIOUS, trusted=True))

    assert not await _may_know(db, ada, CURIOUS)


async def test_a_yes_outlives_a_time_of_trust_in_which_the_site_saw_no_more(
    db: Database, ada: str
) -> None:
    await _approve(db, ada)
    await _meet(db, ada, TRUSTED)

    assert await _may_know(db, ada, BLOG)


async def test_the_site_used_last_comes_first_to_the_hour(db: Database, ada: str) -> None:
    await _approve(db, ada)
    await _approve(db, ada, GARDEN, NOW + 1)

    await _meet(db, ada, now=NOW + 3599)
    soon = await acquaintances.of_person(db, ada)
    await _meet(db, ada, now=NOW + 3600)
    later = await acquaintances.of_person(db, ada)

    assert [(each.site, each.used_at) for each in soon] == [("garden", NOW + 1), ("blog", NOW)]
    assert [each.site for each in later] == ["blog", "garden"]


async def test_what_a_site_asks_for_now_is_noted_at_once(db: Database, ada: str) -> None:
    await _approve(db, ada)

    await _meet(db, ada, MODEST, NOW + 1)

    (known,) = await acquaintances.of_person(db, ada)
    assert (known.shared, known.approved_at) == (("name", "picture"), NOW)


async def test_withdrawing_ends_that_sites_sessions_and_no_others(db: Database) -> None:
    by = await signed_in(db)
    await _approve(db, by.person)
    await _approve(db, by.person, GARDEN)
    here, there = await open_session(db, by), await open_session(db, by, GARDEN)

    gone = await db.transact(lambda tx: acquaintances.withdraw(tx, by.person, "blog"))

    assert gone
    assert not await _may_know(db, by.person, BLOG)
    assert await _may_know(db, by.person, GARDEN)
    assert await sessions.find(db, here.sid, NOW) is None
    assert await sessions.find(db, there.sid, NOW) is not None


async def test_withdrawing_what_was_never_given_is_no_more_than_that(
    db: Database, ada: str
) -> None:
    assert not await db.transact(lambda tx: acquaintances.withdraw(tx, ada, "blog"))
