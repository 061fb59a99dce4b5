"""THE STORY: begin, resume, finish, answer, redeem; then renew and end.

A commenter's browser begins an attempt, comes back to it with its cookie, goes to the provider,
finishes it at the callback, is asked once whether the site may know who they are, and leaves
with a code. The site's page redeems the code for a session token, renews that, and ends it.

Every function takes the gate and says what comes next as a *step*; the web layer turns steps
into pages. Nothing here knows HTTP.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeGuard

from gateway import (
    attempts,
    commenters,
    events,
    gateway_sessions,
    grants,
    limits,
    sessions,
    tokens,
)
from gateway.apps import App
from gateway.attempts import Attempt, Outcome, Wish
from gateway.database import Transaction
from gateway.errors import (
    AttemptOver,
    Back,
    BadField,
    ForeignForm,
    ForeignOrigin,
    InvalidClient,
    InvalidGrant,
    NoCookie,
    ProviderError,
    TooMany,
    UnknownProvider,
    UnknownState,
    WrongIssuer,
    WrongProvider,
)
from gateway.gate import Gate
from gateway.gateway_sessions import GatewaySession
from gateway.grants import Grant
from gateway.seal import digest, same
from gateway.sessions import Session
from gateway.sites import Site, url_origin
from providers.base import Identity

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
WIDGET_STATE = re.compile(r"[A-Za-z0-9_-]{22,64}")
MANY_PENDING_WAIT = 60  # seconds after which open attempts have begun to make room

Choice = Literal["continue", "other", "not_now"]


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser showed: attempt cookies (id to value), our session's cookie, its network."""

    attempts: Mapping[str, str]
    session: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Step: an attempt exists; give the browser its cookie and let it come to the attempt."""

    attempt: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Press:
    """Step: nobody vouches for the page that began this, so the person presses a button first."""

    attempt: Attempt
    site: Site
    app: App


@dataclass(frozen=True, slots=True)
class GoToProvider:
    """Step: on to the provider."""

    attempt: Attempt
    app: App
    url: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Step: the person decides whether the site may know who they are; ``token`` proves the form."""

    attempt: Attempt
    site: Site
    app: App
    who: Identity
    token: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Step: back to the attempt, with the new cookie of the gateway's session."""

    attempt: str
    session_cookie: str | None = None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Step: the end. ``result`` is a code, or a reason when ``is_code`` is false.

    Without a ``site`` there is nobody to deliver to: it is gone, and the page has no link.
    ``retry_after`` goes with the reason ``busy``, in seconds.
    """

    wish: Wish
    site: Site | None
    result: str
    is_code: bool = False
    session_cookie: str | None = None
    retry_after: int | None = None


Step = Begun | Press | GoToProvider | Ask | Resume | Deliver


# -- begin ---------------------------------------------------------------------------------------


async def begin(
    gate: Gate, form: Mapping[str, str], origin: str | None, address: str, lang: str
) -> Begun | Deliver:
    """Judge a start form and record an attempt. ``origin`` is the request's ``Origin`` header.

    Raises ``PageError``. A limit is no error: the form was right, so it is led back as ``busy``.
    """
    wish = _wish(gate, form, origin, lang)
    prefix = _prefix(gate, address)
    now = gate.clock()

    async def work(tx: Transaction) -> tuple[str, str]:
        await limits.count(tx, f"start:{prefix}", gate.settings.limits.start, now)
        pending = await attempts.pending_from(tx, prefix, int(now))
        if pending >= gate.settings.limits.pending:
            raise TooMany(MANY_PENDING_WAIT)
        return await attempts.record(tx, wish, gate.seal, prefix, int(now))

    try:
        return Begun(*await gate.db.transact(work))
    except TooMany as limit:
        site = _site_of(gate, wish)
        return Deliver(wish, site, "busy", retry_after=limit.retry_after)


def _prefix(gate: Gate, address: str) -> str:
    """A visitor's network as it lies in the database: countable, not readable."""
    return gate.seal.mac("address", limits.address_prefix(address))


