import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.servers import Authority, running, running_at


async def _greet(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"hello from {request.url.hostname}")


def _app(url: str = "") -> ASGIApp:
    async def own_url(_: Request) -> PlainTextResponse:
        return PlainTextResponse(url)

    return Starlette(routes=[Route("/", _greet), Route("/url", own_url)])


def _read(url: str, context: ssl.SSLContext | None = None) -> str:
    with urllib.request.urlopen(url, context=context) as response:
        body: bytes = response.read()
    return body.decode()


def test_an_application_answers_on_the_address_it_was_given() -> None:
    with running(_app(), "127.0.0.2") as url:
        said = _read(url)

    assert url.startswith("http://127.0.0.2:")
    assert said == "hello from 127.0.0.2"


def test_a_stopped_server_leaves_its_port() -> None:
    with running(_app()) as url:
        pass

    with pytest.raises(urllib.error.URLError):
        _read(url)


def test_an_application_can_know_its_own_address() -> None:
    with running_at(_app) as url:
        said = _read(f"{url}/url")

    assert said == url


def test_an_application_that_fails_at_its_start_is_reported() -> None:
    with pytest.raises(RuntimeError, match="did not start"), running(Starlette(lifespan=_broken)):
        pass


@asynccontextmanager
async def _broken(_: Starlette) -> AsyncIterator[None]:
    raise_for_want_of_a_disk()
    yield


def raise_for_want_of_a_disk() -> None:
    raise OSError("no disk")


def test_tls_is_trusted_by_clients_that_know_the_authority(authority: Authority) -> None:
    with running(_app(), authority=authority) as url:
        said = _read(url, authority.client_context())

    assert url.startswith("https://")
    assert said == "hello from 127.0.0.1"


def test_tls_is_refused_by_clients_that_do_not(authority: Authority) -> None:
    with (
        running(_app(), authority=authority) as url,
        pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        _read(url, ssl.create_default_context())
