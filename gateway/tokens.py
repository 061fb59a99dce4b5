"""The session token (RFC 9068): who is commenting, on one site, for an hour."""

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.keys import Signer
from gateway.seal import random_id
from gateway.sessions import Session
from gateway.sites import Site
from providers.base import Identity

LIFE = 3600  # seconds
LENGTH = 8192  # characters, more than any token of ours has
SCOPE = "profile"

# What a token that somebody made up can raise below: a header may be any JSON, nested deeply.
UNREADABLE = (JoseError, ValueError, TypeError, AttributeError, LookupError, RecursionError)


def mint(signer: Signer, issuer: str, site: Site, session: Session, who: Identity, now: int) -> str:
    """Sign a session token (contract: section 5). It never carries an e-mail."""
    claims = {
        "iss": issuer,
        "aud": site.id,
        "client_id": site.id,
        "sub": session.subject,
        "iat": now,
        "exp": now + LIFE,
        "jti": random_id(),
        "sid": session.sid,
        "auth_time": session.auth_time,
        "scope": SCOPE,
        "idp": idp(session.provider),
        **shown(issuer, site, session, who),
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": signer.kid}
    return jws.serialize_compact(header, msgspec.json.encode(claims), signer.key)


def sid_of(keys: KeySet, token: str, site: str) -> str | None:
    """The session that a genuine session token of ours for this site belongs to, else None.

    An expired one still names its session: logging out must not depend on the hour.
    """
    if len(token) > LENGTH:
        return None
    try:
        read = jws.deserialize_compact(token, keys, algorithms=["ES256"])
        claims = msgspec.json.decode(read.payload, type=dict[str, object])
    except UNREADABLE:
        return None
    sid = claims.get("sid")
    genuine = read.headers().get("typ") == "at+jwt" and claims.get("aud") == site
    return sid if genuine and isinstance(sid, str) else None


def idp(provider: str) -> str:
    """The provider as tokens name it: both protocols of X are ``twitter``."""
    return "twitter" if provider == "twitter1" else provider


def shown(issuer: str, site: Site, session: Session, who: Identity) -> dict[str, str]:
    """What the site may see of a person: name and picture; user name and profile where it asks."""
    visible = {"name": who.name, "picture": f"{issuer}/avatar/{session.avatar}"}
    if site.profile and who.username:
        visible["preferred_username"] = who.username
    if site.profile and who.profile_url:
        visible["profile"] = who.profile_url
    return visible
