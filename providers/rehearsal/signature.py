"""OAuth 1.0a requests judged: the signature by oauthlib, nonce and time by our own book."""

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qsl

from oauthlib.common import Request as SignedRequest
from oauthlib.oauth1.rfc5849.signature import collect_parameters, verify_hmac_sha1
from starlette.requests import Request

from providers.rehearsal.apps import App
from providers.rehearsal.forms import URLENCODED, FormError, once
from providers.rehearsal.shelf import Shelf

#: Seconds by which the client's clock may differ.
SKEW = 300

_NEEDED = (
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_timestamp",
)


class SignatureError(Exception):
    """Why a signed request is refused, in X's own numbers."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Judge:
    """Judges signed requests to one app; every nonce counts once."""

    def __init__(self, origin: str, app: App | None, clock: Callable[[], float]) -> None:
        self._origin = origin
        self._app = app
        self._clock = clock
        self._nonces: Shelf[bool] = Shelf(2 * SKEW, clock)

    async def judge(
        self, request: Request, token_secret: Callable[[str], str | None]
    ) -> dict[str, str]:
        """The request's parameters; raises SignatureError.

        ``token_secret`` finds the secret of the token that the request names, if it names one.
        """
        if not request.headers.get("authorization", "").lower().startswith("oauth "):
            raise SignatureError(400, 215, "Bad Authentication data.")
        pairs, signed = await self._read(request)
        given = _once(pairs)
        if any(not given.get(name) for name in _NEEDED):
            raise SignatureError(400, 215, "Bad Authentication data.")
        self._judge_form(given)
        secret = self._secret(given, token_secret)
        if not self._app or not verify_hmac_sha1(signed, self._app.client_secret, secret):
            raise SignatureError(401, 32, "Could not authenticate you.")
        self._judge_nonce(given)
        return given

    async def _read(self, request: Request) -> tuple[list[tuple[str, str]], SignedRequest]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = (await request.body()).decode("utf-8", "replace") if kind == URLENCODED else ""
        headers = {"Authorization": request.headers["authorization"]}
        query = request.scope["query_string"].decode("ascii", "replace")
        try:
            pairs = collect_parameters(
                query, parse_qsl(body, True), headers, exclude_oauth_signature=False
            )
        except ValueError as error:
            raise SignatureError(400, 215, "Bad Authentication data.") from error
        method: Literal["GET", "POST"] = "POST" if request.method == "POST" else "GET"
        signed: Any = SignedRequest(self._url(request), method)
        signed.params = [pair for pair in pairs if pair[0] != "oauth_signature"]
        signed.signature = dict(pairs).get("oauth_signature", "")
        return pairs, signed

    def _url(self, request: Request) -> str:
        # The client signs the address that it was told, whatever a Host header says.
        query = request.scope["query_string"].decode("ascii", "replace")
        return f"{self._origin}{request.url.path}" + (f"?{query}" if query else "")

    def _judge_form(self, given: dict[str, str]) -> None:
        if not self._app or given["oauth_consumer_key"] != self._app.client_id:
            raise SignatureError(401, 32, "Could not authenticate you.")
        if given["oauth_signature_method"] != "HMAC-SHA1":
            raise SignatureError(401, 32, "Could not authenticate you.")
        if given.get("oauth_version", "1.0") != "1.0" or not given["oauth_nonce"].isascii():
            raise SignatureError(400, 215, "Bad Authentication data.")
        if not given["oauth_timestamp"].isdecimal():
            raise SignatureError(400, 215, "Bad Authentication data.")
        if abs(self._clock() - int(given["oauth_timestamp"])) > SKEW:
            raise SignatureError(401, 135, "Timestamp out of bounds.")

    def _secret(self, given: dict[str, str], find: Callable[[str], str | None]) -> str:
        if "oauth_token" not in given:
            return ""
        secret = find(given["oauth_token"])
        if secret is None:
            raise SignatureError(401, 89, "Invalid or expired token.")
        return secret

    def _judge_nonce(self, given: dict[str, str]) -> None:
        token, nonce = given.get("oauth_token", ""), given["oauth_nonce"]
        used = f"{token} {given['oauth_timestamp']} {nonce}"
        if self._nonces.look(used):
            raise SignatureError(401, 32, "Could not authenticate you.")
        self._nonces.put(True, used)


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    try:
        return once(pairs)
    except FormError as error:
        raise SignatureError(400, 215, "Bad Authentication data.") from error
