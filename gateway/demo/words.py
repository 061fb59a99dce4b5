"""The blog's own sentences, in English and German."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "locales"
LANGUAGES = ("en", "de")

#: Names are names in every language.
PROVIDER_NAMES = {
    "wordpress": "WordPress.com",
    "twitter": "X",
    "facebook": "Facebook",
}


@cache
def words(language: str) -> Mapping[str, str]:
    """Give the catalogue of one of LANGUAGES."""
    catalogue: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return catalogue


def language_of(accept_language: str) -> str:
    """Choose the language that an Accept-Language header asks for most; English if none."""
    wishes = [_wish(item) for item in accept_language.split(",")]
    known = [(weight, -place) for place, (name, weight) in enumerate(wishes) if name in LANGUAGES]
    weight, place = max(known, default=(0.0, 0))
    return wishes[-place][0] if weight > 0 else LANGUAGES[0]


def _wish(item: str) -> tuple[str, float]:
    tag, _, weight = item.partition(";")
    primary = tag.strip().partition("-")[0].lower()
    return primary, _weight(weight.strip())


def _weight(text: str) -> float:
    if not text:
        return 1.0
    name, _, value = text.partition("=")
    plain = value.replace(".", "", 1)
    return float(value) if name == "q" and plain.isascii() and plain.isdigit() else 0.0
