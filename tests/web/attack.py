"""What the hostile tests of this folder share: looking at the database, and changing the world."""

import html
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2

from gateway.web import languages
from tests.world import GARDEN, Browser, Click, World, inside, opened

Dump = dict[str, list[tuple[Any, ...]]]


async def dump(world: World) -> Dump:
    """Every row of every table."""
    db = world.gate.db
    tables = await db.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {table["name"]: await _rows(world, table["name"]) for table in tables}


async def _rows(world: World, table: str) -> list[tuple[Any, ...]]:
    db = world.gate.db
    columns = await db.rows("SELECT name FROM pragma_table_info(:table)", table=table)
    rows = await db.rows(f"SELECT * FROM {table}")  # noqa: S608  # the names are the schema's
    return [tuple(row[column["name"]] for column in columns) for row in rows]


def texts(dumped: Dump) -> Iterator[str]:
    """Every text in a dump."""
    for rows in dumped.values():
        for row in rows:
            yield from (value for value in row if isinstance(value, str))


async def change(world: World, sql: str, **values: Any) -> None:
    """Change the database behind the gateway's back."""
    await world.gate.db.transact(lambda tx: tx.execute(sql, **values))


def click_in_garden(**more: Any) -> Click:
    """A click under a post of the site that is not trusted."""
    return Click(**{"site": "garden", "return_to": f"{GARDEN}/", "origin": GARDEN, **more})


def asks(page: httpx2.Response) -> bool:
    """Whether a page is the question whether a site may know who this is."""
    return page.status_code == 200 and 'value="not_now"' in page.text


def says(page: httpx2.Response, code: str) -> bool:
    """Whether an error page speaks of the error of this code, in English."""
    return languages.text("en", f"what_{code}") in html.unescape(page.text)


@asynccontextmanager
async def reopened(world: World, table: dict[str, Any]) -> AsyncIterator[World]:
    """The same database under another configuration, as after a restart."""
    async with opened(table, world.folder, world.stand_ins, world.clock) as later:
        yield later


def moved(browser: Browser, world: World) -> Browser:
    """The same browser at another world."""
    there = world.browser()
    there.cookies = browser.cookies
    return there


@asynccontextmanager
async def seen_from(world: World, address: str) -> AsyncIterator[World]:
    """The world as somebody at another address meets it."""
    async with inside(world.app, world.settings, address) as client:
        yield replace(world, client=client)


def everything_told(responses: list[httpx2.Response]) -> str:
    """All addresses, headers and bodies of some responses as one text."""
    return "\n".join(
        f"{response.request.url}\n{response.headers.multi_items()}\n{response.text}"
        for response in responses
    )
