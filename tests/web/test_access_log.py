"""A request's line in the log names what went wrong, so that an operator need not guess."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.served import logged, served
from tests.world import BLOG, GATEWAY, Click, World

START = Click().form
OWN = {"origin": GATEWAY}


@pytest.mark.parametrize(
    ("path", "form", "headers", "code"),
    [
        ("/start", START | {"site": "nowhere"}, {"origin": BLOG}, "unknown_site"),
        ("/start", START, {"origin": "https://evil.example"}, "foreign_origin"),
        ("/start", START, {"origin": BLOG, "sec-fetch-dest": "iframe"}, "not_a_navigation"),
        ("/token", {"client_id": "nowhere"}, {"origin": BLOG}, "unsupported_grant_type"),
        ("/revoke", {"client_id": "nowhere", "token": "x"}, {"origin": BLOG}, "invalid_client"),
        ("/account", {"action": "erase"}, OWN, "foreign_form"),
        ("/facebook/deletion", {"signed_request": "x"}, {}, "bad_signed_request"),
        ("/jwks.json", {}, {}, "wrong_method"),
        ("/nowhere", {}, {}, "not_found"),
        ("/start", START, {"host": "evil.example"}, "unknown_host"),
        ("/start", START, {"cookie": "a" * 40_000}, "too_large"),
    ],
)
async def test_the_code_of_an_error_stands_in_the_line_of_its_request(
    world: World,
    caplog: pytest.LogCaptureFixture,
    path: str,
    form: dict[str, str],
    headers: dict[str, str],
    code: str,
) -> None:
    with caplog.at_level(logging.INFO, "commentgate.access"):
        await world.client.post(path, data=form, headers=headers)

    assert _codes(caplog) == [code]


async def test_where_nothing_goes_wrong_there_is_no_code(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "commentgate.access"):
        await world.session(world.browser())

    assert set(_codes(caplog)) == {""}


async def test_a_mistake_of_our_own_is_named_too(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("gateway.web.account.accounts.of_browser", broken)
    with caplog.at_level(logging.INFO, "commentgate.access"):
        answer = await world.client.get("/account")

    assert _codes(caplog) == ["broken"]
    assert [line["request"] for line in _lines(caplog)] == [answer.headers["x-request-id"]]


@pytest.mark.parametrize("path", ["/healthz", "/nowhere", "/widget.js", "/callback/x?state=y"])
async def test_an_answer_names_the_line_of_its_request(
    world: World, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.INFO, "commentgate.access"):
        answers = [
            await world.client.get(path),
            await world.client.get(path, headers={"cookie": "a" * 40_000}),
            await world.client.get(path, headers={"host": "evil.example"}),
        ]

    named = [answer.headers["x-request-id"] for answer in answers]
    assert [line["request"] for line in _lines(caplog)] == named
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == "commentgate.access"]


@pytest.mark.parametrize("path", ["/token", "/revoke", "/start", "/facebook/deletion", "/account"])
async def test_whoever_leaves_in_the_middle_of_a_body_is_no_mistake_of_ours(
    tmp_path: Path, path: str
) -> None:
    """A traceback for each would bury the others."""
    with logged() as lines:
        async with served(tmp_path) as (world, _):
            logging.getLogger().handlers[0].setStream(lines)  # type: ignore[attr-defined]  # the server has configured it anew
            await _send_half_and_leave(world.settings.public_url, path)
            for _ in range(1000):
                if '"request"' in lines.getvalue():
                    break
                await asyncio.sleep(0.01)

    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    requests = [line for line in told if line["message"] == "request"]
    assert [(line["status"], line["code"]) for line in requests] == [(499, "left")]
    assert not any("traceback" in line for line in told)


async def _send_half_and_leave(own: str, path: str) -> None:
    url = urlsplit(own)
    form = (
        f"POST {path} HTTP/1.1\r\nHost: {url.netloc}\r\nOrigin: {own}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\na=b"
    )
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(form.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def _codes(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [line["code"] for line in _lines(caplog)]
