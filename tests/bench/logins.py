"""CPU of the gateway's process for whole logins, by every provider, over TLS to the stand-ins.

Eight commenters sign in at once: a gateway for which CPU counts has no pause between two requests.
One that sleeps in between finds its caches empty, and a login is booked at up to twice as much,
the more the longer it slept, so such a figure says more of the others on the machine.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from providers.rehearsal import PEOPLE
from tests.bench.browser import Browser, Wire
from tests.bench.processes import (
    MEASURED_CORE,
    cpu_seconds,
    free_port,
    running,
    until_it_answers,
)
from tests.bench.table import Row
from tests.bench.town import BLOG, GARDEN, PROVIDERS, Place, StandIns, gateway, place, stand_ins

ROUNDS = 5
AT_ONCE = 8
TURNS = 12
REQUESTS = 500  # of each commenter
TARGET = {"wordpress": "3 ms", "twitter": "3 ms", "twitter1": "", "facebook": "3 ms"}
KNOWN_PROVIDER = "twitter"
ALONE_PROVIDER = "facebook"


@dataclass(slots=True)
class Costs:
    """Milliseconds of CPU a piece, one figure a round."""

    bare: list[float] = field(default_factory=list)
    full: dict[str, list[float]] = field(default_factory=lambda: {key: [] for key in PROVIDERS})
    alone: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


class Commenter:
    """Somebody with connections of their own, and a new browser for each login but the last."""

    def __init__(self, wire: Wire, gateway: str, person: str) -> None:
        self._wire = wire
        self._gateway = gateway
        self._person = person
        self._browser = self._new_browser()

    def _new_browser(self) -> Browser:
        return Browser(self._wire, self._gateway)

    def ask(self, url: str) -> None:
        """Any request, often."""
        for _ in range(REQUESTS):
            self._wire.ask("GET", url)

    def sign_in(self, provider: str, site: str, origin: str) -> None:
        """By the provider, at a site that is trusted or approved."""
        self._browser = self._new_browser()
        self._browser.sign_in(provider, site, origin, self._person)

    def first_visit(self) -> None:
        """By the provider, at a site that nobody has approved."""
        self._browser = self._new_browser()
        self._browser.first_visit(KNOWN_PROVIDER, "garden", GARDEN, self._person)

    def sign_in_again(self) -> None:
        """In the browser of the last login, where the gateway knows them."""
        self._browser.sign_in_again(KNOWN_PROVIDER, "garden", GARDEN)


def rows(folder: Path) -> list[Row]:
    """The table's rows."""
    port, bare_port = free_port(), free_port()
    bare = ["-m", "tests.bench.bare", str(bare_port)]
    with ExitStack() as open_things:
        upstream = open_things.enter_context(stand_ins(f"http://127.0.0.1:{port}", folder))
        at = place(folder, port, upstream)
        process, _ = open_things.enter_context(gateway(at))
        plain = open_things.enter_context(running(bare, MEASURED_CORE, folder / "bare.log"))
        until_it_answers(bare_port, "/")
        commenters = [
            Commenter(Wire(upstream.client_context()), at.url, person)
            for person in list(PEOPLE)[:AT_ONCE]
        ]
        pool = open_things.enter_context(ThreadPoolExecutor(AT_ONCE))
        run = _Run(at, process.pid, f"http://127.0.0.1:{bare_port}/", plain.pid, commenters, pool)
        run.warm_up()
        costs = Costs()
        for _ in range(ROUNDS):
            run.round(costs, upstream)
        return _table(costs)


@dataclass(frozen=True, slots=True)
class _Run:
    at: Place
    pid: int
    bare_url: str
    bare_pid: int
    commenters: list[Commenter]
    pool: ThreadPoolExecutor

    def warm_up(self) -> None:
        for provider in PROVIDERS:
            self._logins(provider)

    def round(self, costs: Costs, upstream: StandIns) -> None:
        """One figure of everything, one after the other."""
        all_at_once = self._cost(self.bare_pid, 1, lambda one: one.ask(self.bare_url))
        costs.bare.append(all_at_once / REQUESTS)
        for provider, figures in costs.full.items():
            figures.append(self._logins(provider))
        costs.alone.append(self._login_alone())
        costs.first.append(
            self._cost(self.pid, TURNS, Commenter.first_visit, self.at.forget_approvals)
        )
        costs.asked.append(
            self._cost(self.pid, TURNS, lambda one: one.sign_in(KNOWN_PROVIDER, "garden", GARDEN))
        )
        before = _calls(upstream)
        costs.known.append(self._cost(self.pid, TURNS, Commenter.sign_in_again))
        costs.calls.append(_calls(upstream) - before)

    def _logins(self, provider: str) -> float:
        return self._cost(self.pid, TURNS, lambda one: one.sign_in(provider, "blog", BLOG))

    def _login_alone(self) -> float:
        before = cpu_seconds(self.pid)
        for _ in range(TURNS * AT_ONCE):
            self.commenters[0].sign_in(ALONE_PROVIDER, "blog", BLOG)
        return (cpu_seconds(self.pid) - before) / (TURNS * AT_ONCE) * 1000

    def _cost(
        self,
        pid: int,
        turns: int,
        act: Callable[[Commenter], None],
        before: Callable[[], None] = lambda: None,
    ) -> float:
        """Milliseconds of a process's CPU for each of the commenters, who all act at once."""
        spent = 0.0
        for _ in range(turns):
            before()
            began = cpu_seconds(pid)
            list(self.pool.map(act, self.commenters))
            spent += cpu_seconds(pid) - began
        return spent / turns / AT_ONCE * 1000


def _calls(upstream: StandIns) -> int:
    return sum(upstream.calls(upstream.client_context()).values())


def _table(costs: Costs) -> list[Row]:
    bare = median(costs.bare)
    listed = [Row("a bare Starlette route, one request", f"{bare:.3f} ms")]
    for provider, figures in costs.full.items():
        listed.append(Row(f"login by {provider}", _spread(figures), TARGET[provider]))
        listed.append(Row("  in bare requests", f"{median(figures) / bare:.0f}"))
    return [
        *listed,
        Row(f"login by {ALONE_PROVIDER}, one after the other", _spread(costs.alone)),
        Row(f"first login at a site by {KNOWN_PROVIDER}: provider, question", _spread(costs.first)),
        Row("the same once the site is approved: provider", _spread(costs.asked)),
        Row("the same with a live gateway session: neither", _spread(costs.known)),
        Row("  as a part of the first login", _part(costs.known, costs.first), "0.35"),
        Row("  as a part of the one with the provider", _part(costs.known, costs.asked), "0.35"),
        Row("  calls to the provider", str(sum(costs.calls)), "0"),
    ]


def _part(some: list[float], whole: list[float]) -> str:
    return f"{median(one / all_ for one, all_ in zip(some, whole, strict=True)):.2f}"


def _spread(figures: list[float]) -> str:
    return f"{median(figures):.2f} ms ({min(figures):.2f} to {max(figures):.2f})"
