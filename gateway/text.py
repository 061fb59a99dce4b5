"""Texts and addresses that strangers chose, made fit for tokens and pages (contract: section 5)."""

import re
import unicodedata
from urllib.parse import urlsplit

LENGTH = 100
READ = 1000  # characters looked at: composing many marks takes the square of their number
URL_LENGTH = 2048
EMAIL_LENGTH = 254  # RFC 5321

# Cc, Cf (bidirectional and zero-width controls among them), Cs, Co and Cn are no part of a name;
# joiners inside a word are: emoji and several scripts are misspelt without them.
_JOINERS = "\u200c\u200d"
_LOOSE_JOINERS = re.compile(
    rf"(?<!\S)[{_JOINERS}]+|[{_JOINERS}]+(?!\S)|(?<=[{_JOINERS}])[{_JOINERS}]+"
)
# By their category these are letters, marks and symbols, yet they show nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_INVISIBLE = frozenset("\u034f\u17b4\u17b5")


def clean(text: str) -> str:
    """NFC, without control and bidirectional characters, white space folded, 100 characters.

    Empty where nothing of it could be seen.
    """
    fitted = _LOOSE_JOINERS.sub("", "".join(map(_fit, text[:READ])))
    composed = unicodedata.normalize("NFC", " ".join(fitted.split()))
    short = composed[:LENGTH].rstrip(" " + _JOINERS)
    return short if any(unicodedata.category(c)[0] in "LNPS" for c in short) else ""


def _fit(character: str) -> str:
    if character.isspace() or character in _BLANK:
        return " "
    if character in _JOINERS:
        return character
    return "" if _is_invisible(character) else character


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character).startswith("C") or character in _INVISIBLE


def email(address: str | None) -> str | None:
    """The address, NFKC, if it could be one: exactly one ``@`` and nothing unprintable, else None.

    Normalised first, so that a look-alike ``@`` counts as one. Letters keep their case.
    """
    if address is None or len(address) > READ:
        return None
    normal = unicodedata.normalize("NFKC", address).strip()
    local, at, domain = normal.partition("@")
    plausible = at and local and domain and "@" not in domain and len(normal) <= EMAIL_LENGTH
    if not plausible or not normal.isprintable() or any(map(str.isspace, normal)):
        return None
    return normal


def web_url(url: str | None) -> str | None:
    """The address if it is a plain http(s) URL in ASCII, else None."""
    if not url or len(url) > URL_LENGTH or not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    usable = parts.scheme in ("http", "https") and parts.hostname and not set(url) & set(' \\"<>')
    return url if usable and "@" not in parts.netloc else None
