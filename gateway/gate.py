"""Everything that the story needs, put together once: the gate."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from gateway import attempts, gateway_sessions, grants, keys, limits, sessions
from gateway.apps import App
from gateway.config import Settings
from gateway.database import Database, Transaction, connect
from gateway.errors import Busy
from gateway.gateway_sessions import GatewaySession
from gateway.http import Asking, Transport
from gateway.keys import KeyRing
from gateway.oauth import OAuth
from gateway.pictures import PictureDesk
from gateway.seal import Seal
from gateway.sites import Site

TIDY_EVERY = 60.0  # seconds

log = logging.getLogger("commentgate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The collaborators of the story. ``clock`` gives seconds since 1970."""

    settings: Settings
    db: Database
    seal: Seal
    keys: KeyRing
    oauth: OAuth
    pictures: PictureDesk
    clock: Callable[[], float]

    def now(self) -> int:
        """The time in whole seconds."""
        return int(self.clock())

    @property
    def own_site(self) -> Site:
        """The gateway's own account page, as if it were a site: trusted, with every provider."""
        return Site(
            id="",
            name=self.settings.public_url,
            origins=(self.settings.public_url,),
            providers=tuple(self.settings.apps),
            trusted=True,
        )

    def site(self, site: str) -> Site | None:
        """The site of an attempt, our own among them, or None."""
        return self.settings.sites.find(site) if site else self.own_site

    async def signed_in(self, cookie: str | None) -> GatewaySession | None:
        """Who is signed in here, by the session cookie's value, or None.

        A session by a provider that is switched off is none.
        """
        session = await gateway_sessions.of_browser(self.db, self.seal, cookie, self.now())
        return session if session and session.provider in self.settings.apps else None

    def offered(self, site: Site, provider: str) -> App | None:
        """Our app at a provider that the site offers, or None."""
        return self.settings.apps.get(provider) if provider in site.providers else None

    def network(self, address: str) -> str:
        """A visitor's network as it lies in the database: countable, not readable."""
        return self.seal.mac("address", limits.address_prefix(address))


@asynccontextmanager
async def open_gate(
    settings: Settings,
    transport: Asking | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Gate]:
    """Open the database and the key ring, and tidy up once a minute until the end.

    ``transport`` reaches the providers in place of the guarded one. Raises ``StartError``.
    """
    async with AsyncExitStack() as open_things:
        db = await connect(settings.database)
        open_things.push_async_callback(db.close)
        if transport is None:
            transport = own = Transport(public_only=not settings.is_loopback)
            open_things.push_async_callback(own.close)
        seal = Seal(settings.secret_keys)
        ring = KeyRing(db, seal, clock)
        await ring.prepare()
        desk = PictureDesk(db, transport, clock, https_only=not settings.is_loopback)
        gate = Gate(
            settings=settings,
            db=db,
            seal=seal,
            keys=ring,
            oauth=OAuth(transport),
            pictures=desk,
            clock=clock,
        )
        for work in (_tidy_for_ever(gate), desk.run()):
            open_things.push_async_callback(_stop, asyncio.create_task(work))
        yield gate


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _tidy_for_ever(gate: Gate) -> None:
    while True:
        await asyncio.sleep(TIDY_EVERY)
        try:
            await tidy(gate)
        except Busy:
            log.warning("tidying waits: the database is busy")
        except Exception:  # whatever it was, the next minute may be better
            log.exception("tidying failed")


async def tidy(gate: Gate) -> None:
    """Forget what has had its time."""
    now = gate.now()

    async def work(tx: Transaction) -> None:
        for noun in (attempts, grants, sessions, gateway_sessions, keys, limits):
            await noun.forget(tx, now)

    await gate.db.transact(work)