def _wish(gate: Gate, form: Mapping[str, str], origin: str | None, lang: str) -> Wish:
    site = gate.settings.sites.get(form.get("site", ""))
    provider = form.get("provider", "")
    if _offered(gate, site, provider) is None:
        raise UnknownProvider
    return_to = form.get("return_to", "")
    proven = origin == site.origin_of(return_to)
    mode = form.get("mode")
    if mode not in ("popup", "page"):
        raise BadField("mode")
    if not proven and (origin not in (None, "null") or mode == "page"):
        raise ForeignOrigin
    if form.get("challenge_method") != "S256":
        raise BadField("challenge_method")
    if form.get("prompt") not in (None, "", "select_account"):
        raise BadField("prompt")
    return Wish(
        site=site.id,
        provider=provider,
        mode="popup" if mode == "popup" else "page",
        return_to=return_to,
        challenge=_matching(form, "challenge", CHALLENGE),
        widget_state=_matching(form, "state", WIDGET_STATE),
        proven=proven,
        choose_account=form.get("prompt") == "select_account",
        lang=lang,
    )


def _matching(form: Mapping[str, str], field: str, pattern: re.Pattern[str]) -> str:
    value = form.get(field, "")
    if not pattern.fullmatch(value):
        raise BadField(field)
    return value


def _offered(gate: Gate, site: Site, provider: str) -> App | None:
    return gate.settings.apps.get(provider) if provider in site.providers else None


# -- resume --------------------------------------------------------------------------------------


async def resume(gate: Gate, attempt_id: str, browser: Browser, *, pressed: bool = False) -> Step:
    """Come (back) to an attempt: on to the provider, to the question, or to the end.

    ``pressed`` says that the person has pressed the button of ``Press``. Raises ``NoCookie``
    unless this browser began the attempt, and ``AttemptOver``.
    """
    attempt = await _own_attempt(gate, attempt_id, browser)
    judged = await _judge(gate, attempt)
    if isinstance(judged, Deliver):
        return judged
    site, app = judged
    signed_in = await gateway_sessions.of_browser(gate.db, gate.seal, browser.session, gate.now())
    if attempt.gateway_session:
        if _is_still(signed_in, attempt):
            return await _ask_or_hand_over(gate, attempt, site, app, signed_in)
        attempt = await _begin_again(gate, attempt)
    if attempt.taken_at is not None:  # its callback is being answered, or was cut off
        raise AttemptOver(None, back=_way_back(gate, attempt))
    if not attempt.proven and not pressed:
        return Press(attempt, site, app)
    known = signed_in if signed_in and signed_in.provider == attempt.provider else None
    if known and not attempt.choose_account:
        return await _ask_or_hand_over(gate, attempt, site, app, known)
    return await _to_provider(gate, attempt, site, app)


async def _own_attempt(gate: Gate, attempt_id: str, browser: Browser) -> Attempt:
    """The attempt, if this browser began it; to all others it does not exist."""
    attempt = await attempts.by_id(gate.db, attempt_id)
    if attempt is None or not attempt.belongs_to(browser.attempts):
        raise NoCookie
    return attempt


async def _judge(gate: Gate, attempt: Attempt) -> tuple[Site, App] | Deliver:
    """Judge again what was judged at the beginning; a step where the attempt ends here."""
    if attempt.outcome:
        raise AttemptOver(attempt.outcome, back=_way_back(gate, attempt))
    site = _site_of(gate, attempt)
    app = _offered(gate, site, attempt.provider) if site else None
    if site is None or app is None:
        return await _end(gate, attempt, "off")
    if gate.now() >= attempt.expires_at:
        return await _end(gate, attempt, "expired")
    return site, app


def _site_of(gate: Gate, attempt: Wish) -> Site | None:
    """The attempt's site, as long as it still has the attempt's origin."""
    site = gate.settings.sites.find(attempt.site)
    return site if site and url_origin(attempt.return_to) in site.origins else None


def _way_back(gate: Gate, attempt: Wish) -> Back | None:
    site = _site_of(gate, attempt)
    return Back(site.name, attempt.return_to, attempt.lang) if site else None


async def _end(gate: Gate, attempt: Attempt, outcome: Outcome) -> Deliver:
    """End an attempt without a code; whoever comes second is led back."""
    now = gate.now()

    async def work(tx: Transaction) -> bool:
        return await attempts.end(tx, attempt.id, outcome, now)

    if not await gate.db.transact(work):
        raise AttemptOver(None, back=_way_back(gate, attempt))
    return Deliver(attempt, _site_of(gate, attempt), outcome)


