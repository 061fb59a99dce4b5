"""A database that can't be written: visitors are told to come back, operators why."""

import logging

import pytest

from gateway.database.sqlite import Sqlite
from gateway.gate import tidy
from tests.database.disks import read_only
from tests.web.test_token import coded, is_refused
from tests.world import BLOG, Click, World


def _db(world: World) -> Sqlite:
    assert isinstance(world.gate.db, Sqlite)
    return world.gate.db


async def test_nobody_meets_a_traceback_where_nothing_can_be_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    click, code = await coded(world)
    with read_only(_db(world)):
        page = await world.browser().send("POST", "/start", Click().form, origin=BLOG)
        answer = await world.redeem(click, code)

    assert page.status_code == 503
    assert page.headers["retry-after"]
    assert is_refused(answer, 503, "temporarily_unavailable")
    assert [line.name for line in caplog.records if line.levelno >= logging.WARNING] == [
        "commentgate.events"
    ]


async def test_readyz_tells_of_a_write_that_failed_until_one_goes_through(world: World) -> None:
    """The tidying of every minute is such a write."""
    before = await world.client.get("/readyz")
    with read_only(_db(world)):
        await world.browser().send("POST", "/start", Click().form, origin=BLOG)
        meanwhile = await world.client.get("/readyz")
    await tidy(world.gate)
    after = await world.client.get("/readyz")

    assert [answer.status_code for answer in (before, meanwhile, after)] == [200, 503, 200]
    assert meanwhile.json() == {"status": "unavailable"}
