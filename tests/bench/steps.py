"""What a login does inside: its reads and writes of the database step by step, and TLS contexts.

Here the gateway runs in this process, in a thread, so that its database and ``ssl`` can be watched.
"""

import re
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from starlette.applications import Starlette

from gateway.config import load
from gateway.database import Database, Result, Transaction, connect
from gateway.database import Row as DatabaseRow
from gateway.web.app import application
from tests.bench.browser import Browser, Wire
from tests.bench.table import Row
from tests.bench.town import GARDEN, PROVIDERS, StandIns, place, stand_ins
from tests.servers import running_at

PROVIDER = "twitter"
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")


@dataclass(slots=True)
class Watch:
    """What was asked of a database since the last look."""

    statements: list[str] = field(default_factory=list)
    transactions: int = 0

    def note(self, sql: str) -> None:
        """Remember a statement as its verb and its table."""
        table = TABLE.search(sql)
        self.statements.append(f"{sql.split(None, 1)[0]} {table[1] if table else ''}".lower())

    def look(self) -> tuple[int, int, int, str]:
        """Reads, writes, transactions, and the statements in their order; then forget them."""
        reads = sum(statement.startswith("select") for statement in self.statements)
        seen = (
            reads,
            len(self.statements) - reads,
            self.transactions,
            ", ".join(self.statements),
        )
        self.statements, self.transactions = [], 0
        return seen


class Watched:
    """A database, or a transaction, that is watched."""

    failure = ""  # the database of a measurement can be written

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    async def row(self, sql: str, **values: Any) -> DatabaseRow | None:
        """See ``database.Reader``."""
        self._watch.note(sql)
        found: DatabaseRow | None = await self._inner.row(sql, **values)
        return found

    async def rows(self, sql: str, **values: Any) -> list[DatabaseRow]:
        """See ``database.Reader``."""
        self._watch.note(sql)
        found: list[DatabaseRow] = await self._inner.rows(sql, **values)
        return found

    async def execute(self, sql: str, **values: Any) -> int:
        """See ``database.Transaction``."""
        self._watch.note(sql)
        changed: int = await self._inner.execute(sql, **values)
        return changed

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """See ``database.Database``."""
        self._watch.transactions += 1
        result: Result = await self._inner.transact(lambda tx: work(Watched(tx, self._watch)))
        return result

    async def close(self) -> None:
        """See ``database.Database``."""
        await self._inner.close()


@dataclass(frozen=True, slots=True)
class Inside:
    """A gateway in this process, and what is watched of it."""

    url: str
    upstream: StandIns
    watch: Watch


@contextmanager
def _gateway(folder: Path) -> Iterator[Inside]:
    watch, found = Watch(), {}
    with ExitStack() as open_things:

        def make(url: str) -> Starlette:
            upstream = open_things.enter_context(stand_ins(url, folder))
            at = place(folder, int(url.rpartition(":")[2]), upstream)
            trusted = {"SSL_CERT_FILE": str(upstream.authority)}
            open_things.enter_context(patch.dict("os.environ", trusted))
            found[url] = upstream
            return application(load(at.config, at.environment))

        async def watched_connect(url: str) -> Database:
            return Watched(await connect(url), watch)

        with patch("gateway.gate.connect", watched_connect), running_at(make) as url:
            yield Inside(url, found[url], watch)


@contextmanager
def counted_contexts() -> Iterator[Counter[str]]:
    """Count the TLS contexts that are made, by whomever."""
    made: Counter[str] = Counter()
    original = ssl.SSLContext.__new__

    def counting(kind: type[ssl.SSLContext], *arguments: Any, **named: Any) -> ssl.SSLContext:
        made["contexts"] += 1
        return original(kind, *arguments, **named)

    with patch.object(ssl.SSLContext, "__new__", counting):
        yield made


def rows(folder: Path) -> tuple[list[Row], list[Row]]:
    """The TLS contexts of a login of every provider; and the database's work, step by step."""
    with _gateway(folder) as inside:
        wire = Wire(inside.upstream.client_context())
        for provider in ("wordpress", "twitter", "facebook"):  # `twitter1` are the same people
            Browser(wire, inside.url).first_visit(provider, "garden", GARDEN)
        with counted_contexts() as made:
            for provider in PROVIDERS:
                Browser(wire, inside.url).sign_in(provider, "garden", GARDEN)
        contexts = [Row("TLS contexts made in four logins", str(made["contexts"]), "0")]
        return contexts, _steps(inside, wire)


def _steps(inside: Inside, wire: Wire) -> list[Row]:
    inside.watch.look()
    browser, listed = Browser(wire, inside.url), []

    def note(step: str) -> None:
        reads, writes, transactions, statements = inside.watch.look()
        counts = f"{reads} read, {writes} written, {transactions} transactions"
        listed.append(Row(step, f"{counts}: {statements}"))

    verifier, url = browser.start(PROVIDER, "garden", GARDEN)
    note("login: POST /start")
    there = browser.hop(url)
    note("login: GET /start/{attempt}")
    code = browser.code_at(browser.agree(there, "ada"))
    note("login: GET /callback/{provider}")
    browser.redeem("garden", GARDEN, code, verifier)
    note("login: POST /token")
    verifier, url = browser.start(PROVIDER, "garden", GARDEN)
    note("again: POST /start")
    code = browser.code_at(url)
    note("again: GET /start/{attempt}")
    browser.redeem("garden", GARDEN, code, verifier)
    note("again: POST /token")
    return listed