async def _begin_again(gate: Gate, attempt: Attempt) -> Attempt:
    async def work(tx: Transaction) -> Attempt | None:
        await attempts.begin_again(tx, attempt.id, gate.seal)
        return await attempts.by_id(tx, attempt.id)

    return await gate.db.transact(work) or attempt


async def _to_provider(gate: Gate, attempt: Attempt, site: Site, app: App) -> Step:
    secrets = attempt.secrets(gate.seal)
    if secrets is None:  # sealed under a secret that is gone
        return await _end(gate, attempt, "expired")
    try:
        url, after = await gate.oauth.authorization(
            app,
            gate.settings.callback(app.key),
            secrets,
            email=site.email,
            choose=attempt.choose_account,
        )
    except ProviderError as error:
        return await _failed(gate, attempt, error)
    if after != secrets:
        await gate.db.transact(
            lambda tx: attempts.keep_request_token(tx, attempt.id, gate.seal, after)
        )
    return GoToProvider(attempt, app, url)


async def _failed(gate: Gate, attempt: Attempt, error: ProviderError) -> Deliver:
    events.provider_failed(attempt.provider, error)
    return await _end(gate, attempt, "provider")


async def drop_oldest(gate: Gate, browser: Browser, keep: str) -> list[str]:
    """Forget all but the newest ten attempts of a browser; whose cookies to take away."""
    dropped = await attempts.too_many(gate.db, browser.attempts, keep)
    if dropped:
        await gate.db.transact(lambda tx: attempts.drop(tx, browser.attempts, dropped))
    return dropped


# -- finish --------------------------------------------------------------------------------------


async def finish(
    gate: Gate, provider: str, answer: Mapping[str, str], browser: Browser
) -> Resume | Deliver:
    """Take what a provider's redirect brought: who is this, and is the question to be asked?

    Raises ``UnknownState``, ``NoCookie``, ``WrongProvider``, ``WrongIssuer`` and ``AttemptOver``,
    all without touching the attempt.
    """
    attempt = await _answered_attempt(gate, provider, answer, browser)
    if attempt.gateway_session and not attempt.outcome:
        return Resume(attempt.id)  # a reload while the question is shown
    judged = await _judge(gate, attempt)
    if isinstance(judged, Deliver):
        return judged
    site, app = judged
    secrets = attempt.secrets(gate.seal)
    now = gate.now()
    if not await gate.db.transact(lambda tx: attempts.take(tx, attempt.id, now)):
        raise AttemptOver(None, back=_way_back(gate, attempt))
    if secrets is None:
        return await _end(gate, attempt, "expired")
    if _is_denial(answer):
        return await _end(gate, attempt, "denied")
    try:
        who = await gate.oauth.identify(
            app, gate.settings.callback(app.key), secrets, answer, email=site.email
        )
    except ProviderError as error:
        return await _failed(gate, attempt, error)
    return await _sign_in(gate, attempt, site, app, who, browser)


async def _answered_attempt(
    gate: Gate, provider: str, answer: Mapping[str, str], browser: Browser
) -> Attempt:
    state = answer.get("state") or answer.get("oauth_token") or answer.get("denied") or ""
    attempt = await attempts.by_state(gate.db, state) if state else None
    if attempt is None:
        raise UnknownState
    if not attempt.belongs_to(browser.attempts):
        raise NoCookie
    if attempt.provider != provider:
        raise WrongProvider(back=_way_back(gate, attempt))
    app = gate.settings.apps.get(provider)
    if app and answer.get("iss", app.issuer) != app.issuer:
        raise WrongIssuer(back=_way_back(gate, attempt))
    return attempt


def _is_denial(answer: Mapping[str, str]) -> bool:
    """Whether the person said no there: RFC 6749 4.1.2.1, and ``denied`` of OAuth 1.0a at X."""
    return "denied" in answer or answer.get("error") == "access_denied"


