"""THE STORY: begin, resume, finish, answer.

A commenter's browser begins an attempt, comes back to it with its cookie, goes to the provider,
finishes it at the callback, is asked once whether the site may know who they are, and leaves
with a code. What the site's page does with the code is told in ``redeem``.

Every function takes the gate and says what comes next as a *step* (``steps``). Nothing here
knows HTTP.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeGuard

from gateway import (
    acquaintances,
    attempts,
    commenters,
    events,
    gateway_sessions,
    grants,
    limits,
    pictures,
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
    NoCookie,
    ProviderAnswer,
    ProviderError,
    TooMany,
    UnknownProvider,
    UnknownState,
    WrongIssuer,
    WrongProvider,
)
from gateway.gate import Gate
from gateway.gateway_sessions import GatewaySession
from gateway.seal import same
from gateway.sites import Site, url_origin
from gateway.steps import (
    Ask,
    Begun,
    Browser,
    Deliver,
    GoToProvider,
    Press,
    Resume,
    Step,
)
from providers.base import Identity

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
WIDGET_STATE = re.compile(r"[A-Za-z0-9_-]{22,64}")
MANY_PENDING_WAIT = 60  # seconds after which open attempts have begun to make room

Choice = Literal["continue", "other", "not_now"]


# -- begin ---------------------------------------------------------------------------------------


async def begin(
    gate: Gate, form: Mapping[str, str], origin: str | None, address: str, lang: str
) -> Begun | Deliver:
    """Judge a start form and record an attempt. ``origin`` is the request's ``Origin`` header.

    Raises ``PageError``. A limit is no error: the form was right, so it is led back as ``busy``.
    """
    wish = _wish(gate, form, origin, lang)
    try:
        return await begin_attempt(gate, wish, address)
    except TooMany as limit:
        return Deliver(wish, _site_of(gate, wish), "busy", retry_after=limit.retry_after)


async def begin_attempt(gate: Gate, wish: Wish, address: str) -> Begun:
    """Record an attempt for a wish that was judged. Raises ``TooMany``."""
    prefix = gate.network(address)
    now = gate.clock()

    async def work(tx: Transaction) -> tuple[str, str]:
        await limits.count(tx, f"start:{prefix}", gate.settings.limits.start, now)
        pending = await attempts.pending_from(tx, prefix, int(now))
        if pending >= gate.settings.limits.pending:
            raise TooMany(MANY_PENDING_WAIT)
        return await attempts.record(tx, wish, prefix, int(now))

    return Begun(*await gate.db.transact(work))


def _wish(gate: Gate, form: Mapping[str, str], origin: str | None, lang: str) -> Wish:
    site = gate.settings.sites.get(form.get("site", ""))
    provider = form.get("provider", "")
    if gate.offered(site, provider) is None:
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
    signed_in = await gate.signed_in(browser.session)
    if attempt.gateway_session:
        if _is_still(signed_in, attempt):
            return await _ask_or_hand_over(gate, attempt, site, app, signed_in)
        again = await _begin_again(gate, attempt)
        if isinstance(again, Deliver):
            return again
        attempt = again
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
    app = gate.offered(site, attempt.provider) if site else None
    if site is None or app is None:
        return await _end(gate, attempt, "off")
    if gate.now() >= attempt.expires_at:
        return await _end(gate, attempt, "expired")
    return site, app


def _site_of(gate: Gate, attempt: Wish) -> Site | None:
    """The attempt's site, as long as it still has the attempt's origin."""
    site = gate.site(attempt.site)
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


async def _begin_again(gate: Gate, attempt: Attempt) -> Attempt | Deliver:
    """Open it anew, counted as one more start.

    A browser that comes with and without its session could repeat it, and OAuth 1.0a makes a
    call each time.
    """

    async def work(tx: Transaction) -> Attempt | None:
        network = await attempts.begin_again(tx, attempt.id)
        if network is not None:
            await limits.count(tx, f"start:{network}", gate.settings.limits.start, gate.clock())
        return await attempts.by_id(tx, attempt.id)

    try:
        return await gate.db.transact(work) or attempt
    except TooMany as limit:
        return replace(await _end(gate, attempt, "busy"), retry_after=limit.retry_after)


async def _to_provider(gate: Gate, attempt: Attempt, site: Site, app: App) -> Step:
    before = attempt.secrets(gate.seal)
    if attempt.sealed and before is None:  # sealed under a secret key that is gone
        return await _end(gate, attempt, "expired")
    try:
        url, after = await gate.oauth.authorization(
            app,
            gate.settings.callback(app.key),
            before or attempts.new_secrets(),
            email=site.email,
            choose=attempt.choose_account,
        )
    except ProviderError as error:
        return await _failed(gate, attempt, error)
    if after != before and not await gate.db.transact(
        lambda tx: attempts.keep_secrets(tx, attempt, gate.seal, after)
    ):
        return Resume(attempt.id)  # a second window was faster
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

    Raises ``UnknownState`` or ``UnknownProvider``, ``NoCookie``, ``WrongProvider``,
    ``WrongIssuer`` and ``AttemptOver``, all without touching the attempt.
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
    if "error" in answer:  # a code beside it is not to be used: RFC 6749 4.1.2.1
        return await _failed(gate, attempt, ProviderAnswer())
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
    app = gate.settings.apps.get(provider)
    if attempt is None:
        raise UnknownState if app else UnknownProvider
    if not attempt.belongs_to(browser.attempts):
        raise NoCookie
    if attempt.provider != provider:
        raise WrongProvider(back=_way_back(gate, attempt))
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
    before = await gate.signed_in(browser.session)

    async def work(tx: Transaction) -> tuple[str, str | None] | None:
        person = await commenters.recognise(tx, who, now, keep_email=site.email)
        if await commenters.is_banned(tx, person, site):
            return None
        live = await gateway_sessions.find(tx, before.id, now) if before else None
        session, cookie = await gateway_sessions.begin(
            tx, gate.seal, live, who, person, app.key, now
        )
        if not acquaintances.may_know(await acquaintances.find(tx, person, site), site):
            await attempts.identify(tx, attempt.id, session, now)
            return cookie, None
        return cookie, await _leave_code(gate, tx, attempt, session, who)

    signed_in = await gate.db.transact(work)
    if signed_in is None:
        return await _end(gate, attempt, "denied")
    cookie, code = signed_in
    gate.pictures.want(who)
    if code is None:
        return Resume(attempt.id, cookie)
    return Deliver(attempt, site, code, is_code=True, session_cookie=cookie)


async def _leave_code(
    gate: Gate, tx: Transaction, attempt: Attempt, session: str, who: Identity | GatewaySession
) -> str:
    now = gate.now()
    if not await attempts.end(tx, attempt.id, "code", now):
        raise AttemptOver(None, back=_way_back(gate, attempt))
    if attempt.mode == "here":
        return ""
    return await grants.leave(tx, gate.seal, attempt, session, who.namespace, who.provider_id, now)


# -- answer --------------------------------------------------------------------------------------


async def _ask_or_hand_over(
    gate: Gate, attempt: Attempt, site: Site, app: App, signed_in: GatewaySession
) -> Ask | Deliver | Resume:
    """For somebody known here: the question where it is needed, else the code, and no call."""
    now = gate.now()

    async def work(tx: Transaction) -> tuple[str | None, str] | None:
        if await gateway_sessions.find(tx, signed_in.id, now) is None:
            return None
        await gateway_sessions.touch(tx, signed_in, now)
        if acquaintances.may_know(await acquaintances.find(tx, signed_in.person, site), site):
            return await _leave_code(gate, tx, attempt, signed_in.id, signed_in), ""
        await attempts.identify(tx, attempt.id, signed_in.id, now)
        own = gate.own_site.id
        return None, await pictures.avatar(
            tx, signed_in.person, own, signed_in.namespace, signed_in.provider_id
        )

    done = await gate.db.transact(work)
    if done is None:  # an erasure or a log-out was faster
        return Resume(attempt.id)
    code, avatar = done
    if code is not None:
        return Deliver(attempt, site, code, is_code=True)
    who = await commenters.identity(gate.db, signed_in.namespace, signed_in.provider_id)
    if who is None:
        raise AttemptOver(None, back=_way_back(gate, attempt))
    return Ask(attempt, site, app, who, avatar, _form_token(gate, attempt, signed_in.id))


def _is_still(signed_in: GatewaySession | None, attempt: Attempt) -> TypeGuard[GatewaySession]:
    return (
        signed_in is not None
        and signed_in.id == attempt.gateway_session
        and signed_in.provider == attempt.provider
    )


def _form_token(gate: Gate, attempt: Attempt, session: str) -> str:
    return gate.seal.mac("approval", f"{attempt.id}.{attempt.cookie_hash}.{session}")


async def answer(gate: Gate, attempt_id: str, choice: Choice, token: str, browser: Browser) -> Step:
    """The person has answered the question.

    Raises ``NoCookie``, ``ForeignForm``, ``AttemptOver``. Where somebody else is signed in by
    now, the attempt is resumed with whoever that is.
    """
    attempt = await _own_attempt(gate, attempt_id, browser)
    if attempt.outcome == "code" and choice == "continue":
        return await _tell_again(gate, attempt, token)
    judged = await _judge(gate, attempt)
    if isinstance(judged, Deliver):
        return judged
    site, _ = judged
    signed_in = await gate.signed_in(browser.session)
    if not _is_still(signed_in, attempt):
        return Resume(attempt.id)
    if not same(token, _form_token(gate, attempt, signed_in.id)):
        raise ForeignForm(back=_way_back(gate, attempt))
    if choice == "not_now":
        return await _end(gate, attempt, "denied")
    if choice == "other":
        return await _with_another_account(gate, attempt)
    return await _approve(gate, attempt, site, signed_in)


async def _approve(
    gate: Gate, attempt: Attempt, site: Site, signed_in: GatewaySession
) -> Deliver | Resume:
    now = gate.now()

    async def work(tx: Transaction) -> str | None:
        if await gateway_sessions.find(tx, signed_in.id, now) is None:
            return None
        await acquaintances.approve(tx, signed_in.person, site, now)
        await gateway_sessions.touch(tx, signed_in, now)
        return await _leave_code(gate, tx, attempt, signed_in.id, signed_in)

    code = await gate.db.transact(work)
    if code is None:  # an erasure or a log-out was faster
        return Resume(attempt.id)
    events.approved(signed_in.person, site.id)
    return Deliver(attempt, site, code, is_code=True)


async def _tell_again(gate: Gate, attempt: Attempt, token: str) -> Deliver:
    """A double click sends two answers, and some browsers show the second one's page."""
    if not same(token, _form_token(gate, attempt, attempt.gateway_session or "")):
        raise AttemptOver("code", back=_way_back(gate, attempt))
    code = grants.code_for(gate.seal, attempt)
    site = _site_of(gate, attempt)
    offered = site and gate.offered(site, attempt.provider)
    if site is None or not offered or not await grants.is_waiting(gate.db, code, gate.now()):
        raise AttemptOver("code", back=_way_back(gate, attempt))
    return Deliver(attempt, site, code, is_code=True)


async def _with_another_account(gate: Gate, attempt: Attempt) -> Resume:
    """The attempt begins again with the same proof, and the provider is asked for a choice.

    The second answer of a double click finds nobody asked any more, and is led on as well.
    """
    now = gate.now()
    await gate.db.transact(lambda tx: attempts.choose_again(tx, attempt.id, now))
    return Resume(attempt.id)
