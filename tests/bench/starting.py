"""How soon a worker answers, and how much memory it has after its first logins."""

from pathlib import Path
from statistics import median

from tests.bench.browser import Browser, Wire
from tests.bench.processes import free_port, memory_mib
from tests.bench.table import Row
from tests.bench.town import BLOG, PROVIDERS, gateway, place, stand_ins

STARTS = 5
LOGINS = 200


def rows(folder: Path) -> list[Row]:
    """The table's rows."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with stand_ins(url, folder) as upstream:
        at = place(folder, port, upstream)
        waits = []
        for _ in range(STARTS):
            with gateway(at) as (_, seconds):
                waits.append(seconds)
        with gateway(at) as (process, _):
            idle = memory_mib(process.pid)
            wire = Wire(upstream.client_context())
            for number in range(LOGINS):
                provider = PROVIDERS[number % len(PROVIDERS)]
                Browser(wire, url).sign_in(provider, "blog", BLOG)
            used = memory_mib(process.pid)
    return [
        Row("start to first answer", f"{median(waits):.2f} s", "0.5 s"),
        Row("memory at first (RSS, PSS)", f"{idle[0]:.0f} MiB, {idle[1]:.0f} MiB"),
        Row(f"after {LOGINS} logins (RSS, PSS)", f"{used[0]:.0f} MiB, {used[1]:.0f} MiB", "60 MiB"),
    ]
