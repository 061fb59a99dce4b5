"""What the embedded engine promises beyond the contract."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gateway.database import sqlite
from gateway.database.sqlite import migrate, open_sqlite
from gateway.errors import Busy, DatabaseUnusable, NewerSchema
from tests.database.processes import COUNT, another

BLOCKED = 0.05  # seconds: ten times what is promised, for machines whose disk is busy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gate.db"


def _read(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


# -- schema --------------------------------------------------------------------------------------


def _steps(folder: Path, *scripts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number, script in enumerate(scripts, start=1):
        (folder / f"{number:04}_step.sql").write_text(script)
    return folder


def test_a_new_database_gets_every_step(tmp_path: Path, path: Path) -> None:
    folder = _steps(
        tmp_path / "schema",
        "-- One;\nCREATE TABLE one (id TEXT);\n\nCREATE TABLE two (id TEXT);",
        "ALTER TABLE one ADD COLUMN name TEXT;",
    )

    assert migrate(str(path), folder) == 2

    assert _read(path, "SELECT id, name FROM one") == []
    assert _read(path, "SELECT id FROM two") == []


def test_an_older_database_gets_only_what_is_missing_and_keeps_its_rows(
    tmp_path: Path, path: Path
) -> None:
    folder = _steps(tmp_path / "schema", "CREATE TABLE one (id TEXT);")
    migrate(str(path), folder)
    with sqlite3.connect(path) as older:
        older.execute("INSERT INTO one VALUES ('ada')")
    older.close()
    _steps(folder, "CREATE TABLE one (id TEXT);", "ALTER TABLE one ADD COLUMN name TEXT;")

    migrate(str(path), folder)

    assert _read(path, "SELECT id, name FROM one") == [("ada", None)]


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path, path: Path) -> None:
    folder = _steps(tmp_path / "schema", "CREATE TABLE one (id TEXT);")
    migrate(str(path), folder)
    _steps(
        folder,
        "CREATE TABLE one (id TEXT);",
        "CREATE TABLE two (id TEXT);\nCREATE TABLE one (id TEXT);",
    )

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(str(path), folder)

    assert _read(path, "SELECT name FROM sqlite_master WHERE name = 'two'") == []
    assert _read(path, "SELECT max(version) FROM schema_version") == [(1,)]


async def test_a_newer_schema_is_refused_and_not_touched(path: Path) -> None:
    known = migrate(str(path))
    with sqlite3.connect(path) as newer:
        newer.execute("INSERT INTO schema_version VALUES (?)", (known + 1,))
    newer.close()

    with pytest.raises(NewerSchema, match="newer Commentgate"):
        await open_sqlite(str(path))

    assert _read(path, "SELECT max(version) FROM schema_version") == [(known + 1,)]


async def test_what_is_no_database_is_refused_in_the_words_of_the_engine(path: Path) -> None:
    await asyncio.to_thread(path.write_text, "This is a text about comments. " * 100)

    with pytest.raises(DatabaseUnusable, match="file is not a database"):
        await open_sqlite(str(path))


async def test_a_folder_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="unable to make its file: No such file"):
        await open_sqlite(str(path / "nowhere.db"))


# -- several processes ---------------------------------------------------------------------------


async def test_processes_that_write_at_once_wait_for_each_other(path: Path) -> None:
    """Nothing is lost, and none of them ever hears "database is locked"."""
    with ExitStack() as running:
        processes = [running.enter_context(another("count", path)) for _ in range(3)]
        said = [process.communicate(timeout=120)[1] for process in processes]

    assert said == ["", "", ""]
    assert _read(path, "SELECT arrival FROM limits") == [(300,)]


async def test_processes_may_come_and_go_while_others_write(path: Path) -> None:
    """The last one to leave folds the log away, and the first to come makes it anew."""
    with ExitStack() as running:
        processes = [running.enter_context(another("come_and_go", path)) for _ in range(6)]
        said = [process.communicate(timeout=120)[1] for process in processes]

    assert said == [""] * 6
    assert _read(path, "SELECT arrival FROM limits") == [(60,)]


async def test_a_killed_writer_loses_no_committed_row(path: Path) -> None:
    with another("write_for_ever", path) as writer:
        assert writer.stdout is not None
        promised = [writer.stdout.readline().strip() for _ in range(200)]
        writer.kill()  # SIGKILL, wherever it is just now
        promised += writer.stdout.read().split()

    db = await open_sqlite(str(path))
    kept = {row["name"] for row in await db.rows("SELECT name FROM limits")}
    whole = await db.row("PRAGMA integrity_check")
    await db.transact(lambda tx: tx.execute(COUNT))
    await db.close()

    assert set(promised) <= kept
    assert whole is not None
    assert whole["integrity_check"] == "ok"


# -- waiting -------------------------------------------------------------------------------------


@contextmanager
def sleeping_callbacks() -> Iterator[list[str]]:
    """The callbacks that gave the processor away for longer than ``BLOCKED`` inside the loop.

    On a crowded machine every callback can be interrupted for longer: that is not blocking, and
    the kernel counts it apart from sleeping and from waiting for a disk or a lock.
    """
    found: list[str] = []
    run = asyncio.Handle._run

    def watched(handle: asyncio.Handle) -> None:
        began, slept = time.perf_counter(), resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        run(handle)
        if time.perf_counter() - began < BLOCKED:
            return
        if resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw > slept:
            found.append(repr(handle))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", watched)
        yield found


async def test_a_blocking_call_would_be_noticed() -> None:
    async def blocks() -> None:
        time.sleep(2 * BLOCKED)  # noqa: ASYNC251  # the mistake that the next tests look for

    with sleeping_callbacks() as found:
        await asyncio.create_task(blocks())

    assert len(found) == 1


async def test_nothing_waits_in_the_loop_while_another_process_writes(path: Path) -> None:
    db = await open_sqlite(str(path))
    await db.transact(lambda tx: tx.execute(COUNT))
    with another("hold", path) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        await asyncio.to_thread(holder.stdout.readline)

        with sleeping_callbacks() as found:
            writing = asyncio.create_task(db.transact(lambda tx: tx.execute(COUNT)))
            for _ in range(50):
                assert await db.row("SELECT arrival FROM limits") is not None
                await asyncio.sleep(0.005)
            waited = not writing.done()
            holder.stdin.close()
            await writing

    row = await db.row("SELECT arrival FROM limits")
    await db.close()
    assert waited
    assert found == []
    assert row is not None
    assert row["arrival"] == 2


async def test_everybody_who_waits_for_a_stuck_writer_hears_busy_in_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who queue behind others do not wait for each of them in turn."""
    monkeypatch.setattr(sqlite, "WAIT", 0.3)
    db = await open_sqlite(str(path))
    stuck = sqlite3.connect(path, isolation_level=None)
    stuck.execute("BEGIN IMMEDIATE")

    began = time.monotonic()
    refused = await asyncio.gather(
        *(db.transact(lambda tx: tx.execute(COUNT)) for _ in range(12)), return_exceptions=True
    )
    seconds = time.monotonic() - began

    stuck.execute("ROLLBACK")
    stuck.close()
    changed = await db.transact(lambda tx: tx.execute(COUNT))
    await db.close()
    assert [type(error) for error in refused] == [Busy] * 12
    assert seconds < 12 * 0.3 / 2
    assert changed == 1


