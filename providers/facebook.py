"""Facebook Login, by the Graph API.

Register an app: https://developers.facebook.com/apps/
Protocol: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import re
from typing import Any

from providers.base import Identity, Profile, Provider, Trouble, trouble_by_status

_BY_CODE = {
    1: Trouble.DOWN,
    2: Trouble.DOWN,
    4: Trouble.RATE,
    17: Trouble.RATE,
    341: Trouble.RATE,
    10: Trouble.ACCESS,
    100: Trouble.CODE,
    101: Trouble.CLIENT,
    190: Trouble.CODE,
    191: Trouble.CLIENT,
}


def trouble(status: int, body: Any) -> Trouble | None:
    """Read the nested error's code: a spent rate limit comes as 403, and ``false`` as 200."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        code = error.get("code")
        if not isinstance(code, int):
            return trouble_by_status(status, body) or Trouble.DOWN
        if 200 <= code <= 299:
            return Trouble.ACCESS
        if code == 1 and "client secret" in str(error.get("message")):
            return Trouble.CLIENT  # the same number as "unknown error, try again"
        return _BY_CODE.get(code) or trouble_by_status(status, body) or Trouble.CODE
    if status < 300 and not isinstance(body, dict):
        return Trouble.DOWN
    return trouble_by_status(status, body)


def identify(profile: Profile) -> Identity:
    """Map ``/me``. The id is this app's own; there is no user name and no profile page."""
    picture = (profile.get("picture") or {"data": {}})["data"]
    if not isinstance(profile["id"], str) or not re.fullmatch("[0-9]+", profile["id"]):
        raise ValueError("an id at Facebook is a string of digits")
    return Identity(
        namespace="facebook",
        provider_id=profile["id"],
        name=profile["name"],
        avatar_url=None if picture.get("is_silhouette") else picture.get("url") or None,
        email=profile.get("email") or None,
        email_verified=False,  # Facebook says "valid", it never says "verified"
    )


FACEBOOK = Provider(
    key="facebook",
    label="Facebook",
    namespace="facebook",
    issuer="https://www.facebook.com",
    protocol="oauth2",
    endpoints={
        "authorize_url": "https://www.facebook.com/{api_version}/dialog/oauth",
        "token_url": "https://graph.facebook.com/{api_version}/oauth/access_token",
        "profile_url": "https://graph.facebook.com/{api_version}/me",
        "debug_token_url": "https://graph.facebook.com/{api_version}/debug_token",
    },
    scopes=("public_profile",),
    email_scopes=("email",),
    app_secret_proof=True,
    account_choice={"auth_type": "reauthenticate"},
    profile_query={"fields": "id,name,picture.width(200).height(200)"},
    email_query={"fields": "id,name,email,picture.width(200).height(200)"},
    identify=identify,
    trouble=trouble,
)
