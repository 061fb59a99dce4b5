"""The account page: what is known here about the person who is signed in, and taking it back."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway import account as accounts
from gateway.account import Account
from gateway.gate import Gate
from gateway.web import assets, languages, pages
from gateway.web.forms import read_own_form
from gateway.web.login import ACCOUNT, show
from gateway.web.state import address_of, cookies_of, gate_of, language_of

# What an action or a sign-in came to; after an erasure its receipt is shown instead.
SAID = frozenset(
    {
        "withdraw",
        "end_session",
        "end_all",
        "sign_out",
        "nothing",
        "not_sure",
        "denied",
        "expired",
        "provider",
        "off",
    }
)


async def account(request: Request) -> Response:
    """``GET /account``: who I am here; the icons for somebody who is not signed in."""
    gate, language = gate_of(request), language_of(request)
    said = request.query_params.get("said", "")
    words = languages.text(language, f"said_{said}") if said in SAID else ""
    shown = await accounts.of_browser(gate, cookies_of(request).browser(request))
    if shown is None:
        return pages.form_page("signed_out.html", language, said=words, providers=_offered(gate))
    return pages.form_page("account.html", language, said=words, **_described(gate, shown))


def _offered(gate: Gate) -> list[dict[str, str]]:
    return [
        {"key": key, "label": app.label, "icon": assets.icon(key)}
        for key, app in gate.settings.apps.items()
    ]


def _described(gate: Gate, shown: Account) -> dict[str, Any]:
    names = {site.id: site.name for site in gate.settings.sites}
    return {
        "token": shown.token,
        "identities": [
            {
                "name": known.identity.name,
                "initials": pages.initials(known.identity.name),
                "provider": _label(gate, known.identity.namespace),
                "since": _date(known.created_at),
            }
            for known in shown.identities
        ],
        "sites": [
            {
                "id": known.site,
                "name": names.get(known.site, known.site),
                "shared": known.shared,
                "since": _date(known.met_at),
                "used": _date(known.used_at),
                "sessions": [
                    {
                        "sid": session.sid,
                        "browser": session.browser,
                        "since": _date(session.created_at),
                        "used": _date(session.renewed_at),
                    }
                    for session in shown.sessions
                    if session.site == known.site
                ],
            }
            for known in shown.acquaintances
        ],
    }


def _label(gate: Gate, namespace: str) -> str:
    labels = {app.provider.namespace: app.provider.label for app in gate.settings.apps.values()}
    return labels.get(namespace, namespace)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


async def sign_in(request: Request) -> Response:
    """``POST /account/sign-in``: to a provider, and back to the account page."""
    gate, cookies = gate_of(request), cookies_of(request)
    form = await read_own_form(request, gate.settings.public_url)
    begun = await accounts.sign_in(
        gate,
        form.get("provider", ""),
        gate.settings.public_url + ACCOUNT,
        address_of(request),
        language_of(request),
    )
    return show(begun, cookies)


async def act(request: Request) -> Response:
    """``POST /account``: do what a button of the page says, and say so."""
    gate, cookies = gate_of(request), cookies_of(request)
    form = await read_own_form(request, gate.settings.public_url)
    browser = cookies.browser(request)
    action, token = form.get("action", ""), form.get("token", "")
    if action == "export":
        return _download(await accounts.of_proven_browser(gate, browser, token))
    done = await accounts.act(gate, browser, action, form.get("target", ""), token)
    path = f"/deletion/{done.receipt}" if done.receipt else f"{ACCOUNT}?said={done.said}"
    response = pages.see_other(path)
    if done.said in ("sign_out", "erase"):
        cookies.drop_session(response)
    return response


def _download(shown: Account) -> Response:
    headers = {
        **pages.HEADERS,
        "Content-Disposition": 'attachment; filename="commentgate-account.json"',
    }
    body = msgspec.json.format(msgspec.json.encode(accounts.export(shown)), indent=2)
    return Response(body, headers=headers, media_type="application/json")
