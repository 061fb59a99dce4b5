"""The engines that the contract is put to."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.database import Database, connect


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: where a new, empty database of it is, and how it refuses a broken constraint."""

    name: str
    url: Callable[[Path], str]
    broken_constraint: type[Exception]


ENGINES = [
    Engine("sqlite", lambda folder: f"sqlite:{folder / 'gate.db'}", sqlite3.IntegrityError),
]

Open = Callable[[], Awaitable[Database]]


@pytest.fixture(params=ENGINES, ids=lambda engine: str(engine.name))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    chosen: Engine = request.param
    return chosen


@pytest.fixture
async def opened(engine: Engine, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the test's one database, as often as wanted; everything is closed at the end."""
    open_ones: list[Database] = []

    async def one_more() -> Database:
        open_ones.append(await connect(engine.url(tmp_path)))
        return open_ones[-1]

    yield one_more

    for db in open_ones:
        await db.close()


@pytest.fixture
async def db(opened: Open) -> Database:
    """A new database."""
    return await opened()
