"""A session with one site: how its refresh tokens follow each other, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import sessions
from gateway.database import Database, Transaction
from gateway.seal import Seal
from gateway.sessions import ABSOLUTE, GRACE, IDLE, KEPT, Session, read_refresh_token, refresh_token
from tests.parts import BOB, GARDEN, NOW, SEAL, database, open_session, signed_in

DAY = 86_400


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


@pytest.fixture
async def session(db: Database) -> Session:
    """Ada's session with the blog, opened now."""
    return await open_session(db, await signed_in(db))


async def _redeem(db: Database, token: str, now: int, seal: Seal = SEAL) -> str | None:
    """Redeem a refresh token; the next one, or None where it is refused."""
    genuine = read_refresh_token(seal, token)
    if genuine is None:
        return None
    sid, presented = genuine

    async def work(tx: Transaction) -> int | None:
        found = await sessions.find(tx, sid, now)
        return await sessions.advance(tx, found, presented, now) if found else None

    generation = await db.transact(work)
    return refresh_token(seal, sid, generation) if generation else None


async def _tokens(db: Database, session: Session, count: int, now: int = NOW) -> list[str]:
    """The first so many refresh tokens of a session, each redeemed for the next."""
    issued = [refresh_token(SEAL, session.sid, 1)]
    while len(issued) < count:
        following = await _redeem(db, issued[-1], now)
        assert following is not None
        issued.append(following)
    return issued


async def _is_alive(db: Database, session: Session, now: int = NOW) -> bool:
    return await sessions.find(db, session.sid, now) is not None


# -- how many ------------------------------------------------------------------------------------


async def test_beyond_a_number_the_one_renewed_longest_ago_makes_room(db: Database) -> None:
    """A program that signs in all day would fill the table, and the account page."""
    ada, bob = await signed_in(db), await signed_in(db, BOB)
    others = [await open_session(db, bob), await open_session(db, ada, GARDEN)]
    own = [await open_session(db, ada, now=NOW + number) for number in range(KEPT)]
    await _redeem(db, refresh_token(SEAL, own[0].sid, 1), NOW + KEPT)

    late = [await open_session(db, ada, now=NOW + KEPT + number) for number in range(2)]

    alive = [session for session in own if await _is_alive(db, session, NOW + KEPT)]
    assert alive == [own[0], *own[3:]]
    assert all([await _is_alive(db, session, NOW + KEPT) for session in (*others, *late)])


# -- one after the other -------------------------------------------------------------------------


async def test_T7_each_refresh_gives_another_token(db: Database, session: Session) -> None:
    issued = await _tokens(db, session, 5)

    assert len(set(issued)) == 5
    assert await _is_alive(db, session)


async def test_T7_the_old_token_answers_the_same_successor_until_that_is_redeemed(
    db: Database, session: Session
) -> None:
    """The answer may have been lost: however late, asking again gives the same."""
    first, second = await _tokens(db, session, 2)

    again = [await _redeem(db, first, NOW + late) for late in (0, GRACE + 1, 13 * DAY)]

    assert again == [second] * 3
    assert await _redeem(db, second, NOW + 13 * DAY) is not None


async def test_T7_and_for_sixty_seconds_after(db: Database, session: Session) -> None:
    """Two tabs may race: the slower one is not a thief."""
    first, second = await _tokens(db, session, 2)
    third = await _redeem(db, second, NOW + 5 * DAY)

    late = await _redeem(db, first, NOW + 5 * DAY + GRACE)

    assert late == second
    assert await _redeem(db, second, NOW + 5 * DAY + GRACE) == third
    assert await _is_alive(db, session, NOW + 5 * DAY + GRACE)


async def test_T7_later_use_of_the_old_token_ends_the_session(
    db: Database, session: Session
) -> None:
    first, second = await _tokens(db, session, 2)
    third = await _redeem(db, second, NOW)
    assert third is not None

    stolen = await _redeem(db, first, NOW + GRACE + 1)

    assert stolen is None
    assert not await _is_alive(db, session)
    assert [await _redeem(db, token, NOW + GRACE + 1) for token in (second, third)] == [None, None]


