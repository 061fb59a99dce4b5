"""A gateway under measurement and the stand-ins it asks, each in a process of its own."""

import json
import os
import sqlite3
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import providers
from gateway.demo.run import environment, provider_tables
from tests.bench.processes import MEASURED_CORE, OTHER_CORE, running, until_it_answers

BLOG = "http://127.0.0.2:8001"
GARDEN = "http://127.0.0.4:8003"
PROVIDERS = tuple(providers.PROVIDERS)


@dataclass(frozen=True, slots=True)
class StandIns:
    """The stand-ins: where they are, who vouches for their certificate."""

    url: str
    authority: Path

    def client_context(self) -> ssl.SSLContext:
        """For a browser that trusts them."""
        return ssl.create_default_context(cafile=self.authority)

    def calls(self, context: ssl.SSLContext) -> dict[str, int]:
        """How often each of their endpoints was called."""
        with urllib.request.urlopen(f"{self.url}/calls", context=context) as answer:
            counted: dict[str, int] = json.load(answer)
            return counted

    def all_calls(self) -> int:
        """How many calls there were."""
        return sum(self.calls(self.client_context()).values())


@dataclass(frozen=True, slots=True)
class Place:
    """A gateway's configuration on disk, and the environment that its secrets stand in."""

    url: str
    port: int
    config: Path
    environment: Mapping[str, str]

    def forget_approvals(self) -> None:
        """Nobody has ever said yes to a site."""
        with closing(sqlite3.connect(self.config.with_name("gateway.db"), timeout=10)) as database:
            database.execute("DELETE FROM acquaintances")
            database.commit()


@contextmanager
def stand_ins(gateway_url: str, folder: Path, delay: float = 0.0) -> Iterator[StandIns]:
    """The stand-ins of a gateway at ``gateway_url``, over TLS; ``delay`` seconds for an answer."""
    authority = folder / "authority.pem"
    command = ["-m", "tests.bench.stand_ins", gateway_url, str(authority), str(delay)]
    with running(command, OTHER_CORE, folder / "stand-ins.log") as process:
        assert process.stdout
        yield StandIns(process.stdout.readline().strip(), authority)


def place(folder: Path, port: int, upstream: StandIns) -> Place:
    """Write the configuration of a gateway whose limits are out of the way."""
    url = f"http://127.0.0.1:{port}"
    config = folder / "commentgate.toml"
    config.write_text(_toml(url, port, upstream.url))
    return Place(url, port, config, {**environment(url), "SSL_CERT_FILE": str(upstream.authority)})


def _toml(url: str, port: int, upstream: str) -> str:
    lines = [
        f'public_url = "{url}"',
        f'listen = "127.0.0.1:{port}"',
        'database = "sqlite:gateway.db"',
        'secret_keys = ["env:DEMO_SECRET"]',
        "[limits]",
        *(f"{limit} = 60000" for limit in ("start", "token", "pending")),
        "[sites.blog]",
        'name = "Ada\'s blog"',
        f'origins = ["{BLOG}"]',
        f"providers = {json.dumps(PROVIDERS)}",
        "trusted = true",
        "[sites.garden]",
        'name = "The garden"',
        f'origins = ["{GARDEN}"]',
        f"providers = {json.dumps(PROVIDERS)}",
    ]
    for key, table in provider_tables(upstream, url).items():
        lines += [f"[providers.{key}]", *(f'{name} = "{value}"' for name, value in table.items())]
    return "\n".join(lines)


@contextmanager
def gateway(at: Place) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """One worker of the gateway, as operators start it; and its seconds to the first answer."""
    began = time.perf_counter()
    command = ["-m", "gateway", "serve", "--config", str(at.config)]
    log, environment = at.config.with_name("gateway.log"), {**os.environ, **at.environment}
    with running(command, MEASURED_CORE, log, environment) as process:
        until_it_answers(at.port, "/healthz")
        yield process, time.perf_counter() - began
