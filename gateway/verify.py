"""Who wrote this comment? Checks a session token offline; what a blog server uses.

One file that needs joserfc and nothing else, so that it can be copied into any blog::

    verifier = Verifier(issuer="https://id.example.org", site="blog")
    commenter = verifier.verify(form["commentgate_token"])   # -> Commenter
    print(commenter.name, "with", commenter.provider)

``verify`` returns a Commenter, or raises BadToken (this token proves nothing: ask for a new
sign-in) or KeysUnavailable (cannot tell now: keep the text and try again). Nothing else.
AsyncVerifier is the same with ``await``. One instance serves a whole process; both are safe
to use from many threads, an AsyncVerifier from one event loop at a time.

What is accepted: RFC 9068 access tokens signed with ES256 by a key the issuer publishes.
``aud`` is a string equal to the site, never a list, so that no two verifiers can differ on
what a list means. Times are whole seconds. The gateway's keys are asked for every ten minutes;
while it cannot be reached the last good set serves for a day.
"""

import asyncio
import inspect
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPResponse
from ipaddress import ip_address
from typing import IO, Any, cast
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError, MissingAlgorithmError
from joserfc.jwk import ECKey

TOKEN_BYTES = 8 * 1024
HEADER_BYTES = 4 * 1024
KEYS_BYTES = 64 * 1024
LIFETIME = 3600
LEEWAY = 60
FRESH = 600
LAST_GOOD = 24 * 3600
ASK_AGAIN = 60
ASK_AGAIN_EMPTY = 1
FETCH_TIMEOUT = 5.0
REMEMBERED = 2048

# Headers that would move the choice of key or the meaning of the payload to the token's author.
FOREIGN_HEADERS = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty"})

UNREADABLE = (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError)

log = logging.getLogger("commentgate.verify")

Clock = Callable[[], float]
Fetch = Callable[[], bytes]

SENTENCES = {
    "malformed": "This is not a signed token.",
    "too_long": "The token or its header is longer than any that the gateway issues.",
    "header": "The token's header holds something that no session token has.",
    "type": "This is a token of another kind, not a session token.",
    "algorithm": "The token is not signed with the algorithm of the key that it names.",
    "key": "The key that the token names is not one of the gateway's.",
    "signature": "The signature does not fit: the token was changed, or forged.",
    "claims": "The token lacks a claim that every session token has, or holds it in another form.",
    "issuer": "The token comes from another gateway.",
    "audience": "The token was issued to another site.",
    "expired": "The token has ended; a new sign-in or a renewal gives a fresh one.",
    "not_yet": "The token begins in the future; one of the two clocks is wrong.",
    "lifetime": "The token is meant to live longer than session tokens do.",
}


class BadToken(Exception):
    """The token proves nothing. ``reason`` is a key of SENTENCES, ``str()`` its sentence."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{SENTENCES[reason]} {detail}".rstrip())


class KeysUnavailable(Exception):
    """The gateway's keys cannot be had now and none are kept; says nothing about the token."""


@dataclass(frozen=True, slots=True)
class Commenter:
    """Who is writing, as the gateway vouches for it. Times are Unix seconds.

    Store ``subject`` as the author's id: it never changes and is given to nobody else. All
    other texts are what the person shows today; escape them as you would any stranger's text.
    """

    subject: str
    name: str
    provider: str
    username: str | None
    profile: str | None
    picture: str | None
    session: str
    token_id: str
    issued_at: int
    expires_at: int
    authenticated_at: int


