"""What only the gateway can read or make: one derived key per purpose, several secrets at once.

``secret_keys`` are newest first. The newest makes; all of them are tried when reading, so that a
new secret can be put in front and the old one taken away later.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadData, URLSafeSerializer
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_WRAPPING = {"alg": "dir", "enc": "A256GCM"}


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def random_id(size: int = 16) -> str:
    """``size`` random bytes as base64url; 16 bytes make 22 characters."""
    return secrets.token_urlsafe(size)


def digest(text: str) -> str:
    """How one-use and secret values lie in the database: SHA-256, base64url."""
    return b64url(hashlib.sha256(text.encode()).digest())


def same(one: str, other: str) -> bool:
    """Compare in constant time; an empty value never matches."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


class Seal:
    """Keys derived from ``secret_keys`` by HKDF-SHA256, one for each purpose."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        self._secrets = tuple(secret_keys)
        self._keys: dict[str, tuple[bytes, ...]] = {}
        self._serializers: dict[str, URLSafeSerializer] = {}
        self._wrapping_keys: dict[str, tuple[OctKey, ...]] = {}

    def _derived(self, purpose: str) -> tuple[bytes, ...]:
        if purpose not in self._keys:
            info = b"commentgate " + purpose.encode()
            self._keys[purpose] = tuple(
                HKDF(SHA256(), 32, salt=None, info=info).derive(secret) for secret in self._secrets
            )
        return self._keys[purpose]

    def mac(self, purpose: str, message: str) -> str:
        """43 characters that nobody without the newest secret can compute (HMAC-SHA256)."""
        return _mac(self._derived(purpose)[0], message)

    def is_mac(self, purpose: str, message: str, mac: str) -> bool:
        """Whether ``mac`` was made for ``message`` under any of the secrets."""
        return any(same(mac, _mac(key, message)) for key in self._derived(purpose))

    def sign(self, purpose: str, value: str) -> str:
        """Sign a value that anybody may read and nobody may forge."""
        return self._serializer(purpose).dumps(value)

    def unsign(self, purpose: str, signed: str) -> str | None:
        """Give back what was signed, or None if it was forged or its secret is gone."""
        try:
            value = self._serializer(purpose).loads(signed)
        except BadData:
            return None
        return value if isinstance(value, str) else None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        if purpose not in self._serializers:
            oldest_first = list(reversed(self._derived(purpose)))
            self._serializers[purpose] = URLSafeSerializer(
                oldest_first,
                salt=purpose,
                signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
            )
        return self._serializers[purpose]

    def wrap(self, purpose: str, data: bytes) -> str:
        """Encrypt (JWE, ``dir`` with A256GCM) what must not lie readable in the database."""
        return jwe.encrypt_compact(_WRAPPING, data, self._wrapping(purpose)[0])

    def wrap_beside(self, purpose: str, data: bytes, others: Sequence[str]) -> str:
        """Encrypt ``data`` so that whoever reads ``others`` reads it too.

        That is under the oldest secret that opens one of them, or the newest where none does.
        """
        for key in reversed(self._wrapping(purpose)):
            if any(_opened(other, key) is not None for other in others):
                return jwe.encrypt_compact(_WRAPPING, data, key)
        return self.wrap(purpose, data)

    def unwrap(self, purpose: str, wrapped: str) -> bytes | None:
        """Decrypt with whichever secret fits, or None."""
        opened = (_opened(wrapped, key) for key in self._wrapping(purpose))
        return next((plain for plain in opened if plain is not None), None)

    def _wrapping(self, purpose: str) -> tuple[OctKey, ...]:
        if purpose not in self._wrapping_keys:
            self._wrapping_keys[purpose] = tuple(map(OctKey.import_key, self._derived(purpose)))
        return self._wrapping_keys[purpose]

    def is_newest(self, purpose: str, wrapped: str) -> bool:
        """Whether ``wrapped`` opens with the newest secret, so that it need not be wrapped anew."""
        newest = Seal(self._secrets[:1])
        return newest.unwrap(purpose, wrapped) is not None


def _opened(wrapped: str, key: OctKey) -> bytes | None:
    try:
        return jwe.decrypt_compact(wrapped, key).plaintext
    except (JoseError, ValueError):
        return None


def _mac(key: bytes, message: str) -> str:
    return b64url(hmac.digest(key, message.encode(), "sha256"))
