"""The JSON conversation with a browser: numbered commands, their answers, and events between.

Chromium's DevTools protocol and WebDriver BiDi, which Firefox speaks, share this shape.
"""

import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import ExitStack, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Json = dict[str, Any]
ANSWERS_WITHIN = 60.0


class BrowserError(Exception):
    """The browser refused a command, or what a test waited for did not come."""


class Wire:
    """One connection. Events are handed to ``on_event`` on the thread that reads."""

    def __init__(self, url: str, on_event: Callable[[Json], None]) -> None:
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(url, max_size=None, compression=None, ping_interval=None, proxy=None)
        )
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Json]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def call(self, method: str, params: Json | None = None, **more: Any) -> Json:
        """Send a command and wait for its result. Never from ``on_event``: it would wait for
        itself; ``post`` is for that.
        """
        try:
            return self.post(method, params, **more).result(ANSWERS_WITHIN)
        except NoAnswer as error:
            raise BrowserError(f"{method} was not answered in {ANSWERS_WITHIN:.0f} s") from error

    def post(self, method: str, params: Json | None = None, **more: Any) -> Future[Json]:
        """Send a command and do not wait. The next may be carried out before it: Chromium has
        commands that go another way than the rest.
        """
        number = next(self._numbers)
        answer: Future[Json] = Future()
        self._waiting[number] = answer
        try:
            self._socket.send(
                json.dumps({"id": number, "method": method, "params": params or {}, **more})
            )
        except ConnectionClosed as error:
            raise BrowserError(f"{method}: the browser is gone") from error
        return answer

    def close(self) -> None:
        """Hang up and wait for the reader to leave."""
        self._stack.close()
        self._reader.join(ANSWERS_WITHIN)

    def _read(self) -> None:
        try:
            with suppress(ConnectionClosed):
                for message in self._socket:
                    self._take(json.loads(message))
        finally:
            for answer in list(self._waiting.values()):
                answer.set_exception(BrowserError("the browser hung up"))

    def _take(self, message: Json) -> None:
        number = message.get("id")
        if number is None:
            self._on_event(message)
            return
        answer = self._waiting.pop(number, None)
        if answer is None:
            return
        if "error" in message:
            answer.set_exception(BrowserError(_in_words(message)))
        else:
            answer.set_result(message.get("result", {}))


def _in_words(message: Json) -> str:
    error = message["error"]
    if isinstance(error, dict):
        return str(error.get("message", error))
    return f"{error}: {message.get('message', '')}"
