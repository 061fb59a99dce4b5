"""Texts and addresses that strangers chose, made fit for tokens and pages (contract: section 5)."""

import unicodedata
from urllib.parse import urlsplit

LENGTH = 100
URL_LENGTH = 2048

# Cc, Cf (bidirectional and zero-width controls among them), Cs, Co and Cn are no part of a name;
# joiners are: emoji and several scripts are misspelt without them.
_JOINERS = {"\u200c", "\u200d"}


def clean(text: str) -> str:
    """NFC, without control and bidirectional characters, white space folded, 100 characters."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(c if _is_visible(c) else " " if c.isspace() else "" for c in composed)
    return " ".join(kept.split())[:LENGTH].strip()


def _is_visible(character: str) -> bool:
    return character in _JOINERS or not unicodedata.category(character).startswith("C")


def web_url(url: str | None) -> str | None:
    """The address if it is a plain http(s) URL in ASCII, else None."""
    if not url or len(url) > URL_LENGTH or not url.isascii() or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    usable = parts.scheme in ("http", "https") and parts.hostname and " " not in url
    return url if usable and "@" not in parts.netloc else None