@dataclass(frozen=True, slots=True)
class _Key:
    """A published key; ``public`` is None for one that does not sign session tokens."""

    source: tuple[object, ...]
    public: ECKey | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was verified before, and what must still hold for it to count."""

    kid: str
    source: tuple[object, ...]
    since: int
    until: int
    commenter: Commenter


class Verifier:
    """Verifies session tokens of one issuer for one site, with blocking calls.

    ``clock`` gives Unix seconds, ``fetch`` the bytes of the key set (default: an HTTP GET of
    ``{issuer}/jwks.json``), ``leeway`` is the clock skew allowed, at most 60 seconds.
    Raises ValueError on an issuer that is no origin, and on http anywhere but on loopback.
    """

    def __init__(
        self,
        issuer: str,
        site: str,
        *,
        clock: Clock = time.time,
        fetch: Fetch | None = None,
        leeway: int = LEEWAY,
    ) -> None:
        self._keys = _KeyRing(clock)
        self._desk = _Desk(issuer, site, self._keys, clock, leeway)
        self._fetch = fetch or _fetcher(issuer)
        self._flight = threading.Lock()

    def verify(self, token: str) -> Commenter:
        """Answer who the token speaks for; BadToken or KeysUnavailable otherwise."""
        slip = self._desk.open(token)
        if self._keys.due(slip.kid):
            self._refresh(slip.kid)
        return self._desk.judge(slip)

    def _refresh(self, kid: str) -> None:
        # Whoever can be answered with the keys at hand does not wait for another's fetch.
        if not self._flight.acquire(blocking=not self._keys.knows(kid)):
            return
        try:
            if self._keys.due(kid):
                self._load()
        finally:
            self._flight.release()

    def _load(self) -> None:
        try:
            self._keys.renew(self._fetch())
        except Exception as error:  # whatever a given `fetch` may raise, no keys came
            self._keys.renewal_failed(error)


class AsyncVerifier:
    """The same for an event loop: ``await verify(token)``; keys are fetched in a thread.

    ``fetch`` may also return an awaitable of bytes, which is awaited in the loop.
    """

    def __init__(
        self,
        issuer: str,
        site: str,
        *,
        clock: Clock = time.time,
        fetch: Fetch | Callable[[], Awaitable[bytes]] | None = None,
        leeway: int = LEEWAY,
    ) -> None:
        self._keys = _KeyRing(clock)
        self._desk = _Desk(issuer, site, self._keys, clock, leeway)
        self._fetch = fetch or _fetcher(issuer)
        self._flight: asyncio.Task[None] | None = None

    async def verify(self, token: str) -> Commenter:
        """Answer who the token speaks for; BadToken or KeysUnavailable otherwise."""
        slip = self._desk.open(token)
        if self._keys.due(slip.kid):
            await self._refresh(slip.kid)
        return self._desk.judge(slip)

    async def _refresh(self, kid: str) -> None:
        under_way = self._flight is not None and not self._flight.done()
        if under_way and self._keys.knows(kid):
            return
        if self._flight is None or not under_way:
            self._flight = asyncio.create_task(self._load())
        # Shielded: one visitor who leaves must not take the keys from all the others.
        await asyncio.shield(self._flight)

    async def _load(self) -> None:
        try:
            answer: Any = await asyncio.to_thread(self._fetch)
            self._keys.renew(await answer if inspect.isawaitable(answer) else answer)
        except Exception as error:  # whatever a given `fetch` may raise, no keys came
            self._keys.renewal_failed(error)


@dataclass(frozen=True, slots=True)
class _Slip:
    """A token on the desk: remembered (``seen``) or opened (``parsed``), not yet judged."""

    digest: bytes
    kid: str
    seen: _Seen | None
    parsed: jws.CompactSignature | None


class _KeyRing:
    """The keys of the last good answer, how old they are, and when to ask again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: Mapping[str, _Key] = {}
        self._good_at = self._asked_at = float("-inf")
        # A name and not the exception, whose frames would hold on to the connection.
        self._failure: str | None = None
        self._lock = threading.Lock()

    def due(self, kid: str) -> bool:
        """Say whether the keys should be fetched before this key id is judged."""
        now = self._clock()
        if not self._usable(now):
            pause = ASK_AGAIN_EMPTY
        elif self._failure is None and kid in self._keys:
            pause = FRESH
        else:
            pause = ASK_AGAIN
        # A clock that stepped back makes every age meaningless, so that means asking, too.
        return not 0 <= now - self._asked_at < pause

    def knows(self, kid: str) -> bool:
        """Say whether a token of this key can be judged with the keys at hand."""
        return kid in self._keys and self._usable(self._clock())

    def find(self, kid: str, now: float) -> _Key:
        """Give the key of this id; BadToken if there is none, KeysUnavailable if none can tell."""
        if not self._usable(now):
            raise KeysUnavailable(f"The gateway's keys cannot be had now ({self._failure}).")
        key = self._keys.get(kid)
        if key is not None:
            return key
        if self._failure is not None:
            raise KeysUnavailable(f"Its newest keys cannot be had now ({self._failure}).")
        raise BadToken("key")

    def renew(self, answer: bytes) -> None:
        """Put this key set in the place of the old one; ValueError if it is none."""
        keys = _read_keys(answer)
        with self._lock:
            self._keys, self._failure = keys, None
            self._good_at = self._asked_at = self._clock()

    def renewal_failed(self, error: Exception) -> None:
        """Keep the old set, and do not ask again at once."""
        with self._lock:
            self._failure, self._asked_at = type(error).__name__, self._clock()
        log.warning("the gateway's keys could not be fetched: %s", self._failure)

    def _usable(self, now: float) -> bool:
        return now - self._good_at < LAST_GOOD


