"""Pictures of commenters: fetched once, redrawn by us, and shown under an id of ours.

After a sign-in the picture's address goes into a short queue; one worker fetches it through the
guarded transport and has it redrawn in a process of its own (``redraw``). The small pictures lie
in the database by their content, so that every node serves them. What readers' browsers ask for
is an *avatar*: a random id for one person at one site.
"""

import asyncio
import base64
import hashlib
import logging
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from gateway import redraw
from gateway.database import Database, Reader, Transaction, present
from gateway.errors import Busy, ProviderError
from gateway.http import Asking
from gateway.seal import b64url, random_id
from providers.base import Identity

WAITING = 200  # pictures in the queue; more are left for the next sign-in
REDIRECTIONS = (301, 302, 303, 307, 308)
REDIRECTS = 3  # each judged like the first address: Facebook's pictures need one
WITHIN = 15.0  # seconds for redrawing, start of the process included
KEPT_FRESH = 7 * 86_400  # seconds after which an unchanged address is asked again

log = logging.getLogger("commentgate")

Drawn = list[bytes]


@dataclass(frozen=True, slots=True)
class Avatar:
    """What an avatar's id leads to: the name, None after erasure, and the picture's hash if any."""

    name: str | None
    picture: str | None


async def avatar(tx: Transaction, person: str, site: str, namespace: str, provider_id: str) -> str:
    """The id under which a site's readers see a person: random, made once, kept for ever."""
    row = await tx.row(
        "SELECT id FROM avatars WHERE person = :person AND site = :site"
        " AND namespace = :namespace AND provider_id = :provider_id",
        person=person,
        site=site,
        namespace=namespace,
        provider_id=provider_id,
    ) or await tx.row(
        "INSERT INTO avatars (id, person, site, namespace, provider_id)"
        " VALUES (:id, :person, :site, :namespace, :provider_id) ON CONFLICT (person, site)"
        " DO UPDATE SET namespace = excluded.namespace, provider_id = excluded.provider_id"
        " RETURNING id",
        id=random_id(),
        person=person,
        site=site,
        namespace=namespace,
        provider_id=provider_id,
    )
    return str(present(row)["id"])


async def find(db: Reader, avatar_id: str) -> Avatar | None:
    """What an avatar's id leads to, or None if there never was one."""
    row = await db.row(
        "SELECT identities.name, identities.picture FROM avatars LEFT JOIN identities"
        " ON identities.namespace = avatars.namespace"
        " AND identities.provider_id = avatars.provider_id WHERE avatars.id = :id",
        id=avatar_id,
    )
    return Avatar(row["name"], row["picture"]) if row else None


async def drawing(db: Reader, picture: str, size: int) -> bytes | None:
    """A picture as WebP, in the smallest of our sizes that is not smaller than ``size`` pixels."""
    row = await db.row("SELECT small, large FROM pictures WHERE hash = :hash", hash=picture)
    if row is None:
        return None
    return base64.b64decode(row["small" if size <= redraw.SIZES[0] else "large"])


async def forget_unused(tx: Transaction) -> None:
    """Forget pictures that nobody has any more."""
    await tx.execute(
        "DELETE FROM pictures WHERE NOT EXISTS"
        " (SELECT 1 FROM identities WHERE identities.picture = pictures.hash)"
    )


class PictureDesk:
    """The queue and its worker. ``run`` is a task; ``settled`` waits until nothing waits."""

    def __init__(
        self,
        db: Database,
        transport: Asking,
        clock: Callable[[], float],
        *,
        https_only: bool,
    ) -> None:
        self._db = db
        self._transport = transport
        self._clock = clock
        self._https_only = https_only
        self._waiting: asyncio.Queue[Identity] = asyncio.Queue(WAITING)

    def want(self, identity: Identity) -> None:
        """Have an identity's picture fetched in the background, where that is needed."""
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(identity)

    async def settled(self) -> None:
        """Wait until every picture that was wanted is there, or can't be had."""
        await self._waiting.join()

    async def run(self) -> None:
        """Work for ever."""
        while True:
            identity = await self._waiting.get()
            try:
                await self._keep_current(identity)
            except (ProviderError, Busy, OSError):
                pass  # initials are shown; the next sign-in tries again
            except Exception:  # whatever it was, the next picture may be better
                log.exception("a picture failed")
            finally:
                self._waiting.task_done()

    async def _keep_current(self, identity: Identity) -> None:
        row = await self._db.row(
            "SELECT avatar_url, picture_url, picture_at FROM identities"
            " WHERE namespace = :namespace AND provider_id = :provider_id",
            namespace=identity.namespace,
            provider_id=identity.provider_id,
        )
        if row is None:
            return
        now, url = int(self._clock()), row["avatar_url"]
        if url == row["picture_url"] and now < (row["picture_at"] or 0) + KEPT_FRESH:
            return
        drawn = await self._drawn(url) if url else None
        await self._db.transact(lambda tx: _keep(tx, identity, url, drawn, now))

    async def _drawn(self, url: str) -> Drawn | None:
        if self._https_only and url.startswith("http://"):
            url = "https://" + url.removeprefix("http://")
        picture = await self._fetch(url)
        return await draw(picture) if picture else None

    async def _fetch(self, url: str) -> bytes | None:
        for _ in range(REDIRECTS + 1):
            response = await self._transport.ask("GET", url, most=redraw.BYTES)
            if response.status == 200:
                return response.content
            if "location" not in response.headers or response.status not in REDIRECTIONS:
                return None
            try:
                url = urljoin(url, response.headers["location"])
            except ValueError:  # no address at all
                return None
        return None


async def draw(picture: bytes) -> Drawn | None:
    """Have a picture redrawn in a process of its own; None for whatever is no picture.

    Raises TimeoutError when that takes too long, which says nothing about the picture.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(Path(redraw.__file__)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        async with asyncio.timeout(WITHIN):
            written, _ = await process.communicate(picture)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _read(written) if process.returncode == 0 else None


def _read(written: bytes) -> Drawn:
    drawn = []
    while written:
        (length,) = struct.unpack(">I", written[:4])
        drawn.append(written[4 : 4 + length])
        written = written[4 + length :]
    return drawn


async def _keep(
    tx: Transaction, identity: Identity, url: str | None, drawn: Drawn | None, now: int
) -> None:
    picture = None
    if drawn:
        small, large = drawn
        picture = b64url(hashlib.sha256(large).digest())
        await tx.execute(
            "INSERT INTO pictures (hash, small, large, created_at)"
            " VALUES (:hash, :small, :large, :now) ON CONFLICT (hash) DO NOTHING",
            hash=picture,
            small=base64.b64encode(small).decode(),
            large=base64.b64encode(large).decode(),
            now=now,
        )
    await tx.execute(
        "UPDATE identities SET picture = :picture, picture_url = :url, picture_at = :now"
        " WHERE namespace = :namespace AND provider_id = :provider_id",
        picture=picture,
        url=url,
        now=now,
        namespace=identity.namespace,
        provider_id=identity.provider_id,
    )
    await forget_unused(tx)
