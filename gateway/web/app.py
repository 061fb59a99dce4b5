"""The ASGI application: the URL map, what surrounds every request, and the error pages."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.config import Settings, load
from gateway.errors import Back, Busy, PageError, TooMany
from gateway.gate import open_gate
from gateway.http import Asking
from gateway.web import (
    account,
    assets,
    avatar,
    facebook,
    information,
    languages,
    login,
    pages,
    token,
)
from gateway.web.middleware import AccessLog, Doorkeeper
from gateway.web.state import id_of, language_of, note_error

CONFIG_VARIABLE = "COMMENTGATE_CONFIG"
LEFT = 499  # as nginx logs it

log = logging.getLogger("commentgate")

ROUTES = [
    Route("/token", token.token, methods=["POST"]),
    Route("/start", login.start, methods=["POST"]),
    Route("/start", login.start_page, methods=["GET"]),
    Route("/start/{attempt}", login.resume, methods=["GET"]),
    Route("/start/{attempt}", login.press_or_answer, methods=["POST"]),
    Route("/callback/{provider}", login.callback, methods=["GET"]),
    Route("/revoke", token.revoke, methods=["POST"]),
    Route("/jwks.json", token.jwks, methods=["GET"]),
    Route("/sites/{site}/providers.json", assets.offered, methods=["GET"]),
    Route("/avatar/{id}", avatar.avatar, methods=["GET"]),
    Route("/widget.js", assets.widget, methods=["GET"]),
    Route("/widget.css", assets.widget_styles, methods=["GET"]),
    Route("/widget/{hash}.js", assets.immutable_widget, methods=["GET"]),
    Route("/widget/{language}.json", assets.widget_words, methods=["GET"]),
    Route("/facebook/deauthorize", facebook.deauthorize, methods=["POST"]),
    Route("/facebook/deletion", facebook.deletion, methods=["POST"]),
    Route("/deletion/{code}", facebook.deletion_page, methods=["GET"]),
    Route("/account", account.account, methods=["GET"]),
    Route("/account", account.act, methods=["POST"]),
    Route("/account/sign-in", account.sign_in, methods=["POST"]),
    Route("/privacy", information.privacy, methods=["GET"]),
    Route("/healthz", information.healthz, methods=["GET"]),
    Route("/readyz", information.readyz, methods=["GET"]),
]


def application(
    settings: Settings,
    transport: Asking | None = None,
    clock: Callable[[], float] = time,
) -> Starlette:
    """The gateway for these settings; ``transport`` and ``clock`` are for tests."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_gate(settings, transport, clock) as gate:
            app.state.gate = gate
            yield

    app = Starlette(
        routes=ROUTES,
        lifespan=lifespan,
        middleware=[
            Middleware(AccessLog),
            Middleware(Doorkeeper, public_url=settings.public_url),
        ],
        exception_handlers={
            PageError: _page_error,
            HTTPException: _http_error,
            ClientDisconnect: _left,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return app


def from_environment() -> Starlette:
    """The gateway whose configuration file the environment names; each worker calls this."""
    return application(load(Path(os.environ[CONFIG_VARIABLE])))


async def _page_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, PageError):
        raise error
    language = error.back.lang if error.back else language_of(request)
    response = error_page(request, error.code, error.status, language, error.back)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = "5"
    return response


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "broken")
    response = error_page(request, code, error.status_code, language_of(request))
    response.headers.update(error.headers or {})
    return response


async def _left(request: Request, _: Exception) -> Response:
    """Whoever sent half a body and left gets no answer: this is for the log alone."""
    note_error(request.scope, "left")
    return Response(status_code=LEFT)


async def _broken(request: Request, error: Exception) -> Response:
    """Starlette answers this one outside of our middleware, which names all others."""
    if request.url.path in token.PATHS:
        response = token.broken(request)
    else:
        response = error_page(request, "broken", 500, language_of(request))
    response.headers["X-Request-Id"] = id_of(request.scope)
    return response


def error_page(
    request: Request, code: str, status: int, language: str, back: Back | None = None
) -> Response:
    """What happened, what helps, and the way back."""
    note_error(request.scope, code)
    return pages.page(
        "error.html",
        language,
        status,
        title=languages.text(language, f"error_{code}"),
        what=languages.text(language, f"what_{code}"),
        next=languages.text(language, f"next_{code}"),
        back=back,
    )
