"""The one transport: what a provider's server may do to us, and what it may not."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway import http
from gateway.errors import ProviderAnswer, ProviderTimeout, ProviderUnreachable
from gateway.http import BODY_BYTES, Answer, Transport
from tests.servers import Authority, listening, running

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport(public_only=False)
    yield made
    await made.close()


async def _call(transport: Transport, url: str, method: str = "GET", body: str = "") -> Answer:
    return await transport.ask(method, url, body=body)


@asynccontextmanager
async def _speaking(talk: Talk) -> AsyncIterator[str]:
    """A server that speaks just as ``talk`` says; its address."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def _answering(*answers: bytes) -> Talk:
    """Read a request's head, send the next answer, and again; then hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()

    return talk


# -- what is sent --------------------------------------------------------------------------------


async def _tell(request: Request) -> Response:
    body = (await request.body()).decode()
    headers = dict(request.headers)
    told = {"method": request.method, "url": str(request.url), "headers": headers, "body": body}
    return JSONResponse(told, headers={"Set-Cookie": "a=b"})


async def _elsewhere(request: Request) -> Response:
    return RedirectResponse("/told", 302)


TELLER = Starlette(
    routes=[
        Route("/told", _tell, methods=["GET", "POST"]),
        Route("/elsewhere", _elsewhere, methods=["GET", "POST"]),
    ]
)


async def test_a_request_arrives_as_it_was_made(transport: Transport) -> None:
    with running(TELLER) as url:
        answer = await _call(transport, f"{url}/told?a=%20b&c=%2F+d", "POST", "code=x%2By")

    told = json.loads(answer.content)
    assert (told["method"], told["body"]) == ("POST", "code=x%2By")
    assert told["url"] == f"{url}/told?a=%20b&c=%2F+d"
    assert told["headers"]["accept-encoding"] == "identity"
    assert told["headers"]["user-agent"] == "Commentgate"
    assert told["headers"]["content-length"] == "10"
    assert answer.headers["set-cookie"] == "a=b"


async def test_no_cookie_of_a_provider_is_kept(transport: Transport) -> None:
    with running(TELLER) as url:
        await _call(transport, f"{url}/told")
        second = await _call(transport, f"{url}/told")

    assert "cookie" not in json.loads(second.content)["headers"]


async def test_proxies_of_the_environment_are_not_asked(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with running(TELLER) as url:
        assert (await _call(transport, f"{url}/told")).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_N5_redirects_are_not_followed(transport: Transport, method: str) -> None:
    with running(TELLER) as url:
        answer = await _call(transport, f"{url}/elsewhere", method)

    assert (answer.status, answer.headers["location"]) == (302, "/told")


# -- TLS -----------------------------------------------------------------------------------------


@pytest.fixture
def trusted(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """This machine trusts the authority of this run."""
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return authority


@asynccontextmanager
async def _transport(*, public_only: bool = False) -> AsyncIterator[Transport]:
    made = Transport(public_only=public_only)
    try:
        yield made
    finally:
        await made.close()


async def test_a_trusted_server_is_spoken_to(trusted: Authority) -> None:
    async with _transport() as transport:
        with running(TELLER, authority=trusted) as url:
            assert (await _call(transport, f"{url}/told")).status == 200


async def test_N5_a_certificate_by_an_unknown_authority_is_refused(
    transport: Transport, authority: Authority
) -> None:
    with running(TELLER, authority=authority) as url, pytest.raises(ProviderUnreachable):
        await _call(transport, f"{url}/told")


async def test_N5_a_certificate_for_another_name_is_refused(trusted: Authority) -> None:
    async with _transport() as transport:
        with (
            running(TELLER, "127.0.0.4", authority=trusted) as url,
            pytest.raises(ProviderUnreachable),
        ):
            await _call(transport, f"{url}/told")


async def test_a_server_without_tls_is_no_https_server(transport: Transport) -> None:
    with running(TELLER) as url, pytest.raises(ProviderUnreachable):
        await _call(transport, url.replace("http:", "https:"))


async def test_no_tls_context_is_made_for_a_call(
    trusted: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    make = ssl.SSLContext.__new__

    def counted(kind: type[ssl.SSLContext], *arguments: Any, **named: Any) -> ssl.SSLContext:
        made.append(arguments)
        return make(kind, *arguments, **named)

    with running(TELLER, authority=trusted) as url:
        monkeypatch.setattr(ssl.SSLContext, "__new__", staticmethod(counted))
        async with _transport() as transport:
            at_the_start = len(made)
            for _ in range(3):
                await _call(transport, f"{url}/told")

    assert at_the_start == 1
    assert len(made) == 1


# -- connections ---------------------------------------------------------------------------------


async def test_all_calls_share_one_pool_of_kept_connections(transport: Transport) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await _answering(OK, OK, OK)(reader, writer)

    async with _speaking(talk) as url:
        for _ in range(3):
            await _call(transport, url)

    assert connections == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_request_is_never_sent_twice(transport: Transport, method: str) -> None:
    """A code may be used once and a profile read may cost money, whatever became of the answer."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            seen.append(head.partition(b" ")[0])
            if len(seen) > 1:
                return
            writer.write(OK)

    async with _speaking(talk) as url:
        await _call(transport, url)
        with pytest.raises(ProviderAnswer):
            await _call(transport, url, method)

    assert seen == [b"GET", method.encode()]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_was_closed_while_it_was_kept_is_not_used(
    transport: Transport, method: str
) -> None:
    async with _speaking(_answering(OK)) as url:
        await _call(transport, url)
        await asyncio.sleep(0.05)

        assert (await _call(transport, url, method)).status == 200


