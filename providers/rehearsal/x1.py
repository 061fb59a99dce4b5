"""A stand-in of X's OAuth 1.0a and of v1.1 ``verify_credentials``.

Not confirmed at the real one: statuses and words of the refusals 135, 215, 415 and 417, and how
long a request token lives.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from providers.rehearsal.apps import App
from providers.rehearsal.desk import Asking, at_the_desk
from providers.rehearsal.faults import answer, profile_answer
from providers.rehearsal.pages import PageError
from providers.rehearsal.people import Person
from providers.rehearsal.shelf import Shelf, opaque
from providers.rehearsal.signature import Judge, SignatureError
from providers.rehearsal.stage import SignIn, Stage
from providers.rehearsal.x_people import LABEL, V1_REFUSALS, v1_error, v1_person

KEY = "twitter1"

#: Answers ``/2/users/me`` for a sign-in, its fault and the base address.
UsersMe = Callable[[Request, SignIn, str, str], Response]


@dataclass(frozen=True, slots=True)
class RequestToken:
    """A request token; ``verifier`` and ``sign_in`` come with somebody's yes."""

    secret: str
    callback: str
    verifier: str = ""
    sign_in: SignIn | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token's other half."""

    secret: str
    sign_in: SignIn


class X1:
    """The stand-in: request tokens good for ten minutes, access tokens for a day."""

    def __init__(self, stage: Stage, users_me: UsersMe) -> None:
        self._stage = stage
        self._users_me = users_me
        self._judge = Judge(stage.origin, stage.apps.get(KEY), stage.clock)
        self._requests: Shelf[RequestToken] = Shelf(600, stage.clock)
        self._accesses: Shelf[AccessToken] = Shelf(86400, stage.clock)

    def routes(self) -> list[Route]:
        """Every path, below ``/x``; ``/2/users/me`` comes by way of the other protocol."""
        return [
            Route("/oauth/request_token", self.request_token, methods=["POST"]),
            Route("/oauth/authenticate", self.authorize, methods=["GET", "POST"]),
            Route("/oauth/access_token", self.access_token, methods=["POST"]),
            Route("/1.1/account/verify_credentials.json", self.verify_credentials, methods=["GET"]),
        ]

    async def request_token(self, request: Request) -> Response:
        """The first leg: only a registered callback gets a token."""
        fault = self._stage.called(f"{KEY}.request_token_url")
        try:
            given = await self._judge.judge(request, lambda token: None)
        except SignatureError as error:
            return v1_error(error.status, error.code, error.message)
        callback = given.get("oauth_callback", "")
        if callback == "oob":
            return v1_error(403, 417, "Desktop applications only support the oauth_callback oob.")
        if not _registered(callback, self._stage.apps[KEY]):
            sentence = "Callback URL not approved for this client application."
            return v1_error(403, 415, sentence)
        await self._stage.delay(request, fault)
        if fault in V1_REFUSALS:
            return _refusal(fault)
        secret = opaque()
        token = self._requests.put(RequestToken(secret, callback))
        body = {"oauth_token": token, "oauth_token_secret": secret}
        if fault != "unconfirmed":
            body["oauth_callback_confirmed"] = "true"
        return _form(body)

    async def authorize(self, request: Request) -> Response:
        """The sign-in page. A token stays good until it is exchanged or refused."""
        if request.method == "GET":
            self._stage.called(f"{KEY}.authorize_url")
        return await at_the_desk(self._stage, request, lambda: self._asking(request), LABEL)

    def _asking(self, request: Request) -> Asking:
        token = request.query_params.get("oauth_token", "")
        if "oauth_callback" in request.query_params:
            raise PageError(LABEL, "oauth_callback", "The callback belongs to the first leg.")
        kept = self._requests.look(token)
        if not kept:
            raise PageError(LABEL, "oauth_token", "This request token is unknown, used or expired.")

        def agreed(person: Person, fault: str) -> dict[str, str]:
            sign_in = SignIn(app=self._stage.apps[KEY], person=person, fault=fault)
            verifier = opaque()
            self._requests.put(replace(kept, verifier=verifier, sign_in=sign_in), token)
            return {"oauth_token": token, "oauth_verifier": verifier}

        return Asking(
            key=KEY,
            label=LABEL,
            callback=kept.callback,
            agreed=agreed,
            refused={"denied": token},
            token_name="oauth_token",
        )

    async def access_token(self, request: Request) -> Response:
        """The last leg: request token and verifier for an access token, once."""
        fault = self._stage.called(f"{KEY}.access_token_url")
        try:
            given = await self._judge.judge(request, self._request_secret)
        except SignatureError as error:
            return v1_error(error.status, error.code, error.message)
        kept = self._requests.take(given.get("oauth_token", ""))
        if not kept or not kept.sign_in or given.get("oauth_verifier") != kept.verifier:
            return v1_error(401, 89, "Invalid or expired token.")
        sign_in = kept.sign_in
        fault = fault if fault != "none" else sign_in.fault
        await self._stage.delay(request, fault)
        if fault == "token-500":
            return _refusal(fault)
        secret = opaque()
        name = f"{sign_in.person.twitter_id}-{opaque()}"
        token = self._accesses.put(AccessToken(secret, sign_in), name)
        return _form(
            {
                "oauth_token": token,
                "oauth_token_secret": secret,
                "user_id": sign_in.person.twitter_id,
                "screen_name": sign_in.person.username,
            }
        )

    async def verify_credentials(self, request: Request) -> Response:
        """Who signed in, by v1.1."""
        fault = self._stage.called(f"{KEY}.profile_url")
        try:
            sign_in = await self._signed_in(request)
        except SignatureError as error:
            return v1_error(error.status, error.code, error.message)
        fault = fault if fault != "none" else sign_in.fault
        if fault in V1_REFUSALS and fault != "token-500":
            return _refusal(fault)
        email = request.query_params.get("include_email") == "true"
        base_url = self._stage.base_url
        return profile_answer(fault, v1_person(sign_in.person, base_url, email=email), base_url)

    async def users_me(self, request: Request) -> Response:
        """Who signed in, by v2 with a signature of this protocol."""
        fault = self._stage.called(f"{KEY}.fallback_profile_url")
        try:
            sign_in = await self._signed_in(request)
        except SignatureError as error:
            return v1_error(error.status, error.code, error.message)
        fault = fault if fault != "none" else sign_in.fault
        return self._users_me(request, sign_in, fault, self._stage.base_url)

    async def _signed_in(self, request: Request) -> SignIn:
        given = await self._judge.judge(request, self._access_secret)
        kept = self._accesses.look(given.get("oauth_token", ""))
        if not kept:
            raise SignatureError(400, 215, "Bad Authentication data.")
        return kept.sign_in

    def _request_secret(self, token: str) -> str | None:
        kept = self._requests.look(token)
        return kept.secret if kept else None

    def _access_secret(self, token: str) -> str | None:
        kept = self._accesses.look(token)
        return kept.secret if kept else None


def _registered(callback: str, app: App) -> bool:
    # X lets a query be added to a registered callback, and nothing else.
    bare, _, query = callback.partition("?")
    return bare in app.redirect_uris and "#" not in query and bool(urlsplit(bare).netloc)


def _refusal(fault: str) -> Response:
    status, body = V1_REFUSALS[fault]
    return answer(body, status)


def _form(body: dict[str, str]) -> Response:
    # Form data, labelled as HTML: that is how it comes.
    return Response(urlencode(body), 200, {"Cache-Control": "no-store"}, "text/html")
