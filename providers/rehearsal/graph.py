"""Facebook's Graph API as a shape: versions, errors, and the fields of a person."""

import datetime
import re
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from providers.rehearsal.faults import answer
from providers.rehearsal.stage import SignIn

#: Version -> the day on which it ended or ends; oldest first.
VERSIONS: Mapping[str, str] = {
    "v18.0": "2026-01-26",
    "v19.0": "2026-05-21",
    "v20.0": "2026-09-24",
    "v21.0": "2027-01-21",
    "v22.0": "2027-05-20",
    "v23.0": "2027-10-08",
    "v24.0": "2028-02-18",
    "v25.0": "2028-07-29",
    "v26.0": "9999-12-31",
}

#: Fault -> refusal of a Graph call, as (status, code, message).
REFUSALS: Mapping[str, tuple[int, int, str]] = {
    "plan": (403, 200, "Permissions error"),
    "rate": (403, 4, "(#4) Application request limit reached"),
    "token-500": (500, 2, "Service temporarily unavailable"),
    "profile-500": (500, 1, "An unknown error occurred"),
}

_FIELD = re.compile(r"(\w+)((?:\.\w+\([^)]*\))*)")
_EDGE = re.compile(r"\.(width|height)\((\d+)\)")


class GraphError(Exception):
    """A refusal in Facebook's own numbers."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, subcode: int | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.subcode = code, message, status, subcode

    def response(self) -> Response:
        """The nested error object."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": f"A{secrets.token_urlsafe(12)}",
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.code in (1, 2, 4, 17):
            error["is_transient"] = True
        shown = self.message.replace('"', "'")
        headers = {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_request" "{shown}"'}
        return answer({"error": error}, self.status, headers, pure=True)


def served_version(asked: str, now: float) -> str:
    """The version that answers: an ended one passes on to the next; raises GraphError."""
    names = list(VERSIONS)
    if asked not in VERSIONS:
        raise GraphError(2500, f"Unknown path components: /{asked}")
    today = datetime.datetime.fromtimestamp(now, datetime.UTC).date().isoformat()
    return next(name for name in names[names.index(asked) :] if VERSIONS[name] > today)


def person(sign_in: SignIn, fields: str, base_url: str, now: float) -> dict[str, Any]:
    """The body of ``/me``: only the fields asked for, and no key for what is not there."""
    known = _known(sign_in)
    body: dict[str, Any] = {}
    for name, modifiers in _split(fields or "id,name"):
        if name == "picture":
            body["picture"] = _picture(sign_in, modifiers, base_url, now)
        elif name not in ("id", "name", "email", "first_name", "last_name"):
            text = f"(#100) Tried accessing nonexisting field ({name}) on node type (User)"
            raise GraphError(100, text)
        elif name in known:
            body[name] = known[name]
    return {"id": known["id"], **body}


def _split(fields: str) -> list[tuple[str, str]]:
    found = [_FIELD.fullmatch(field.strip()) for field in fields.split(",")]
    if None in found:
        raise GraphError(2500, "Syntax error in the parameter fields")
    return [(match[1], match[2]) for match in found if match]


def _known(sign_in: SignIn) -> dict[str, str]:
    who = sign_in.person
    known = {"id": who.facebook_id(sign_in.app.client_id), "name": who.name}
    if "email" in sign_in.scopes and who.email and who.email_verified:
        known["email"] = who.email
    return known


def _picture(sign_in: SignIn, modifiers: str, base_url: str, now: float) -> dict[str, Any]:
    edges = {name: int(value) for name, value in _EDGE.findall(modifiers)}
    width, height = edges.get("width", 50), edges.get("height", 50)
    who = sign_in.person
    signed = f"asid={who.facebook_id(sign_in.app.client_id)}&height={height}&width={width}"
    url = f"{who.picture_url(base_url)}?{signed}&ext={int(now) + 3600}&hash=Afxyz"
    silhouette = who.picture == "silhouette"
    data = {"height": height, "is_silhouette": silhouette, "url": url, "width": width}
    return {"data": data}
