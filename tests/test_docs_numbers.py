"""The numbers of the documentation against the code: lives, sizes, counts and waits."""

import re
from dataclasses import fields
from datetime import datetime, timedelta
from math import prod

import pytest

from gateway import (
    acquaintances,
    attempts,
    config,
    erasure,
    gate,
    gateway_sessions,
    grants,
    http,
    keys,
    login,
    pictures,
    redeem,
    redraw,
    sessions,
    sites,
    text,
    tokens,
    verify,
)
from gateway.database import sqlite
from gateway.demo.run import Town
from gateway.web import cookies, forms, middleware, protocol, server
from gateway.web.token import KEYS_HEADERS
from providers.rehearsal.faults import DELAYS
from tests.pages import DOCS
from tests.tools import OLDEST_NODE, ROOT
from tests.widget.test_build import SCRIPT_BUDGET, STYLE_BUDGET

# -- how the pages say a number ------------------------------------------------------------------

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400}
SMALL = "one two three four five six seven eight nine ten eleven twelve"
WORDS: dict[float, str] = {0.5: "half a", 1.5: "one and a half"}
WORDS.update(enumerate(SMALL.split(), start=1))


def _plain(number: float) -> str:
    """A number in digits, without a fraction that it does not have."""
    return f"{number:.12g}"


def _word(number: float) -> str:
    """A number as prose has it: "ten", but "25"."""
    return WORDS.get(number, _plain(number))


def _digits(seconds: float, unit: str) -> str:
    """A time as tables have it: "10 minutes"."""
    number = seconds / SECONDS[unit]
    return f"{_plain(number)} {unit}" if number == 1 else f"{_plain(number)} {unit}s"


def _words(seconds: float, unit: str) -> str:
    """A time as prose has it: "an hour", "ten minutes", "25 hours"."""
    number = seconds / SECONDS[unit]
    if number == 1:
        return f"an {unit}" if unit == "hour" else f"a {unit}"
    return f"{_word(number)} {unit}" if number < 1 else f"{_word(number)} {unit}s"


def _unit(seconds: float, unit: str) -> str:
    """The unit alone, where the time is one of it: "within the hour"."""
    return unit if seconds == SECONDS[unit] else _digits(seconds, unit)


def _kb(size: int) -> str:
    return f"{_plain(size / 1024)} kB"


def _lengths(pattern: re.Pattern[str]) -> tuple[int, int]:
    """The shortest and the longest text that a pattern takes."""
    taken = [length for length in range(1000) if pattern.fullmatch("a" * length)]
    return taken[0], taken[-1]


def _kept(headers: dict[str, str]) -> int:
    """For how many seconds an answer may be kept."""
    found = re.search(r"max-age=(\d+)", headers["Cache-Control"])
    return int(found[1]) if found else 0


def _in_script(path: str, name: str) -> int:
    """A constant of a script of ours: a number, or a product of some."""
    script = (ROOT / "gateway/web" / path).read_text(encoding="utf-8")
    found = re.search(rf"^ *(?:export )?const {name} = ([\d_ *]+);$", script, re.MULTILINE)
    assert found, f"{path} has no constant {name}"
    return prod(int(factor) for factor in found[1].split("*"))


# -- the pages -----------------------------------------------------------------------------------

CHALLENGE, _ = _lengths(login.CHALLENGE)
SHORTEST_STATE, LONGEST_STATE = _lengths(login.WIDGET_STATE)
SHORTEST_VERIFIER, LONGEST_VERIFIER = _lengths(redeem.VERIFIER)
_, LONGEST_SITE_ID = _lengths(config.SITE_ID)

MONTH = _in_script("widget/src/form.js", "MONTH") / 1000
SENT = _in_script("widget/src/form.js", "TEN_MINUTES") / 1000
WIDGET_SESSION = _in_script("widget/src/session.js", "TWO_WEEKS") / 1000
WIDGET_ATTEMPT = _in_script("widget/src/attempts.js", "LIFE") / 1000
QUIET = _in_script("templates/arm.js", "QUIET") / 1000

# A verifier asks again when its keys are old, and may get an answer as old as that from a cache.
RETIRED_WITHIN = _digits(verify.FRESH + _kept(KEYS_HEADERS), "minute")
MADE = datetime(2026, 11, 24, 23, 35)  # as the page shows it
SIGNS_FROM = MADE + timedelta(seconds=keys.PUBLISHED_BEFORE_USE)
TOMBSTONE = f"{_digits(attempts.REMEMBERED, 'hour')} and {_digits(attempts.LIFE, 'minute')}"

