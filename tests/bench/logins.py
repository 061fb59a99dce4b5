"""CPU of the gateway's process for whole logins, by every provider, over TLS to the stand-ins.

Eight commenters sign in at once and the stand-ins answer at once: a busy gateway, for which CPU
counts, makes no pause between two requests. ``waiting`` measures one that does.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from providers.rehearsal import PEOPLE
from tests.bench.browser import Wire
from tests.bench.commenters import KNOWN_PROVIDER, Commenter, Meter
from tests.bench.processes import MEASURED_CORE, free_port, running, until_it_answers
from tests.bench.table import Row, part, spread
from tests.bench.town import PROVIDERS, Place, StandIns, gateway, place, stand_ins

ROUNDS = 5
AT_ONCE = 8
TURNS = 12
REQUESTS = 500  # of each commenter
TARGET = {"wordpress": "3 ms", "twitter": "3 ms", "twitter1": "", "facebook": "3 ms"}


@dataclass(slots=True)
class Costs:
    """Milliseconds of CPU a piece, one figure a round."""

    bare: list[float] = field(default_factory=list)
    full: dict[str, list[float]] = field(default_factory=lambda: {key: [] for key in PROVIDERS})
    first: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


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
            for person in _people()[:AT_ONCE]
        ]
        pool = open_things.enter_context(ThreadPoolExecutor(AT_ONCE))
        run = _Run(at, process.pid, f"http://127.0.0.1:{bare_port}/", plain.pid, commenters, pool)
        run.warm_up()
        costs = Costs()
        for _ in range(ROUNDS):
            run.round(costs, upstream)
        return _table(costs)


def _people() -> list[str]:
    """All but the one whose picture can't be had over TLS: each login would ask for it again."""
    return [key for key, person in PEOPLE.items() if person.picture != "http"]


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
        asking = self._cost(self.bare_pid, 1, lambda one: one.ask(self.bare_url, REQUESTS))
        costs.bare.append(asking / REQUESTS)
        for provider, figures in costs.full.items():
            figures.append(self._logins(provider))
        forget = self.at.forget_approvals
        costs.first.append(self._cost(self.pid, TURNS, Commenter.first_visit, forget))
        costs.asked.append(self._cost(self.pid, TURNS, Commenter.visit))
        before = upstream.all_calls()
        costs.known.append(self._cost(self.pid, TURNS, Commenter.visit_again))
        costs.calls.append(upstream.all_calls() - before)

    def _logins(self, provider: str) -> float:
        return self._cost(self.pid, TURNS, lambda one: one.sign_in(provider))

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
            meter = Meter(pid)
            list(self.pool.map(act, self.commenters))
            spent += meter.look()
        return spent / turns / AT_ONCE


def _table(costs: Costs) -> list[Row]:
    bare = median(costs.bare)
    listed = [Row("a bare Starlette route, one request", f"{bare:.3f} ms")]
    for provider, figures in costs.full.items():
        listed.append(Row(f"login by {provider}", spread(figures), TARGET[provider]))
        listed.append(Row("  in bare requests", f"{median(figures) / bare:.0f}"))
    return [
        *listed,
        Row(f"first login at a site by {KNOWN_PROVIDER}: provider, question", spread(costs.first)),
        Row("the same once the site is approved: provider", spread(costs.asked)),
        Row("the same with a live gateway session: neither", spread(costs.known)),
        Row("  as a part of the first login", part(costs.known, costs.first), "0.35"),
        Row("  as a part of the one with the provider", part(costs.known, costs.asked), "0.35"),
        Row("  calls to the provider", str(sum(costs.calls)), "0"),
    ]
