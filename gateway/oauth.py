"""Asking a provider who somebody is: OAuth 2.0 and OAuth 1.0a, by Authlib. Its only importer.

Authlib writes the links, the PKCE challenge, the token request and the client's authentication,
and signs OAuth 1.0a requests; they are sent over the shared transport as they are. Authlib's HTTP
clients are not used: one would have to be made for every sign-in, because it keeps tokens and
cookies. State, one use, expiry and the bond to the browser are ours (``attempts``), and every
answer is judged before anything is read from it. A provider's tokens live in these functions'
variables and nowhere else.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri, url_decode
from authlib.oauth1 import ClientAuth as Signer
from authlib.oauth2 import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from gateway import errors
from gateway.apps import App
from gateway.attempts import Secrets
from gateway.http import Answer, Asking
from providers.base import Identity, Profile, Trouble

_ERRORS: Mapping[Trouble, type[errors.ProviderError]] = {
    Trouble.CREDITS: errors.ProviderOutOfCredits,
    Trouble.ACCESS: errors.ProviderAccess,
    Trouble.RATE: errors.ProviderRate,
    Trouble.CODE: errors.ProviderRefusedCode,
    Trouble.CLIENT: errors.ProviderRefusedClient,
    Trouble.DOWN: errors.ProviderDown,
}

_TOKEN_REQUEST = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
}


class OAuth:
    """Both protocols over one shared transport. Every method raises ``errors.ProviderError``."""

    def __init__(self, transport: Asking) -> None:
        self._transport = transport

    async def authorization(
        self, app: App, redirect_uri: str, secrets: Secrets, *, email: bool, choose: bool
    ) -> tuple[str, Secrets]:
        """Where to send the browser, and the attempt's secrets as they are after that.

        OAuth 1.0a fetches a request token first, unless the secrets hold one already, so that a
        reload leads to the same place. ``email`` asks for what a site with e-mail needs,
        ``choose`` for account choice where the provider has it.
        """
        extra = app.provider.account_choice if choose else {}
        if app.provider.protocol == "oauth1":
            return await self._authorization1(app, redirect_uri, secrets, extra)
        if app.provider.pkce:
            challenge = create_s256_code_challenge(secrets.verifier)  # type: ignore[no-untyped-call]  # the stub leaves it untyped
            extra = {**extra, "code_challenge": challenge, "code_challenge_method": "S256"}
        url = prepare_grant_uri(
            app.endpoints["authorize_url"],
            app.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=" ".join(app.provider.scopes + (app.provider.email_scopes if email else ())),
            state=secrets.state,
            **extra,
        )
        return url.replace("+", "%20"), secrets  # X reads a plus as a plus

    async def _authorization1(
        self, app: App, redirect_uri: str, secrets: Secrets, extra: Mapping[str, str]
    ) -> tuple[str, Secrets]:
        if not secrets.request_token:
            secrets = await self._request_token(app, redirect_uri, secrets)
        query = {**extra, "oauth_token": secrets.request_token}
        return add_params_to_uri(app.endpoints["authorize_url"], query.items()), secrets

    async def _request_token(self, app: App, redirect_uri: str, secrets: Secrets) -> Secrets:
        signer = Signer(app.client_id, app.client_secret, redirect_uri=redirect_uri)
        with _unusable_answers():
            url = app.endpoints["request_token_url"]
            token = _form(await self._signed(app, signer, "POST", url))
            if token.get("oauth_callback_confirmed") != "true":
                raise errors.ProviderAnswer
            return Secrets(
                state=secrets.state,
                verifier=secrets.verifier,
                request_token=_filled(token["oauth_token"]),
                request_secret=_filled(token["oauth_token_secret"]),
            )

    async def identify(
        self,
        app: App,
        redirect_uri: str,
        secrets: Secrets,
        answer: Mapping[str, str],
        *,
        email: bool,
    ) -> Identity:
        """Redeem what the callback brought and read the profile, once.

        ``answer`` holds the callback's ``code``, or ``oauth_verifier`` for OAuth 1.0a.
        """
        with _unusable_answers():
            if app.provider.protocol == "oauth1":
                profile = await self._profile1(app, secrets, answer["oauth_verifier"], email)
            else:
                profile = await self._profile2(app, redirect_uri, secrets, answer["code"], email)
            return _of_its_types(app.provider.identify(profile))

    async def _profile1(self, app: App, secrets: Secrets, verifier: str, email: bool) -> Profile:
        query = {**app.provider.profile_query, **(app.provider.email_query if email else {})}
        signer = Signer(
            app.client_id,
            app.client_secret,
            token=secrets.request_token,
            token_secret=secrets.request_secret,
            verifier=verifier,
        )
        url = app.endpoints["access_token_url"]
        token = _form(await self._signed(app, signer, "POST", url))
        signer = Signer(
            app.client_id,
            app.client_secret,
            token=_filled(token["oauth_token"]),
            token_secret=_filled(token["oauth_token_secret"]),
        )
        try:
            url = add_params_to_uri(app.endpoints["profile_url"], query.items())
            return _object(await self._signed(app, signer, "GET", url))
        except errors.ProviderAccess:  # this app's plan has no v1.1
            query = dict(app.provider.fallback_query)
            url = add_params_to_uri(app.endpoints["fallback_profile_url"], query.items())
            return _object(await self._signed(app, signer, "GET", url))

    async def _profile2(
        self, app: App, redirect_uri: str, secrets: Secrets, code: str, email: bool
    ) -> Profile:
        query, extra = dict(app.provider.profile_query), dict(app.provider.email_query)
        token = await self._access_token(app, redirect_uri, secrets, code)
        if "debug_token_url" in app.endpoints:
            await self._is_for_this_app(app, token)
        together = query | extra if email and not app.provider.email_apart else query
        profile = await self._read(app, token, together)
        if email and app.provider.email_apart:
            with suppress(errors.ProviderError):
                profile = _merged(profile, await self._read(app, token, extra))
        return profile

    async def _access_token(self, app: App, redirect_uri: str, secrets: Secrets, code: str) -> str:
        verifier = {"code_verifier": secrets.verifier} if app.provider.pkce else {}
        asked = prepare_token_request(
            "authorization_code", redirect_uri=redirect_uri, code=code, **verifier
        )
        client = ClientAuth(app.client_id, app.client_secret, app.provider.client_auth)
        url, headers, body = client.prepare(  # type: ignore[no-untyped-call]  # the stub leaves it untyped
            "POST", app.endpoints["token_url"], dict(_TOKEN_REQUEST), asked
        )
        return _filled(_object(await self._ask(app, "POST", url, headers, body))["access_token"])

    async def _read(self, app: App, token: str, query: Mapping[str, str]) -> Profile:
        proof = {"appsecret_proof": _proof(app, token)} if app.provider.app_secret_proof else {}
        query = {**query, **proof}
        url = add_params_to_uri(app.endpoints["profile_url"], query.items())
        return _object(await self._ask(app, "GET", url, {"Authorization": f"Bearer {token}"}))

    async def _is_for_this_app(self, app: App, token: str) -> None:
        """Refuse a token that was made for another app (Facebook's ``debug_token``)."""
        app_token = f"{app.client_id}|{app.client_secret}"
        query = {
            "input_token": token,
            "access_token": app_token,
            "appsecret_proof": _proof(app, app_token),
        }
        url = add_params_to_uri(app.endpoints["debug_token_url"], query.items())
        about = _object(await self._ask(app, "GET", url, {}))["data"]
        if about["is_valid"] is not True or about["app_id"] != app.client_id:
            raise errors.ProviderRefusedCode

    async def _signed(self, app: App, signer: Signer, method: str, url: str) -> Answer:
        url, headers, _ = signer.prepare(method, url, {}, b"")
        return await self._ask(app, method, url, headers)

    async def _ask(
        self, app: App, method: str, url: str, headers: Mapping[str, str], body: str = ""
    ) -> Answer:
        """One call; a refusal is raised as what it means for us."""
        response = await self._transport.ask(method, url, headers, body)
        trouble = app.provider.trouble(response.status, _json(response))
        if trouble is not None:
            raise _ERRORS[trouble]
        return response


def _proof(app: App, token: str) -> str:
    return hmac.digest(app.client_secret.encode(), token.encode(), hashlib.sha256).hex()


def _merged(profile: Profile, email: Profile) -> Profile:
    """X: the answer to the second call names the same person, with the address."""
    if email["data"]["id"] != profile["data"]["id"]:
        raise errors.ProviderAnswer
    return {"data": {**profile["data"], **email["data"]}}


def _of_its_types(identity: Identity) -> Identity:
    """An answer may hold anything where a text is expected; a provider's file only picks it out."""
    return msgspec.convert(asdict(identity), Identity)


def _json(response: Answer) -> Any:
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(response.content)
    return None


def _object(response: Answer) -> Profile:
    profile = _json(response)
    if not isinstance(profile, dict):
        raise errors.ProviderAnswer
    return profile


def _form(response: Answer) -> dict[str, str]:
    return dict(url_decode(response.content.decode().strip()))


def _filled(text: Any) -> str:
    if not isinstance(text, str) or not text:
        raise errors.ProviderAnswer
    return text


@contextmanager
def _unusable_answers() -> Iterator[None]:
    """Whatever an answer breaks below has one name; its text, which is a stranger's, is dropped."""
    try:
        yield
    except errors.ProviderError:
        raise
    except (
        AuthlibBaseError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ):
        raise errors.ProviderAnswer from None
