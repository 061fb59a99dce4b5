"""Other processes at the same database: ``python -m tests.database.processes WHAT PATH``.

``count`` adds one to a row a hundred times; ``come_and_go`` opens, writes, reads and closes ten
times; ``write_for_ever`` prints the number of every row once it is committed; ``hold`` takes the
write lock, says so, and lets go when its standard input ends.
"""

import asyncio
import itertools
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from gateway.database import Database, connect

COUNT = (
    "INSERT INTO limits (name, arrival) VALUES ('count', 1)"
    " ON CONFLICT (name) DO UPDATE SET arrival = limits.arrival + 1"
)


@contextmanager
def another(what: str, path: Path) -> Iterator[Popen[str]]:
    """Another process that does ``what`` at the database ``path``; it is over at the end."""
    command = [sys.executable, "-m", "tests.database.processes", what, str(path)]
    with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def count(path: str) -> None:
    """Add one, a hundred times."""
    db = await connect(f"sqlite:{path}")
    for _ in range(100):
        await db.transact(lambda tx: tx.execute(COUNT))
    await db.close()


async def come_and_go(path: str) -> None:
    """Be the last one to leave now and then, as command lines and restarted workers are."""
    for _ in range(10):
        db = await connect(f"sqlite:{path}")
        await db.transact(lambda tx: tx.execute(COUNT))
        await db.row("SELECT arrival FROM limits")
        await db.close()


async def write_for_ever(path: str) -> None:
    """Commit a row, say so, and again."""
    db = await connect(f"sqlite:{path}")
    for number in itertools.count():
        await _write(db, number)
        print(number, flush=True)  # noqa: T201  # this is how the test learns what was promised


async def _write(db: Database, number: int) -> None:
    await db.transact(
        lambda tx: tx.execute("INSERT INTO limits VALUES (:name, 1)", name=str(number))
    )


async def hold(path: str) -> None:
    """Hold the write lock."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    print("held", flush=True)  # noqa: T201  # this is how the test learns that it may begin
    sys.stdin.read()
    connection.execute("COMMIT")
    connection.close()


WHAT: dict[str, Callable[[str], Awaitable[None]]] = {
    "count": count,
    "come_and_go": come_and_go,
    "write_for_ever": write_for_ever,
    "hold": hold,
}

if __name__ == "__main__":

    async def main() -> None:
        """Do what the command line says."""
        await WHAT[sys.argv[1]](sys.argv[2])

    asyncio.run(main())
