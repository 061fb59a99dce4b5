"""CPU of the gateway's process for whole logins, by every provider, over TLS to the stand-ins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench.browser import Browser, Wire
from tests.bench.processes import (
    MEASURED_CORE,
    cpu_seconds,
    free_port,
    running,
    until_it_answers,
)
from tests.bench.table import Row
from tests.bench.town import BLOG, GARDEN, PROVIDERS, gateway, place, stand_ins

ROUNDS = 5
LOGINS = 100
WARM_UP = 50
REQUESTS = 4000
TARGET = {"wordpress": "3 ms", "twitter": "3 ms", "twitter1": "", "facebook": "3 ms"}
KNOWN_PROVIDER = "twitter"


@dataclass(slots=True)
class Costs:
    """Milliseconds of CPU a piece, one figure a round."""

    bare: list[float] = field(default_factory=list)
    full: dict[str, list[float]] = field(default_factory=lambda: {key: [] for key in PROVIDERS})
    asked: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


def rows(folder: Path) -> list[Row]:
    """The table's rows."""
    port, bare_port = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    bare = ["-m", "tests.bench.bare", str(bare_port)]
    with (
        stand_ins(url, folder) as upstream,
        gateway(place(folder, port, upstream)) as (process, _),
        running(bare, MEASURED_CORE, folder / "bare.log") as plain,
    ):
        until_it_answers(bare_port, "/")
        wire = Wire(upstream.client_context())
        run = _Run(url, process.pid, f"http://127.0.0.1:{bare_port}/", plain.pid, wire)
        run.warm_up()
        costs = Costs()
        for _ in range(ROUNDS):
            run.round(costs, lambda: sum(upstream.calls(upstream.client_context()).values()))
        return _table(costs)


@dataclass(frozen=True, slots=True)
class _Run:
    url: str
    pid: int
    bare_url: str
    bare_pid: int
    wire: Wire

    def warm_up(self) -> None:
        for provider in PROVIDERS:
            for number in range(WARM_UP):
                self.login(provider, number)
        Browser(self.wire, self.url).first_visit(KNOWN_PROVIDER, "garden", GARDEN)

    def login(self, provider: str, _: int) -> None:
        Browser(self.wire, self.url).sign_in(provider, "blog", BLOG)

    def round(self, costs: Costs, calls: Callable[[], int]) -> None:
        """One figure of everything, one after the other."""
        costs.bare.append(_cost(self.bare_pid, REQUESTS, self.bare_request))
        for provider, figures in costs.full.items():
            figures.append(_cost(self.pid, LOGINS, partial(self.login, provider)))
        browsers = [Browser(self.wire, self.url) for _ in range(LOGINS)]
        costs.asked.append(_cost(self.pid, LOGINS, lambda n: _sign_in(browsers[n])))
        before = calls()
        costs.known.append(_cost(self.pid, LOGINS, lambda n: _sign_in_again(browsers[n])))
        costs.calls.append(calls() - before)

    def bare_request(self, _: int) -> None:
        self.wire.ask("GET", self.bare_url)


def _sign_in(browser: Browser) -> None:
    browser.sign_in(KNOWN_PROVIDER, "garden", GARDEN)


def _sign_in_again(browser: Browser) -> None:
    browser.sign_in_again(KNOWN_PROVIDER, "garden", GARDEN)


def _cost(pid: int, times: int, call: Callable[[int], None]) -> float:
    """Milliseconds of a process's CPU per call."""
    before = cpu_seconds(pid)
    for number in range(times):
        call(number)
    return (cpu_seconds(pid) - before) / times * 1000


def _table(costs: Costs) -> list[Row]:
    bare = median(costs.bare)
    listed = [Row("a bare Starlette route, one request", f"{bare:.3f} ms")]
    for provider, figures in costs.full.items():
        listed.append(Row(f"login by {provider}", _spread(figures), TARGET[provider]))
        listed.append(Row("  in bare requests", f"{median(figures) / bare:.0f}"))
    ratios = [known / asked for known, asked in zip(costs.known, costs.asked, strict=True)]
    return [
        *listed,
        Row(f"login by {KNOWN_PROVIDER}, approval kept", _spread(costs.asked)),
        Row("the same with a live gateway session", _spread(costs.known)),
        Row("  as a part of the one before", f"{median(ratios):.2f}", "0.35"),
        Row("  calls to the provider", str(sum(costs.calls)), "0"),
    ]


def _spread(figures: list[float]) -> str:
    return f"{median(figures):.2f} ms ({min(figures):.2f} to {max(figures):.2f})"
