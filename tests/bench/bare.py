"""One Starlette route that answers a few bytes: what a request costs before we do anything."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def _answer(request: Request) -> Response:
    return PlainTextResponse("Hello")


def main() -> None:
    """``python -m tests.bench.bare PORT``"""
    app = Starlette(routes=[Route("/", _answer)])
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main()
