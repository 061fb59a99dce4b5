"""The demo: gateway, two blogs and the stand-in providers, four servers in one process.

They stand on loopback addresses of their own, so that a browser takes them for different sites.
"""

import asyncio
import ipaddress
import logging.config
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from gateway import logs
from gateway.config import read
from gateway.demo import blog
from gateway.web.app import application
from providers import PROVIDERS, rehearsal

STOP_WITHIN = 2  # seconds
BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Place:
    """Where one of the servers stands: the host as a URL writes it, the address it binds."""

    host: str
    address: str
    port: int

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://{self.host}:{self.port}"

    def listen(self) -> socket.socket:
        """Take connections here, which wait until somebody serves them.

        Raises OSError where the system lacks the address or the port is taken.
        """
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.address, self.port))
            listening.listen(BACKLOG)
        except OSError:
            listening.close()
            raise
        return listening


@dataclass(frozen=True, slots=True)
class Town:
    """The places of one demo."""

    gateway: Place
    blog: Place
    rehearsal: Place
    garden: Place


def town(first_port: int) -> tuple[Town, str]:
    """Three sites to a browser; and a sentence where the system could give only lesser ones."""
    ports = [first_port + step for step in range(4)]
    usual = [Place(f"127.0.0.{n}", f"127.0.0.{n}", p) for n, p in enumerate(ports, start=1)]
    if _has_address("127.0.0.2"):
        return Town(*usual), ""
    lesser = Town(
        usual[0],
        Place("localhost", "127.0.0.1", ports[1]),
        Place("[::1]", "::1", ports[2]),
        Place("localhost", "127.0.0.1", ports[3]),
    )
    return lesser, "This system has only 127.0.0.1: the blogs are localhost, the providers [::1]."


def _has_address(address: str) -> bool:
    with socket.socket() as trying:
        try:
            trying.bind((address, 0))
        except OSError:
            return False
    return True


def configuration(places: Town) -> dict[str, Any]:
    """The demo's configuration, as its file would say it."""
    offered = list(PROVIDERS)
    return {
        "public_url": places.gateway.url,
        "secret_keys": ["env:DEMO_SECRET"],
        "contact": "mailto:demo@example.org",
        "providers": provider_tables(places.rehearsal.url, places.gateway.url),
        "sites": {
            "blog": {
                "name": "Ada's blog",
                "origins": [places.blog.url],
                "providers": offered,
                "trusted": True,
            },
            "garden": {
                "name": "The garden",
                "origins": [places.garden.url],
                "providers": offered,
            },
        },
    }


def provider_tables(rehearsal_url: str, gateway_url: str) -> dict[str, dict[str, str]]:
    """The ``[providers.*]`` tables that lead to the stand-ins."""
    apps = rehearsal.demo_apps(gateway_url)
    endpoints = rehearsal.endpoints(rehearsal_url)
    return {
        key: {
            "client_id": apps[key].client_id,
            "client_secret": f"env:{secret_variable(key)}",
            **({"label": "X (OAuth 1.0a)"} if key == "twitter1" else {}),
            **endpoints[key],
        }
        for key in PROVIDERS
    }


def secret_variable(provider: str) -> str:
    """The environment variable of a stand-in's client secret."""
    return f"REHEARSAL_{provider.upper()}_SECRET"


def environment(gateway_url: str) -> dict[str, str]:
    """The secrets that the demo's configuration refers to."""
    apps = rehearsal.demo_apps(gateway_url)
    stand_ins = {secret_variable(key): app.client_secret for key, app in apps.items()}
    return {"DEMO_SECRET": secrets.token_hex(32), **stand_ins}


def demo(first_port: int) -> None:
    """Run the demo until Ctrl-C. Exits with a sentence where a port is taken."""
    places, sentence = town(first_port)
    with tempfile.TemporaryDirectory(prefix="commentgate-demo-") as folder:
        apps = servers(places, Path(folder))
        sockets = _listen(list(apps), "DEMO_PORT moves the ports.")
        if sentence:
            print(sentence)  # noqa: T201  # this is what the command is for
        print(f"Open {places.blog.url}/ and sign in. Ctrl-C stops everything.", flush=True)  # noqa: T201  # the one line of the demo
        asyncio.run(_serve_until_told(dict(zip(apps.values(), sockets, strict=True))))


def servers(places: Town, folder: Path) -> Mapping[Place, Starlette]:
    """The four applications of a demo, with their data in ``folder``."""
    settings = read(configuration(places), environment(places.gateway.url), folder)
    return {
        places.gateway: application(settings),
        places.blog: blog(
            name="Ada's blog",
            issuer=places.gateway.url,
            site="blog",
            own_url=places.blog.url,
            database=folder / "blog.db",
        ),
        places.rehearsal: rehearsal.rehearsal(
            places.rehearsal.url, rehearsal.demo_apps(places.gateway.url)
        ),
        places.garden: blog(
            name="The garden",
            issuer=places.gateway.url,
            site="garden",
            own_url=places.garden.url,
            database=folder / "garden.db",
        ),
    }


def rehearse(host: str, port: int, gateway_url: str) -> None:
    """Run the stand-ins alone. Exits with a sentence off loopback or where the port is taken."""
    if not _is_loopback(host):
        sys.exit(f"{host} is not a loopback address; the stand-ins sign anybody in as anybody.")
    written = f"[{host}]" if ":" in host else host
    place = Place(written, "127.0.0.1" if host == "localhost" else host, port)
    app = rehearsal.rehearsal(place.url, rehearsal.demo_apps(gateway_url))
    sockets = _listen([place], "--port names another one.")
    print(_as_toml(provider_tables(place.url, gateway_url)))  # noqa: T201  # this is what the command is for
    for variable, secret in environment(gateway_url).items():
        print(f"# export {variable}={secret}", flush=True)  # noqa: T201  # stand-ins' secrets are no secrets
    asyncio.run(_serve_until_told({app: sockets[0]}))


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False


def _as_toml(tables: Mapping[str, Mapping[str, str]]) -> str:
    lines = []
    for key, table in tables.items():
        lines += [f"[providers.{key}]", *(f'{name} = "{value}"' for name, value in table.items())]
        lines.append("")
    return "\n".join(lines)


def _listen(places: list[Place], remedy: str) -> list[socket.socket]:
    sockets = []
    for place in places:
        try:
            sockets.append(place.listen())
        except OSError as error:
            sys.exit(f"{place.url} can't be used: {error.strerror}. {remedy}")
    return sockets


class _Server(uvicorn.Server):
    """One of several in a process: the signals are somebody else's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve_until_told(apps: Mapping[Starlette, socket.socket]) -> None:
    logging.config.dictConfig(logs.configuration("WARNING"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows stops by KeyboardInterrupt
            loop.add_signal_handler(number, stop.set)
    await serve(apps, stop)


async def serve(apps: Mapping[Starlette, socket.socket], stop: asyncio.Event) -> None:
    """Serve each application on its listening socket until ``stop`` is set or one of them ends."""
    servers = {_Server(_server_settings(app)): listening for app, listening in apps.items()}
    serving = [
        asyncio.create_task(server.serve([listening])) for server, listening in servers.items()
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    _end_waiting(apps)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


def _server_settings(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=STOP_WITHIN
    )


def _end_waiting(apps: Iterable[Starlette]) -> None:
    """A stand-in that plays a slow provider would hold its caller, and so the end, for a minute."""
    for app in apps:
        closing = getattr(app.state, "closing", None)
        if closing:
            closing.set()