async def test_a_story_that_fails_for_another_reason_says_which(path: Path) -> None:
    db = await open_sqlite(str(path))

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await db.row("SELECT * FROM nowhere")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.row("DELETE FROM limits RETURNING *")

    await db.close()


# -- indexes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        "attempts WHERE id = 'x'",
        "attempts WHERE state_hash = 'x'",
        "attempts WHERE created_at < 1",
        "attempts WHERE address = 'x' AND address <> '' AND expires_at > 1",
        "grants WHERE code_hash = 'x'",
        "sessions WHERE sid = 'x'",
        "sessions WHERE person = 'x'",
        "sessions WHERE person = 'x' AND site = 'x'",
        "gateway_sessions WHERE cookie_hash = 'x'",
        "identities WHERE namespace = 'x' AND provider_id = 'x'",
        "subjects WHERE person = 'x' AND site = 'x'",
        "avatars WHERE person = 'x' AND site = 'x'",
        "acquaintances WHERE person = 'x' AND site = 'x'",
        "limits WHERE name = 'x'",
    ],
)
def test_what_is_asked_at_a_sign_in_is_found_by_an_index(path: Path, asked: str) -> None:
    migrate(str(path))

    (step,) = _read(path, f"EXPLAIN QUERY PLAN SELECT * FROM {asked}")  # noqa: S608  # written here

    assert "USING INDEX" in str(step)


