"""The words of our pages: one catalogue a language, English where a word is missing."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "locales"
LANGUAGES = tuple(sorted(file.stem for file in FOLDER.glob("*.json")))
DEFAULT = "en"
_CHINESE = {"tw": "zh-Hant", "hk": "zh-Hant", "mo": "zh-Hant", "hant": "zh-Hant"}
_NORWEGIAN = {"no": "nb", "nn": "nb"}


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    """One language's file: ``pages`` and ``widget``, each a flat table of texts."""
    read: Mapping[str, Mapping[str, str]] = json.loads(
        (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    )
    return read


def text(language: str, key: str, **values: str) -> str:
    """One text of our pages with its placeholders filled in."""
    words = catalogue(language)["pages"]
    pattern = words.get(key) or catalogue(DEFAULT)["pages"][key]
    return pattern.format_map(values) if values else pattern


def direction(language: str) -> str:
    """The writing direction, as HTML names it."""
    return catalogue(language)["widget"]["dir"]


def choose(wanted: str, accepted: str) -> str:
    """The language to speak: ``wanted`` (a tag, may be empty), else by ``Accept-Language``."""
    for tag in (wanted, *_by_preference(accepted)):
        known = nearest(tag)
        if known:
            return known
    return DEFAULT


def _by_preference(accepted: str) -> list[str]:
    """RFC 9110 section 12.5.4; what can't be read is passed over."""
    weighed = []
    for part in accepted[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            weighed.append((float(weight.strip().removeprefix("q=") or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda one: -one[0]) if weight > 0]


def nearest(tag: str) -> str | None:
    """The language of ours that a tag such as ``de-AT`` or ``zh-TW`` asks for, or None."""
    parts = tag.lower().replace("_", "-").split("-")
    primary = _NORWEGIAN.get(parts[0], parts[0])
    if primary == "zh":
        primary = next((_CHINESE[part] for part in parts[1:] if part in _CHINESE), "zh-Hans")
    if primary == "pt":
        primary = "pt-BR"
    return primary if primary in LANGUAGES else None
