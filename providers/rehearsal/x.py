"""A stand-in of X's OAuth 2.0 with PKCE, and of ``/2/users/me``.

Not confirmed at the real one: the words of a cancelled sign-in, and that ``plain`` is refused
(the real one takes it; here only S256 counts).
"""

import base64
import binascii
import hashlib
import hmac
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from providers.rehearsal.apps import App
from providers.rehearsal.desk import Asking, at_the_desk
from providers.rehearsal.faults import answer, profile_answer
from providers.rehearsal.forms import FormError, bearer, form, query
from providers.rehearsal.pages import PageError
from providers.rehearsal.people import Person
from providers.rehearsal.shelf import Shelf
from providers.rehearsal.stage import SignIn, Stage
from providers.rehearsal.x1 import X1
from providers.rehearsal.x_people import (
    FIELDS,
    LABEL,
    QUERY,
    RATE,
    V2_REFUSALS,
    problem,
    v2_person,
)

KEY = "twitter"

_SCOPES = frozenset({"users.read", "tweet.read", "users.email"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_STATE_AT_MOST = 500


class X:
    """The stand-in: codes good for thirty seconds, tokens for two hours."""

    def __init__(self, stage: Stage, x1: X1) -> None:
        self._stage = stage
        self._x1 = x1
        self._codes: Shelf[SignIn] = Shelf(30, stage.clock)
        self._tokens: Shelf[SignIn] = Shelf(7200, stage.clock)

    def routes(self) -> list[Route]:
        """Every path, below ``/x``."""
        return [
            Route("/i/oauth2/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/2/oauth2/token", self.token, methods=["POST"]),
            Route("/2/users/me", self.profile, methods=["GET"]),
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
        _judge_rest(asked)
        state, challenge = asked["state"], asked["code_challenge"]
        scopes = frozenset(asked["scope"].split(" "))

        def agreed(person: Person, fault: str) -> dict[str, str]:
            sign_in = SignIn(
                app=app,
                person=person,
                fault=fault,
                redirect_uri=callback,
                scopes=scopes,
                challenge=challenge,
            )
            return {"state": state, "code": self._codes.put(sign_in)}

        return Asking(
            key=KEY,
            label=LABEL,
            callback=callback,
            agreed=agreed,
            refused={"error": "access_denied", "state": state},
        )

    async def token(self, request: Request) -> Response:
        """Code for token: the secret in a Basic header, the verifier in the body."""
        fault = self._stage.called(f"{KEY}.token_url")
        try:
            body = await form(request)
        except FormError as error:
            return _error("invalid_request", str(error))
        app = self._stage.apps.get(KEY)
        if not app or "client_secret" in body or not _is_basic(request, app):
            return _error("unauthorized_client", "Missing valid authorization header", 401)
        for name in ("grant_type", "code", "redirect_uri", "code_verifier"):
            if not body.get(name):
                return _error("invalid_request", f"Missing required parameter [{name}].")
        if body["grant_type"] != "authorization_code":
            return _error("unsupported_grant_type", "This grant_type is not supported.")
        sign_in = self._codes.take(body["code"])
        if not sign_in or not _belongs(sign_in, app, body):
            sentence = "Value passed for the authorization code was invalid."
            return _error("invalid_request", sentence)
        fault = fault if fault != "none" else sign_in.fault
        await self._stage.delay(request, fault)
        if fault == "token-500":
            return problem(500, "Internal Server Error", "Something went wrong.")
        return answer(
            {
                "token_type": "bearer",
                "expires_in": 7200,
                "access_token": self._tokens.put(sign_in),
                "scope": " ".join(sorted(sign_in.scopes)),
            }
        )

    async def profile(self, request: Request) -> Response:
        """Who signed in, by the token of either protocol."""
        if request.headers.get("authorization", "").lower().startswith("oauth "):
            return await self._x1.users_me(request)
        fault = self._stage.called(f"{KEY}.profile_url")
        sign_in = self._tokens.look(bearer(request.headers))
        if not sign_in:
            return problem(401, "Unauthorized", "Unauthorized")
        if not {"users.read", "tweet.read"} <= sign_in.scopes:
            return problem(403, "Forbidden", "The token lacks users.read or tweet.read.")
        fault = fault if fault != "none" else sign_in.fault
        return users_me(request, sign_in, fault, self._stage.base_url)


def users_me(request: Request, sign_in: SignIn, fault: str, base_url: str) -> Response:
    """``/2/users/me`` for a token that was found good."""
    fields = frozenset(filter(None, request.query_params.get("user.fields", "").split(",")))
    unknown = [name for name in request.query_params if name not in QUERY] + sorted(fields - FIELDS)
    if unknown:
        return _invalid(unknown)
    if fault in V2_REFUSALS:
        status, body = V2_REFUSALS[fault]
        return answer(body, status, RATE)
    if "confirmed_email" in fields and "users.email" not in sign_in.scopes:
        return problem(403, "Forbidden", "confirmed_email needs the scope users.email.")
    response = profile_answer(fault, v2_person(sign_in.person, base_url, fields), base_url)
    response.headers.update(RATE)
    return response


def _judge_rest(asked: dict[str, str]) -> None:
    if asked.get("response_type") != "code":
        raise PageError(LABEL, "invalid_request", "The response_type must be code.")
    if not asked.get("state") or len(asked["state"]) > _STATE_AT_MOST:
        raise PageError(LABEL, "invalid_request", "A state of 1 to 500 characters is needed.")
    if asked.get("code_challenge_method") != "S256":
        raise PageError(LABEL, "invalid_request", "The code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        raise PageError(LABEL, "invalid_request", "The code_challenge is missing or malformed.")
    if not asked.get("scope") or not set(asked["scope"].split(" ")) <= _SCOPES:
        raise PageError(LABEL, "invalid_scope", "A scope is missing or unknown.")


def _asked(request: Request) -> dict[str, str]:
    # A plus sign is a plus sign here: scopes are joined by %20.
    if "+" in request.url.query:
        raise PageError(LABEL, "invalid_request", "Spaces are written %20, not +.")
    try:
        return query(request)
    except FormError as error:
        raise PageError(LABEL, "invalid_request", str(error)) from error


def _is_basic(request: Request, app: App) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return False
    wanted = f"{app.client_id}:{app.client_secret}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(given, wanted)


def _belongs(sign_in: SignIn, app: App, body: dict[str, str]) -> bool:
    digest = hashlib.sha256(body["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (
        sign_in.app == app
        and body["redirect_uri"] == sign_in.redirect_uri
        and hmac.compare_digest(challenge, sign_in.challenge)
    )


def _error(code: str, description: str, status: int = 400) -> Response:
    return answer({"error": code, "error_description": description}, status)


def _invalid(names: list[str]) -> Response:
    errors = [{"parameters": {name: []}, "message": f"[{name}] is not known."} for name in names]
    body = {
        "errors": errors,
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    }
    return answer(body, 400, RATE)
