"""What can go wrong on demand, and the answers that are spoiled for it."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

_ALL_KEYS = ("wordpress", "twitter", "twitter1", "facebook")
_BY_STATE = ("wordpress", "twitter", "facebook")
_X = ("twitter", "twitter1")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at one sign-in; ``providers`` are those that can show it."""

    key: str
    label: str
    providers: tuple[str, ...] = _ALL_KEYS


_FAULTS = (
    Fault("none", "nothing goes wrong"),
    Fault("cancel", "the person says no"),
    Fault("cancel-stateless", "the person says no, and the answer lacks the state", ("wordpress",)),
    Fault("error-code", "a failure that has error_code and no error", ("facebook",)),
    Fault("credits", "402 at the profile: the app's account has run dry", _X),
    Fault("plan", "403 at the profile: the app's plan or permissions do not cover it"),
    Fault("rate", "too many calls, at the profile"),
    Fault("token-500", "500 at the token"),
    Fault("profile-500", "500 at the profile"),
    Fault("slow", "the token takes 3 seconds"),
    Fault("hang", "the token takes 60 seconds"),
    Fault("huge", "a profile of 1 MB"),
    Fault("broken-json", "a profile that ends in the middle"),
    Fault("false", "false with 200 instead of a profile"),
    Fault("bad-utf8", "a profile that is not UTF-8"),
    Fault("gzip", "a profile that is compressed, though nobody asked"),
    Fault("profile-redirect", "the profile is said to be at another address"),
    Fault("wrong-state", "the callback has a state (OAuth 1.0a: a token) that nobody sent"),
    Fault("right-iss", "the callback names its issuer", _BY_STATE),
    Fault("foreign-iss", "the callback names another issuer", _BY_STATE),
    Fault("double-callback", "the callback is opened twice"),
    Fault("foreign-app", "debug_token says that the token is another app's", ("facebook",)),
    Fault("gated", "403/453 at v1.1, while /2/users/me answers", ("twitter1",)),
    Fault("unconfirmed", "the next request token comes without confirmation", ("twitter1",)),
)

#: Fault's key -> fault, in the order in which the page lists them.
FAULTS: Mapping[str, Fault] = MappingProxyType({fault.key: fault for fault in _FAULTS})

#: Seconds that a token call takes under a fault.
DELAYS: Mapping[str, float] = MappingProxyType({"slow": 3.0, "hang": 60.0})

#: An issuer that is none of ours.
FOREIGN_ISSUER = "https://issuer.example"

_HUGE = 1_000_000


def answer(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, pure: bool = False
) -> Response:
    """JSON that nobody may keep; ``pure`` writes everything outside ASCII as escapes."""
    text = json.dumps(body, ensure_ascii=pure, separators=(",", ":"))
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(text.encode(), status, kept, "application/json")


def profile_answer(
    fault: str, profile: Mapping[str, Any], base_url: str, *, pure: bool = False
) -> Response:
    """The profile, spoiled as the sign-in's fault says."""
    if fault == "profile-redirect":
        return Response(status_code=302, headers={"Location": f"{base_url}/elsewhere"})
    if fault == "huge":
        return answer({**profile, "padding": "x" * _HUGE}, pure=pure)
    response = answer(profile, pure=pure)
    body = bytes(response.body)
    if fault == "false":
        return _json_bytes(b"false")
    if fault == "broken-json":
        return _json_bytes(body[: len(body) // 2])
    if fault == "bad-utf8":
        return _json_bytes(body.replace(b'name":"', b'name":"\xff\xfe', 1))
    if fault == "gzip":
        return _json_bytes(gzip.compress(body), {"Content-Encoding": "gzip"})
    return response


def _json_bytes(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, 200, headers, "application/json")