# -- the log -------------------------------------------------------------------------------------

WRITE = "INSERT INTO limits VALUES ('a row to look for', 1)"


async def _is_copied_back_to(path: Path) -> bool:
    for _ in range(1000):
        if await asyncio.to_thread(_holds_the_row, path):
            return True
        await asyncio.sleep(0.01)
    return False


def _holds_the_row(path: Path) -> bool:
    return b"a row to look for" in path.read_bytes()


async def test_the_log_is_copied_back_while_the_gateway_runs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY", 0.01)
    db = await open_sqlite(str(path))

    await db.transact(lambda tx: tx.execute(WRITE))

    assert await _is_copied_back_to(path)
    await db.close()


async def test_a_log_that_could_not_be_copied_back_is_copied_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, failures = sqlite._checkpoint, iter([sqlite3.OperationalError("disk I/O error")])

    def fails_once(path: str) -> None:
        for error in failures:
            raise error
        copy(path)

    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY", 0.01)
    monkeypatch.setattr(sqlite, "_checkpoint", fails_once)
    db = await open_sqlite(str(path))

    await db.transact(lambda tx: tx.execute(WRITE))

    assert await _is_copied_back_to(path)
    assert list(failures) == []
    await db.close()


async def test_a_log_is_begun_anew_under_writers_that_never_pause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody writes, copying back never reaches the end, and the log would only grow."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_EVERY", 0.01)
    monkeypatch.setattr(sqlite, "LOG_PAGES", 50)
    db = await open_sqlite(str(path))
    log, sizes = path.with_name(f"{path.name}-wal"), [0]

    async with asyncio.timeout(20):
        while sizes[-1] == max(sizes):
            name = f"row {len(sizes)}"
            await db.transact(
                lambda tx, name=name: tx.execute("INSERT INTO limits VALUES (:name, 1)", name=name)  # type: ignore[misc]  # mypy sees no type for a default
            )
            sizes.append(log.stat().st_size)
            await asyncio.sleep(0)

    kept = await db.row("SELECT count(*) AS rows FROM limits")
    assert kept and kept["rows"] == len(sizes) - 1
    await db.close()


async def test_what_was_deleted_is_in_no_file_after_the_next_write(path: Path) -> None:
    """Else an erased name could be read from the disk for as long as nobody needs its place."""
    db = await open_sqlite(str(path))
    for number in range(200):
        name = f"a row to look for {number}"
        await db.transact(
            lambda tx, name=name: tx.execute("INSERT INTO limits VALUES (:name, 1)", name=name)  # type: ignore[misc]  # mypy sees no type for a default
        )
    await db.transact(lambda tx: tx.execute("DELETE FROM limits"))
    await asyncio.to_thread(sqlite._checkpoint, str(path))
    log = path.with_name(f"{path.name}-wal")
    before = [_holds_the_row(path), _holds_the_row(log)]

    await db.transact(lambda tx: tx.execute("INSERT INTO limits VALUES ('another', 1)"))

    after = [_holds_the_row(path), _holds_the_row(log)]
    await db.close()
    assert before == [False, True]
    assert after == [False, False]
