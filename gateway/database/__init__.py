"""What the nouns ask of a database; one small protocol, one engine a file.

SQL stands beside its noun, in one portable dialect (``RETURNING``, ``ON CONFLICT``), with named
parameters (``:name``). Times are whole seconds since 1970 unless a column says otherwise.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields
from functools import cache
from typing import Any, Protocol, TypeVar

import msgspec

Result = TypeVar("Result")
Shape = TypeVar("Shape")


class Row(Protocol):
    """One row, read by column name."""

    def keys(self) -> Iterable[str]:
        """The names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of one column."""


def shaped(kind: type[Shape], row: Row) -> Shape:
    """A row as the noun it stands for: ``kind`` takes the columns that it has fields for."""
    columns = row.keys()
    return msgspec.convert({name: row[name] for name in columns}, kind, strict=False)


def present(row: Row | None) -> Row:
    """A row that the statement before makes sure of. Raises LookupError if it is missing."""
    if row is None:
        raise LookupError("the database left out a row that must be there")
    return row


class Reader(Protocol):
    """Somebody who can read."""

    async def row(self, sql: str, **values: Any) -> Row | None:
        """The first row, or None."""

    async def rows(self, sql: str, **values: Any) -> list[Row]:
        """All rows."""


class Transaction(Reader, Protocol):
    """Reads and writes that happen together or not at all."""

    async def execute(self, sql: str, **values: Any) -> int:
        """Run one statement; how many rows it changed."""


async def insert(tx: Transaction, table: str, noun: Any, **more: Any) -> None:
    """Write a noun (a dataclass) down: a column for each of its fields and of ``more``."""
    values = {column: getattr(noun, column) for column in _columns(noun.__class__)} | more
    await tx.execute(_insertion(table, tuple(values)), **values)


@cache
def _columns(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  # names of ours, values by marks


class Database(Reader, Protocol):
    """A database as the gateway sees it."""

    @property
    def failure(self) -> str:
        """Why the last write failed, in the engine's words; empty when it did not."""

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run ``work`` in one transaction: committed when it returns, undone when it raises.

        ``work`` may be run again where an engine asks for a retry, so it waits for nothing but
        the database and changes nothing else. Raises ``errors.Busy`` when the database can't be
        written within 5 s, or not at all.
        """

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""


async def connect(url: str) -> Database:
    """Open the database named by ``sqlite:PATH`` and bring its schema up to date.

    Raises ``errors.NewerSchema`` when a later version wrote it, and ``errors.DatabaseUnusable``.
    """
    from gateway.database.sqlite import open_sqlite

    return await open_sqlite(url.removeprefix("sqlite:"))
