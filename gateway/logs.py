"""Logs: one JSON object a line, on standard error, without secrets."""

import json
import logging
import logging.config
import time
from typing import Any

import msgspec

_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """A record as JSON: time (UTC), level, logger, message, and whatever was said ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({k: v for k, v in record.__dict__.items() if k not in _USUAL})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return msgspec.json.encode(line, enc_hook=str).decode()
        except UnicodeEncodeError:  # half a character in a stranger's text
            return json.dumps(line, default=str)


def configuration(level: str = "INFO") -> dict[str, Any]:
    """For ``logging.config.dictConfig``; libraries speak from warnings on.

    Authlib writes verifiers and tokens at its debug level, so it never gets there.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "gateway.logs.JsonLines"}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["lines"]},
        "loggers": {
            "commentgate": {"level": level},
            "uvicorn.error": {"level": level},
            "authlib": {"level": "WARNING"},
        },
    }
