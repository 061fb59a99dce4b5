from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from providers.rehearsal import demo_apps, rehearsal
from tests.providers.standins import BASE, GATEWAY, Clock, StandIns


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that only moves when it is told to."""
    yield Clock()


@pytest.fixture
async def standins(clock: Clock) -> AsyncIterator[StandIns]:
    """All stand-ins with the demo's apps, and a client that follows no redirect."""
    app = rehearsal(BASE, demo_apps(GATEWAY), clock)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        yield StandIns(app, client, clock)
