"""A gateway with real stand-ins behind it, for the stories of this folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from providers import rehearsal
from tests.servers import Authority, running_at
from tests.world import GATEWAY, World, configuration, opened

StandIns = tuple[str, Starlette]


@pytest.fixture(scope="session", autouse=True)
def few_authorities(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Each world makes one TLS context; with the system's 140 authorities that is half its time."""
    file = tmp_path_factory.mktemp("authorities") / "ours.pem"
    file.write_bytes(authority.pem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[StandIns]:
    """The stand-in providers on a real server: their address and their application."""
    made: list[Starlette] = []

    def make(url: str) -> Starlette:
        made.append(rehearsal.rehearsal(url, rehearsal.demo_apps(GATEWAY)))
        return made[0]

    with running_at(make, "127.0.0.3") as url:
        yield url, made[0]


@pytest.fixture
def table(stand_ins: StandIns) -> dict[str, Any]:
    """The configuration, for a test to change before it takes ``world``."""
    return configuration(stand_ins[0])


@pytest.fixture
async def world(table: dict[str, Any], stand_ins: StandIns, tmp_path: Path) -> AsyncIterator[World]:
    """A gateway with one trusted site and one that is not."""
    stand_ins[1].state.calls.clear()
    stand_ins[1].state.ahead.clear()
    async with opened(table, tmp_path, stand_ins[1]) as world:
        yield world
