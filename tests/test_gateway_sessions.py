"""The gateway's own session: one a browser, a new cookie at every sign-in, a row per person."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway import gateway_sessions
from gateway.database import Database, Transaction
from gateway.gateway_sessions import ABSOLUTE, FOLLOWED, IDLE, GatewaySession
from gateway.seal import Seal
from providers.base import Identity
from tests.parts import ADA, BOB, NOW, SEAL, database, person_of

DAY = 86_400


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


async def _sign_in(
    db: Database,
    who: Identity = ADA,
    before: GatewaySession | None = None,
    now: int = NOW,
    provider: str = "wordpress",
) -> tuple[str, str]:
    """Sign somebody in; the row and the cookie's value."""
    person = await person_of(db, who)

    async def work(tx: Transaction) -> tuple[str, str]:
        return await gateway_sessions.begin(tx, SEAL, before, who, person, provider, now)

    return await db.transact(work)


async def _shown(
    db: Database, cookie: str | None, now: int = NOW, seal: Seal = SEAL
) -> GatewaySession | None:
    return await gateway_sessions.of_browser(db, seal, cookie, now)


async def test_the_cookie_leads_to_who_signed_in(db: Database) -> None:
    row, cookie = await _sign_in(db, provider="twitter1", who=BOB)

    session = await _shown(db, cookie)

    assert session is not None
    assert (session.id, session.provider) == (row, "twitter1")
    assert (session.namespace, session.provider_id) == ("twitter", "42")
    assert session.person == await person_of(db, BOB)
    assert session.auth_time == session.created_at == NOW
    assert await gateway_sessions.find(db, row, NOW) == session


async def test_T9_the_cookie_is_not_in_the_database(db: Database) -> None:
    _, cookie = await _sign_in(db)
    value = SEAL.unsign("gateway session", cookie)

    (row,) = await db.rows("SELECT * FROM gateway_sessions")

    assert value is not None
    assert value not in [row[name] for name in ("id", "cookie_hash", "person")]


@pytest.mark.parametrize("cookie", [None, "", "x", "x" * 8192, "é", "a.b", "."])
async def test_a_cookie_of_nobody_leads_to_nobody(db: Database, cookie: str | None) -> None:
    await _sign_in(db)

    assert await _shown(db, cookie) is None


async def test_a_cookie_of_another_gateway_leads_to_nobody(db: Database) -> None:
    _, cookie = await _sign_in(db)
    stranger = Seal([b"the secret of somebody else's gateway"])

    assert await _shown(db, stranger.sign("gateway session", "x")) is None
    assert await _shown(db, cookie, seal=stranger) is None


async def test_a_session_lives_on_under_a_newer_secret_and_dies_with_its_own(db: Database) -> None:
    _, cookie = await _sign_in(db)
    newer = b"a newer secret, put in front of it"

    both = Seal([newer, b"a secret of the right length for a test"])
    assert await _shown(db, cookie, seal=both) is not None
    assert await _shown(db, cookie, seal=Seal([newer])) is None


# -- signing in again ----------------------------------------------------------------------------


async def test_S13_the_cookie_changes_at_every_sign_in_and_the_row_stays(db: Database) -> None:
    row, first = await _sign_in(db)

    again, second = await _sign_in(db, before=await _shown(db, first), now=NOW + 5)

    session = await _shown(db, second, NOW + 5)
    assert again == row
    assert second != first
    assert await _shown(db, first, NOW + 5) is None
    assert session is not None
    assert session.auth_time == NOW + 5


async def test_S13_another_person_gets_a_row_of_their_own(db: Database) -> None:
    row, first = await _sign_in(db)

    other, second = await _sign_in(db, BOB, before=await _shown(db, first))

    session = await _shown(db, second)
    assert other != row
    assert await _shown(db, first) is None
    assert session is not None
    assert session.person == await person_of(db, BOB)


