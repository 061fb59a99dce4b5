"""Uvicorn's HTTP protocol with two bounds that it lacks: how long a head may be, and may take."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024  # the application refuses less with a sentence; this bounds the parser
HEAD_SECONDS = 10.0


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are endless or never end."""

    _head = 0
    _in_head = True
    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """The clock runs from the first moment: a silent connection is a held one."""
        super().connection_made(transport)
        self._hurry_up()

    def data_received(self, data: bytes) -> None:
        """Count what comes before the headers are complete; most heads come in one piece."""
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.send_400_response("The request's head is too large.")
                return
        super().data_received(data)
        if self._in_head and self._hurry is None:
            self._hurry_up()

    def on_message_begin(self) -> None:
        """A next request on a kept-alive connection."""
        super().on_message_begin()
        if not self._in_head:
            self._head, self._in_head = 0, True

    def on_headers_complete(self) -> None:
        """From here on the application bounds what it reads."""
        self._in_head = False
        self._stop_clock()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left behind."""
        self._stop_clock()
        super().connection_lost(exc)

    def _hurry_up(self) -> None:
        self._hurry = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def _stop_clock(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None
