"""Programs that the measurements start, pinned to a core, and what the system says of them."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.tools import ROOT

CORES = sorted(os.sched_getaffinity(0))
MEASURED_CORE, OTHER_CORE = CORES[0], CORES[-1]
STOPS_WITHIN = 15.0


@contextmanager
def running(
    command: list[str], core: int, log: Path, environment: Mapping[str, str] = os.environ
) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program on one core until the block ends; what it logs goes to a file."""
    with log.open("a") as written:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
    os.sched_setaffinity(process.pid, {core})
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=STOPS_WITHIN)


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used so far, in the kernel too.

    The number of the clock is Linux's for another process, as ``clock_getcpuclockid(3)`` gives it.
    """
    return time.clock_gettime(~pid << 3 | 2)


def memory_mib(pid: int) -> tuple[float, float]:
    """Resident memory of a process in MiB: all of it (RSS), and its share of it (PSS)."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    rss, pss = (re.search(rf"^{name}:\s+(\d+) kB", said, re.MULTILINE) for name in ("Rss", "Pss"))
    assert rss and pss
    return int(rss[1]) / 1024, int(pss[1]) / 1024


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens at the moment."""
    with socket.socket() as trying:
        trying.bind((host, 0))
        port: int = trying.getsockname()[1]
        return port


def until_it_answers(port: int, path: str, within: float = 20.0) -> None:
    """Wait for 200 from a server that has just been started."""
    deadline = time.perf_counter() + within
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    while time.perf_counter() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as asking:
                asking.sendall(request)
                if asking.recv(64).split(b" ")[1:2] == [b"200"]:
                    return
        except OSError:
            time.sleep(0.002)
    raise RuntimeError(f"nobody answers on port {port}")
