"""A gateway under its own server and its own logging, whose calls to the providers are watched."""

import asyncio
import io
import json
import logging
import logging.config
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2
import uvicorn
from starlette.applications import Starlette

from gateway import logs
from gateway.config import read
from gateway.demo.run import environment, provider_tables
from gateway.http import BODY_BYTES, Answer, Transport
from gateway.web.app import application
from gateway.web.server import options
from providers import rehearsal
from providers.rehearsal import demo_apps
from tests.servers import listening, running_at
from tests.world import SECRET, Clock, World, configuration

SECRET_NAMES = re.compile(
    r"(access_token|oauth_token|oauth_token_secret|oauth_verifier|code|code_verifier|state"
    r"|client_secret|appsecret_proof|input_token|fb_exchange_token)$"
)


@dataclass
class Watched(Transport):
    """The real transport; it notes every secret that passes."""

    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(public_only=False)

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Make one call."""
        response = await super().ask(method, url, headers, body, most)
        said = response.content.decode("latin-1")
        header = {name.lower(): value for name, value in (headers or {}).items()}.get(
            "authorization", ""
        )
        signed = [(name, unquote(value)) for name, value in re.findall(r'(\w+)="([^"]*)"', header)]
        pairs = [*parse_qsl(body), *parse_qsl(urlsplit(url).query), *signed]
        pairs += parse_qsl(said) + list(_flat(said))
        self.seen |= {value for name, value in pairs if SECRET_NAMES.match(name)}
        self.seen |= {header.partition(" ")[2]} if header and not signed else set()
        return response


def _flat(text: str) -> Iterator[tuple[str, str]]:
    try:
        read_as = json.loads(text)
    except ValueError:
        return
    if isinstance(read_as, dict):
        yield from ((name, value) for name, value in read_as.items() if isinstance(value, str))


class Server(uvicorn.Server):
    """A server in the test's loop, which leaves the signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when it is done."""
        await super().startup(sockets)
        self.answers.set()

    @asynccontextmanager
    async def serving(self, listener: socket.socket) -> AsyncIterator[None]:
        """Serve until the end of the block."""
        task = asyncio.create_task(self.serve([listener]))
        try:
            await asyncio.wait_for(self.answers.wait(), 20)
            yield
        finally:
            self.should_exit = True
            await task


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[World, Watched]]:
    """A world whose gateway is asked over a socket, under the product's own server settings."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        made: list[Starlette] = []

        def make(stand_ins_url: str) -> Starlette:
            made.append(rehearsal.rehearsal(stand_ins_url, demo_apps(url)))
            return made[0]

        stand_ins_url = stack.enter_context(running_at(make, "127.0.0.3"))
        table = {**configuration(stand_ins_url), "public_url": url}
        table["providers"] = provider_tables(stand_ins_url, url)
        table["sites"]["blog"]["email"] = True
        settings = read(table, {**environment(url), "DEMO_SECRET": SECRET}, folder)
        transport, clock = Watched(), Clock()
        stack.push_async_callback(transport.close)
        app = application(settings, transport, clock)
        await stack.enter_async_context(
            Server(uvicorn.Config(app, **options(settings))).serving(listener)
        )
        outside = await stack.enter_async_context(httpx2.AsyncClient(verify=False))
        client = await stack.enter_async_context(inside(url))
        yield World(app, client, outside, made[0], clock, settings, folder), transport


def inside(url: str) -> httpx2.AsyncClient:
    """A client without a jar of its own."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx2.AsyncClient(base_url=url, verify=False, cookies=jar)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What is logged by the product's own configuration; all loggers are as before afterwards."""
    names = ["", *logs.configuration()["loggers"]]
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    lines = io.StringIO()
    try:
        logging.config.dictConfig(logs.configuration())
        kept: Any = logging.getLogger().handlers[0]
        kept.setStream(lines)
        yield lines
    finally:
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers[:] = handlers
