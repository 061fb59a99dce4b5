"""What X says about people, in both generations of its API, and how it refuses."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from providers.rehearsal.faults import answer
from providers.rehearsal.people import Person

LABEL = "X"

#: ``user.fields`` of ``/2/users/me``; the first three come unasked.
DEFAULT_FIELDS = ("id", "name", "username")
FIELDS = frozenset(
    (
        *DEFAULT_FIELDS,
        "confirmed_email",
        "connection_status",
        "created_at",
        "description",
        "entities",
        "is_identity_verified",
        "location",
        "parody",
        "profile_banner_url",
        "profile_image_url",
        "protected",
        "public_metrics",
        "receives_your_dm",
        "subscribes_to_you",
        "subscription",
        "subscription_type",
        "verified",
        "verified_followers_count",
        "verified_type",
        "withheld",
    )
)
QUERY = frozenset({"user.fields", "expansions", "tweet.fields"})

#: Fault -> refusal of a v2 call.
V2_REFUSALS: Mapping[str, tuple[int, dict[str, Any]]] = {
    "credits": (
        402,
        {
            "title": "CreditsDepleted",
            "detail": "Your enrolled account does not have any credits to fulfill this request.",
            "type": "https://api.twitter.com/2/problems/credits",
        },
    ),
    "plan": (
        403,
        {
            "title": "Client Forbidden",
            "type": "https://api.twitter.com/2/problems/client-forbidden",
            "status": 403,
            "detail": "This app is not enrolled in a project that covers this endpoint.",
            "reason": "client-not-enrolled",
            "required_enrollment": "Standard Basic",
            "registration_url": "https://developer.x.com/en/docs/projects/overview",
        },
    ),
    "rate": (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}),
    "profile-500": (
        500,
        {"title": "Internal Server Error", "type": "about:blank", "status": 500},
    ),
}

_SUBSET = "You currently have access to a subset of X API V2 endpoints only."

#: Fault -> refusal of a v1.1 call, and of the OAuth 1.0a endpoints.
V1_REFUSALS: Mapping[str, tuple[int, dict[str, Any]]] = {
    "credits": V2_REFUSALS["credits"],
    "plan": (403, {"errors": [{"code": 453, "message": _SUBSET}]}),
    "gated": (403, {"errors": [{"code": 453, "message": _SUBSET}]}),
    "rate": V2_REFUSALS["rate"],
    "token-500": (500, {"errors": [{"code": 131, "message": "Internal error"}]}),
    "profile-500": (500, {"errors": [{"code": 131, "message": "Internal error"}]}),
}


def problem(status: int, title: str, detail: str) -> Response:
    """A v2 refusal."""
    body = {"title": title, "type": "about:blank", "status": status, "detail": detail}
    return answer(body, status, RATE)


def v1_error(status: int, code: int, message: str) -> Response:
    """A v1.1 refusal, which is also how the OAuth 1.0a endpoints refuse."""
    return answer({"errors": [{"code": code, "message": message}]}, status)


#: On every v2 answer. The reset lies far enough ahead for a whole rehearsal.
RATE: Mapping[str, str] = {
    "x-rate-limit-limit": "75",
    "x-rate-limit-remaining": "74",
    "x-rate-limit-reset": "4102444800",
}


def v2_person(person: Person, base_url: str, fields: frozenset[str]) -> dict[str, Any]:
    """The body of ``/2/users/me``: what was asked for, and only what there is."""
    known = {
        "id": person.twitter_id,
        "name": person.name,
        "username": person.username,
        "profile_image_url": _picture(person, base_url),
        "verified": False,
        "verified_type": "none",
        "protected": False,
        "created_at": "2013-12-14T04:35:55.000Z",
    }
    if person.email and person.email_verified:
        known["confirmed_email"] = person.email
    wanted = fields | set(DEFAULT_FIELDS)
    return {"data": {name: value for name, value in known.items() if name in wanted}}


def v1_person(person: Person, base_url: str, *, email: bool) -> dict[str, Any]:
    """The body of ``verify_credentials``; an address that was never confirmed is null."""
    picture = _picture(person, base_url)
    address = {"email": person.email if person.email_verified else None} if email else {}
    return {
        "id": int(person.twitter_id),
        "id_str": person.twitter_id,
        "name": person.name,
        "screen_name": person.username,
        "location": "",
        "url": None,
        "description": "",
        "protected": False,
        "verified": False,
        "default_profile_image": person.picture == "silhouette",
        "profile_image_url": picture.replace("https:", "http:", 1),
        "profile_image_url_https": picture,
        "created_at": "Sat May 09 17:58:22 +0000 2009",
        **address,
    }


def _picture(person: Person, base_url: str) -> str:
    return person.picture_url(base_url, "_normal")
