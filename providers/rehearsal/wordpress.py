"""A stand-in of WordPress.com's Connect endpoints and of ``/rest/v1.1/me``.

Not confirmed at the real one, and built as the strictest reading: a Basic header is refused,
the state comes back with a no, a wrong redemption burns the code.
"""

import html
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from providers.rehearsal.desk import Asking, at_the_desk
from providers.rehearsal.faults import answer, profile_answer
from providers.rehearsal.forms import MULTIPART, URLENCODED, FormError, bearer, form, query
from providers.rehearsal.pages import PageError
from providers.rehearsal.people import Person
from providers.rehearsal.shelf import Shelf
from providers.rehearsal.stage import SignIn, Stage

KEY = "wordpress"
LABEL = "WordPress.com"

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%&#^@()!"
_NO_TOKEN = "An active access token must be used to query information about the current user."
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "plan": (403, {"error": "unauthorized", "message": "User cannot access this resource."}),
    "rate": (429, {"error": "too_many_requests", "message": "Too many requests."}),
    "token-500": (500, {"error": "server_error", "error_description": "Internal error."}),
    "profile-500": (500, {"error": "internal_error", "message": "Internal error."}),
}


def access_token() -> str:
    """64 printable characters that hold everything a careless client forgets to encode."""
    letters = [secrets.choice(_ALPHABET) for _ in range(56)] + list("%&#^@()!")
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


class WordPress:
    """The stand-in: codes good for ten minutes, tokens for two weeks."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._codes: Shelf[SignIn] = Shelf(600, stage.clock)
        self._tokens: Shelf[SignIn] = Shelf(14 * 86400, stage.clock, access_token)

    def routes(self) -> list[Route]:
        """Every path, below ``/wordpress``."""
        return [
            Route("/oauth2/authenticate", self.authorize, methods=["GET", "POST"]),
            Route("/oauth2/token", self.token, methods=["POST"]),
            Route("/oauth2/token-info", self.token_info, methods=["GET"]),
            Route("/rest/v1.1/me", self.profile, methods=["GET"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """The sign-in page."""
        if request.method == "GET":
            self._stage.called(f"{KEY}.authorize_url")
        return await at_the_desk(self._stage, request, lambda: self._judge(request), LABEL)

    def _judge(self, request: Request) -> Asking:
        asked = _asked(request)
        app = self._stage.app(KEY, asked.get("client_id", ""))
        if not app:
            raise PageError(LABEL, "invalid_client", "No app has this client_id.")
        callback = asked.get("redirect_uri", "")
        if callback not in app.redirect_uris:
            raise PageError(LABEL, "invalid_request", "This redirect_uri is not registered.")
        if asked.get("response_type") != "code":
            raise PageError(LABEL, "invalid_request", 'Invalid "response_type".')
        if asked.get("scope") != "auth":
            raise PageError(LABEL, "invalid_request", 'Invalid "scope": only auth is for sign-in.')
        state = {"state": asked["state"]} if "state" in asked else {}

        def agreed(person: Person, fault: str) -> dict[str, str]:
            sign_in = SignIn(app=app, person=person, fault=fault, redirect_uri=callback)
            return {"code": self._codes.put(sign_in), **state}

        return Asking(
            key=KEY,
            label=LABEL,
            callback=callback,
            agreed=agreed,
            refused={"error": "access_denied", **state},
        )

    async def token(self, request: Request) -> Response:
        """Code for token: everything in the body, in either of two encodings."""
        fault = self._stage.called(f"{KEY}.token_url")
        try:
            body = await form(request, (URLENCODED, MULTIPART))
        except FormError as error:
            return _error("invalid_request", str(error))
        app = self._stage.app(KEY, body.get("client_id", ""))
        if "authorization" in request.headers or not app:
            return _error("invalid_client", "Unknown client_id.")
        if not secrets.compare_digest(body.get("client_secret", ""), app.client_secret):
            return _error("invalid_client", "Incorrect client_secret.")
        if body.get("grant_type") != "authorization_code":
            return _error("unsupported_grant_type", "The grant_type is not supported.")
        sign_in = self._codes.take(body.get("code", ""))
        if not sign_in or sign_in.app != app:
            return _error("invalid_grant", "The code is unknown, used or expired.")
        if body.get("redirect_uri") != sign_in.redirect_uri:
            return _error("invalid_grant", "The redirect_uri is not the code's.")
        fault = fault if fault != "none" else sign_in.fault
        await self._stage.delay(request, fault)
        if fault == "token-500":
            status, refusal = _REFUSALS[fault]
            return answer(refusal, status)
        return answer(
            {
                "access_token": self._tokens.put(sign_in),
                "token_type": "bearer",
                "blog_id": 0,
                "blog_url": "https://public-api.wordpress.com",
                "scope": "auth",
            }
        )

    async def token_info(self, request: Request) -> Response:
        """Whose token it is; another app's, or one whose characters were lost, is invalid."""
        self._stage.called(f"{KEY}.token_info_url")
        asked = request.query_params
        sign_in = self._tokens.look(asked.get("token", ""))
        if not sign_in or sign_in.app.client_id != asked.get("client_id"):
            return _error("invalid_request", "The specified token is invalid.")
        return answer(
            {
                "client_id": sign_in.app.client_id,
                "user_id": str(sign_in.person.wordpress_id),
                "blog_id": None,
                "scope": "auth",
            }
        )

    async def profile(self, request: Request) -> Response:
        """Who signed in, trimmed to ``fields`` where asked."""
        fault = self._stage.called(f"{KEY}.profile_url")
        token = bearer(request.headers)
        if not token:
            return answer({"error": "authorization_required", "message": _NO_TOKEN}, 403)
        sign_in = self._tokens.look(token)
        if not sign_in:
            body = {"error": "invalid_token", "message": "The OAuth2 token is invalid."}
            return answer(body, 401)
        fault = fault if fault != "none" else sign_in.fault
        if fault in _REFUSALS and fault != "token-500":
            status, refusal = _REFUSALS[fault]
            return answer(refusal, status)
        profile = _profile(sign_in, self._stage.base_url)
        fields = request.query_params.get("fields")
        if fields:
            profile = {name: profile[name] for name in fields.split(",") if name in profile}
        return profile_answer(fault, profile, self._stage.base_url, pure=True)