class _Desk:
    """The checks, and the tokens that passed them before. No I/O."""

    def __init__(self, issuer: str, site: str, keys: _KeyRing, clock: Clock, leeway: int) -> None:
        _check_settings(issuer, site, leeway)
        self._issuer, self._site, self._leeway = issuer, site, leeway
        self._keys, self._clock = keys, clock
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._lock = threading.Lock()
        self._registry = _registry()

    def open(self, token: str) -> _Slip:
        """Look the token up or take it apart; BadToken where that alone shows it is none."""
        if not isinstance(token, str):
            raise BadToken("malformed")
        if len(token) > TOKEN_BYTES:
            raise BadToken("too_long")
        if not token.isascii():
            raise BadToken("malformed")
        raw = token.encode()
        # The digest and not the token: nothing that could be replayed stays in memory.
        digest = sha256(raw).digest()
        seen = self._seen.get(digest)
        if seen is not None:
            return _Slip(digest, seen.kid, seen, None)
        parsed = self._parse(raw)
        return _Slip(digest, _check_header(parsed.protected), None, parsed)

    def judge(self, slip: _Slip) -> Commenter:
        """Check key, signature and claims, or that a remembered token still counts."""
        now = self._clock()
        key = self._keys.find(slip.kid, now)
        if slip.parsed is None:
            return self._recall(slip, key, now)
        if key.public is None:
            raise BadToken("algorithm")
        self._check_signature(slip.parsed, key.public)
        commenter, since = self._check_claims(slip.parsed.payload, now)
        until = commenter.expires_at + self._leeway
        self._remember(slip.digest, _Seen(slip.kid, key.source, since, until, commenter))
        return commenter

    def _recall(self, slip: _Slip, key: _Key, now: float) -> Commenter:
        seen = cast(_Seen, slip.seen)
        # Another key under the same kid is not the key that signed this.
        if key.source != seen.source:
            raise BadToken("signature")
        if now < seen.since:
            raise BadToken("not_yet")
        if now >= seen.until:
            raise BadToken("expired")
        with self._lock:
            if slip.digest in self._seen:
                self._seen.move_to_end(slip.digest)
        return seen.commenter

    def _remember(self, digest: bytes, seen: _Seen) -> None:
        with self._lock:
            self._seen[digest] = seen
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)

    def _parse(self, raw: bytes) -> jws.CompactSignature:
        if len(raw.partition(b".")[0]) > HEADER_BYTES:
            raise BadToken("too_long")
        try:
            return jws.extract_compact(raw, registry=self._registry)
        except MissingAlgorithmError as error:
            raise BadToken("algorithm") from error
        except UNREADABLE as error:
            raise BadToken("malformed") from error

    def _check_signature(self, parsed: jws.CompactSignature, key: ECKey) -> None:
        try:
            good = jws.validate_compact(parsed, key, registry=self._registry)
        except UNREADABLE as error:
            raise BadToken("signature") from error
        if not good:
            raise BadToken("signature")

    def _check_claims(self, payload: bytes, now: float) -> tuple[Commenter, int]:
        claims = _read_claims(payload)
        if claims.get("iss") != self._issuer:
            raise BadToken("issuer")
        if claims.get("aud") != self._site or claims.get("client_id") != self._site:
            raise BadToken("audience")
        commenter = _commenter(claims)
        return commenter, self._check_times(commenter, claims, now)

    def _check_times(self, commenter: Commenter, claims: dict[str, Any], now: float) -> int:
        if not 0 < commenter.expires_at - commenter.issued_at <= LIFETIME:
            raise BadToken("lifetime")
        if now >= commenter.expires_at + self._leeway:
            raise BadToken("expired")
        begins = commenter.issued_at
        if "nbf" in claims:
            begins = max(begins, _seconds(claims, "nbf"))
        if now < begins - self._leeway:
            raise BadToken("not_yet")
        return begins - self._leeway


