"""Logs are one JSON object a line, and what libraries whisper never gets there."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.logs import JsonLines


def _line(record: logging.LogRecord) -> dict[str, Any]:
    written = JsonLines().format(record)
    assert "\n" not in written
    read: dict[str, Any] = json.loads(written)
    return read


def _record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("commentgate.test").makeRecord(
        "commentgate.test", logging.INFO, "file", 1, message, arguments, None, extra=extra
    )


def test_a_line_says_when_how_grave_who_and_what() -> None:
    record = _record("%s is here", "Ada")
    record.created = 1_800_000_000.5

    assert _line(record) == {
        "time": "2027-01-15T08:00:00Z",
        "level": "info",
        "logger": "commentgate.test",
        "message": "Ada is here",
    }


def test_what_was_said_extra_stands_beside_it() -> None:
    line = _line(_record("request", status=200, ms=1.5, route="/token", odd=Path("odd")))

    assert (line["status"], line["ms"], line["route"]) == (200, 1.5, "/token")
    assert line["odd"] == "odd"


@pytest.mark.parametrize(
    "text", ["two\nlines", '"}\n{"level": "forged"', "\r\x00\x1b[31m", "é\u2028", "\ud83d"]
)
def test_N7_nobody_can_write_a_line_of_their_own(text: str) -> None:
    line = _line(_record(text, name_of_somebody=text))

    assert line["message"] == line["name_of_somebody"] == text
    assert line["level"] == "info"


def test_a_traceback_stays_in_its_line() -> None:
    try:
        raise LookupError("gone")
    except LookupError as error:
        record = _record("it broke")
        record.exc_info = (LookupError, error, error.__traceback__)

    assert _line(record)["traceback"].endswith("LookupError: gone")


def _logged_by(code: str) -> list[dict[str, Any]]:
    """What a process with our configuration of logs writes while it runs ``code``."""
    start = "import logging.config\nfrom gateway import logs\n"
    configured = f"{start}logging.config.dictConfig(logs.configuration())\n{code}"
    ran = subprocess.run(
        [sys.executable, "-c", configured], capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_N7_libraries_speak_from_warnings_on() -> None:
    """Authlib writes verifiers and tokens at its debug level."""
    lines = _logged_by(
        "for name in ('authlib.oauth2.client', 'httpx2', 'aiohttp.client', 'joserfc'):\n"
        "    logging.getLogger(name).debug('verifier=secret')\n"
        "    logging.getLogger(name).info('token=secret')\n"
        "    logging.getLogger(name).warning('careful')\n"
    )

    assert [line["message"] for line in lines] == ["careful"] * 4


def test_our_own_events_are_written() -> None:
    lines = _logged_by(
        "from gateway import errors, events\n"
        "events.provider_failed('facebook', errors.ProviderDown())\n"
        "events.refresh_token_reused('blog')\n"
        "events.erased('facebook', 'person')\n"
        "logging.getLogger('commentgate').debug('not this')\n"
    )

    assert [(line["level"], line["event"]) for line in lines] == [
        ("warning", "provider_failed"),
        ("warning", "refresh_token_reused"),
        ("info", "erased"),
    ]
    assert lines[0]["code"] == "provider_down"
