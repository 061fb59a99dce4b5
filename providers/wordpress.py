"""WordPress.com, by its Connect endpoint: identity only, the token can read ``/me`` and no more.

Register an app: https://developer.wordpress.com/apps/
Protocol: https://developer.wordpress.com/docs/wpcc/
"""

from html import unescape
from typing import Any

from providers.base import Identity, Profile, Provider, Trouble, trouble_by_status


def trouble(status: int, body: Any) -> Trouble | None:
    """The token endpoint says 400 to a wrong secret as to a wrong code."""
    if status >= 300 and isinstance(body, dict) and body.get("error") == "invalid_client":
        return Trouble.CLIENT
    return trouble_by_status(status, body)


def identify(profile: Profile) -> Identity:
    """Map ``/rest/v1.1/me``. ``display_name`` arrives HTML-encoded, as for its own client."""
    return Identity(
        namespace="wordpress",
        provider_id=_number(profile["ID"]),
        name=unescape(profile.get("display_name") or "") or profile["username"],
        username=profile["username"],
        profile_url=profile.get("profile_URL") or None,
        avatar_url=profile.get("avatar_URL") or None,
        email=profile.get("email") or None,
        email_verified=profile.get("email_verified") is True,
    )


def _number(number: Any) -> str:
    if type(number) is not int:
        raise ValueError("an ID at WordPress.com is a whole number")
    return str(number)


WORDPRESS = Provider(
    key="wordpress",
    label="WordPress.com",
    namespace="wordpress",
    issuer="https://public-api.wordpress.com",
    protocol="oauth2",
    endpoints={
        "authorize_url": "https://public-api.wordpress.com/oauth2/authenticate",
        "token_url": "https://public-api.wordpress.com/oauth2/token",
        "profile_url": "https://public-api.wordpress.com/rest/v1.1/me",
    },
    scopes=("auth",),  # without it the grant would be full access to one of the person's blogs
    identify=identify,
    trouble=trouble,
)
