"""Uvicorn's HTTP protocol with bounds that it lacks: a request's length, and the time for it."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024  # the application refuses less with a sentence; this bounds the parser
REQUEST_SECONDS = 10.0  # for it to arrive
ANSWER_SECONDS = 10.0  # for what the socket did not take of an answer to be read


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request is endless or never ends, and one that says nothing.

    The clock runs from the first moment until a request is there whole, body included, and from
    any byte that comes while none is being answered. A request that comes in one piece on a kept
    connection sets no clock. Between two requests uvicorn's own, shorter time counts.
    """

    _head = 0  # bytes that are not body: the head, what frames the chunks, and trailers
    _in_head = True
    _is_whole = False
    _clock: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """A silent connection is a held one."""
        super().connection_made(transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Count what is not body, and see whether something is left that has to end in time."""
        self._head += len(data)
        if self._in_head and self._head > HEAD_BYTES:
            self.send_400_response("The request's head is too large.")
            return
        super().data_received(data)
        if not self._in_head and self._head > HEAD_BYTES:
            self._hang_up()
        elif self._clock is None and not (self._is_whole and self._is_answering()):
            self._start_clock()

    def on_message_begin(self) -> None:
        """A next request on a kept-alive connection."""
        super().on_message_begin()
        self._is_whole = False
        if not self._in_head:
            self._head, self._in_head = 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers are dropped: nobody reads them, and uvicorn would put them to the head's."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """What follows is the body, which the application bounds in size as it reads."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body was counted with the rest of what came."""
        self._head -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The time it takes from here on is ours."""
        self._is_whole = True
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Nearly always it is out of our hands; whoever never reads would hold a connection."""
        super().on_response_complete()
        if self._unread is None and self.transport.get_write_buffer_size():
            loop = asyncio.get_running_loop()
            self._unread = loop.call_later(ANSWER_SECONDS, self._hang_up_unless_read)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left behind."""
        self._stop_clock()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_clock(self) -> None:
        self._clock = asyncio.get_running_loop().call_later(REQUEST_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        """At once: a polite end waits for as long as the other side does not read."""
        self.transport.abort()

    def _hang_up_unless_read(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size():
            self._hang_up()

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
