"""The stand-in providers in a process of their own, over TLS: the upstream of the measurements.

``python -m tests.bench.stand_ins GATEWAY_URL CA_FILE DELAY`` prints its base URL and stays until
its standard input ends; each answer takes DELAY seconds. ``GET /calls`` answers how often each
endpoint was called.
"""

import asyncio
import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from providers.rehearsal import demo_apps, rehearsal
from tests.servers import Authority, running_at


def main() -> None:
    """Serve until the standard input ends."""
    gateway_url, ca_file, delay = sys.argv[1:]
    authority = Authority()
    Path(ca_file).write_bytes(authority.pem)

    def make(url: str) -> ASGIApp:
        providers = rehearsal(url, demo_apps(gateway_url))

        async def calls(request: Request) -> JSONResponse:
            return JSONResponse(dict(providers.state.calls))

        async def later(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(float(delay))
            await providers(scope, receive, send)

        return Starlette(routes=[Route("/calls", calls), Mount("/", later)])

    with running_at(make, authority=authority) as url:
        print(url, flush=True)  # noqa: T201  # whoever started this reads it
        sys.stdin.read()


if __name__ == "__main__":
    main()
