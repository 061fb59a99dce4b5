"""CPU of a gateway that waits for the provider as it does outside: one commenter at a time.

Whoever sleeps finds the caches emptied by others, so the same work is booked as more, and most of
a login's work comes after such a sleep. A login of somebody the gateway knows has no such pause.
"""

from collections.abc import Callable
from pathlib import Path

from tests.bench.browser import Wire
from tests.bench.commenters import KNOWN_PROVIDER, Commenter, Meter
from tests.bench.processes import free_port
from tests.bench.table import Row, part, spread
from tests.bench.town import gateway, place, stand_ins

DELAY = 0.05  # seconds that each answer of the provider takes
ROUNDS = 5
LOGINS = 15


def rows(folder: Path) -> list[Row]:
    """The table's rows."""
    port = free_port()
    with (
        stand_ins(f"http://127.0.0.1:{port}", folder, DELAY) as upstream,
        gateway(at := place(folder, port, upstream)) as (process, _),
    ):
        ada = Commenter(Wire(upstream.client_context()), at.url, "ada")
        meter = Meter(process.pid)

        def cost(act: Callable[[], None], before: Callable[[], None] = lambda: None) -> float:
            spent = 0.0
            for _ in range(LOGINS):
                before()
                meter.look()
                act()
                spent += meter.look()
            return spent / LOGINS

        cost(lambda: ada.sign_in(KNOWN_PROVIDER))  # warms up
        first, asked, known = [], [], []
        for _ in range(ROUNDS):
            first.append(cost(ada.first_visit, at.forget_approvals))
            asked.append(cost(ada.visit))
            known.append(cost(ada.visit_again))
    return [
        Row(f"first login at a site by {KNOWN_PROVIDER}: provider, question", spread(first)),
        Row("the same once the site is approved: provider", spread(asked)),
        Row("the same with a live gateway session: neither", spread(known)),
        Row("  as a part of the first login", part(known, first), "0.35"),
        Row("  as a part of the one with the provider", part(known, asked), "0.35"),
    ]