async def _sign_in(
    gate: Gate, attempt: Attempt, site: Site, app: App, who: Identity, browser: Browser
) -> Resume | Deliver:
    """Begin the gateway's own session, and ask or hand over, all in one transaction."""
    now = gate.now()
    before = await gateway_sessions.of_browser(gate.db, gate.seal, browser.session, now)

    async def work(tx: Transaction) -> tuple[str, str | None]:
        person = await commenters.recognise(tx, who, now, keep_email=site.email)
        session, cookie = await gateway_sessions.begin(
            tx, gate.seal, before, who, person, app.key, now
        )
        if not await _may_know(tx, person, site):
            await attempts.identify(tx, attempt.id, session, now)
            return cookie, None
        return cookie, await _leave_code(gate, tx, attempt, session, who)

    cookie, code = await gate.db.transact(work)
    if code is None:
        return Resume(attempt.id, cookie)
    return Deliver(attempt, site, code, is_code=True, session_cookie=cookie)


async def _may_know(tx: Transaction, person: str, site: Site) -> bool:
    return site.trusted or await commenters.has_approved(tx, person, site)


async def _leave_code(
    gate: Gate, tx: Transaction, attempt: Attempt, session: str, who: Identity | GatewaySession
) -> str:
    now = gate.now()
    if not await attempts.end(tx, attempt.id, "code", now):
        raise AttemptOver(None, back=_way_back(gate, attempt))
    return await grants.leave(
        tx, gate.seal, attempt, session, who.namespace, who.provider_id, now
    )


# -- answer --------------------------------------------------------------------------------------


async def _ask_or_hand_over(
    gate: Gate, attempt: Attempt, site: Site, app: App, signed_in: GatewaySession
) -> Ask | Deliver:
    """For somebody known here: the question where it is needed, else the code, and no call."""
    now = gate.now()

    async def work(tx: Transaction) -> str | None:
        await gateway_sessions.touch(tx, signed_in.id, now)
        if await _may_know(tx, signed_in.person, site):
            return await _leave_code(gate, tx, attempt, signed_in.id, signed_in)
        await attempts.identify(tx, attempt.id, signed_in.id, now)
        return None

    code = await gate.db.transact(work)
    if code is not None:
        return Deliver(attempt, site, code, is_code=True)
    who = await commenters.identity(gate.db, signed_in.namespace, signed_in.provider_id)
    if who is None:
        raise AttemptOver(None, back=_way_back(gate, attempt))
    return Ask(attempt, site, app, who, _form_token(gate, attempt, signed_in.id))


def _is_still(signed_in: GatewaySession | None, attempt: Attempt) -> TypeGuard[GatewaySession]:
    return (
        signed_in is not None
        and signed_in.id == attempt.gateway_session
        and signed_in.provider == attempt.provider
    )


def _form_token(gate: Gate, attempt: Attempt, session: str) -> str:
    return gate.seal.mac("approval", f"{attempt.id}.{attempt.cookie_hash}.{session}")


async def answer(
    gate: Gate, attempt_id: str, choice: Choice, token: str, browser: Browser
) -> Step:
    """The person has answered the question.

    Raises ``NoCookie``, ``ForeignForm``, ``AttemptOver``. Where somebody else is signed in by
    now, the attempt is resumed with whoever that is.
    """
    attempt = await _own_attempt(gate, attempt_id, browser)
    if attempt.outcome == "code" and choice == "continue":
        return await _tell_again(gate, attempt)
    judged = await _judge(gate, attempt)
    if isinstance(judged, Deliver):
        return judged
    site, app = judged
    signed_in = await gateway_sessions.of_browser(gate.db, gate.seal, browser.session, gate.now())
    if not _is_still(signed_in, attempt):
        return Resume(attempt.id)
    if not same(token, _form_token(gate, attempt, signed_in.id)):
        raise ForeignForm(back=_way_back(gate, attempt))
    if choice == "not_now":
        return await _end(gate, attempt, "denied")
    if choice == "other":
        return await _with_another_account(gate, attempt, browser)
    return await _approve(gate, attempt, site, signed_in)


async def _approve(gate: Gate, attempt: Attempt, site: Site, signed_in: GatewaySession) -> Deliver:
    now = gate.now()

    async def work(tx: Transaction) -> str:
        await commenters.approve(tx, signed_in.person, site, now)
        await gateway_sessions.touch(tx, signed_in.id, now)
        return await _leave_code(gate, tx, attempt, signed_in.id, signed_in)

    return Deliver(attempt, site, await gate.db.transact(work), is_code=True)


