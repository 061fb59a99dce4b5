"""The embedded engine: SQLite in write-ahead mode, called in the event loop.

A point read costs less than a trip to a thread would, so reads and writes run in the loop; what
could wait does not: a busy writer is retried by an awaited sleep instead of SQLite's own
blocking one, and the write-ahead log is copied back by a thread.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.database import Result, Row, Transaction
from gateway.errors import Busy, NewerSchema

SCHEMA = Path(__file__).parent / "schema"
OPEN_WAIT = 30.0  # seconds in which other processes that start, migrate or stop let go of the file
WRITE_WAIT = 5.0  # seconds
TAKEN = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
CHECKPOINT_EVERY = 2.0  # seconds


class _Connection:
    """A connection whose calls are asynchronous in name only: each is done before it returns."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    async def row(self, sql: str, **values: Any) -> Row | None:
        found: Row | None = self.raw.execute(sql, values).fetchone()
        return found

    async def rows(self, sql: str, **values: Any) -> list[Row]:
        return list(self.raw.execute(sql, values).fetchall())

    async def execute(self, sql: str, **values: Any) -> int:
        return self.raw.execute(sql, values).rowcount


class Sqlite:
    """One file, one reading and one writing connection."""

    def __init__(
        self, path: str, reading: sqlite3.Connection, writing: sqlite3.Connection
    ) -> None:
        self._path = path
        self._reading = _Connection(reading)
        self._writing = _Connection(writing)
        self._turn = asyncio.Lock()
        self._dirty = False
        self._copying = asyncio.create_task(self._copy_log_back())

    async def row(self, sql: str, **values: Any) -> Row | None:
        """Read one row; see ``database.Reader``."""
        return await self._when_free(lambda: self._reading.row(sql, **values))

    async def rows(self, sql: str, **values: Any) -> list[Row]:
        """Read all rows; see ``database.Reader``."""
        return await self._when_free(lambda: self._reading.rows(sql, **values))

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Write; see ``database.Database``."""
        async with self._turn:
            await self._when_free("BEGIN IMMEDIATE")
            try:
                result = await work(self._writing)
                await self._when_free("COMMIT")
            except BaseException:
                with suppress(sqlite3.OperationalError):  # nothing to undo after a failed COMMIT
                    self._writing.raw.execute("ROLLBACK")
                raise
            self._dirty = True
            return result

    async def close(self) -> None:
        """Stop the log's thread and close both connections."""
        self._copying.cancel()
        with suppress(asyncio.CancelledError):
            await self._copying
        self._reading.raw.close()
        self._writing.raw.close()

    async def _when_free(self, statement: str) -> None:
        """Another process may be writing: wait for it without holding up this one's loop."""
        deadline = time.monotonic() + WRITE_WAIT
        while True:
            try:
                self._writing.raw.execute(statement)
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in TAKEN:
                    raise
            if time.monotonic() > deadline:
                raise Busy
            await asyncio.sleep(random.uniform(0.001, 0.01))  # noqa: S311  # spreads waiting writers, guards nothing

    async def _copy_log_back(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY)
            if self._dirty:
                self._dirty = False
                await asyncio.to_thread(_checkpoint, self._path)


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=256)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = 1")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _checkpoint(path: str) -> None:
    connection = _connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        connection.close()


async def open_sqlite(path: str) -> Sqlite:
    """Open or make the database at ``path`` and bring its schema up to date."""
    await asyncio.to_thread(migrate, path)
    return Sqlite(path)


def migrate(path: str, folder: Path = SCHEMA) -> int:
    """Apply the numbered files of ``folder`` that are missing; the version reached.

    Raises ``NewerSchema`` when the database is ahead of the files.
    """
    steps = sorted(folder.glob("[0-9]*.sql"))
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")  # several workers start at once; one of them migrates
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        done = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0
        if done > len(steps):
            raise NewerSchema
        for version, step in enumerate(steps[done:], start=done + 1):
            for statement in _statements(step.read_text()):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?)", (version,))
        connection.execute("COMMIT")
    finally:
        connection.close()
    return len(steps)


def _statements(script: str) -> list[str]:
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
