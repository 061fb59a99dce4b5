"""What happens around every request: one log line, the Host header, and the size of the headers."""

import logging
import time
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.seal import random_id
from gateway.web.pages import HEADERS
from gateway.web.state import note_error, note_id, noted_error
from providers import PROVIDERS

HEADER_BYTES = 32 * 1024
ANY_HOST = frozenset({"/healthz", "/readyz"})  # a load balancer asks by address

log = logging.getLogger("commentgate.access")


class AccessLog:
    """One line a request: what route, what came of it, how long; never a path, query or header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500
        request_id = random_id(9)
        note_id(scope, request_id)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            note_error(scope, "broken")
            raise
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            log.info(
                "request",
                extra={
                    "method": scope["method"] if scope["method"].isalpha() else "odd",
                    "route": route,
                    "provider": _provider(scope),
                    "status": status,
                    "code": noted_error(scope),
                    "ms": round((time.perf_counter() - began) * 1000, 1),
                    "request": request_id,
                },
            )


def _provider(scope: Scope) -> str:
    """The provider of a callback; anything else that stands in its place is a stranger's text."""
    named = scope.get("path_params", {}).get("provider", "")
    return named if named in PROVIDERS else ""


class Doorkeeper:
    """Refuses requests for another host, and headers that are larger than any of ours."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._host = urlsplit(public_url).netloc.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
            note_error(scope, "too_large")
            return PlainTextResponse(
                "too_large: the request's headers are too large. Clear this site's cookies.\n",
                431,
                HEADERS,
            )
        hosts = [value for name, value in headers if name == b"host"]
        if hosts != [self._host] and scope["path"] not in ANY_HOST:
            note_error(scope, "unknown_host")
            return PlainTextResponse(
                "unknown_host: this gateway answers for the host of its public_url only. "
                "A proxy in front of it must pass the Host header on.\n",
                421,
                HEADERS,
            )
        return None