def _asked(request: Request) -> dict[str, str]:
    try:
        return query(request)
    except FormError as error:
        raise PageError(LABEL, "invalid_request", str(error)) from error


def _error(code: str, description: str) -> Response:
    return answer({"error": code, "error_description": description}, 400)


def _profile(sign_in: SignIn, base_url: str) -> dict[str, Any]:
    person = sign_in.person
    email = {"email": person.email} if person.email else {}
    verified = bool(person.email) and person.email_verified
    return {
        "ID": person.wordpress_id,
        # The text as HTML, although this is JSON.
        "display_name": html.escape(person.name),
        "username": person.username,
        **email,
        "primary_blog": person.number,
        "primary_blog_url": f"http://{person.username}.wordpress.example",
        "primary_blog_is_jetpack": False,
        "language": "en",
        "locale_variant": "",
        "token_site_id": False,
        "token_scope": ["auth"],
        "token_client_id": sign_in.app.client_id,
        "avatar_URL": person.picture_url(base_url) + "?s=96&d=identicon&r=G",
        "profile_URL": f"http://gravatar.example/{person.username}",
        # Signed in through Connect once; it says nothing about the address.
        "verified": True,
        "email_verified": verified,
        "date": "2019-06-03T15:57:15-07:00",
        "site_count": 1,
        "visible_site_count": 1,
        "meta": {"links": {"self": f"{base_url}/wordpress/rest/v1.1/me"}},
    }
