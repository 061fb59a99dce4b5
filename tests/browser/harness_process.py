"""A browser's process in a folder of its own, started and ended by us."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.harness_wire import BrowserError

STARTS_WITHIN = 60.0
ENDS_WITHIN = 10.0


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh profile, gone afterwards. A browser may still write while it is being removed."""
    with TemporaryDirectory(prefix="commentgate-browser-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def process(
    command: Sequence[str], home: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start ``command``; at the end stop it together with the processes it started."""
    with (home / "browser.log").open("wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    try:
        yield child
    finally:
        _end(child)


def wait_for_file(path: Path, pattern: str, child: "subprocess.Popen[bytes]") -> tuple[str, ...]:
    """The groups of ``pattern`` in what the browser writes into ``path`` once it listens."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(FileNotFoundError):
            if found := re.search(pattern, path.read_text()):
                return found.groups()
        time.sleep(0.02)
    log = (path.parent / "browser.log").read_text(errors="replace")
    raise BrowserError(f"{child.args!r} did not start: {log[-2000:]}")


def _end(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
