"""What ``gateway/verify.py`` costs a blog server, against the bare check of the signature."""

import base64
import secrets
import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.verify import Verifier
from tests.bench.table import Row

ISSUER = "https://id.example.org"
T = TypeVar("T")
TOKENS = 400
ROUNDS = 7


def rows() -> list[Row]:
    """Uncached and cached, in microseconds of CPU, and as a multiple of the bare check."""
    key = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig", "alg": "ES256"})
    public = key.get_op_key("verify")
    assert isinstance(public, EllipticCurvePublicKey)
    keys = msgspec.json.encode({"keys": [key.as_dict(private=False)]})
    bare, uncached, cached, ratios = [], [], [], []
    for _ in range(ROUNDS):
        tokens = [_token(key) for _ in range(TOKENS)]
        signed = [_signed(token) for token in tokens]
        verifier = Verifier(ISSUER, "blog", fetch=lambda: keys)
        verifier.verify(_token(key))  # fetches the keys
        bare.append(_each(lambda one: public.verify(*one, ECDSA(SHA256())), signed))
        uncached.append(_each(verifier.verify, tokens))
        cached.append(_each(verifier.verify, tokens))
        ratios.append(uncached[-1] / bare[-1])
    return [
        Row("bare ES256 check of cryptography", f"{median(bare):.1f} us", ""),
        Row("Verifier.verify, uncached", f"{median(uncached):.1f} us", ""),
        Row("  as a multiple of the bare check", f"{median(ratios):.2f}", "1.8"),
        Row("Verifier.verify, cached", f"{median(cached):.1f} us", "5 us"),
    ]


def _each(call: Callable[[T], object], arguments: Iterable[T]) -> float:
    """Microseconds of CPU per call."""
    given = list(arguments)
    began = time.thread_time()
    for argument in given:
        call(argument)
    return (time.thread_time() - began) / len(given) * 1e6


def _token(key: ECKey) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "blog",
        "client_id": "blog",
        "sub": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + 3600,
        "jti": secrets.token_urlsafe(16),
        "sid": secrets.token_urlsafe(16),
        "auth_time": now,
        "scope": "profile",
        "idp": "wordpress",
        "name": "Ada Lovelace",
        "preferred_username": "ada_lovelace",
        "profile": "https://ada.example/",
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "bench"}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key)


def _signed(token: str) -> tuple[bytes, bytes]:
    """A token's signature as ``cryptography`` wants it, and what it signs."""
    content, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    return encode_dss_signature(*halves), content.encode()