NUMBERS = {
    "reference/account-and-session.md": [
        f"cannot be renewed; its token ends within the {_unit(tokens.LIFE, 'hour')} |",
        f"**Lives** for {_digits(gateway_sessions.IDLE, 'day')} since it was last used,"
        f" and {_digits(gateway_sessions.ABSOLUTE, 'day')} at most.",
        f"**Lives** for {_digits(sessions.IDLE, 'day')} since the last renewal,"
        f" and {_digits(sessions.ABSOLUTE, 'day')} at most.",
        f"**At most {sessions.KEPT}** of one person with one site:",
        f"until the successor is redeemed and for {_digits(sessions.GRACE, 'second')} after",
    ],
    "reference/command-line.md": [
        f"what is under way has {_words(server.STOP_WITHIN, 'second')})",
        f"signs when it has been published for {_words(keys.PUBLISHED_BEFORE_USE, 'hour')})",
        "Let the next key take over, as soon as it has been published for"
        f" {_words(keys.PUBLISHED_BEFORE_USE, 'hour')}.",
        f"the first of the {_word(len(fields(Town)))} ports;",
    ],
    "reference/cookies-and-data.md": [
        f"| {_digits(attempts.LIFE, 'minute')}, then, once the browser has come back with it,"
        f" {TOMBSTONE}; at most {_word(attempts.KEPT)} of them |",
        f"| {_digits(gateway_sessions.ABSOLUTE, 'day')}; the session itself ends earlier",
        f"| {_digits(gateway_sessions.IDLE, 'day')} unused,"
        f" {_digits(gateway_sessions.ABSOLUTE, 'day')}, or until Log out |",
        f"| {TOMBSTONE} | | `grants` |",
        f"a code that waits to be redeemed | {_digits(grants.LIFE, 'second')} |",
        f"| {_digits(sessions.IDLE, 'day')} unrenewed,"
        f" {_digits(sessions.ABSOLUTE, 'day')}, or until ended;"
        f" at most {sessions.KEPT} of one person with one site |",
        f"| {_words(keys.PUBLISHED_AFTER_USE, 'hour')} after they were replaced |",
        f"Expired rows are taken away once {_words(gate.TIDY_EVERY, 'minute')}.",
    ],
    "reference/endpoints.md": [
        f"400 for what is not HTTP and for a head over {_kb(protocol.HEAD_BYTES)},"
        f" 503 beyond {server.CONNECTIONS} connections.",
        f"Request headers over {_kb(middleware.HEADER_BYTES)} get 431,"
        f" bodies over {_kb(forms.BODY_BYTES)} 413.",
        f"not there whole after {_words(protocol.REQUEST_SECONDS, 'second')}, body included,",
        f"without user information or fragment, at most {sites.RETURN_URL_LENGTH} characters |",
        f"| {CHALLENGE} characters, base64url: SHA-256 of the verifier",
        f"| {SHORTEST_STATE} to {LONGEST_STATE} characters of base64url, chosen by the page |",
        f"from the result; good for {_digits(grants.LIFE, 'second')}, once |",
        f"| {SHORTEST_VERIFIER} to {LONGEST_VERIFIER} characters (RFC 7636) |",
        f'"expires_in": {tokens.LIFE},',
        f"for everybody; may be kept for {_words(_kept(KEYS_HEADERS), 'minute')}.",
        f"WebP of {' or '.join(map(str, redraw.SIZES))} pixels (`?size=`)",
        "signed with the app's secret and at most"
        f" {_words(erasure.SIGNED_REQUEST_AGE, 'day')} old.",
    ],
    "reference/errors.md": [
        f"could not be written within {_digits(sqlite.WAIT, 'second')}, or not at all |",
        f"| `expired` | it took longer than {_words(attempts.LIFE, 'minute')} |",
        f"| no answer within {_digits(http.CALL_SECONDS, 'second')} |",
        f"is forged, older than {_words(erasure.SIGNED_REQUEST_AGE, 'day')}, or malformed |",
    ],
    "reference/settings.md": [
        f"references to secrets of at least {config.SECRET_BYTES} bytes, newest first.",
        f"small letters, digits and hyphens, at most {LONGEST_SITE_ID}.",
    ],
    "reference/token.md": [
        f"on one site, for {_word(tokens.LIFE / 3600)} hour.",
        f"issued at, ends at; {_words(tokens.LIFE, 'hour')} apart |",
        f"at most {text.LENGTH} characters, never empty |",
        f"at most {verify.TOKEN_BYTES} characters, a header of at most {_kb(verify.HEADER_BYTES)};",
        f"`0 < exp - iat <= {verify.LIFETIME}`;",
        f"with at most {_digits(verify.LEEWAY, 'second')} of tolerance;",
        f"`/jwks.json` may be kept for {_words(_kept(KEYS_HEADERS), 'minute')}."
        f" Fetch it again when it is older, and at most once {_words(verify.ASK_AGAIN, 'minute')}"
        " when a token names an unknown `kid`; when that fails,"
        f" the last good set serves for {_digits(verify.LAST_GOOD, 'hour')}.",
        f"The next key is published {_words(keys.PUBLISHED_BEFORE_USE, 'hour')} before it signs."
        f" A replaced one stays for {_words(keys.PUBLISHED_AFTER_USE, 'hour')}.",
        f"| a token | {_digits(tokens.LIFE, 'hour')} |",
        f"| a code, from which it came | {_digits(grants.LIFE, 'second')}, once |",
        f"| a session with a site | {_digits(sessions.IDLE, 'day')} since the last renewal,"
        f" at most {_digits(sessions.ABSOLUTE, 'day')} |",
        f"| the gateway's own session | {_digits(gateway_sessions.IDLE, 'day')} since it was"
        f" last used, at most {_digits(gateway_sessions.ABSOLUTE, 'day')} |",
        f"at the token's `exp`, at most {_words(tokens.LIFE, 'hour')} later;",
        f"| within {RETIRED_WITHIN}; {_digits(verify.LAST_GOOD, 'hour')} where the gateway"
        " cannot be reached |",
    ],
    "reference/widget.md": [
        f"{_word(SCRIPT_BUDGET / 1000).capitalize()} kilobytes of script"
        f" and {_word(STYLE_BUDGET / 1000)} of style (gzip)",
        f"| {_words(WIDGET_SESSION, 'week')} since the last renewal, or until Log out |",
        f"| {_digits(MONTH, 'day')}, or until the comment is accepted",
        f"| {_digits(SENT, 'minute')}, or until the next page with the widget |",
        f"| {_digits(WIDGET_ATTEMPT, 'minute')}, or until it ends |",
        f"With Node {OLDEST_NODE} or newer:",
    ],
    "explanation/architecture.md": [
        f"a used one leads back for {_words(attempts.REMEMBERED, 'day')}.",
        f"the key ring, read anew every {_words(keys.READ_AGAIN, 'second')},",
    ],
    "explanation/glossary.md": [
        f"who is commenting on a site, for {_words(tokens.LIFE, 'hour')} |",
    ],
    "explanation/privacy.md": [
        f"since when, last used (to the {_unit(acquaintances.NOTED, 'hour')}) |",
        f"| {_digits(sessions.IDLE, 'day')} unused, {_digits(sessions.ABSOLUTE, 'day')}, Log out |",
        f"| {_words(attempts.LIFE, 'minute')}; what came of it,"
        f" {_words(attempts.REMEMBERED, 'day')} |",
    ],
    "explanation/security.md": [
        f"The button arms after {_words(QUIET, 'second')} in which the window was visible",
        f"compared in constant time, {_words(erasure.SIGNED_REQUEST_AGE, 'day')} old at most,",
        f"pictures at most {_word(pictures.REDIRECTS)}, each judged anew |",
        f"| {_plain(http.CONNECT_SECONDS)} s to connect, {_plain(http.CALL_SECONDS)} s for a call,"
        f" {_kb(http.BODY_BYTES)} for a body,",
        f"{_plain(redraw.BYTES / 1024**2)} MiB and {_plain(redraw.PIXELS / 1e6)} megapixels;",
        f"body included, has {_plain(protocol.REQUEST_SECONDS)} s to arrive,",
        f"does not take has {_plain(protocol.ANSWER_SECONDS)} s to be read.",
        f"bounded at {_kb(protocol.HEAD_BYTES)},"
        f" bodies at {_kb(forms.BODY_BYTES)}, cookies at {cookies.VALUE_LENGTH} characters,"
        f" connections at {server.CONNECTIONS} a worker |",
        f"*Sign out here*, Log out, or {_digits(gateway_sessions.IDLE, 'day')} without use.",
        f"Log out at the other blog, or {_digits(gateway_sessions.IDLE, 'day')} without use.",
        f"until its token ends, at most {_words(tokens.LIFE, 'hour')}.",
        f"A worker has {server.CONNECTIONS} connections. One that says nothing is cut after"
        f" {_plain(protocol.REQUEST_SECONDS)} s,",
    ],
    "how-to/answer-an-erasure-request.md": [
        f"sign-ins that were under way, for {_words(attempts.REMEMBERED, 'day')}, without a name.",
        f"Tokens that were issued before end within the {_unit(tokens.LIFE, 'hour')};",
    ],
    "how-to/deploy-behind-a-proxy.md": [
        f"What is under way has {_words(server.STOP_WITHIN, 'second')} to finish;",
    ],
    "how-to/register-an-app-at-facebook.md": [
        f'api_version = "{config.DEFAULT_GRAPH_VERSION}"',
        f"refuses one older than {_words(erasure.SIGNED_REQUEST_AGE, 'day')}.",
    ],
    "how-to/rehearse-an-outage.md": [
        f"| the token takes {_digits(DELAYS['slow'], 'second')} |",
        f"| the token takes {_digits(DELAYS['hang'], 'second')} |",
        f"| after {_words(http.CALL_SECONDS, 'second')}: the sign-in did not work |",
        f"the keys it fetched last, for up to {_digits(verify.LAST_GOOD, 'hour')},"
        f" and a token lives for up to {_words(tokens.LIFE, 'hour')}.",
    ],
    "how-to/rotate-keys-and-secrets.md": [
        f"next made {MADE:%Y-%m-%d %H:%M} UTC",
        f"The next key signs from {SIGNS_FROM:%Y-%m-%d %H:%M} UTC on."
        f" The one before stays published for {_words(keys.PUBLISHED_AFTER_USE, 'hour')} more.",
        f"once it has been published for {_words(keys.PUBLISHED_BEFORE_USE, 'hour')}, at once",
        f"every worker notices within {_words(keys.READ_AGAIN, 'second')}.",
        f"is gone. Verifiers notice within {RETIRED_WITHIN}.",
        f"refused everywhere within {RETIRED_WITHIN},"
        f" or within {_digits(verify.LAST_GOOD, 'hour')} by a blog",
        f"has renewed that token, at most {_words(tokens.LIFE, 'hour')} later,",
        f"Wait {_digits(sessions.IDLE, 'day')}.",
    ],
    "how-to/trust-your-own-blog.md": [
        f"so they end within the {_unit(tokens.LIFE, 'hour')},",
    ],
    "how-to/verify-a-token-in-your-blog.md": [
        f"public keys, which it fetches every {_words(verify.FRESH, 'minute')}.",
        # PHP
        f"strlen($token) > {verify.TOKEN_BYTES} || strpos($token, '.') > {verify.HEADER_BYTES})",
        f"&& 0 < $life && $life <= {verify.LIFETIME} ",
        f"&& $now < $claims['exp'] + {verify.LEEWAY} ",
        f"&& $now >= max($claims['iat'], $claims['nbf']) - {verify.LEEWAY};",
        f"kid to PEM, kept for {_words(verify.FRESH, 'minute')} in a file",
        f"filemtime($file) < time() - {verify.FRESH})",
        f"filemtime($file) > time() - {verify.LAST_GOOD};",
        # Node
        rf"/^([\w-]{{1,{verify.HEADER_BYTES}}})\.",
        f"token.length > {verify.TOKEN_BYTES})",
        f"0 < exp - iat && exp - iat <= {verify.LIFETIME} ",
        f"now < exp + {verify.LEEWAY} && now >= Math.max(iat, nbf) - {verify.LEEWAY} ",
        f"asked for every {_words(verify.FRESH, 'minute')},"
        f" the last good ones kept {_words(verify.LAST_GOOD, 'day')}.",
        f"now - kept.asked > {verify.FRESH * 1000:_})",
        f"now - {(verify.FRESH - verify.ASK_AGAIN) * 1000:_};"
        f" // again in {_words(verify.ASK_AGAIN, 'minute')}",
        f"now - kept.good < {verify.LAST_GOOD * 1000:_} ?",
        # jose
        f"cacheMaxAge: {verify.FRESH * 1000:_} ",
        f"clockTolerance: {verify.LEEWAY},",
        f"maxTokenAge: {verify.LIFETIME},",
        f"exp - iat > {verify.LIFETIME})",
        # any other language
        f"with at most {_digits(verify.LEEWAY, 'second')} of tolerance,"
        f" and `exp - iat` is at most {verify.LIFETIME};",
        f"when your copy is {_words(verify.FRESH, 'minute')} old, and at once,"
        f" but at most once {_words(verify.ASK_AGAIN, 'minute')},",
        f"go on with the last good copy for {_words(verify.LAST_GOOD, 'day')}.",
    ],
}


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        pytest.param(page, sentence, id=f"{page.removesuffix('.md')}-{place}")
        for page, sentences in NUMBERS.items()
        for place, sentence in enumerate(sentences)
    ],
)
def test_a_number_on_a_page_is_the_one_in_the_code(page: str, sentence: str) -> None:
    words = " ".join((DOCS / page).read_text(encoding="utf-8").split())

    assert sentence in words


# -- the widget ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "name", "seconds"),
    [("attempts.js", "LIFE", attempts.LIFE), ("session.js", "TWO_WEEKS", sessions.IDLE)],
)
def test_the_widget_keeps_things_as_long_as_the_gateway(
    script: str, name: str, seconds: int
) -> None:
    assert _in_script(f"widget/src/{script}", name) == seconds * 1000


def test_the_widget_takes_back_every_state_that_the_gateway_takes() -> None:
    script = (ROOT / "gateway/web/widget/src/attempts.js").read_text(encoding="utf-8")

    assert rf"=([\w-]{{{SHORTEST_STATE},{LONGEST_STATE}}})\." in script
