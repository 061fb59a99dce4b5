"""Everything that can go wrong, by name.

    GatewayError
    ├── PageError               a person's browser asked; they get a page (or are led back)
    │   ├── BadField            a field of the start form is missing, doubled or malformed
    │   ├── BadReturnUrl        the return URL is not on the site
    │   ├── ForeignOrigin       the start form was sent by a page that is not the site's
    │   ├── NotANavigation      the start form was sent into a frame or by a script
    │   ├── ForeignForm         one of our own forms came from a page that is not ours
    │   ├── UnknownSite         no such site, or it is gone
    │   ├── UnknownProvider     no such provider on that site
    │   ├── NoCookie            the browser does not hold this attempt's cookie
    │   ├── UnknownState        the provider's answer belongs to no attempt
    │   ├── WrongProvider       the answer came to another provider's callback
    │   ├── WrongIssuer         the answer names another issuer (RFC 9207)
    │   ├── AttemptOver         the attempt was used already
    │   ├── TooMany             a limit was reached; carries ``retry_after`` in seconds
    │   ├── TooLarge            a body or header beyond what anybody needs
    │   └── Busy                the database did not answer in time, or can't be written
    ├── ProviderError           a provider refused or failed; the person is led back with `provider`
    │   ├── ProviderOutOfCredits, ProviderAccess, ProviderRate, ProviderRefusedCode,
    │   │   ProviderRefusedClient, ProviderDown
    │   ├── ProviderTimeout     no answer within the limits
    │   ├── ProviderUnreachable no connection, a bad certificate, a forbidden address
    │   └── ProviderAnswer      an answer that can't be used
    ├── BadSignedRequest        a provider's signed request is forged, old or malformed
    ├── TokenError              /token and /revoke; RFC 6749 section 5.2
    │   ├── InvalidRequest, InvalidClient, InvalidGrant, UnsupportedGrant
    └── StartError              the gateway refuses to start
        ├── Misconfigured       carries every mistake
        ├── NewerSchema         the database was written by a later version
        ├── DatabaseUnusable    the database can't be opened or written, or is none
        └── KeysUnreadable      no secret key opens the signing keys

``code`` is stable and machine-readable; ``status`` is the HTTP status, where there is an answer of
that kind; ``message`` says what happened and what helps. Pages for people take their words from
the catalogues, by ``code``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple


class GatewayError(Exception):
    """The root: whatever this product raises on purpose."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong."

    def __str__(self) -> str:
        return self.message


class Back(NamedTuple):
    """The way back to the form: the site's name, the return URL, and the language so far."""

    site: str
    url: str
    lang: str


class PageError(GatewayError):
    """A person's browser asked for something it can't have; ``back`` leads to the form."""

    status = 400

    def __init__(self, *evidence: object, back: Back | None = None) -> None:
        super().__init__(*evidence)
        self.back = back


class BadField(PageError):
    """A field of the start form is missing, doubled or malformed; ``field`` names it."""

    code = "bad_field"
    message = "The sign-in button sent a request that the gateway does not understand."

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} Field: {self.field}."


class BadReturnUrl(PageError):
    """The return URL is not an address on the site."""

    code = "bad_return_url"
    message = "The return address is not on the site that the button belongs to."


class ForeignOrigin(PageError):
    """The start form was sent by a page that is not the site's."""

    code = "foreign_origin"
    status = 403
    message = "The page with the sign-in button is not registered for this site."


class NotANavigation(PageError):
    """The start form was sent into a frame or by a script instead of a window."""

    code = "not_a_navigation"
    status = 403
    message = "A sign-in begins in a window of its own, not in a frame and not by a script."


class ForeignForm(PageError):
    """One of our own forms was sent by a page that is not ours, or without its token."""

    code = "foreign_form"
    status = 403
    message = "That answer did not come from the gateway's own page."


class UnknownSite(PageError):
    """There is no such site, or it has been removed."""

    code = "unknown_site"
    status = 404
    message = "No site is registered here under that name."


class UnknownProvider(PageError):
    """The site does not offer that provider."""

    code = "unknown_provider"
    status = 404
    message = "This site does not offer that way of signing in."


class NoCookie(PageError):
    """The browser does not hold this attempt's cookie, so nothing is told and nothing changes."""

    code = "no_cookie"
    message = "This sign-in did not begin in this browser, or its cookies are blocked."


class UnknownState(PageError):
    """The provider's answer belongs to no attempt: forged, replayed too late, or mangled."""

    code = "unknown_state"
    message = "The answer belongs to no sign-in that is under way here."


class WrongProvider(PageError):
    """The answer came to the callback of another provider than the attempt's."""

    code = "wrong_provider"
    message = "The answer came from another service than the one that was asked."


class WrongIssuer(PageError):
    """The answer names an issuer that is not the provider's (RFC 9207)."""

    code = "wrong_issuer"
    message = "The answer names another issuer than the service that was asked."


