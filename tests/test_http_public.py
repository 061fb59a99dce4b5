"""A gateway on the public internet speaks to public addresses only, and over https only."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway import http
from gateway.errors import ProviderUnreachable
from gateway.http import Answer, Transport, is_public
from tests.servers import Authority, running

NAME = "idp.test"  # one of the names that the servers' certificate is for

PRIVATE = [
    "0.0.0.0",  # noqa: S104  # an address to refuse
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:100.64.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "2002:e000:1::",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "8.8.8.8",
    "172.32.0.1",
    "192.0.66.2",
    "100.63.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_N5_an_address_of_no_public_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "8.8.8", "0x08.8.8.8", "8.8.8.8/32", "010.8.8.8"]
)
def test_N5_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


# -- calls ---------------------------------------------------------------------------------------


@pytest.fixture
async def transport(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Transport]:
    """The transport of a public gateway, which trusts the authority of this run."""
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    made = Transport(public_only=True)
    yield made
    await made.close()


async def _get(transport: Transport, url: str) -> Answer:
    return await transport.ask("GET", url)


class Names:
    """What names lead to, and how often somebody asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._lock = threading.Lock()

    def getaddrinfo(self, host: str, port: int, *_: object, **__: object) -> list[Any]:
        """In place of the system's: the next answer, the last one for ever."""
        assert host == NAME
        with self._lock:
            found = self.answers[min(self.asked, len(self.answers) - 1)]
            self.asked += 1
        return [_info(address, port) for address in found]


def _info(address: str, port: int) -> tuple[Any, ...]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)


@contextmanager
def _visited(
    authority: Authority | None, host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[str]]]:
    """A server under ``NAME``, and who came to it."""
    visits: list[str] = []

    async def welcome(request: Request) -> PlainTextResponse:
        visits.append(request.url.path)
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/{path:path}", welcome)])
    with running(app, host, name=NAME, authority=authority) as url:
        yield url, visits


async def test_a_name_that_leads_to_a_public_address_is_spoken_to(
    transport: Transport, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard alone is what refuses in the tests below: here it lets loopback pass."""
    names = Names(["127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")

    with _visited(authority) as (url, visits):
        answer = await _get(transport, f"{url}/a")

    assert (answer.content, visits) == (b"hello", ["/a"])


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["::ffff:127.0.0.1"],
        ["::1"],
    ],
    ids=",".join,
)
async def test_N5_a_name_that_leads_to_any_private_address_is_refused(
    transport: Transport,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    addresses: list[str],
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(addresses).getaddrinfo)

    with _visited(authority) as (url, visits), pytest.raises(ProviderUnreachable):
        await _get(transport, f"{url}/a")

    assert visits == []


async def test_N5_the_address_that_was_judged_is_the_one_that_is_connected_to(
    transport: Transport, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time (DNS rebinding) is not asked a second time."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")

    with _visited(authority) as (url, visits):
        await _get(transport, f"{url}/a")

    assert (names.asked, visits) == (1, ["/a"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1.", "127.1", "2130706433", "0x7f.0.0.1"],
)
async def test_N5_an_address_of_this_machine_in_the_url_is_refused(
    transport: Transport, authority: Authority, host: str
) -> None:
    with _visited(authority) as (url, visits), pytest.raises(ProviderUnreachable):
        await _get(transport, f"https://{host}:{url.rpartition(':')[2]}/a")

    assert visits == []


async def test_N5_localhost_is_refused(transport: Transport, authority: Authority) -> None:
    with _visited(authority) as (url, visits), pytest.raises(ProviderUnreachable):
        await _get(transport, f"{url.replace(NAME, 'localhost')}/a")

    assert visits == []


async def test_N5_a_public_gateway_speaks_no_http(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]).getaddrinfo)
    monkeypatch.setattr(http, "is_public", lambda address: True)

    with _visited(None) as (url, visits), pytest.raises(ProviderUnreachable):
        await _get(transport, f"{url}/a")

    assert visits == []


async def test_a_name_that_leads_nowhere_is_unreachable(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)

    with pytest.raises(ProviderUnreachable):
        await _get(transport, f"https://{NAME}/")
