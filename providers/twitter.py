"""X, formerly Twitter, by its two protocols. Both name the same people.

Register an app: https://developer.x.com/
OAuth 2.0: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
OAuth 1.0a: https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens
"""

import re
from typing import Any

from providers.base import Identity, Profile, Provider, Trouble, trouble_by_status

# Codes of the v1.1 API that say something else than the status they come with.
_BY_CODE = {
    32: Trouble.CLIENT,
    88: Trouble.RATE,
    135: Trouble.CLIENT,  # our clock is wrong
    215: Trouble.CLIENT,
    415: Trouble.CLIENT,
    416: Trouble.CLIENT,
    417: Trouble.CLIENT,
    453: Trouble.ACCESS,
}


def trouble(status: int, body: Any) -> Trouble | None:
    """Read v1.1's ``errors[].code`` first: 453 is a plan's limit, whatever the status says."""
    if status >= 300 and isinstance(body, dict):
        errors = body.get("errors")
        for error in errors if isinstance(errors, list) else ():
            code = error.get("code") if isinstance(error, dict) else None
            if isinstance(code, int) and code in _BY_CODE:
                return _BY_CODE[code]
        if body.get("error") == "unauthorized_client":
            return Trouble.CLIENT
    return trouble_by_status(status, body)


def _identity(provider_id: str, username: str, profile: Profile, avatar: str | None) -> Identity:
    email = profile.get("confirmed_email") or profile.get("email") or None
    return Identity(
        namespace="twitter",
        provider_id=provider_id,
        name=profile.get("name") or username,
        username=username,
        profile_url=f"https://x.com/{username}",
        # ``_normal`` is 48 pixels; without it comes the picture as it was uploaded.
        avatar_url=re.sub(r"_normal(?=\.\w+$)", "", avatar) if avatar else None,
        email=email,
        email_verified=email is not None,  # X hands out confirmed addresses only
    )


def identify(profile: Profile) -> Identity:
    """Map ``/2/users/me``."""
    person = profile["data"]
    number = _number(person["id"])
    return _identity(number, person["username"], person, person.get("profile_image_url"))


def identify_v1(profile: Profile) -> Identity:
    """Map ``verify_credentials``, or ``/2/users/me`` where the app's plan has no v1.1."""
    if "data" in profile:
        return identify(profile)
    picture = profile.get("profile_image_url_https")
    return _identity(_number(profile["id_str"]), profile["screen_name"], profile, picture)


def _number(text: Any) -> str:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        raise ValueError("an id at X is a string of digits")
    return text


TWITTER = Provider(
    key="twitter",
    label="X",
    namespace="twitter",
    issuer="https://x.com",
    protocol="oauth2",
    endpoints={
        "authorize_url": "https://x.com/i/oauth2/authorize",
        "token_url": "https://api.x.com/2/oauth2/token",
        "profile_url": "https://api.x.com/2/users/me",
    },
    scopes=("users.read", "tweet.read"),  # users.read alone answers 403
    email_scopes=("users.email",),
    client_auth="client_secret_basic",
    pkce=True,
    profile_query={"user.fields": "profile_image_url"},
    email_query={"user.fields": "confirmed_email"},
    email_apart=True,  # without the scope or the app's switch, X fails the whole call
    identify=identify,
    trouble=trouble,
)

TWITTER1 = Provider(
    key="twitter1",
    label="X",
    namespace="twitter",
    issuer="https://x.com",
    protocol="oauth1",
    endpoints={
        "request_token_url": "https://api.x.com/oauth/request_token",
        "authorize_url": "https://api.x.com/oauth/authenticate",
        "access_token_url": "https://api.x.com/oauth/access_token",
        "profile_url": "https://api.x.com/1.1/account/verify_credentials.json",
        "fallback_profile_url": "https://api.x.com/2/users/me",
    },
    account_choice={"force_login": "true"},
    profile_query={"skip_status": "true", "include_entities": "false"},
    fallback_query={"user.fields": "profile_image_url"},
    email_query={"include_email": "true"},
    identify=identify_v1,
    trouble=trouble,
)
