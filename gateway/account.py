"""The story of the account page: who I am here, which sites know me, and taking it back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gateway import (
    acquaintances,
    commenters,
    erasure,
    events,
    gateway_sessions,
    login,
    sessions,
)
from gateway.acquaintances import Acquaintance
from gateway.attempts import Wish
from gateway.commenters import Known
from gateway.errors import ForeignForm, UnknownProvider
from gateway.gate import Gate
from gateway.gateway_sessions import GatewaySession
from gateway.seal import same
from gateway.sessions import Session
from gateway.steps import Begun, Browser


@dataclass(frozen=True, slots=True)
class Account:
    """What is known here about the person who is signed in; ``token`` proves our own forms."""

    session: GatewaySession
    identities: list[Known]
    acquaintances: list[Acquaintance]
    sessions: list[Session]
    subjects: Mapping[str, str]
    token: str


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did: a word of the catalogue, and the receipt's code after an erasure."""

    said: str
    receipt: str = ""


async def sign_in(gate: Gate, provider: str, return_to: str, address: str, lang: str) -> Begun:
    """Begin an attempt that ends on the account page, ``return_to``. Raises ``UnknownProvider``."""
    own = gate.own_site
    if gate.offered(own, provider) is None:
        raise UnknownProvider
    wish = Wish(
        site=own.id,
        provider=provider,
        mode="here",
        return_to=return_to,
        challenge="",
        widget_state="",
        proven=True,
        choose_account=False,
        lang=lang,
    )
    return await login.begin_attempt(gate, wish, address)


async def of_browser(gate: Gate, browser: Browser) -> Account | None:
    """The account of whoever is signed in, or None."""
    now = gate.now()
    session = await gate.signed_in(browser.session)
    if session is None:
        return None
    subjects = await commenters.subjects(gate.db, session.person)
    return Account(
        session=session,
        identities=await commenters.identities(gate.db, session.person),
        acquaintances=await acquaintances.of_person(gate.db, session.person),
        sessions=await sessions.of_person(gate.db, session.person, now),
        subjects={row["site"]: row["subject"] for row in subjects},
        token=gate.seal.mac("account", f"{session.id}.{session.auth_time}"),
    )


async def act(gate: Gate, browser: Browser, action: str, target: str, token: str) -> Done:
    """Do what the person asked for on the account page.

    ``target`` is a site's id for ``withdraw``, a session's for ``end_session``. Raises
    ``ForeignForm`` without the token of a page that this person was shown.
    """
    account = await of_proven_browser(gate, browser, token)
    if action not in ACTIONS:
        raise ForeignForm
    return await ACTIONS[action](gate, account, target)


async def of_proven_browser(gate: Gate, browser: Browser, token: str) -> Account:
    """The account of whoever is signed in and was shown the page with this token.

    Raises ``ForeignForm``.
    """
    account = await of_browser(gate, browser)
    if account is None or not same(token, account.token):
        raise ForeignForm
    return account


async def _withdraw(gate: Gate, account: Account, site: str) -> Done:
    person = account.session.person
    if not await gate.db.transact(lambda tx: acquaintances.withdraw(tx, person, site)):
        return Done("nothing")
    events.withdrawn(person, site)
    return Done("withdraw")


async def _end_session(gate: Gate, account: Account, sid: str) -> Done:
    ending = next((session for session in account.sessions if session.sid == sid), None)
    if ending is None:
        return Done("nothing")
    await gate.db.transact(lambda tx: sessions.end(tx, sid))
    events.signed_out(account.session.person, ending.site)
    return Done("end_session")


async def _end_all(gate: Gate, account: Account, _: str) -> Done:
    await gate.db.transact(lambda tx: sessions.end_all(tx, account.session.person))
    for session in account.sessions:
        events.signed_out(account.session.person, session.site)
    return Done("end_all")


async def _sign_out(gate: Gate, account: Account, _: str) -> Done:
    await gate.db.transact(lambda tx: gateway_sessions.end(tx, account.session.id))
    events.signed_out(account.session.person, "")
    return Done("sign_out")


async def _erase(gate: Gate, account: Account, sure: str) -> Done:
    if sure != "yes":
        return Done("not_sure")
    return Done("erase", await erasure.erase_person(gate, account.session.person))


ACTIONS: Mapping[str, Callable[[Gate, Account, str], Awaitable[Done]]] = {
    "withdraw": _withdraw,
    "end_session": _end_session,
    "end_all": _end_all,
    "sign_out": _sign_out,
    "erase": _erase,
}


def export(account: Account) -> dict[str, Any]:
    """Everything kept about the person, ready for JSON; times are seconds since 1970."""
    return {
        "identities": [
            {**asdict(known.identity), "first_seen": known.created_at, "last_seen": known.seen_at}
            for known in account.identities
        ],
        "sites": [asdict(known) for known in account.acquaintances],
        "names_at_sites": dict(account.subjects),
        "sessions": [
            {
                "site": session.site,
                "provider": session.provider,
                "browser": session.browser,
                "since": session.created_at,
                "last_used": session.renewed_at,
            }
            for session in account.sessions
        ],
        "signed_in_here": {
            "provider": account.session.provider,
            "since": account.session.created_at,
            "last_used": account.session.used_at,
        },
    }
