"""The story's second half, told by a site's page: redeem a code, renew the session, end it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway import (
    acquaintances,
    commenters,
    events,
    gateway_sessions,
    grants,
    limits,
    pictures,
    sessions,
    tokens,
)
from gateway.database import Transaction
from gateway.errors import InvalidClient, InvalidGrant, TokenError
from gateway.gate import Gate
from gateway.gateway_sessions import GatewaySession
from gateway.grants import Door, Grant
from gateway.seal import digest, same
from gateway.sessions import Session
from gateway.sites import Site
from providers.base import Identity

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


@dataclass(frozen=True, slots=True)
class Opened:
    """A session token with what goes with it; ``user`` is what the site's page may show."""

    access_token: str
    expires_in: int
    refresh_token: str
    scope: str
    user: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks to the token endpoints: a site's page, by its id, ``Origin`` and network.

    ``browser`` are the coarse words by which a person tells their sessions apart.
    """

    site: str
    origin: str | None
    address: str
    browser: str = ""


async def redeem(gate: Gate, caller: Caller, code: str, verifier: str) -> Opened:
    """Redeem the code of the widget's door: once, by its own page, while everything still holds.

    Whatever is refused, the code is burnt, unless a limit was reached. Raises ``TooMany`` and
    ``TokenError``.
    """

    async def work(tx: Transaction) -> tuple[Site, Session, Identity] | TokenError:
        await _count(gate, tx, caller)
        grant = await grants.take(tx, code)
        try:
            return await _open(gate, tx, caller, grant, verifier)
        except TokenError as refusal:
            return refusal  # not raised: what was taken stays taken

    opened = await gate.db.transact(work)
    if isinstance(opened, TokenError):
        raise opened
    return await _opened(gate, *opened)


async def refuse(gate: Gate, caller: Caller, codes: Sequence[str]) -> None:
    """Count a request that is refused as it stands, and burn the codes it names.

    Raises ``TooMany``, and burns nothing then.
    """

    async def work(tx: Transaction) -> None:
        await _count(gate, tx, caller)
        for code in codes:
            await grants.take(tx, code)

    await gate.db.transact(work)


async def _count(gate: Gate, tx: Transaction, caller: Caller) -> None:
    """Strangers apart: any page sends requests in its visitor's name, but under its own Origin."""
    name = "foreign" if _site_of(gate, caller) is None else "token"
    network = gate.network(caller.address)
    await limits.count(tx, f"{name}:{network}", gate.settings.limits.token, gate.clock())


def _site_of(gate: Gate, caller: Caller) -> Site | None:
    """The site that the caller names, if the request came from a page of that site."""
    site = gate.settings.sites.find(caller.site)
    return site if site and caller.origin in site.origins else None


def _widget_site(gate: Gate, caller: Caller) -> Site:
    site = _site_of(gate, caller)
    if site is None:
        raise InvalidClient("No site of that id is registered for this page.")
    return site


async def _open(
    gate: Gate, tx: Transaction, caller: Caller, grant: Grant | None, verifier: str
) -> tuple[Site, Session, Identity]:
    now = gate.now()
    site = _widget_site(gate, caller)
    if grant is None or grant.expires_at <= now:
        raise InvalidGrant("The code is unknown, used or expired.")
    if grant.site != site.id or grant.origin != caller.origin:
        raise InvalidGrant("The code was made for another page.")
    challenge = digest(verifier)  # S256, RFC 7636 section 4.2
    if not VERIFIER.fullmatch(verifier) or not same(challenge, grant.challenge):
        raise InvalidGrant("The verifier does not fit the code.")
    signed_in = await gateway_sessions.find(tx, grant.gateway_session, now)
    if signed_in is None:
        raise InvalidGrant("The person has signed out since.")
    signed_in = replace(
        signed_in,
        provider=grant.provider,
        namespace=grant.namespace,
        provider_id=grant.provider_id,
    )
    who = await _welcome(gate, tx, site, signed_in)
    return site, await _begin_session(gate, tx, site, signed_in, grant.door, caller.browser), who


