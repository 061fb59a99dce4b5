"""What the nouns ask of a database; every engine answers the same."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.database import Database, Transaction, connect
from tests.database.conftest import Engine, Open

ADD = "INSERT INTO limits (name, arrival) VALUES (:name, :arrival)"
FIND = "SELECT * FROM limits WHERE name = :name"
ALL = "SELECT name, arrival FROM limits ORDER BY name"


async def _add(db: Database, name: str, arrival: int = 1) -> int:
    return await db.transact(lambda tx: tx.execute(ADD, name=name, arrival=arrival))


async def _names(db: Database) -> list[str]:
    return [row["name"] for row in await db.rows(ALL)]


async def test_what_was_committed_is_read_by_column_name(db: Database) -> None:
    await _add(db, "ada", 7)

    row = await db.row(FIND, name="ada")

    assert row is not None
    assert (row["name"], row["arrival"]) == ("ada", 7)


async def test_no_row_is_none_and_no_rows_are_an_empty_list(db: Database) -> None:
    assert await db.row(FIND, name="nobody") is None
    assert await db.rows(ALL) == []


async def test_a_statement_says_how_many_rows_it_changed(db: Database) -> None:
    await _add(db, "ada")
    await _add(db, "bob")

    async def work(tx: Transaction) -> list[int]:
        return [
            await tx.execute("UPDATE limits SET arrival = 2"),
            await tx.execute("UPDATE limits SET arrival = 3 WHERE name = :name", name="ada"),
            await tx.execute("DELETE FROM limits WHERE name = :name", name="nobody"),
        ]

    assert await db.transact(work) == [2, 1, 0]


async def test_a_transaction_gives_back_what_its_work_returns(db: Database) -> None:
    async def work(tx: Transaction) -> str:
        return "done"

    assert await db.transact(work) == "done"


async def test_a_transaction_sees_what_it_wrote(db: Database) -> None:
    async def work(tx: Transaction) -> list[str]:
        await tx.execute(ADD, name="ada", arrival=1)
        return [row["name"] for row in await tx.rows(ALL)]

    assert await db.transact(work) == ["ada"]


async def test_nobody_else_sees_a_row_before_it_is_committed(db: Database, opened: Open) -> None:
    elsewhere = await opened()
    seen: list[list[str]] = []

    async def work(tx: Transaction) -> None:
        await tx.execute(ADD, name="ada", arrival=1)
        seen.extend([await _names(db), await _names(elsewhere)])

    await db.transact(work)

    assert seen == [[], []]
    assert await _names(elsewhere) == ["ada"]


async def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(ADD, name="ada", arrival=1)
        raise LookupError("the story ends here")

    with pytest.raises(LookupError, match="the story ends here"):
        await db.transact(work)

    assert await _names(db) == []
    assert await _add(db, "bob") == 1


async def test_a_transaction_that_is_cancelled_leaves_nothing(db: Database) -> None:
    written = asyncio.Event()

    async def work(tx: Transaction) -> None:
        await tx.execute(ADD, name="ada", arrival=1)
        written.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(db.transact(work))
    await written.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await _names(db) == []
    assert await _add(db, "bob") == 1


async def test_whoever_gives_up_waiting_for_a_turn_leaves_it_to_the_next(db: Database) -> None:
    may_end = asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await tx.execute(ADD, name="first", arrival=1)
        await may_end.wait()

    first = asyncio.create_task(db.transact(slow))
    impatient = asyncio.create_task(_add(db, "impatient"))
    last = asyncio.create_task(_add(db, "last"))
    await asyncio.sleep(0)
    impatient.cancel()
    may_end.set()
    await asyncio.gather(first, last)

    assert await _names(db) == ["first", "last"]


async def test_a_broken_constraint_undoes_the_whole_transaction(
    db: Database, engine: Engine
) -> None:
    await _add(db, "ada")

    async def work(tx: Transaction) -> None:
        await tx.execute(ADD, name="bob", arrival=1)
        await tx.execute(ADD, name="ada", arrival=2)

    with pytest.raises(engine.broken_constraint):
        await db.transact(work)

    assert await _names(db) == ["ada"]


async def test_a_row_of_nobody_is_refused(db: Database, engine: Engine) -> None:
    """Foreign keys are on: an identity without its person can't be written."""
    with pytest.raises(engine.broken_constraint):
        await db.transact(
            lambda tx: tx.execute(
                "INSERT INTO identities (namespace, provider_id, person, name, email_verified,"
                " created_at, seen_at) VALUES ('wordpress', '1', 'nobody', 'Ada', :no, 1, 1)",
                no=False,
            )
        )


