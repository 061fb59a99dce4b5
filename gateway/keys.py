"""The key ring behind the session tokens: current, next, and the ones that were replaced.

Every key is ES256 on P-256. The next key is published for 25 hours before it signs, so that no
verifier meets a token whose key it could not have fetched; a replaced key stays published until
its last token has expired. Private keys lie in the database wrapped (see ``seal``).
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from joserfc.jwk import ECKey, KeySet

from gateway.database import Database, Reader, Transaction, present, shaped
from gateway.errors import KeysUnreadable
from gateway.seal import Seal, random_id

PUBLISHED_BEFORE_USE = 25 * 3600  # seconds
PUBLISHED_AFTER_USE = 2 * 3600  # seconds: a token lives for one hour, shared caches keep 10 minutes
READ_AGAIN = 10.0  # seconds: how long a worker may not know of a rotation


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of the ring; ``use_from`` is None while it is the next one."""

    kid: str
    public: str
    wrapped: str
    created_at: int
    use_from: int | None
    replaced_at: int | None

    def is_published(self, now: int) -> bool:
        """Whether verifiers may still meet a token of this key, or soon will."""
        return self.replaced_at is None or now < self.replaced_at + PUBLISHED_AFTER_USE


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    key: ECKey


class KeyRing:
    """The ring as one worker sees it, read anew every ten seconds."""

    def __init__(self, db: Database, seal: Seal, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._seal = seal
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read_at = float("-inf")
        self._signer: Signer | None = None
        self._jwks = b""
        self._published = KeySet([])

    async def prepare(self) -> None:
        """Make the first two keys of a new database, and wrap all of them under the newest secret.

        Raises ``KeysUnreadable`` when no secret key opens a key.
        """
        now = int(self._clock())

        async def work(tx: Transaction) -> None:
            await _begin(tx, self._seal, now)
            await _wrap_anew(tx, self._seal)

        await self._db.transact(work)
        await self._read()

    async def signer(self) -> Signer:
        """The key to sign with. Raises ``KeysUnreadable``."""
        await self._fresh()
        if self._signer is None:
            raise KeysUnreadable
        return self._signer

    async def jwks(self) -> bytes:
        """The public keys as JSON (RFC 7517 section 5)."""
        await self._fresh()
        return self._jwks

    async def published(self) -> KeySet:
        """The public keys, to read our own tokens with."""
        await self._fresh()
        return self._published

    async def _fresh(self) -> None:
        if self._clock() - self._read_at < READ_AGAIN and self._read_at <= self._clock():
            return
        async with self._reading:
            if self._clock() - self._read_at >= READ_AGAIN or self._read_at > self._clock():
                await self._read()

    async def _read(self) -> None:
        now = int(self._clock())
        ring = await keys(self._db)
        current = signing(ring, now)
        if current is None:
            raise KeysUnreadable
        if self._signer is None or self._signer.kid != current.kid:
            private = _opened(self._seal, current)
            self._signer = Signer(current.kid, ECKey.import_key(json.loads(private)))
        public = [json.loads(key.public) for key in ring if key.is_published(now)]
        self._jwks = json.dumps({"keys": public}).encode()
        self._published = KeySet.import_key_set({"keys": public})
        self._read_at = self._clock()


def signing(ring: list[SigningKey], now: int) -> SigningKey | None:
    """Which key of a ring signs at ``now``: the one whose turn began last.

    Where none has begun, as after a clock was set back, it is the one whose turn comes first.
    """
    turns = [
        (key.use_from, key.created_at, key)
        for key in ring
        if key.use_from is not None and (key.replaced_at is None or now < key.replaced_at)
    ]
    begun = [turn for turn in turns if turn[0] <= now]
    chosen = max(begun, key=_begins, default=None) or min(turns, key=_begins, default=None)
    return chosen[2] if chosen else None


def _begins(turn: tuple[int, int, SigningKey]) -> tuple[int, int]:
    return turn[:2]


def state(ring: list[SigningKey], key: SigningKey, now: int) -> str:
    """What a key is for: signs, next, waiting (will sign at its time), replaced."""
    if key == signing(ring, now):
        return "signs"
    if key.use_from is None:
        return "next"
    return "waiting" if key.use_from > now else "replaced"


async def keys(db: Database) -> list[SigningKey]:
    """The whole ring, oldest first."""
    return await _ring(db)


async def _begin(tx: Transaction, seal: Seal, now: int) -> None:
    """Make the first two keys of a new database."""
    if not await _ring(tx):
        await _make(tx, seal, now, use_from=now)
        await _make(tx, seal, now, use_from=None)


async def _wrap_anew(tx: Transaction, seal: Seal) -> None:
    """See to it that the newest secret opens all of the ring.

    Only a gateway that starts does so. The commands may know of a secret before the gateway that
    runs beside them does.
    """
    for key in await _ring(tx):
        if not seal.is_newest("signing key", key.wrapped):
            await tx.execute(
                "UPDATE signing_keys SET wrapped = :wrapped WHERE kid = :kid",
                wrapped=seal.wrap("signing key", _opened(seal, key)),
                kid=key.kid,
            )


def _opened(seal: Seal, key: SigningKey) -> bytes:
    private = seal.unwrap("signing key", key.wrapped)
    if private is None:
        raise KeysUnreadable
    return private


async def rotate(db: Database, seal: Seal, now: int) -> int:
    """Let the next key take over; when it will sign, in seconds since 1970.

    That is at once when it has been published for 25 hours, else as soon as it will have been.
    A further next key is made and published. Raises ``KeysUnreadable``.
    """

    async def work(tx: Transaction) -> int:
        await _begin(tx, seal, now)
        row = present(await tx.row("SELECT * FROM signing_keys WHERE use_from IS NULL"))
        following = shaped(SigningKey, row)
        # Under another secret than the gateway's, the new one would be, too.
        _opened(seal, following)
        use_from = max(now, following.created_at + PUBLISHED_BEFORE_USE)
        await tx.execute(
            "UPDATE signing_keys SET replaced_at = :use_from"
            " WHERE use_from IS NOT NULL AND replaced_at IS NULL",
            use_from=use_from,
        )
        await tx.execute(
            "UPDATE signing_keys SET use_from = :use_from WHERE use_from IS NULL",
            use_from=use_from,
        )
        await _make(tx, seal, now, use_from=None)
        return use_from

    return await db.transact(work)


async def retire(db: Database, seal: Seal, kid: str, now: int) -> bool:
    """Take a key away at once, as after a leak; False if there is none of that name.

    Where it was the one that signs, the one after it signs from now on, published long enough or
    not: a verifier that does not know it yet fetches it. Where it was to take over from another,
    that one goes on.
    """

    async def work(tx: Transaction) -> bool:
        if not await tx.execute("DELETE FROM signing_keys WHERE kid = :kid", kid=kid):
            return False
        await _mend(tx, seal, now)
        return True

    return await db.transact(work)


async def _mend(tx: Transaction, seal: Seal, now: int) -> None:
    """See to it that a key signs now, that each is replaced by another, and that one comes next."""
    if signing(await _ring(tx), now) is None:
        await tx.execute("UPDATE signing_keys SET use_from = :now WHERE use_from IS NULL", now=now)
    if signing(await _ring(tx), now) is None:
        await _make(tx, seal, now, use_from=now)
    await tx.execute(
        "UPDATE signing_keys SET replaced_at = (SELECT min(later.use_from)"
        " FROM signing_keys AS later WHERE later.use_from > signing_keys.use_from)"
        " WHERE replaced_at > :now",
        now=now,
    )
    if await tx.row("SELECT 1 FROM signing_keys WHERE use_from IS NULL") is None:
        await _make(tx, seal, now, use_from=None)


async def _ring(db: Reader) -> list[SigningKey]:
    rows = await db.rows("SELECT * FROM signing_keys ORDER BY created_at")
    return [shaped(SigningKey, row) for row in rows]


async def forget(tx: Transaction, now: int) -> None:
    """Forget keys whose last token has expired."""
    await tx.execute(
        "DELETE FROM signing_keys WHERE replaced_at < :then", then=now - PUBLISHED_AFTER_USE
    )


async def _make(tx: Transaction, seal: Seal, now: int, *, use_from: int | None) -> None:
    """Make a key that whoever reads the others reads too; the gateway that runs has to."""
    others = [key.wrapped for key in await _ring(tx)]
    kid = random_id(9)
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
    await tx.execute(
        "INSERT INTO signing_keys (kid, public, wrapped, created_at, use_from)"
        " VALUES (:kid, :public, :wrapped, :now, :use_from)",
        kid=kid,
        public=json.dumps(key.as_dict(private=False)),
        wrapped=seal.wrap_beside(
            "signing key", json.dumps(key.as_dict(private=True)).encode(), others
        ),
        now=now,
        use_from=use_from,
    )
