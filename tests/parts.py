"""What tests of the core's parts share: a database of their own, a seal, a site and a person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.database import Database, connect
from gateway.seal import Seal
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
