"""What the stand-ins of one rehearsal share: apps, clock, counts, and the end of waiting."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request

from providers.rehearsal.apps import App
from providers.rehearsal.faults import DELAYS
from providers.rehearsal.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What somebody agreed to on the page. It follows the code and the token."""

    app: App
    person: Person
    fault: str
    redirect_uri: str = ""
    scopes: frozenset[str] = frozenset()
    challenge: str = ""
    began: float = 0.0


@dataclass(slots=True, kw_only=True)
class Stage:
    """The state of one rehearsal.

    ``calls`` counts the calls of every endpoint by ``<provider key>.<endpoint name>``.
    ``ahead`` maps such a name to the fault that its next call shows, whoever calls.
    ``closing`` ends all waiting; whoever stops the server may set it.
    """

    base_url: str
    apps: Mapping[str, App]
    clock: Callable[[], float]
    coop: bool = True
    calls: Counter[str] = field(default_factory=Counter)
    ahead: dict[str, str] = field(default_factory=dict)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def origin(self) -> str:
        """Scheme and host under which clients reach the stand-ins."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def app(self, key: str, client_id: str) -> App | None:
        """The app of one provider, if this is its id."""
        app = self.apps.get(key)
        return app if app and client_id and app.client_id == client_id else None

    def called(self, endpoint: str) -> str:
        """Count a call, and answer the fault that was laid out for it."""
        self.calls[endpoint] += 1
        return self.ahead.pop(endpoint, "none")

    async def delay(self, request: Request, fault: str) -> None:
        """Wait as the fault says, but not for a client that has left or a server that closes."""
        if fault not in DELAYS:
            return
        waiting = [
            asyncio.create_task(_gone(request)),
            asyncio.create_task(self.closing.wait()),
        ]
        try:
            await asyncio.wait(waiting, timeout=DELAYS[fault], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()


async def _gone(request: Request) -> None:
    # The body was read before, so the next message can only be the end of the connection.
    while (await request.receive())["type"] != "http.disconnect":
        continue