async def test_the_pool_closes_without_leaving_anything_behind(trusted: Authority) -> None:
    """Warnings are errors here: an unclosed socket would fail this test."""
    before = asyncio.all_tasks()
    with running(TELLER, authority=trusted) as url:
        async with _transport() as transport:
            await _call(transport, f"{url}/told")

        with pytest.raises(RuntimeError, match="closed"):
            await _call(transport, f"{url}/told")

    assert asyncio.all_tasks() == before


# -- time ----------------------------------------------------------------------------------------


def test_connecting_may_take_three_seconds_and_a_call_ten() -> None:
    assert (http.CONNECT_SECONDS, http.CALL_SECONDS) == (3.0, 10.0)


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", 0.2)
    async with _transport() as transport, _speaking(_forever) as url:
        with pytest.raises(ProviderTimeout):
            await _call(transport, url)


async def test_a_server_that_drips_its_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole call is timed: one byte in time does not buy more of it."""
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with _transport() as transport, _speaking(drip) as url:
        with pytest.raises(ProviderTimeout):
            await _call(transport, url)


async def test_a_server_that_does_not_take_the_connection_on_is_given_up_sooner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It accepts, and then never begins to speak TLS: that is connecting still."""
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.2)
    async with _transport() as transport, _speaking(_forever) as url:
        async with asyncio.timeout(http.CALL_SECONDS / 2):
            with pytest.raises(ProviderTimeout):
                await _call(transport, url.replace("http:", "https:"))


async def _forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass


# -- answers -------------------------------------------------------------------------------------


def _body(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size


async def test_T6_a_body_may_have_256_kilobytes_and_no_more(transport: Transport) -> None:
    async with _speaking(_answering(_body(BODY_BYTES))) as url:
        assert len((await _call(transport, url)).content) == BODY_BYTES == 256 * 1024
    async with _speaking(_answering(_body(BODY_BYTES + 1))) as url:
        with pytest.raises(ProviderAnswer):
            await _call(transport, url)


async def test_T6_an_endless_body_is_not_read_to_its_end(transport: Transport) -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            sent += 65536
            await writer.drain()

    async with _speaking(endless) as url:
        with pytest.raises(ProviderAnswer):
            await _call(transport, url)

    assert sent < 16 * 1024 * 1024


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate, gzip", b"GZIP"])
async def test_T6_a_compressed_answer_is_refused(transport: Transport, encoding: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\nok" % encoding
    async with _speaking(_answering(answer)) as url:
        with pytest.raises(ProviderAnswer):
            await _call(transport, url)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "cut off", "bad chunk", "no http", "bad status", "large header"],
)
async def test_an_answer_that_is_broken_is_named_so(transport: Transport, answer: bytes) -> None:
    async with _speaking(_answering(answer)) as url:
        with pytest.raises(ProviderAnswer):
            await _call(transport, url)


async def test_a_port_at_which_nobody_listens_is_unreachable(transport: Transport) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ProviderUnreachable):
        await _call(transport, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("status", [204, 400, 403, 429, 500])
async def test_whatever_the_status_the_answer_is_given_back(
    transport: Transport, status: int
) -> None:
    answer = b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n" % status
    async with _speaking(_answering(answer)) as url:
        assert (await _call(transport, url)).status == status
