"""The server itself: started as an operator starts it, asked over real sockets."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.servers import listening

CONFIG = """
public_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
database = "sqlite:gate.db"
secret_keys = ["env:SECRET"]
"""


def _free_port() -> int:
    with listening() as listener:
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def served(
    folder: Path, *options: str, patch: str = "", log: int | None = None
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """``commentgate serve`` on a free port; ``patch`` is run before it in the same process."""
    port = _free_port()
    (folder / "gate.toml").write_text(CONFIG.format(port=port))
    start = f"{patch}\nfrom gateway.cli import main\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", start, "serve", "--config", str(folder / "gate.toml"), *options],
        env={**os.environ, "SECRET": "s" * 64},
        stderr=log or subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(port, process)
        yield port, process
    finally:
        process.terminate()
        process.wait(15)


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the server does not answer")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_answers_and_ends_when_told(tmp_path: Path, workers: str) -> None:
    with served(tmp_path, "--workers", workers) as (port, process):
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/jwks.json", timeout=5).read()
        process.send_signal(signal.SIGTERM)
        process.wait(15)

    assert answer.count(b'"kid"') == 2


def test_a_worker_carries_no_library_that_a_login_can_do_without(tmp_path: Path) -> None:
    """Each of them is a megabyte or two of every worker's memory."""
    with served(tmp_path) as (_, process):
        loaded = Path(f"/proc/{process.pid}/maps").read_text()

    assert "_ssl" in loaded
    for needless in ("uvloop", "_frozenlist", "libstdc++", "_imaging"):
        assert needless not in loaded


def test_N6_a_head_without_end_is_cut_off(tmp_path: Path) -> None:
    """The parser would collect it until the memory is full."""
    with served(tmp_path) as (port, _), socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: ")
        answer = b""
        try:
            for _ in range(200):
                sender.sendall(b"x" * 4096)
            answer = sender.recv(100)
        except OSError:  # it has hung up while we were talking
            answer = b"cut off"

    assert answer == b"cut off" or answer.startswith(b"HTTP/1.1 400")


def test_N6_a_head_that_never_ends_is_given_up(tmp_path: Path) -> None:
    """A visitor who opens connections and says nothing holds none of them for long."""
    hurry = "import gateway.web.protocol as p; p.HEAD_SECONDS = 0.5"
    with served(tmp_path, patch=hurry) as (port, _):
        silent = socket.create_connection(("127.0.0.1", port), timeout=10)
        slow = socket.create_connection(("127.0.0.1", port), timeout=10)
        again = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        again.request("GET", "/healthz")
        again.getresponse().read()
        for halting in (slow, again.sock):
            halting.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")

        ends = [connection.recv(10) for connection in (silent, slow, again.sock)]
        for connection in (silent, slow, again):
            connection.close()

    assert ends == [b"", b"", b""]


def test_many_requests_use_one_connection(tmp_path: Path) -> None:
    """The bounds count each head anew."""
    with served(tmp_path) as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.connect()
        first = connection.sock
        statuses = []
        for _ in range(20):
            connection.request("GET", "/healthz", headers={"X-Pad": "x" * 8000})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        assert connection.sock is first, "the server hung up in between"
        connection.close()

    assert statuses == [200] * 20


def test_a_wrong_configuration_never_listens(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text('public_url = "http://id.example.org"\nlisten = 5\n')

    run = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--config", str(tmp_path / "gate.toml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )

    assert run.returncode == 1
    for key in ("public_url", "listen", "secret_keys"):
        assert f"{key}:" in run.stderr


def test_what_the_server_logs_are_json_lines_without_addresses_and_paths(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as written, served(tmp_path, log=written.fileno()) as (port, _):
        for path in ("/start?site=canary", "/deletion/canary", "/callback/canary?code=canary"):
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
            with suppress(OSError):
                urllib.request.urlopen(request, timeout=5).close()

    text = log.read_text()
    assert text.count('"route"') >= 3
    assert "canary" not in text
    assert all(line.startswith("{") for line in text.splitlines())