def _check_settings(issuer: str, site: str, leeway: int) -> None:
    parts = urlsplit(issuer)
    if not parts.hostname or issuer != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise ValueError(f"issuer must be an origin such as https://id.example.org, not {issuer!r}")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError(f"issuer must be https, except on loopback: {issuer!r}")
    if not site:
        raise ValueError("site must be the id of your site at the gateway")
    if not 0 <= leeway <= LEEWAY:
        raise ValueError(f"leeway must be 0 to {LEEWAY} seconds, not {leeway!r}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _registry() -> jws.JWSRegistry:
    # Unknown headers are ignored as RFC 7515 4 wants it; FOREIGN_HEADERS are refused before.
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    registry.max_header_length = HEADER_BYTES
    return registry


def _check_header(header: object) -> str:
    if not isinstance(header, dict):
        raise BadToken("malformed")
    if not FOREIGN_HEADERS.isdisjoint(header):
        raise BadToken("header")
    if header.get("typ") != "at+jwt":
        raise BadToken("type")
    if header.get("alg") != "ES256":
        raise BadToken("algorithm")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise BadToken("key")
    return kid


def _read_claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise BadToken("malformed") from error
    if not isinstance(claims, dict):
        raise BadToken("malformed")
    return claims


def _commenter(claims: dict[str, Any]) -> Commenter:
    return Commenter(
        subject=_text(claims, "sub"),
        name=_text(claims, "name"),
        provider=_text(claims, "idp"),
        username=_text(claims, "preferred_username") if "preferred_username" in claims else None,
        profile=_url(claims, "profile") if "profile" in claims else None,
        picture=_url(claims, "picture") if "picture" in claims else None,
        session=_text(claims, "sid"),
        token_id=_text(claims, "jti"),
        issued_at=_seconds(claims, "iat"),
        expires_at=_seconds(claims, "exp"),
        authenticated_at=_seconds(claims, "auth_time"),
    )


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken("claims", f"({name})")
    return value


def _url(claims: dict[str, Any], name: str) -> str:
    value = _text(claims, name)
    # A blog puts this into a link; `javascript:` there would be the blog's takeover.
    if not value.startswith(("https://", "http://")):
        raise BadToken("claims", f"({name})")
    return value


def _seconds(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    # Python's JSON reads NaN, which passes every comparison, and true is an int to it.
    if type(value) is not int:
        raise BadToken("claims", f"({name})")
    return value


def _read_keys(answer: bytes) -> Mapping[str, _Key]:
    if len(answer) > KEYS_BYTES:
        raise ValueError("the key set is too long")
    try:
        listed = json.loads(answer.decode())["keys"]
        keys = {jwk["kid"]: _read_key(jwk) for jwk in listed if _has_kid(jwk)}
    except UNREADABLE as error:
        raise ValueError("this is not a key set") from error
    # A proxy's error page in JSON must not throw the good keys away.
    if all(key.public is None for key in keys.values()):
        raise ValueError("the key set has no key for session tokens")
    return keys


def _has_kid(jwk: object) -> bool:
    return isinstance(jwk, dict) and isinstance(jwk.get("kid"), str)


def _read_key(jwk: dict[str, Any]) -> _Key:
    source = tuple(jwk.get(name) for name in ("kty", "crv", "alg", "use", "x", "y"))
    kty, crv, alg, use = source[:4]
    if (kty, crv) != ("EC", "P-256") or alg not in (None, "ES256") or use not in (None, "sig"):
        return _Key(source)
    try:
        public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
        return _Key(source, ECKey.import_key(public))
    except UNREADABLE:
        return _Key(source)


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Keys come from the issuer's own origin, whatever an answer there points to."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        there, here = urlsplit(newurl), urlsplit(req.full_url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise urllib.error.HTTPError(newurl, code, "another origin", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetcher(issuer: str) -> Fetch:
    opener = urllib.request.build_opener(_SameOrigin)
    opener.addheaders = [("User-Agent", "commentgate-verify"), ("Accept", "application/json")]
    url = f"{issuer}/jwks.json"

    def fetch() -> bytes:
        try:
            with opener.open(url, timeout=FETCH_TIMEOUT) as response:
                return _read_all(response)
        except urllib.error.HTTPError as refusal:
            # It holds the open connection.
            refusal.close()
            raise

    return fetch


def _read_all(response: HTTPResponse) -> bytes:
    # Each read has its own timeout; this one is for a server that drips.
    ends = time.monotonic() + 2 * FETCH_TIMEOUT
    answer = b""
    while len(answer) <= KEYS_BYTES and (more := response.read1(KEYS_BYTES + 1)):
        answer += more
        if time.monotonic() > ends:
            raise TimeoutError("the key set took too long")
    return answer
