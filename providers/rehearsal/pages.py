"""What people see: the sign-in page and the refusals that never go back to the callback."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class PageError(Exception):
    """The request cannot be trusted enough to be sent anywhere; told on a page."""

    def __init__(self, label: str, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.label, self.code, self.sentence = label, code, sentence


def page(
    template: str,
    context: Mapping[str, Any],
    *,
    coop: bool,
    status: int = 200,
    callback: str | None = None,
) -> HTMLResponse:
    """A page under a policy as narrow as the narrowest of the real ones.

    ``callback``, without its query, is the one foreign target that a form may end at.
    """
    nonce = secrets.token_urlsafe(16)
    html = _TEMPLATES.get_template(template).render(context, nonce=nonce)
    headers = {
        "Content-Security-Policy": _policy(nonce, callback),
        "Cache-Control": "no-store",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        **coop_header(coop),
    }
    return HTMLResponse(html, status, headers)


def coop_header(coop: bool) -> dict[str, str]:
    """The header that cuts a popup off from the page that opened it, or nothing."""
    return {"Cross-Origin-Opener-Policy": "same-origin"} if coop else {}


def error_page(error: PageError, *, coop: bool) -> HTMLResponse:
    """The refusal, with the words an app's developer needs."""
    context = {"label": error.label, "code": error.code, "sentence": error.sentence}
    return page("error.html", context, coop=coop, status=400)


def _policy(nonce: str, callback: str | None) -> str:
    form_action = "'self'" + (f" {_without_query(callback)}" if callback else "")
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {form_action}"
    )


def _without_query(url: str) -> str:
    # A semicolon or a comma would end the directive.
    bare = urlsplit(url)._replace(query="", fragment="").geturl()
    return bare.replace(";", "%3B").replace(",", "%2C")