async def test_a_returned_row_comes_from_the_statement_that_wrote_it(db: Database) -> None:
    await _add(db, "ada", 7)

    async def work(tx: Transaction) -> tuple[int, int]:
        changed = await tx.row("UPDATE limits SET arrival = arrival + 1 RETURNING arrival")
        taken = await tx.row("DELETE FROM limits WHERE name = 'ada' RETURNING *")
        assert changed is not None
        assert taken is not None
        return changed["arrival"], taken["arrival"]

    assert await db.transact(work) == (8, 8)
    assert await _names(db) == []


async def test_a_conflict_can_be_answered_by_an_update(db: Database) -> None:
    await _add(db, "ada", 7)
    statement = f"{ADD} ON CONFLICT (name) DO UPDATE SET arrival = limits.arrival + :arrival"

    await db.transact(lambda tx: tx.execute(statement, name="ada", arrival=3))

    row = await db.row(FIND, name="ada")
    assert row is not None
    assert row["arrival"] == 10


async def test_a_conflicting_update_that_does_not_apply_returns_no_row(db: Database) -> None:
    await _add(db, "ada", 7)
    statement = (
        f"{ADD} ON CONFLICT (name) DO UPDATE SET arrival = :arrival"
        " WHERE limits.arrival < 5 RETURNING arrival"
    )

    assert await db.transact(lambda tx: tx.row(statement, name="ada", arrival=3)) is None


async def test_two_at_once_in_one_process_lose_no_update(db: Database) -> None:
    await _add(db, "ada", 0)

    await asyncio.gather(*(db.transact(_read_then_write) for _ in range(25)))

    row = await db.row(FIND, name="ada")
    assert row is not None
    assert row["arrival"] == 25


async def _read_then_write(tx: Transaction) -> None:
    row = await tx.row(FIND, name="ada")
    await asyncio.sleep(0)
    assert row is not None
    await tx.execute("UPDATE limits SET arrival = :arrival", arrival=row["arrival"] + 1)


async def test_two_connections_at_once_lose_no_update(opened: Open) -> None:
    one, other = await opened(), await opened()
    await _add(one, "ada", 0)

    await asyncio.gather(*(db.transact(_read_then_write) for db in (one, other) * 10))

    row = await other.row(FIND, name="ada")
    assert row is not None
    assert row["arrival"] == 20


async def test_what_was_committed_is_there_when_it_is_opened_again(opened: Open) -> None:
    before = await opened()
    await _add(before, "ada")
    await before.close()

    assert await _names(await opened()) == ["ada"]


async def test_closing_lets_a_write_that_is_under_way_finish(opened: Open) -> None:
    db, elsewhere = await opened(), await opened()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work(tx: Transaction) -> None:
        begun.set()
        await may_end.wait()
        await tx.execute(ADD, name="ada", arrival=1)

    writing = asyncio.create_task(db.transact(work))
    await begun.wait()
    closing = asyncio.create_task(db.close())
    await asyncio.sleep(0.05)
    may_end.set()
    await asyncio.gather(writing, closing)

    assert await _names(elsewhere) == ["ada"]


async def test_nothing_and_large_numbers_and_truth_come_back_as_they_went(db: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute("INSERT INTO persons (id, created_at) VALUES ('ada', :at)", at=2**62)
        for number, truth in (("1", True), ("2", False)):
            await tx.execute(
                "INSERT INTO identities (namespace, provider_id, person, name, email_verified,"
                " created_at, seen_at) VALUES ('wordpress', :number, 'ada', 'Ada', :truth, 1, 1)",
                number=number,
                truth=truth,
            )

    await db.transact(work)

    person = await db.row("SELECT * FROM persons")
    flags = await db.rows("SELECT email_verified FROM identities ORDER BY provider_id")
    assert person is not None
    assert (person["created_at"], person["banned_at"]) == (2**62, None)
    assert [bool(row["email_verified"]) for row in flags] == [True, False]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_texts_come_back_character_by_character(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    async def story() -> None:
        db = await connect(engine.url(tmp_path_factory.getbasetemp()))
        await db.transact(lambda tx: tx.execute("DELETE FROM limits"))
        await _add(db, text)
        assert await _names(db) == [text]
        await db.close()

    asyncio.run(story())