async def _tell_again(gate: Gate, attempt: Attempt) -> Deliver:
    """A double click sends two answers, and some browsers show the second one's page."""
    code = grants.code_for(gate.seal, attempt)
    site = _site_of(gate, attempt)
    if site is None or not await grants.is_waiting(gate.db, code, gate.now()):
        raise AttemptOver("code", back=_way_back(gate, attempt))
    return Deliver(attempt, site, code, is_code=True)


async def _with_another_account(gate: Gate, attempt: Attempt, browser: Browser) -> Begun:
    """A new attempt with the same proof, in which the provider is asked for account choice."""
    now = gate.now()
    asked = {field.name: getattr(attempt, field.name) for field in fields(Wish)}
    wish = Wish(**{**asked, "choose_account": True})

    async def work(tx: Transaction) -> tuple[str, str]:
        await attempts.drop(tx, browser.attempts, [attempt.id])
        prefix = _prefix(gate, browser.address)
        return await attempts.record(tx, wish, gate.seal, prefix, now)

    return Begun(*await gate.db.transact(work))


# -- redeem, renew, end --------------------------------------------------------------------------


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
    """Who speaks to the token endpoints: a site's page, by its id, ``Origin`` and network."""

    site: str
    origin: str | None
    address: str


async def redeem(gate: Gate, caller: Caller, code: str, verifier: str) -> Opened:
    """Redeem the code of the widget's door: once, by its own page, while everything still holds.

    Whatever is refused, the code is burnt, unless a limit was reached. Raises ``TooMany`` and
    ``TokenError``.
    """
    now = gate.now()

    async def work(tx: Transaction) -> Grant | None:
        await _count(gate, tx, caller)
        return await grants.take(tx, code)

    grant = await gate.db.transact(work)
    site = _widget_site(gate, caller)
    if grant is None or grant.expires_at <= now:
        raise InvalidGrant("The code is unknown, used or expired.")
    if grant.site != site.id or grant.origin != caller.origin:
        raise InvalidGrant("The code was made for another page.")
    if not VERIFIER.fullmatch(verifier) or not same(_challenge(verifier), grant.challenge):
        raise InvalidGrant("The verifier does not fit the code.")
    return await _open(gate, site, grant)


def _challenge(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    return digest(verifier)


async def burn(gate: Gate, code: str) -> None:
    """A request was refused that named a code: whoever sent it, the code is dead."""
    await gate.db.transact(lambda tx: grants.take(tx, code))


async def _count(gate: Gate, tx: Transaction, caller: Caller) -> None:
    name = f"token:{_prefix(gate, caller.address)}"
    await limits.count(tx, name, gate.settings.limits.token, gate.clock())


def _widget_site(gate: Gate, caller: Caller) -> Site:
    site = gate.settings.sites.find(caller.site)
    if site is None or caller.origin not in site.origins:
        raise InvalidClient("No site of that id is registered for this page.")
    return site


async def _open(gate: Gate, site: Site, grant: Grant) -> Opened:
    now = gate.now()

    async def work(tx: Transaction) -> tuple[Session, Identity]:
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
        subject = await commenters.subject(tx, signed_in.person, site, now)
        session = await sessions.open_session(tx, signed_in, site.id, subject, grant.door, now)
        return session, who

    session, who = await gate.db.transact(work)
    return await _opened(gate, site, session, who)


async def _welcome(
    gate: Gate, tx: Transaction, site: Site, of: GatewaySession | Session
) -> Identity:
    """Judge again whether this person may have a token for this site here and now."""
    if _offered(gate, site, of.provider) is None:
        raise InvalidGrant("That way of signing in is switched off.")
    who = await commenters.identity(tx, of.namespace, of.provider_id)
    if who is None or await commenters.is_banned(tx, of.person, site):
        raise InvalidGrant("The person can't be signed in here.")
    if not await _may_know(tx, of.person, site):
        raise InvalidGrant("The person has not allowed this site to know them.")
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
        user={**user, **tokens.shown(site, who)},
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

    async def work(tx: Transaction) -> None:
        session = await sessions.find(tx, sid, now)
        if session is None or session.site != site.id:
            return
        await sessions.end(tx, session.sid)
        if genuine:
            await gateway_sessions.end(tx, session.gateway_session)

    await gate.db.transact(work)
