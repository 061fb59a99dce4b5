"""Asking a provider who somebody is: OAuth 2.0 and OAuth 1.0a, by Authlib. Its only importer.

Authlib builds the URLs, makes the PKCE challenge, signs OAuth 1.0a requests and calls the token
endpoints; an OAuth 2.0 profile is a plain GET over the same transport. State, one use, expiry and
the bond to the browser are ours (``attempts``), and so is reading the provider's refusals: every
answer is judged before Authlib sees it. A provider's tokens live in these functions' variables
and nowhere else.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

import httpx2
import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth1Client, AsyncOAuth2Client
from authlib.oauth1.client import OAuth1Client
from authlib.oauth2.client import OAuth2Client

from gateway import errors
from gateway.apps import App
from gateway.attempts import Secrets
from providers.base import Identity, Profile, Trouble

_ERRORS: Mapping[Trouble, type[errors.ProviderError]] = {
    Trouble.CREDITS: errors.ProviderOutOfCredits,
    Trouble.ACCESS: errors.ProviderAccess,
    Trouble.RATE: errors.ProviderRate,
    Trouble.CODE: errors.ProviderRefusedCode,
    Trouble.CLIENT: errors.ProviderRefusedClient,
    Trouble.DOWN: errors.ProviderDown,
}


class OAuth:
    """Both protocols over one shared transport. Every method raises ``errors.ProviderError``."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
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
        scopes = app.provider.scopes + (app.provider.email_scopes if email else ())
        url, _ = OAuth2Client(
            None, app.client_id, redirect_uri=redirect_uri, code_challenge_method="S256"
        ).create_authorization_url(
            app.endpoints["authorize_url"],
            state=secrets.state,
            code_verifier=secrets.verifier if app.provider.pkce else None,
            scope=" ".join(scopes),
            **extra,
        )
        return url.replace("+", "%20"), secrets  # X reads a plus as a plus

    async def _authorization1(
        self, app: App, redirect_uri: str, secrets: Secrets, extra: Mapping[str, str]
    ) -> tuple[str, Secrets]:
        if not secrets.request_token:
            secrets = await self._request_token(app, redirect_uri, secrets)
        url = OAuth1Client(None, app.client_id).create_authorization_url(
            app.endpoints["authorize_url"], secrets.request_token, **extra
        )
        return str(url), secrets

    async def _request_token(self, app: App, redirect_uri: str, secrets: Secrets) -> Secrets:
        with _unusable_answers():
            async with self._client1(app, redirect_uri=redirect_uri) as client:
                token = await client.fetch_request_token(  # type: ignore[misc]  # the stub gives the synchronous client's type
                    app.endpoints["request_token_url"]
                )
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
            return app.provider.identify(profile)

    async def _profile1(self, app: App, secrets: Secrets, verifier: str, email: bool) -> Profile:
        query = dict(app.provider.profile_query) | dict(app.provider.email_query if email else {})
        async with self._client1(
            app, token=secrets.request_token, token_secret=secrets.request_secret
        ) as client:
            await client.fetch_access_token(  # type: ignore[no-untyped-call]  # the stub leaves it untyped
                app.endpoints["access_token_url"], verifier
            )
            try:
                return _object(await client.get(app.endpoints["profile_url"], params=query))
            except errors.ProviderAccess:  # this app's plan has no v1.1
                fallback = app.endpoints["fallback_profile_url"]
                query = dict(app.provider.fallback_query)
                return _object(await client.get(fallback, params=query))

    async def _profile2(
        self, app: App, redirect_uri: str, secrets: Secrets, code: str, email: bool
    ) -> Profile:
        verifier = {"code_verifier": secrets.verifier} if app.provider.pkce else {}
        query, extra = dict(app.provider.profile_query), dict(app.provider.email_query)
        async with self._client2(app, redirect_uri) as client:
            answer = await client.fetch_token(
                app.endpoints["token_url"],
                grant_type="authorization_code",
                code=code,
                redirect_uri=redirect_uri,
                **verifier,
            )
        token = _filled(answer["access_token"])
        if "debug_token_url" in app.endpoints:
            await self._is_for_this_app(app, token)
        together = query | extra if email and not app.provider.email_apart else query
        profile = await self._read(app, token, together)
        if email and app.provider.email_apart:
            with suppress(errors.ProviderError):
                profile = _merged(profile, await self._read(app, token, extra))
        return profile

    async def _read(self, app: App, token: str, query: Mapping[str, str]) -> Profile:
        proof = {"appsecret_proof": _proof(app, token)} if app.provider.app_secret_proof else {}
        bearer = {"Authorization": f"Bearer {token}"}
        return await self._get(app, app.endpoints["profile_url"], {**query, **proof}, bearer)

    async def _is_for_this_app(self, app: App, token: str) -> None:
        """Refuse a token that was made for another app (Facebook's ``debug_token``)."""
        app_token = f"{app.client_id}|{app.client_secret}"
        query = {
            "input_token": token,
            "access_token": app_token,
            "appsecret_proof": _proof(app, app_token),
        }
        about = (await self._get(app, app.endpoints["debug_token_url"], query, {}))["data"]
        if about["is_valid"] is not True or about["app_id"] != app.client_id:
            raise errors.ProviderRefusedCode

    async def _get(
        self, app: App, url: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Profile:
        """One GET, by the transport itself: a client's cookies and redirects are not wanted."""
        request = httpx2.Request("GET", url, params=query, headers=headers)
        response = await self._transport.handle_async_request(request)
        await _judge(app, response)
        return _object(response)

    @asynccontextmanager
    async def _client1(self, app: App, **credentials: Any) -> AsyncIterator[AsyncOAuth1Client]:
        client = AsyncOAuth1Client(
            app.client_id, app.client_secret, **credentials, **self._wiring(app)
        )
        async with client:
            yield client

    @asynccontextmanager
    async def _client2(self, app: App, redirect_uri: str) -> AsyncIterator[AsyncOAuth2Client]:
        client = AsyncOAuth2Client(
            app.client_id,
            app.client_secret,
            token_endpoint_auth_method=app.provider.client_auth,
            redirect_uri=redirect_uri,
            **self._wiring(app),
        )
        async with client:
            yield client

    def _wiring(self, app: App) -> dict[str, Any]:
        return {
            "transport": self._transport,
            "trust_env": False,  # else each client makes TLS contexts for the environment's proxies
            "follow_redirects": False,
            "timeout": None,  # the transport keeps the time of the whole call
            "event_hooks": {"response": [partial(_judge, app)]},
        }


async def _judge(app: App, response: httpx2.Response) -> None:
    await response.aread()
    trouble = app.provider.trouble(response.status_code, _json(response))
    if trouble is not None:
        raise _ERRORS[trouble]


def _proof(app: App, token: str) -> str:
    return hmac.digest(app.client_secret.encode(), token.encode(), hashlib.sha256).hex()


def _merged(profile: Profile, email: Profile) -> Profile:
    """X: the answer to the second call names the same person, with the address."""
    if email["data"]["id"] != profile["data"]["id"]:
        raise errors.ProviderAnswer
    return {"data": {**profile["data"], **email["data"]}}


def _json(response: httpx2.Response) -> Any:
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(response.content)
    return None


def _object(response: httpx2.Response) -> Profile:
    profile = _json(response)
    if not isinstance(profile, dict):
        raise errors.ProviderAnswer
    return profile


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
        httpx2.HTTPError,
        httpx2.InvalidURL,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ):
        raise errors.ProviderAnswer from None
