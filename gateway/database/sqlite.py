"""The embedded engine: SQLite in write-ahead mode, called in the event loop.

A point read costs less than a trip to a thread would, so reads and writes run in the loop; what
could wait does not: where another process holds the file it is tried again after an awaited sleep
instead of SQLite's own blocking one, and the write-ahead log is copied back by a thread.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway import events
from gateway.database import Result, Row, Transaction
from gateway.errors import Busy, DatabaseUnusable, NewerSchema

SCHEMA = Path(__file__).parent / "schema"
OPEN_WAIT = 30.0  # seconds for other processes that start, migrate or stop just now
WAIT = 5.0  # seconds for another process that writes
CHECKPOINT_EVERY = 2.0  # seconds
LOG_PAGES = 4096  # of 4 KiB, beyond which the log is begun anew while writers wait
CACHE_KB = 512  # of each connection; the system caches the file as well
A_WRITE = "PRAGMA application_id = 1131243380"  # "Cmgt": says whose file it is, and always writes
NO_WRITING = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
)


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

    def __init__(self, path: str, reading: sqlite3.Connection, writing: sqlite3.Connection) -> None:
        self._path = path
        self._reading = reading
        self._writing = _Connection(writing)
        self._turn = asyncio.Lock()
        self._dirty = False
        self._failure = ""
        self._copying = asyncio.create_task(self._copy_log_back())

    @property
    def failure(self) -> str:
        """See ``database.Database``."""
        return self._failure

    async def row(self, sql: str, **values: Any) -> Row | None:
        """Read one row; see ``database.Reader``."""
        return await self._read(lambda: self._reading.execute(sql, values).fetchone())

    async def rows(self, sql: str, **values: Any) -> list[Row]:
        """Read all rows; see ``database.Reader``."""
        return await self._read(lambda: self._reading.execute(sql, values).fetchall())

    async def _read(self, call: Callable[[], Result]) -> Result:
        try:
            return await _when_free(call, _deadline())
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_IOERR:
                raise
            self._has_failed(error)
            raise Busy from None

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Write; see ``database.Database``."""
        deadline = _deadline()
        async with self._turn:
            try:
                result = await self._together(work, deadline)
            except sqlite3.OperationalError as error:
                if _code(error) not in NO_WRITING:
                    raise
                self._has_failed(error)
                raise Busy from None
            self._dirty = True
            if self._failure:
                self._failure = ""
                events.database_recovered()
            return result

    async def _together(
        self, work: Callable[[Transaction], Awaitable[Result]], deadline: float
    ) -> Result:
        await self._now("BEGIN IMMEDIATE", deadline)
        try:
            result = await work(self._writing)
            if self._failure:  # work that changes no row would commit on a full disk, too
                self._writing.raw.execute(A_WRITE)
            await self._now("COMMIT", deadline)
        except BaseException:
            with suppress(sqlite3.OperationalError):  # nothing to undo after a failed COMMIT
                self._writing.raw.execute("ROLLBACK")
            raise
        return result

    def _has_failed(self, error: sqlite3.OperationalError) -> None:
        """Remember it, and say it once: every request fails for the same reason now."""
        if self._failure != str(error):
            self._failure = str(error)
            events.database_failed(self._failure)

    async def close(self) -> None:
        """Let the write that is under way finish, stop the log's thread, close both connections."""
        self._copying.cancel()
        with suppress(asyncio.CancelledError):
            await self._copying
        async with self._turn:
            self._reading.close()
            self._writing.raw.close()

    async def _now(self, statement: str, deadline: float) -> None:
        await _when_free(lambda: self._writing.raw.execute(statement), deadline)

    async def _copy_log_back(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY)
            if self._dirty:
                self._dirty = False
                try:
                    await asyncio.to_thread(_checkpoint, self._path)
                except sqlite3.Error:  # the log only grows until it works again
                    self._dirty = True


def _deadline() -> float:
    return time.monotonic() + WAIT


async def _when_free(call: Callable[[], Result], deadline: float) -> Result:
    """Another process may hold the file: wait for it without holding up this one's loop."""
    while True:
        try:
            return call()
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
        if time.monotonic() > deadline:
            raise Busy
        await asyncio.sleep(random.uniform(0.001, 0.01))  # noqa: S311  # spreads waiting writers, guards nothing


def _code(error: sqlite3.OperationalError) -> int:
    """The primary result code, whatever the extended one adds to it."""
    return error.sqlite_errorcode & 0xFF


def _checkpoint(path: str) -> None:
    """Copy the log back. It starts anew by itself in a pause; writers that make none wait once."""
    connection = _connect(path)
    try:
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LOG_PAGES:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


async def open_sqlite(path: str) -> Sqlite:
    """Open or make the database at ``path`` and bring its schema up to date.

    Raises ``NewerSchema`` and ``DatabaseUnusable``.
    """
    try:
        return Sqlite(path, *await asyncio.to_thread(_open, path))
    except sqlite3.DatabaseError as error:
        raise DatabaseUnusable(str(error)) from None
    except OSError as error:
        raise DatabaseUnusable(f"unable to make its file: {error.strerror}") from None


def _open(path: str) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """The reading and the writing connection, which never wait once they are open."""
    migrate(path)
    reading, writing = _connect(path), _connect(path)
    reading.execute("PRAGMA query_only = 1")
    for connection in (reading, writing):
        connection.execute("PRAGMA busy_timeout = 0")
    return reading, writing


def _connect(path: str) -> sqlite3.Connection:
    """A connection for one thread at a time, whichever that is."""
    connection = sqlite3.connect(
        path,
        timeout=OPEN_WAIT,
        isolation_level=None,
        cached_statements=256,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = 1")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA secure_delete = 1")  # what is erased is overwritten, not unlinked
    connection.execute("PRAGMA journal_size_limit = 0")  # a log begun anew keeps no old end
    return connection


def migrate(path: str, folder: Path = SCHEMA) -> int:
    """Apply the numbered files of ``folder`` that are missing; the version reached.

    Raises ``NewerSchema`` when the database is ahead of the files.
    """
    steps = sorted(folder.glob("[0-9]*.sql"))
    _make(path)
    connection = sqlite3.connect(path, timeout=OPEN_WAIT, isolation_level=None)
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
        connection.execute(A_WRITE)  # a file that can only be read stops the start, not a visitor
        connection.execute("COMMIT")
    finally:
        connection.close()
    return len(steps)


def _make(path: str) -> None:
    """Make a new file that only its owner reads; SQLite gives the files beside it the same mode."""
    with suppress(FileExistsError):  # its mode is the operator's choice
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _statements(script: str) -> list[str]:
    statements, pending = [], ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
