"""What somebody sent with the comment form, cleaned, and what is wrong with it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.demo.comments import Author

TEXT_LENGTH = 5000
NAME_LENGTH = 100
EMAIL_LENGTH = 254
WEBSITE_LENGTH = 200
LOOKS = ("icons",)

# They turn the text around them, so a name could rewrite the line it stands in.
BIDI_CONTROLS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The form as it was sent, fit to be shown again.

    ``parent`` is the id of the comment answered, ``token`` the session token or empty.
    """

    text: str = ""
    name: str = ""
    email: str = ""
    website: str = ""
    parent: int | None = None
    token: str = ""


def read(form: Mapping[str, object]) -> Draft:
    """Read the form's fields; what is missing or is a file counts as empty."""
    return Draft(
        text=_lines(_field(form, "comment")),
        name=_line(_field(form, "author")),
        email=_line(_field(form, "email")),
        website=_line(_field(form, "url")),
        parent=parent_id(_field(form, "comment_parent")),
        token=_field(form, "commentgate_token").strip(),
    )


def parent_id(text: str) -> int | None:
    """Read a comment's id; None if it is none."""
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,14}", text) else None


def text_faults(draft: Draft) -> list[str]:
    """Name what is wrong with the text, as keys of the catalogue."""
    if not draft.text:
        return ["fault_empty"]
    return ["fault_long"] if len(draft.text) > TEXT_LENGTH else []


def guest_faults(draft: Draft) -> list[str]:
    """Name what is wrong with a guest's own fields, as keys of the catalogue."""
    checks = {
        "fault_name": 0 < len(draft.name) <= NAME_LENGTH,
        "fault_email": not draft.email or _is_email(draft.email),
        "fault_website": not draft.website or _link(draft.website) is not None,
    }
    return [fault for fault, good in checks.items() if not good]


def guest(draft: Draft) -> Author:
    """Give the author of a guest's draft that has no faults."""
    return Author(name=draft.name, email=draft.email or None, link=_link(draft.website))


def _field(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    # Half characters can be sent, but neither kept nor shown.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _lines(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_printable(line).rstrip() for line in lines).strip()


def _line(text: str) -> str:
    plain = _printable(text).translate(BIDI_CONTROLS)
    return unicodedata.normalize("NFC", " ".join(plain.split()))


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)


def _is_email(text: str) -> bool:
    return len(text) <= EMAIL_LENGTH and EMAIL.fullmatch(text) is not None


def _link(website: str) -> str | None:
    """Give the http(s) URL that somebody meant, or None."""
    if not website or len(website) > WEBSITE_LENGTH or " " in website:
        return None
    url = website if "://" in website else f"https://{website}"
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return url if whole and parts.scheme in ("http", "https") and "@" not in url else None
