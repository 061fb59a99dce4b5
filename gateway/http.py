"""One pooled, guarded transport for every outgoing call.

aiohttp does the work behind one method, ``ask``, so that another can do it. The guards:
certificates are verified, nothing follows a redirect or repeats a request, connecting takes 3 s
and a whole call 10 s at most, a body has at most 256 kB or what the caller allows (2 MiB for a
picture), and unless this gateway itself is on loopback, only https and only public addresses are
spoken to. A name is resolved once, and the address that was judged is the one that is connected to.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.errors import ProviderAnswer, ProviderTimeout, ProviderUnreachable

CONNECT_SECONDS = 3.0
CALL_SECONDS = 10.0
BODY_BYTES = 256 * 1024
USER_AGENT = "Commentgate"

_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


_ANSWERED_BADLY = (
    aiohttp.ClientPayloadError,
    aiohttp.ClientResponseError,
    aiohttp.ServerDisconnectedError,
)


class _PublicOnly(AbstractResolver):
    """Resolves a name and refuses it when any of its addresses is not public."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not all(is_public(answer["host"]) for answer in found):
            raise OSError("that name leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._resolver.close()


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet (neither private nor mapped into it)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        return _is_public6(parsed)
    return parsed.is_global and not parsed.is_multicast


def _is_public6(address: ipaddress.IPv6Address) -> bool:
    """Of IPv6 only global unicast is public, and what leads to an IPv4 address is judged by that.

    Unicast: RFC 4291 section 2.4; NAT64: RFC 6052 section 2.1.
    """
    inside = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inside = ipaddress.IPv4Address(address.packed[-4:])
    if inside:
        return inside.is_global and not inside.is_multicast
    return address in _UNICAST and address.is_global


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``headers`` are read by any case of their names."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Asking(Protocol):
    """Whatever can be asked over HTTP: the transport, or a stand-in of it."""

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Make one call; ``most`` bounds the answer's body, in bytes."""


class Transport:
    """The shared transport. Make it inside the event loop, and close it once."""

    def __init__(self, *, public_only: bool) -> None:
        self._public_only = public_only
        connector = aiohttp.TCPConnector(
            ssl=ssl.create_default_context(),
            resolver=_PublicOnly() if public_only else aiohttp.ThreadedResolver(),
            limit=100,
            limit_per_host=40,
            keepalive_timeout=30,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS),
            headers={"Accept-Encoding": "identity", "User-Agent": USER_AGENT},
            auto_decompress=False,
            trust_env=False,
        )
        # aiohttp repeats a GET whose connection broke before the answer, for which there is no
        # switch; X counts, and charges for, every profile that is read.
        self._session._retry_connection = False

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Make one call; ``most`` bounds the answer's body, in bytes.

        Raises ``ProviderTimeout``, ``ProviderUnreachable`` or ``ProviderAnswer`` (too large, or
        compressed although we asked for it plain).
        """
        try:
            target = URL(url, encoded=True)
            self._judge(target)
            async with self._session.request(
                method, target, headers=headers, data=body.encode() or None, allow_redirects=False
            ) as answer:
                return Answer(answer.status, answer.headers, await _read(answer, most))
        except TimeoutError:
            raise ProviderTimeout from None
        except _ANSWERED_BADLY:
            raise ProviderAnswer from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise ProviderUnreachable from None

    def _judge(self, url: URL) -> None:
        """Names are judged when they are resolved; an address written in the URL is judged here."""
        if not self._public_only:
            return
        host = (url.host or "").rstrip(".")
        literal = ":" in host or host.rpartition(".")[2].isdigit()
        if url.scheme != "https" or (literal and not is_public(host)):
            raise ProviderUnreachable

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()
        await asyncio.sleep(0)  # let the connector see its sockets close


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise ProviderAnswer
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > most:
            raise ProviderAnswer
    return bytes(body)
