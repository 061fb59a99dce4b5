"""``python -m tests.bench [verifier] [login] [start]``: measurements, printed and never asserted.

Every figure is a median of rounds that are interleaved in one run. CPU is what the kernel booked
for the gateway's process; the stand-ins and the browser run on another core.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import logins, starting, steps, verifying, waiting
from tests.bench.table import Row, show


def _verifier(folder: Path) -> None:
    show("A blog server's check of a session token", verifying.rows())


def _login(folder: Path) -> None:
    contexts, listed = steps.rows(_below(folder, "inside"))
    busy, waits = logins.rows(_below(folder, "busy")), waiting.rows(_below(folder, "waiting"))
    show(f"CPU of a busy gateway, per login: {logins.AT_ONCE} at once", [*busy, *contexts])
    delay = f"{waiting.DELAY * 1000:.0f} ms"
    show(f"CPU of a gateway that waits: one at a time, the provider takes {delay} a call", waits)
    show("The database's work in a login by X, and in a second one", listed)


def _start(folder: Path) -> None:
    show("One worker", starting.rows(_below(folder, "starting")))


PARTS: Mapping[str, Callable[[Path], None]] = {
    "verifier": _verifier,
    "login": _login,
    "start": _start,
}


def _below(folder: Path, name: str) -> Path:
    below = folder / name
    below.mkdir()
    return below


def main() -> None:
    """Measure the parts that are named, or all."""
    named = sys.argv[1:] or list(PARTS)
    if unknown := set(named) - set(PARTS):
        sys.exit(f"There is no part {', '.join(unknown)}. The parts are {', '.join(PARTS)}.")
    with tempfile.TemporaryDirectory(prefix="commentgate-bench-") as folder:
        for part in named:
            PARTS[part](Path(folder))
    show(
        "The machine", [Row("load in the last minute, ours among it", f"{os.getloadavg()[0]:.1f}")]
    )


if __name__ == "__main__":
    main()