async def test_T7_a_token_older_than_that_ends_the_session_at_once(
    db: Database, session: Session
) -> None:
    first, *_ = await _tokens(db, session, 4)

    assert await _redeem(db, first, NOW) is None
    assert not await _is_alive(db, session)


async def test_T7_grace_begins_when_the_successor_is_first_redeemed_and_is_not_prolonged(
    db: Database, session: Session
) -> None:
    first, second = await _tokens(db, session, 2)
    await _redeem(db, second, NOW)
    assert await _redeem(db, second, NOW + GRACE) is not None
    assert await _redeem(db, first, NOW + GRACE) == second

    assert await _redeem(db, first, NOW + GRACE + 1) is None


async def test_T7_of_many_at_once_all_get_the_same_successor(
    db: Database, session: Session
) -> None:
    (first,) = await _tokens(db, session, 1)

    answers = await asyncio.gather(*(_redeem(db, first, NOW) for _ in range(8)))

    assert len(set(answers)) == 1
    assert answers[0] is not None
    assert await _redeem(db, answers[0], NOW) is not None


async def test_T7_two_workers_do_not_make_two_successors(
    db: Database, tmp_path: Path, session: Session
) -> None:
    (first,) = await _tokens(db, session, 1)

    async with database(tmp_path) as other:
        answers = await asyncio.gather(*(_redeem(each, first, NOW) for each in (db, other) * 4))

    assert len(set(answers)) == 1


async def test_T7_a_database_from_a_backup_ends_the_session_it_does_not_know_of(
    db: Database, session: Session
) -> None:
    ahead = refresh_token(SEAL, session.sid, 7)

    assert await _redeem(db, ahead, NOW) is None
    assert not await _is_alive(db, session)


# -- forgeries -----------------------------------------------------------------------------------


async def test_T9_nothing_at_rest_is_enough_to_make_a_refresh_token(
    db: Database, session: Session, tmp_path: Path
) -> None:
    issued = await _tokens(db, session, 3)
    at_rest = await asyncio.to_thread(_everything_in, tmp_path)

    assert session.sid.encode() in at_rest
    assert [token for token in issued if token.rpartition(".")[2].encode() in at_rest] == []


def _everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_a_refresh_token_names_its_session_and_its_place(session: Session) -> None:
    assert read_refresh_token(SEAL, refresh_token(SEAL, session.sid, 12)) == (session.sid, 12)


def test_a_refresh_token_of_another_gateway_is_none(session: Session) -> None:
    stranger = Seal([b"the secret of somebody else's gateway"])

    assert read_refresh_token(SEAL, refresh_token(stranger, session.sid, 1)) is None


async def test_a_refresh_token_outlives_a_change_of_secrets(db: Database, session: Session) -> None:
    (first,) = await _tokens(db, session, 1)
    newer = Seal(
        [b"a newer secret, put in front of it", b"a secret of the right length for a test"]
    )

    following = await _redeem(db, first, NOW, newer)

    assert following is not None
    assert await _redeem(db, following, NOW, newer) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda sid, mac: f"{sid}.2.{mac}",
        lambda sid, mac: f"{sid}.01.{mac}",
        lambda sid, mac: f"{sid}.１.{mac}",
        lambda sid, mac: f"{sid}.1 .{mac}",
        lambda sid, mac: f"{sid}.-1.{mac}",
        lambda sid, mac: f"{sid}..{mac}",
        lambda sid, mac: f"{sid[:-1]}.1.{mac}",
        lambda sid, mac: f"{sid}.1.{mac[:-1]}",
        lambda sid, mac: f"{sid}.1.{mac}{'x' * 200}",
        lambda sid, mac: f"{sid}.1.",
        lambda sid, mac: f"{sid}.1",
        lambda sid, mac: f".1.{mac}",
        lambda sid, mac: sid,
        lambda sid, mac: "",
    ],
)
def test_a_changed_refresh_token_is_none(session: Session, change: object) -> None:
    assert callable(change)
    sid, _, mac = refresh_token(SEAL, session.sid, 1).split(".")

    assert read_refresh_token(SEAL, change(sid, mac)) is None


