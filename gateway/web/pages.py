"""Pages for people, and the headers that every answer of ours carries.

Nothing of ours answers with a redirect to another origin: it answers a *hop page*, which goes on
by itself and has one visible link (contract: 4.2).
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from gateway.seal import random_id
from gateway.web import languages

# A redirect inherits the fragment of the page before, which could put the focus on a button.
OWN_FRAGMENT = "#commentgate"

NO_REFERRER = "no-referrer"
SAME_ORIGIN = "same-origin"  # pages with forms: under no-referrer a form sends ``Origin: null``

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

_environment = Environment(
    loader=PackageLoader("gateway.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def _day(date: str) -> str:
    """A date that no line breaks and that no text from right to left turns around."""
    return f"\u2066{date}\u2069".replace("-", "\u2011")


_environment.filters["day"] = _day
_environment.globals.clear()  # none is used, and every page would copy them


def policy(nonce: str = "", form_action: str = "'none'") -> str:
    """A page's Content-Security-Policy; with a nonce: its own style, script, pictures and mark."""
    ours = f"style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src 'self' data:; "
    return (
        f"default-src 'none'; {ours if nonce else ''}form-action {form_action}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def render(template: str, language: str, **values: Any) -> str:
    """Fill a template; ``t`` gives its words."""
    return _environment.get_template(template).render(
        t=partial(languages.text, language),
        language=language,
        direction=languages.direction(language),
        **values,
    )


def page(template: str, language: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with a style of its own, without forms and without script."""
    return _page(template, language, status, NO_REFERRER, "'none'", values)


def form_page(template: str, language: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with a form that posts to us."""
    return _page(template, language, status, SAME_ORIGIN, "'self'", values)


def message_page(
    language: str, status: int, message: Mapping[str, Any], **values: Any
) -> HTMLResponse:
    """The page that tells the opener, goes to the fragment without an answer, or says how it is.

    ``values`` are the template's: ``origin`` (the opener's, exact), ``back`` (an address or ''),
    and its words.
    """
    encoded = Markup(json.dumps(message))  # noqa: S704  # our own base64url and words, no markup
    return _page(
        "message.html", language, status, NO_REFERRER, "'none'", {**values, "message": encoded}
    )


def _page(
    template: str,
    language: str,
    status: int,
    referrer: str,
    form_action: str,
    values: Mapping[str, Any],
) -> HTMLResponse:
    nonce = random_id()
    headers = {
        **HEADERS,
        "Referrer-Policy": referrer,
        "Content-Security-Policy": policy(nonce, form_action),
    }
    body = render(template, language, nonce=nonce, **values)
    return HTMLResponse(body, status, headers)


def hop(language: str, url: str, sentence: str, status: int = 200) -> HTMLResponse:
    """Go on to another origin: by itself, and by one visible link."""
    headers = {
        **HEADERS,
        "Referrer-Policy": NO_REFERRER,
        "Content-Security-Policy": policy(),
        "Refresh": f"0;url={url}",
    }
    return HTMLResponse(render("hop.html", language, url=url, sentence=sentence), status, headers)


def see_other(path: str) -> RedirectResponse:
    """Go on to a page of ours (303), with a fragment of its own."""
    return RedirectResponse(path + OWN_FRAGMENT, 303, {**HEADERS, "Referrer-Policy": NO_REFERRER})


def initials(name: str) -> str:
    """The first letters of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in dict.fromkeys((words[0], words[-1]))).upper()
