"""A database that can be read and not written: said at the start, remembered while serving."""

import logging
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gateway.database import Transaction
from gateway.database.sqlite import Sqlite, migrate, open_sqlite
from gateway.errors import Busy
from tests.database.disks import DISKS, broken

OPEN = (
    "import asyncio, sys\n"
    "from gateway.database import connect\n"
    "from gateway.errors import DatabaseUnusable\n"
    "try:\n"
    "    asyncio.run(connect(f'sqlite:{sys.argv[1]}'))\n"
    "except DatabaseUnusable as error:\n"
    "    print(error)\n"
)
# Root may write whatever it likes, unless that right is taken away.
MORTAL = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-all"] if not os.geteuid() else []
Disk = Callable[[Sqlite], AbstractContextManager[None]]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Sqlite]:
    opened = await open_sqlite(str(tmp_path / "gate.db"))
    yield opened
    await opened.close()


async def _write(db: Sqlite) -> None:
    await db.transact(lambda tx: tx.execute("INSERT INTO limits VALUES (hex(zeroblob(9999)), 1)"))


def _said(path: Path) -> str:
    command = [*MORTAL, sys.executable, "-c", OPEN, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_file_that_may_not_be_written_stops_the_start(tmp_path: Path) -> None:
    """As one does that root has restored from a backup."""
    path = tmp_path / "gate.db"
    migrate(str(path))
    path.chmod(0o444)

    assert "can't be used: attempt to write a readonly database. Check" in _said(path)


def test_a_folder_that_may_not_be_written_stops_the_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)

    said = _said(tmp_path / "gate.db")

    tmp_path.chmod(0o755)
    assert "can't be used: unable to make its file: Permission denied. Check" in said


@pytest.mark.parametrize(("disk", "why"), DISKS.items())
async def test_a_write_that_cannot_be_is_busy_and_its_cause_is_said_once(
    db: Sqlite, caplog: pytest.LogCaptureFixture, disk: Disk, why: str
) -> None:
    with disk(db):
        for _ in range(3):
            with pytest.raises(Busy):
                await _write(db)

    (line,) = caplog.records
    assert db.failure == why
    assert (line.event, line.why) == ("database_failed", why)  # type: ignore[attr-defined]  # extra of ours


@pytest.mark.parametrize("disk", DISKS)
async def test_a_database_that_can_be_written_again_is_as_before(
    db: Sqlite, caplog: pytest.LogCaptureFixture, disk: Disk
) -> None:
    caplog.set_level(logging.INFO)
    with disk(db), pytest.raises(Busy):
        await _write(db)

    await _write(db)

    assert db.failure == ""
    assert len(await db.rows("SELECT * FROM limits")) == 1
    assert "can be written again" in caplog.text


async def test_work_that_changes_nothing_is_no_proof_that_the_disk_takes_more(db: Sqlite) -> None:
    async def nothing(tx: Transaction) -> None:
        await tx.execute("DELETE FROM limits")

    with broken(db):
        with pytest.raises(Busy):
            await _write(db)
        with pytest.raises(Busy):
            await db.transact(nothing)
    await db.transact(nothing)

    assert db.failure == ""


async def test_N6_a_new_database_is_read_by_its_owner_alone(db: Sqlite, tmp_path: Path) -> None:
    """Names and addresses stand in it, and in the files beside it."""
    await _write(db)

    assert _modes(tmp_path) == dict.fromkeys(("gate.db", "gate.db-wal", "gate.db-shm"), 0o600)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_a_database_keeps_the_mode_that_its_operator_chose(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    path.touch(0o640)
    path.chmod(0o640)

    await (await open_sqlite(str(path))).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
