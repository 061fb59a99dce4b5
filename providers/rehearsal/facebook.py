"""A stand-in of Facebook's login dialog, its token endpoint, ``debug_token`` and ``/me``.

"Require App Secret" is switched on: every Graph call needs its proof. Not confirmed at the real
one: the words about a version that never was, and that a GET may not carry a Basic header.
"""

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from providers.rehearsal.apps import App
from providers.rehearsal.desk import Asking, at_the_desk
from providers.rehearsal.faults import answer, profile_answer
from providers.rehearsal.forms import FormError, bearer, form, query
from providers.rehearsal.graph import REFUSALS, GraphError, person, served_version
from providers.rehearsal.pages import PageError
from providers.rehearsal.people import Person
from providers.rehearsal.shelf import Shelf, opaque
from providers.rehearsal.signed import app_secret_proof
from providers.rehearsal.stage import SignIn, Stage

KEY = "facebook"
LABEL = "Facebook"

_SCOPES = frozenset({"public_profile", "email"})
_TOKEN_SECONDS = 5183944
_FOREIGN_APP = "999999999999999"


class Facebook:
    """The stand-in: codes good for ten minutes, tokens for sixty days."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._codes: Shelf[SignIn] = Shelf(600, stage.clock)
        self._used: Shelf[bool] = Shelf(600, stage.clock)
        self._tokens: Shelf[SignIn] = Shelf(_TOKEN_SECONDS, stage.clock, lambda: f"EAA{opaque()}")
        self._app_tokens: Shelf[App] = Shelf(_TOKEN_SECONDS, stage.clock)

    def routes(self) -> list[Route]:
        """Every path, below ``/facebook``."""
        return [
            Route("/{version}/dialog/oauth", self.authorize, methods=["GET", "POST"]),
            Route("/{version}/oauth/access_token", self.token, methods=["GET", "POST"]),
            Route("/{version}/debug_token", self.debug_token, methods=["GET"]),
            Route("/{version}/me", self.profile, methods=["GET"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """The dialog."""
        if request.method == "GET":
            self._stage.called(f"{KEY}.authorize_url")
        return await at_the_desk(self._stage, request, lambda: self._judge(request), LABEL)

    def _judge(self, request: Request) -> Asking:
        asked = self._asked(request)
        app = self._stage.app(KEY, asked.get("client_id", ""))
        if not app:
            raise PageError(LABEL, "101", "Invalid App ID: no app has this client_id.")
        callback = asked.get("redirect_uri", "")
        if callback not in app.redirect_uris:
            raise PageError(LABEL, "191", "URL blocked: this redirect_uri is not registered.")
        if not asked.get("state"):
            raise PageError(LABEL, "100", "A state is needed.")
        if asked.get("response_type", "code") != "code":
            raise PageError(LABEL, "100", "The response_type must be code.")
        scopes = frozenset(filter(None, asked.get("scope", "").replace(",", " ").split(" ")))
        if not scopes <= _SCOPES:
            raise PageError(LABEL, "100", "Invalid Scopes: only public_profile and email.")
        state = asked["state"]

        def agreed(who: Person, fault: str) -> dict[str, str]:
            sign_in = SignIn(
                app=app,
                person=who,
                fault=fault,
                redirect_uri=callback,
                scopes=scopes | {"public_profile"},
                began=self._stage.clock(),
            )
            return {"code": self._codes.put(sign_in), "state": state}

        return Asking(
            key=KEY,
            label=LABEL,
            callback=callback,
            agreed=agreed,
            refused={
                "error": "access_denied",
                "error_code": "200",
                "error_description": "Permissions error",
                "error_reason": "user_denied",
                "state": state,
            },
            fragment="#_=_",
        )

    def _asked(self, request: Request) -> dict[str, str]:
        try:
            self._version(request)
            return query(request)
        except (FormError, GraphError) as error:
            raise PageError(LABEL, "100", str(error)) from error

    async def token(self, request: Request) -> Response:
        """Code for token; or an app token, by client credentials."""
        fault = self._stage.called(f"{KEY}.token_url")
        try:
            return await self._exchange(request, fault)
        except FormError as error:
            return GraphError(100, str(error)).response()
        except GraphError as error:
            return error.response()

    async def _exchange(self, request: Request, fault: str) -> Response:
        headers = self._version(request)
        asked = query(request) if request.method == "GET" else await form(request)
        app = self._client(request, asked)
        if asked.get("grant_type") == "client_credentials":
            token = self._app_tokens.put(app, f"{app.client_id}|{opaque()}")
            return answer({"access_token": token, "token_type": "bearer"}, headers=headers)
        sign_in = self._redeem(asked, app)
        fault = fault if fault != "none" else sign_in.fault
        await self._stage.delay(request, fault)
        if fault == "token-500":
            raise _refusal(fault)
        body = {
            "access_token": self._tokens.put(sign_in),
            "token_type": "bearer",
            "expires_in": _TOKEN_SECONDS,
        }
        return answer(body, headers=headers, pure=True)

    def _client(self, request: Request, asked: dict[str, str]) -> App:
        app = self._stage.app(KEY, asked.get("client_id", ""))
        if not app:
            raise GraphError(101, "Error validating application. Cannot get application info.")
        given = asked.get("client_secret", "")
        if "authorization" in request.headers or not _same(given, app.client_secret):
            raise GraphError(1, "Error validating client secret.")
        return app

    def _redeem(self, asked: dict[str, str], app: App) -> SignIn:
        code, callback = asked.get("code", ""), asked.get("redirect_uri", "")
        if not urlsplit(callback).netloc:
            raise GraphError(191, "redirect_uri isn't an absolute URI.")
        if self._used.look(code):
            raise GraphError(100, "This authorization code has been used.", subcode=36009)
        sign_in = self._codes.take(code)
        if not sign_in or sign_in.app != app:
            raise GraphError(100, "This authorization code has expired.", subcode=36007)
        self._used.put(True, code)
        if sign_in.redirect_uri != callback:
            text = "Please make sure your redirect_uri is identical to the one of the dialog."
            raise GraphError(100, f"Error validating verification code. {text}", subcode=36008)
        return sign_in

    async def debug_token(self, request: Request) -> Response:
        """Whose token it is, told to an app."""
        self._stage.called(f"{KEY}.debug_token_url")
        try:
            headers = self._version(request)
            asked = query(request)
            app = self._app_token(request, asked)
            return answer({"data": self._debugged(asked, app)}, headers=headers, pure=True)
        except FormError as error:
            return GraphError(100, str(error)).response()
        except GraphError as error:
            return error.response()

    def _app_token(self, request: Request, asked: dict[str, str]) -> App:
        token = asked.get("access_token") or bearer(request.headers)
        app = self._stage.apps.get(KEY)
        known = self._app_tokens.look(token)
        if not known and app and _same(token, f"{app.client_id}|{app.client_secret}"):
            known = app
        if not known:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
        _judge_proof(asked, known, token)
        return known

    def _debugged(self, asked: dict[str, str], app: App) -> dict[str, object]:
        sign_in = self._tokens.look(asked.get("input_token", ""))
        if not sign_in:
            error = {"code": 190, "message": "Invalid OAuth access token."}
            return {"error": error, "is_valid": False, "scopes": []}
        foreign = sign_in.fault == "foreign-app"
        return {
            "app_id": _FOREIGN_APP if foreign else sign_in.app.client_id,
            "type": "USER",
            "application": "Another app" if foreign else "Rehearsal",
            "is_valid": True,
            "expires_at": int(sign_in.began) + _TOKEN_SECONDS,
            "data_access_expires_at": int(sign_in.began) + 90 * 86400,
            "issued_at": int(sign_in.began),
            "scopes": sorted(sign_in.scopes),
            "user_id": sign_in.person.facebook_id(app.client_id),
        }

    async def profile(self, request: Request) -> Response:
        """Who signed in: ``fields`` obeyed, the proof demanded."""
        fault = self._stage.called(f"{KEY}.profile_url")
        try:
            headers = self._version(request)
            asked = query(request)
            sign_in = self._user_token(request, asked)
            fault = fault if fault != "none" else sign_in.fault
            if fault in REFUSALS and fault != "token-500":
                raise _refusal(fault)
            base_url, now = self._stage.base_url, self._stage.clock()
            body = person(sign_in, asked.get("fields", ""), base_url, now)
        except FormError as error:
            return GraphError(100, str(error)).response()
        except GraphError as error:
            return error.response()
        response = profile_answer(fault, body, base_url, pure=True)
        response.headers.update(headers)
        return response

    def _user_token(self, request: Request, asked: dict[str, str]) -> SignIn:
        token = asked.get("access_token") or bearer(request.headers)
        if not token:
            text = "An active access token must be used to query information about the current user"
            raise GraphError(2500, f"{text}.")
        sign_in = self._tokens.look(token)
        if not sign_in:
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
        _judge_proof(asked, sign_in.app, token)
        return sign_in

    def _version(self, request: Request) -> dict[str, str]:
        served = served_version(request.path_params["version"], self._stage.clock())
        return {"facebook-api-version": served}


def _judge_proof(asked: dict[str, str], app: App, token: str) -> None:
    if "appsecret_proof" not in asked:
        raise GraphError(100, "API calls from the server require an appsecret_proof argument")
    if not _same(asked["appsecret_proof"], app_secret_proof(app.client_secret, token)):
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _refusal(fault: str) -> GraphError:
    status, code, message = REFUSALS[fault]
    return GraphError(code, message, status=status)
