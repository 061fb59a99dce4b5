"""What a provider is: data, and one function that maps its profile to an identity.

Everything here is frozen data from the standard library. How a provider is asked
is the business of ``gateway/oauth.py``; nothing in this folder opens a connection.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Literal

#: A provider's raw answer. Read once, never stored, never logged.
Profile = Mapping[str, Any]

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is at one provider.

    ``namespace`` and ``provider_id`` together name the person for ever; every other
    field is what they show today and may change or be somebody else's tomorrow.
    """

    namespace: str
    provider_id: str
    name: str
    username: str | None = None
    profile_url: str | None = None
    avatar_url: str | None = None
    email: str | None = None
    email_verified: bool = False


class Trouble(Enum):
    """What a provider's refusal means for us, whatever status and body it came with."""

    CREDITS = "the account that pays for the app has run dry"
    ACCESS = "the app's plan or permissions do not cover this call"
    RATE = "too many calls"
    CODE = "the authorization code or the token was not accepted"
    CLIENT = "the app's id or secret was not accepted"
    DOWN = "the provider failed"


def trouble_by_status(status: int, body: Any) -> Trouble | None:
    """Classify an answer by its HTTP status alone; None means that it is no refusal."""
    if status < 300:
        return None
    by_status = {401: Trouble.CODE, 402: Trouble.CREDITS, 403: Trouble.ACCESS, 429: Trouble.RATE}
    return by_status.get(status, Trouble.CODE if 400 <= status < 500 else Trouble.DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider, whole.

    ``endpoints`` are named as the configuration names them, so that each can be overridden.
    ``identify`` maps a profile and raises KeyError, TypeError or ValueError on one it can't use.
    ``trouble`` maps (HTTP status, decoded JSON or None) to a Trouble, or to None if all is well.
    ``email_query`` is laid over ``profile_query`` only when a site wants the e-mail; with
    ``email_apart`` it is a second call that may fail, where asking could spoil the first.
    ``fallback_query`` goes with ``fallback_profile_url``, where the usual profile is gated.
    ``account_choice`` is added to the authorization URL when the person asked to choose.
    """

    key: str
    label: str
    namespace: str
    issuer: str
    protocol: Literal["oauth1", "oauth2"]
    endpoints: Mapping[str, str]
    identify: Callable[[Profile], Identity]
    trouble: Callable[[int, Any], Trouble | None] = trouble_by_status
    scopes: tuple[str, ...] = ()
    email_scopes: tuple[str, ...] = ()
    client_auth: Literal["client_secret_basic", "client_secret_post"] = "client_secret_post"
    pkce: bool = False
    app_secret_proof: bool = False
    account_choice: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    profile_query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    fallback_query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    email_query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    email_apart: bool = False