@given(st.text() | st.from_regex(r"[\w-]{0,30}\.\d{0,90}\.[\w-]{0,50}", fullmatch=True))
def test_any_text_is_no_refresh_token(text: str) -> None:
    assert read_refresh_token(SEAL, text) is None


# -- how long ------------------------------------------------------------------------------------


async def test_a_session_ends_fourteen_days_after_its_last_refresh(
    db: Database, session: Session
) -> None:
    (first,) = await _tokens(db, session, 1)

    second = await _redeem(db, first, NOW + 14 * DAY - 1)

    assert IDLE == 14 * DAY
    assert second is not None
    assert await _redeem(db, second, NOW + 2 * 14 * DAY - 1) is None


async def test_a_session_ends_sixty_days_after_it_was_opened_however_often_it_was_refreshed(
    db: Database, session: Session
) -> None:
    (token,) = await _tokens(db, session, 1)
    for day in range(10, 60, 10):
        following = await _redeem(db, token, NOW + day * DAY)
        assert following is not None
        token = following

    assert ABSOLUTE == 60 * DAY
    assert await _is_alive(db, session, NOW + 60 * DAY - 1)
    assert await _redeem(db, token, NOW + 60 * DAY) is None


async def test_asking_again_for_a_lost_answer_does_not_prolong_a_session(
    db: Database, session: Session
) -> None:
    (first, _) = await _tokens(db, session, 2)

    await _redeem(db, first, NOW + 13 * DAY)

    assert not await _is_alive(db, session, NOW + 14 * DAY)


# -- the end -------------------------------------------------------------------------------------


async def test_an_ended_session_has_no_refresh_and_others_go_on(db: Database) -> None:
    by = await signed_in(db)
    blog, garden = await open_session(db, by), await open_session(db, by, GARDEN)

    await db.transact(lambda tx: sessions.end(tx, blog.sid))

    assert await _redeem(db, refresh_token(SEAL, blog.sid, 1), NOW) is None
    assert await _redeem(db, refresh_token(SEAL, garden.sid, 1), NOW) is not None


async def test_all_sessions_of_a_person_end_and_nobody_elses(db: Database) -> None:
    ada, bob = await signed_in(db), await signed_in(db, BOB)
    hers = [await open_session(db, ada), await open_session(db, ada, GARDEN)]
    his = await open_session(db, bob)

    ended = await db.transact(lambda tx: sessions.end_all(tx, ada.person))

    assert ended == 2
    assert [await _is_alive(db, session) for session in (*hers, his)] == [False, False, True]


async def test_the_sessions_of_a_person_are_listed_the_one_used_last_first(db: Database) -> None:
    ada = await signed_in(db)
    old = await open_session(db, ada, now=NOW - 15 * DAY)
    early, late = await open_session(db, ada), await open_session(db, ada, GARDEN, NOW + 1)
    await open_session(db, await signed_in(db, BOB))

    listed = [session.sid for session in await sessions.of_person(db, ada.person, NOW + 2)]

    assert listed == [late.sid, early.sid]
    assert old.sid not in listed


async def test_what_has_ended_by_itself_is_forgotten(db: Database) -> None:
    ada = await signed_in(db)
    await open_session(db, ada, now=NOW - 15 * DAY)
    alive = await open_session(db, ada)

    await db.transact(lambda tx: sessions.forget(tx, NOW))

    assert [row["sid"] for row in await db.rows("SELECT sid FROM sessions")] == [alive.sid]


async def test_every_session_has_an_id_of_its_own(db: Database) -> None:
    ada = await signed_in(db)

    one, other = await open_session(db, ada), await open_session(db, ada)

    assert one.sid != other.sid
    assert one.subject == other.subject