async def test_a_row_that_was_followed_is_kept_while_its_code_may_be_redeemed(db: Database) -> None:
    row, first = await _sign_in(db)
    await _sign_in(db, BOB, before=await _shown(db, first), now=NOW + 5)

    await db.transact(lambda tx: gateway_sessions.forget(tx, NOW + 65))
    while_a_code_waits = await gateway_sessions.find(db, row, NOW + 65)
    await db.transact(lambda tx: gateway_sessions.forget(tx, NOW + 5 + FOLLOWED + 1))

    assert while_a_code_waits is not None
    assert await gateway_sessions.find(db, row, NOW + 5 + FOLLOWED + 1) is None


async def test_the_same_person_in_another_browser_has_a_session_apart(db: Database) -> None:
    first_row, first = await _sign_in(db)

    second_row, second = await _sign_in(db)

    assert first_row != second_row
    assert await _shown(db, first) is not None
    assert await _shown(db, second) is not None


# -- how long ------------------------------------------------------------------------------------


async def test_a_session_ends_fourteen_days_after_it_was_last_used(db: Database) -> None:
    _, cookie = await _sign_in(db)
    session = await _shown(db, cookie)
    assert session
    await db.transact(lambda tx: gateway_sessions.touch(tx, session, NOW + 10 * DAY))

    assert IDLE == 14 * DAY
    assert await _shown(db, cookie, NOW + 24 * DAY - 1) is not None
    assert await _shown(db, cookie, NOW + 24 * DAY) is None


async def test_a_session_ends_sixty_days_after_it_began_however_often_it_is_used(
    db: Database,
) -> None:
    _, cookie = await _sign_in(db)
    session = await _shown(db, cookie)
    assert session

    async def use_it_often(tx: Transaction) -> None:
        for day in range(10, 60, 10):
            await gateway_sessions.touch(tx, session, NOW + day * DAY)

    await db.transact(use_it_often)

    assert ABSOLUTE == 60 * DAY
    assert await _shown(db, cookie, NOW + 60 * DAY - 1) is not None
    assert await _shown(db, cookie, NOW + 60 * DAY) is None


async def test_an_ended_session_is_gone_and_others_go_on(db: Database) -> None:
    row, cookie = await _sign_in(db)
    _, other = await _sign_in(db, BOB)

    await db.transact(lambda tx: gateway_sessions.end(tx, row))

    assert await _shown(db, cookie) is None
    assert await gateway_sessions.find(db, row, NOW) is None
    assert await _shown(db, other) is not None


async def test_what_has_ended_by_itself_is_forgotten(db: Database) -> None:
    await _sign_in(db, now=NOW - 14 * DAY - 1)
    alive, _ = await _sign_in(db)

    await db.transact(lambda tx: gateway_sessions.forget(tx, NOW))

    assert [row["id"] for row in await db.rows("SELECT id FROM gateway_sessions")] == [alive]


async def test_I6_a_session_dies_with_the_ban_of_its_person(db: Database) -> None:
    """A banned person is not signed in here any more, and is again when the ban is lifted."""
    row, cookie = await _sign_in(db)

    await db.transact(lambda tx: tx.execute("UPDATE persons SET banned_at = 1"))
    banned = (await _shown(db, cookie), await gateway_sessions.find(db, row, NOW))
    await db.transact(lambda tx: tx.execute("UPDATE persons SET banned_at = NULL"))

    assert banned == (None, None)
    assert await _shown(db, cookie)


async def test_a_use_is_noted_to_the_hour(db: Database) -> None:
    """A write for every click would cost more than it tells."""
    _, cookie = await _sign_in(db)
    session = await _shown(db, cookie)
    assert session

    await db.transact(lambda tx: gateway_sessions.touch(tx, session, NOW + 3599))
    soon = await _shown(db, cookie)
    await db.transact(lambda tx: gateway_sessions.touch(tx, session, NOW + 3600))
    later = await _shown(db, cookie)

    assert soon and later
    assert (soon.used_at, later.used_at) == (NOW, NOW + 3600)