class AttemptOver(PageError):
    """The attempt was used already; ``outcome`` says what came of it, None while that is open."""

    code = "attempt_over"
    status = 410
    message = "This sign-in has been used already."

    def __init__(self, outcome: str | None, *, back: Back | None) -> None:
        super().__init__(outcome, back=back)
        self.outcome = outcome


class TooMany(PageError):
    """A limit was reached. ``retry_after`` is in seconds."""

    code = "too_many"
    status = 429
    message = "Too many sign-ins from this network at once. Try again in a moment."

    def __init__(self, retry_after: int, *, back: Back | None = None) -> None:
        super().__init__(retry_after, back=back)
        self.retry_after = retry_after


class TooLarge(PageError):
    """A body or header larger than any that this gateway needs."""

    code = "too_large"
    status = 413
    message = "The request is larger than any that this gateway needs."


class Busy(PageError):
    """The database did not let us write in time, or can't be written at all."""

    code = "busy"
    status = 503
    message = "The gateway is busy. Try again in a moment."


class ProviderError(GatewayError):
    """A provider refused or failed. The person is led back with the reason ``provider``."""

    code = "provider"
    message = "The provider did not say who this is."


class ProviderOutOfCredits(ProviderError):
    """The account that pays for the app has run dry (X answers 402)."""

    code = "provider_out_of_credits"
    message = "The provider app's account has no credits left: top it up at the provider."


class ProviderAccess(ProviderError):
    """The app's plan or permissions do not cover this call (X's 453, Facebook's 10 and 200-299)."""

    code = "provider_access"
    message = "The provider app's plan or permissions do not cover reading the profile."


class ProviderRate(ProviderError):
    """The provider limits how often it may be asked."""

    code = "provider_rate"
    message = "The provider is limiting this app's calls: it recovers by itself."


class ProviderRefusedCode(ProviderError):
    """The authorization code or the token was not accepted: too late, or used already."""

    code = "provider_refused_code"
    message = "The provider did not accept the code: it was too old, or used already."


class ProviderRefusedClient(ProviderError):
    """The app's id, secret or redirect URI was not accepted."""

    code = "provider_refused_client"
    message = "The provider did not accept the app: check its id, secret and redirect URI."


class ProviderDown(ProviderError):
    """The provider answered that it failed."""

    code = "provider_down"
    message = "The provider answered with an error of its own."


class ProviderTimeout(ProviderError):
    """No answer within the limits."""

    code = "provider_timeout"
    message = "The provider did not answer in time."


class ProviderUnreachable(ProviderError):
    """No connection: refused, no such name, a bad certificate, or an address that is not public."""

    code = "provider_unreachable"
    message = "The provider could not be reached, or its certificate is not valid."


class ProviderAnswer(ProviderError):
    """The provider answered something that can't be used."""

    code = "provider_answer"
    message = "The provider's answer could not be used."


class BadSignedRequest(GatewayError):
    """A provider's signed request is forged, older than a day, or malformed."""

    code = "bad_signed_request"
    status = 400
    message = "The signed request is forged, too old or malformed."


class TokenError(GatewayError):
    """An answer of the token endpoint; ``code`` is one of RFC 6749 section 5.2."""

    code = "invalid_request"
    status = 400

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return self.why


class InvalidRequest(TokenError):
    """A parameter is missing, doubled or malformed."""


class InvalidClient(TokenError):
    """No such site, or its page may not speak for it."""

    code = "invalid_client"
    status = 401


class InvalidGrant(TokenError):
    """The code or refresh token is not good here and now."""

    code = "invalid_grant"


class UnsupportedGrant(TokenError):
    """A grant type that this gateway does not know."""

    code = "unsupported_grant_type"


Addresses = Mapping[str, str]  # by what the provider's developer page calls them


class StartError(GatewayError):
    """The gateway refuses to start."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong with the configuration: where, what, and what helps."""

    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}. {self.remedy}"


class Misconfigured(StartError):
    """The configuration is wrong; ``mistakes`` are all of them, in the order of their keys.

    ``register`` are the addresses to register at the providers, where they are known all the same:
    some providers give no secret before they have them.
    """

    code = "misconfigured"

    def __init__(self, mistakes: list[Mistake], register: Mapping[str, Addresses]) -> None:
        super().__init__(mistakes, register)
        self.mistakes = mistakes
        self.register = register

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


class NewerSchema(StartError):
    """The database was written by a later version than this one."""

    code = "newer_schema"
    message = "The database was written by a newer Commentgate. Start that version, or newer."


class DatabaseUnusable(StartError):
    """The database can't be opened or written, or is none; ``why`` are the engine's words."""

    code = "database_unusable"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"The database can't be used: {self.why}. Check its path, who owns the file and its "
            "folder, and the room on the disk."
        )


class KeysUnreadable(StartError):
    """None of the secret keys opens the signing keys in the database."""

    code = "keys_unreadable"
    message = (
        "The signing keys in the database were wrapped under a secret that `secret_keys` does "
        "not list. Add that secret after the newest one, start once, and remove it then."
    )
