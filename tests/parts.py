"""What tests of the core's parts share: a database of their own, a seal, a site and a person."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway import commenters, gateway_sessions, sessions
from gateway.config import read
from gateway.database import Database, Transaction, connect
from gateway.gate import Gate, open_gate
from gateway.gateway_sessions import GatewaySession
from gateway.seal import Seal
from gateway.sessions import Session
from gateway.sites import Site
from providers.base import Identity

NOW = 1_800_000_000
SEAL = Seal([b"a secret of the right length for a test"])
BLOG = Site(
    id="blog", name="Ada's blog", origins=("https://blog.example.org",), providers=("wordpress",)
)
GARDEN = replace(BLOG, id="garden", name="A garden", origins=("https://garden.example.org",))
ADA = Identity(
    namespace="wordpress",
    provider_id="4711",
    name="Ada",
    username="ada",
    profile_url="https://ada.example/",
    avatar_url="https://pictures.example/ada.png",
    email="ada@example.org",
    email_verified=True,
)
BOB = Identity(namespace="twitter", provider_id="42", name="Bob")


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Database]:
    """The database of a test's folder, made where there is none yet."""
    db = await connect(f"sqlite:{folder / 'gate.db'}")
    try:
        yield db
    finally:
        await db.close()


async def signed_in(
    db: Database, who: Identity = ADA, now: int = NOW, before: GatewaySession | None = None
) -> GatewaySession:
    """Somebody who has just signed in here, with the session of that browser."""

    async def work(tx: Transaction) -> str:
        person = await commenters.recognise(tx, who, now, keep_email=True)
        session, _ = await gateway_sessions.begin(tx, SEAL, before, who, person, who.namespace, now)
        return session

    session = await gateway_sessions.find(db, await db.transact(work), now)
    assert session is not None
    return session


async def open_session(
    db: Database, by: GatewaySession, site: Site = BLOG, now: int = NOW
) -> Session:
    """A session of somebody who is signed in here with one site."""

    async def work(tx: Transaction) -> Session:
        subject = await commenters.subject(tx, by.person, site, now)
        return await sessions.open_session(
            tx, by, site.id, subject, "avatar", "widget", "Firefox", now
        )

    return await db.transact(work)


async def person_of(db: Database, who: Identity, now: int = NOW, *, keep_email: bool = True) -> str:
    """The person behind an identity that signs in now."""
    return await db.transact(lambda tx: commenters.recognise(tx, who, now, keep_email=keep_email))


@asynccontextmanager
async def gate(folder: Path, clock: Callable[[], float] = lambda: NOW) -> AsyncIterator[Gate]:
    """A whole gate over the database of a test's folder, for the blog and Facebook."""
    table = {
        "public_url": "https://id.example.org",
        "database": "sqlite:gate.db",
        "secret_keys": ["env:SECRET"],
        "providers": {"facebook": {"client_id": "1", "client_secret": "env:SECRET"}},
        "sites": {
            "blog": {
                "name": BLOG.name,
                "origins": list(BLOG.origins),
                "providers": ["facebook"],
            }
        },
    }
    settings = read(table, {"SECRET": "a secret of the right length for a test"}, folder)
    async with open_gate(settings, clock=clock) as opened:
        yield opened