async def _begin_session(
    gate: Gate, tx: Transaction, site: Site, signed_in: GatewaySession, door: Door, browser: str
) -> Session:
    now = gate.now()
    subject = await commenters.subject(tx, signed_in.person, site, now)
    avatar = await pictures.avatar(
        tx, signed_in.person, site.id, signed_in.namespace, signed_in.provider_id
    )
    return await sessions.open_session(tx, signed_in, site.id, subject, avatar, door, browser, now)


async def _welcome(
    gate: Gate, tx: Transaction, site: Site, of: GatewaySession | Session
) -> Identity:
    """Judge again whether this person may have a token for this site here and now; they meet."""
    if gate.offered(site, of.provider) is None:
        raise InvalidGrant("That way of signing in is switched off.")
    who = await commenters.identity(tx, of.namespace, of.provider_id)
    if who is None or await commenters.is_banned(tx, of.person, site):
        raise InvalidGrant("The person can't be signed in here.")
    known = await acquaintances.find(tx, of.person, site)
    if not acquaintances.may_know(known, site):
        raise InvalidGrant("The person has not allowed this site to know them.")
    await acquaintances.meet(tx, of.person, site, known, gate.now())
    return who


async def _opened(gate: Gate, site: Site, session: Session, who: Identity) -> Opened:
    signer = await gate.keys.signer()
    issuer = gate.settings.public_url
    user = {"sub": session.subject, "provider": tokens.idp(session.provider)}
    return Opened(
        access_token=tokens.mint(signer, issuer, site, session, who, gate.now()),
        expires_in=tokens.LIFE,
        refresh_token=sessions.refresh_token(gate.seal, session.sid, session.generation),
        scope=tokens.SCOPE,
        user={**user, **tokens.shown(issuer, site, session, who)},
    )


async def renew(gate: Gate, caller: Caller, token: str) -> Opened:
    """Answer a refresh token with a new pair. Raises ``TooMany`` and ``TokenError``."""
    await gate.db.transact(lambda tx: _count(gate, tx, caller))
    site = _widget_site(gate, caller)
    genuine = sessions.read_refresh_token(gate.seal, token)
    if genuine is None:
        raise InvalidGrant("The refresh token is unknown.")
    sid, presented = genuine
    now = gate.now()

    async def work(tx: Transaction) -> tuple[Session, Identity] | None:
        session = await sessions.find(tx, sid, now)
        if session is None or session.site != site.id or session.door != "widget":
            raise InvalidGrant("The session has ended.")
        who = await _welcome(gate, tx, site, session)
        generation = await sessions.advance(tx, session, presented, now)
        return (replace(session, generation=generation), who) if generation else None

    renewed = await gate.db.transact(work)
    if renewed is None:
        events.refresh_token_reused(site.id)
        raise InvalidGrant("The refresh token was used before: the session has ended.")
    return await _opened(gate, site, *renewed)


async def end(gate: Gate, caller: Caller, token: str) -> None:
    """Log out (RFC 7009): a refresh token ends the site's session and the gateway's it came from.

    A session token, which every comment server has seen, ends only that site's session. A token
    that means nothing to us is answered the same. Raises ``TooMany`` and ``InvalidClient``.
    """
    await gate.db.transact(lambda tx: _count(gate, tx, caller))
    site = _widget_site(gate, caller)
    now = gate.now()
    genuine = sessions.read_refresh_token(gate.seal, token)
    sid = genuine[0] if genuine else tokens.sid_of(await gate.keys.published(), token, site.id)
    if sid is None:
        return

    async def work(tx: Transaction) -> str | None:
        session = await sessions.find(tx, sid, now)
        if session is None or session.site != site.id:
            return None
        await sessions.end(tx, session.sid)
        if genuine:
            await gateway_sessions.end(tx, session.gateway_session)
        return session.person

    person = await gate.db.transact(work)
    if person:
        events.signed_out(person, site.id)
