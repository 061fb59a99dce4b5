"""WordPress.com, by its Connect endpoint: identity only, the token can read ``/me`` and no more.

Register an app: https://developer.wordpress.com/apps/
Protocol: https://developer.wordpress.com/docs/wpcc/
"""

from html import unescape

from providers.base import Identity, Profile, Provider


def identify(profile: Profile) -> Identity:
    """Map ``/rest/v1.1/me``. ``display_name`` arrives HTML-encoded, as for its own client."""
    return Identity(
        namespace="wordpress",
        provider_id=str(int(profile["ID"])),
        name=unescape(profile.get("display_name") or "") or profile["username"],
        username=profile["username"],
        profile_url=profile.get("profile_URL") or None,
        avatar_url=profile.get("avatar_URL") or None,
        email=profile.get("email") or None,
        email_verified=profile.get("email_verified") is True,
    )


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
)
