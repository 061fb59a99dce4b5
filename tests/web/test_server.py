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


HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
FORM = (
    b"POST /token HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)
HURRY = "import gateway.web.protocol as p; p.REQUEST_SECONDS = p.ANSWER_SECONDS = 0.6"


def _is_closed_while(sender: socket.socket, drip: bytes) -> bool:
    """Whether the server hangs up within two seconds, while something comes now and then."""
    sender.settimeout(0.1)
    with suppress(ConnectionError):
        for _ in range(20):
            sender.sendall(drip)
            with suppress(TimeoutError):
                while sender.recv(4096):
                    pass
                return True
        return False
    return True


def _answered(sender: socket.socket) -> bytes:
    """The status line of an answer that is read to the end of its body."""
    answer = b""
    while not answer.endswith(b"on.\n"):
        answer += sender.recv(4096)
    return answer[:12]


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"\r\n", b"\r\n", id="empty-lines"),
        pytest.param(HEAD, b"", id="half-a-head"),
        pytest.param(HEAD, b"X", id="a-head-that-drips"),
        pytest.param(FORM + b"Content-Length: 100\r\n\r\n", b"", id="no-body"),
        pytest.param(FORM + b"Content-Length: 100\r\n\r\n", b"a", id="a-body-that-drips"),
        pytest.param(FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", id="chunks"),
        pytest.param(FORM + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n", id="trailers"),
        pytest.param(HEAD + b"\r\n", b"\r\n", id="empty-lines-after-an-answer"),
        pytest.param(HEAD + b"\r\n" + HEAD, b"", id="half-a-second-head"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\n", b"a", id="an-unread-body-that-drips"),
        pytest.param(HEAD + b"Content-Length: 3\r\n\r\n", b"a", id="an-unread-body-that-ends"),
        pytest.param(
            HEAD + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", b"x", id="another-protocol"
        ),
    ],
)
def test_N6_a_request_that_never_ends_is_given_up(hurried: int, first: bytes, drip: bytes) -> None:
    """A visitor who opens connections and drips into them holds none of them for long."""
    with socket.create_connection(("127.0.0.1", hurried)) as slow:
        slow.sendall(first)

        assert _is_closed_while(slow, drip)


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"], ids=["kept", "closing"])
def test_N6_answers_that_nobody_reads_are_given_up(hurried: int, last: bytes) -> None:
    """The socket holds some; the others would wait here for as long as the visitor likes."""
    ask = b"GET /widget.js HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % hurried
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        lazy.connect(("127.0.0.1", hurried))
        lazy.sendall((ask + b"\r\n") * 599 + ask + last + b"\r\n")
        time.sleep(2)
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        lazy.settimeout(5)
        answers = b""
        with suppress(ConnectionError):
            while piece := lazy.recv(1 << 20):
                answers += piece

    assert 0 < answers.count(b"HTTP/1.1 200") < 600


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that gives a request little time."""
    with served(tmp_path_factory.mktemp("hurried"), patch=HURRY) as (port, _):
        yield port


def test_a_body_may_come_apart_from_its_head(hurried: int) -> None:
    """The clock of one request is not the next one's."""
    with socket.create_connection(("127.0.0.1", hurried), timeout=5) as sender:
        answers = []
        for _ in range(4):
            sender.sendall(FORM + b"Content-Length: 3\r\n\r\n")
            time.sleep(0.2)
            sender.sendall(b"a=b")
            answers.append(_answered(sender))
            time.sleep(0.2)

    assert answers == [b"HTTP/1.1 421"] * 4


@pytest.mark.parametrize("trailers", [b"a: b\r\n", b"x" * 6, b""], ids=["many", "long", "none"])
def test_N6_trailers_are_bounded(tmp_path: Path, trailers: bytes) -> None:
    """Uvicorn would collect them until the memory is full."""
    with (
        served(tmp_path) as (port, _),
        socket.create_connection(("127.0.0.1", port), timeout=10) as sender,
    ):
        sender.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
        cut_off = False
        try:
            for _ in range(100):
                sender.sendall(trailers * 10_000)
            sender.sendall(b"\r\n")
            cut_off = not sender.recv(10)
        except OSError:
            cut_off = True

    assert cut_off == bool(trailers)


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


def test_a_request_in_one_piece_on_a_kept_connection_sets_no_clock(tmp_path: Path) -> None:
    """Body included: that is nearly every request."""
    patch = """if True:
        from gateway.web.protocol import BoundedProtocol as P
        start = P._start_clock
        P._start_clock = lambda self: self._hang_up() if self.cycle else start(self)
    """
    with (
        served(tmp_path, patch=patch) as (port, _),
        socket.create_connection(("127.0.0.1", port), timeout=5) as sender,
    ):
        answers = []
        for _ in range(3):
            sender.sendall(FORM + b"Content-Length: 3\r\n\r\na=b")
            answers.append(_answered(sender))

    assert answers == [b"HTTP/1.1 421"] * 3


def test_N1_trailers_are_no_headers(hurried: int) -> None:
    """A proxy that overwrites headers lets trailers pass: RFC 9110 section 6.5.1."""
    host = b"Host: 127.0.0.1:%d\r\n" % hurried
    chunked = b"GET /jwks.json HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n0\r\n%b\r\n"
    answers = []
    for head, trailer in ((host, b""), (b"", host)):
        with socket.create_connection(("127.0.0.1", hurried), timeout=5) as sender:
            sender.sendall(chunked % (head, trailer))
            answers.append(sender.recv(4096)[:12])

    assert answers == [b"HTTP/1.1 200", b"HTTP/1.1 421"]


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
