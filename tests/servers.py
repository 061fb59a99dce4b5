"""Real servers for tests: any ASGI application on a free loopback port, plain or over TLS.

127.0.0.1, .2 and .3 are three sites to a browser. Names ending in ``.test`` lead to loopback in
the browsers that tests/browser/harness.py starts, which gives three registrable domains as well.
"""

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trustme
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.types import ASGIApp

CERTIFIED = (
    *("127.0.0.1", "127.0.0.2", "127.0.0.3", "localhost"),
    *("blog.test", "other.test", "gate.test", "idp.test", "evil.test", "gate.blog.test"),
)
STARTS_WITHIN = 20.0
STOPS_WITHIN = 20.0


class Authority:
    """A certificate authority made for one run, with one certificate for all of ``CERTIFIED``."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._leaf = self._authority.issue_cert(*CERTIFIED)

    @property
    def pem(self) -> bytes:
        """The authority's own certificate, for clients that want it as a file."""
        return self._authority.cert_pem.bytes()

    @property
    def fingerprint(self) -> str:
        """base64(sha256(public key)) of the servers' certificate, as Chromium's switch wants it."""
        certificate = x509.load_pem_x509_certificate(self._leaf.cert_chain_pems[0].bytes())
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(key).digest()).decode()

    def server_context(self) -> ssl.SSLContext:
        """For a server: it proves to be any of ``CERTIFIED``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf.configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client: it trusts this authority and nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._authority.configure_trust(context)
        return context


class _Server(uvicorn.Server):
    """Tells the thread that waits for it when it answers, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.settled.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Browsers keep connections for later and take their time with TLS's farewell."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets=sockets)

    def serve_until_told(self, listener: socket.socket) -> None:
        """The body of the server's thread."""
        try:
            # Uvicorn leaves by SystemExit when a start fails; `started` has said so already.
            with suppress(SystemExit):
                self.run(sockets=[listener])
        finally:
            self.settled.set()


@contextmanager
def running(
    app: ASGIApp,
    host: str = "127.0.0.1",
    *,
    name: str | None = None,
    authority: Authority | None = None,
) -> Iterator[str]:
    """Serve ``app`` and yield its base URL, such as ``http://127.0.0.2:40001``, without a slash.

    ``name`` replaces ``host`` in the URL (``blog.test``); with ``authority`` it is https.
    """
    with running_at(lambda _: app, host, name=name, authority=authority) as url:
        yield url


@contextmanager
def running_at(
    make: Callable[[str], ASGIApp],
    host: str = "127.0.0.1",
    *,
    name: str | None = None,
    authority: Authority | None = None,
) -> Iterator[str]:
    """As ``running``, for an application that must know its own base URL when it is made."""
    with listening(host) as listener:
        scheme = "https" if authority else "http"
        url = f"{scheme}://{name or host}:{listener.getsockname()[1]}"
        with _in_thread(_server(make(url), authority), listener):
            yield url


@contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A socket on a free port of ``host`` that takes connections from now on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.bind((host, 0))
        listener.listen(128)
        yield listener


def _server(app: ASGIApp, authority: Authority | None) -> _Server:
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
        ssl_context_factory=(lambda *_: authority.server_context()) if authority else None,
    )
    return _Server(config)


@contextmanager
def _in_thread(server: _Server, listener: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_until_told, args=(listener,), daemon=True)
    thread.start()
    try:
        if not server.settled.wait(STARTS_WITHIN) or not server.started:
            raise RuntimeError("The server under test did not start; its log says why.")
        yield
    finally:
        server.should_exit = True
        thread.join(STOPS_WITHIN)
