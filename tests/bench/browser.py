"""A browser that signs in: the requests of a whole login, its cookies, and its connections."""

import base64
import hashlib
import json
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
IDLE = 2.0  # seconds after which a server may have hung up


class UnexpectedAnswerError(Exception):
    """A measurement of something that did not work is worth nothing: it ends here."""


class Wire:
    """Kept-alive connections to the gateway and the stand-ins."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._connections: dict[str, HTTPConnection] = {}
        self._used: dict[str, float] = {}

    def ask(
        self, method: str, url: str, body: str | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        """One request; the answer and its body."""
        parts = urlsplit(url)
        connection = self._to(parts.scheme, parts.netloc)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named["Content-Type"] = FORM
        with _in_one_piece(connection):
            connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer, answer.read()

    def _to(self, scheme: str, netloc: str) -> HTTPConnection:
        now = time.monotonic()
        if now - self._used.get(netloc, now) > IDLE and netloc in self._connections:
            self._connections.pop(netloc).close()
        self._used[netloc] = now
        if netloc not in self._connections:
            self._connections[netloc] = (
                HTTPSConnection(netloc, context=self._context)
                if scheme == "https"
                else HTTPConnection(netloc)
            )
        return self._connections[netloc]

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections.values():
            connection.close()


@contextmanager
def _in_one_piece(connection: HTTPConnection) -> Iterator[None]:
    """Send a request's head and its small body together, as browsers and proxies do."""
    if connection.sock is None:
        connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    yield
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


class Browser:
    """One browser with an empty cookie jar."""

    def __init__(self, wire: Wire, gateway: str) -> None:
        self._wire = wire
        self._gateway = gateway
        self.cookies: dict[str, str] = {}

    def sign_in(self, provider: str, site: str, origin: str, person: str = "ada") -> dict[str, Any]:
        """A whole login through the provider: start, attempt, callback, token."""
        verifier, url = self.start(provider, site, origin)
        there = self.hop(url)
        callback = self.agree(there, person)
        return self.redeem(site, origin, self.code_at(callback), verifier)

    def sign_in_again(self, provider: str, site: str, origin: str) -> dict[str, Any]:
        """A login of somebody the gateway knows: start, attempt, token."""
        verifier, url = self.start(provider, site, origin)
        return self.redeem(site, origin, self.code_at(url), verifier)

    def start(self, provider: str, site: str, origin: str) -> tuple[str, str]:
        """``POST /start``; the verifier, and the attempt's address."""
        verifier = secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        fields = {
            "site": site,
            "provider": provider,
            "mode": "page",
            "return_to": f"{origin}/a-post?page=2",
            "challenge": challenge.rstrip(b"=").decode(),
            "challenge_method": "S256",
            "state": secrets.token_urlsafe(16),
            "lang": "en",
        }
        answer, _ = self._ask("POST", f"{self._gateway}/start", urlencode(fields), Origin=origin)
        _expect(answer, 303)
        return verifier, self._gateway + _without_fragment(answer.headers["Location"])

    def hop(self, url: str) -> str:
        """The address that a hop page goes on to."""
        answer, _ = self._ask("GET", url)
        _expect(answer, 200)
        return str(answer.headers["Refresh"]).partition("url=")[2]

    def agree(self, url: str, person: str) -> str:
        """Say yes at the stand-in; the callback's address."""
        answer, _ = self._wire.ask("POST", url, urlencode({"person": person}))
        _expect(answer, 302)
        return _without_fragment(answer.headers["Location"])

    def resume_after(self, callback: str) -> str:
        """Come back from the provider to an attempt that has a question; its address."""
        answer, _ = self._ask("GET", callback)
        _expect(answer, 303)
        return self._gateway + _without_fragment(answer.headers["Location"])

    def code_at(self, url: str) -> str:
        """The code in the fragment that a hop page leads back to."""
        return self.hop(url).rpartition(".")[2]

    def redeem(self, site: str, origin: str, code: str, verifier: str) -> dict[str, Any]:
        """``POST /token``; the decoded answer."""
        fields = {
            "grant_type": "authorization_code",
            "client_id": site,
            "code": code,
            "code_verifier": verifier,
        }
        answer, body = self._wire.ask(
            "POST", f"{self._gateway}/token", urlencode(fields), Origin=origin
        )
        _expect(answer, 200)
        session: dict[str, Any] = json.loads(body)
        return session

    def first_visit(self, provider: str, site: str, origin: str, person: str = "ada") -> None:
        """A login at a site that the gateway has to ask about."""
        verifier, url = self.start(provider, site, origin)
        question = self.resume_after(self.agree(self.hop(url), person))
        self.redeem(site, origin, self.approve(question), verifier)

    def approve(self, url: str) -> str:
        """Say yes on the gateway's own page at an attempt; the code."""
        _, page = self._ask("GET", url)
        token = page.decode().partition('name="token" value="')[2].partition('"')[0]
        answer, _ = self._ask(
            "POST",
            url,
            urlencode({"choice": "continue", "token": token}),
            Origin=self._gateway,
            Sec_Fetch_Site="same-origin",
        )
        _expect(answer, 200)
        return str(answer.headers["Refresh"]).rpartition(".")[2]

    def _ask(
        self, method: str, url: str, body: str | None = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer, content = self._wire.ask(method, url, body, **headers)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer, content


def _expect(answer: HTTPResponse, status: int) -> None:
    if answer.status != status:
        raise UnexpectedAnswerError(f"{answer.status} instead of {status}")


def _without_fragment(url: str) -> str:
    return url.partition("#")[0]
