"""Every language says what English says: the same keys, placeholders and tags, and nothing more."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.tools import ROOT

FILES = sorted((ROOT / "gateway/web/locales").glob("*.json"))
ORDER: list[str] = json.loads((ROOT / "tests/vectors/widget_words.json").read_text())["order"]
# Bytes of gzip -9: for Latin letters, which take one byte, and for others, which take two or three.
LATIN_AT_MOST = 720
OTHERS_AT_MOST = 880
# What a language may have to name in two sentences where English needs one.
MAY_STAND_TWICE = {"{gateway}", "{provider}", "{site}"}


def _words(file: Path) -> dict[str, str]:
    widget: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))["widget"]
    return widget


ENGLISH = _words(ROOT / "gateway/web/locales/en.json")
each_language = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def _marks(text: str) -> Counter[str]:
    """Its placeholders and tags, each as often as it stands there."""
    return Counter(re.findall(r"\{\w*\}|</?\w*>", text))


@each_language
def test_a_language_has_exactly_the_keys_of_english_in_their_order(file: Path) -> None:
    assert list(_words(file)) == list(ENGLISH)


@each_language
def test_a_text_has_exactly_the_placeholders_and_tags_of_english(file: Path) -> None:
    words = _words(file)

    marks = {key: set(_marks(text)) for key, text in words.items()}
    repeated = {mark for text in words.values() for mark, n in _marks(text).items() if n > 1}

    assert marks == {key: set(_marks(text)) for key, text in ENGLISH.items()}
    assert repeated <= MAY_STAND_TWICE


@each_language
def test_braces_and_angles_only_mark_placeholders_and_whole_tags(file: Path) -> None:
    bare = {
        key: re.sub(r"\{[a-z]+\}|<([a-z]+)>[^<>{}]+</\1>", "", text)
        for key, text in _words(file).items()
    }

    assert {key: text for key, text in bare.items() if re.search(r"[{}<>]", text)} == {}


@each_language
def test_a_text_is_a_whole_one_without_stray_spaces(file: Path) -> None:
    words = _words(file)

    assert {key: text for key, text in words.items() if text != " ".join(text.split())} == {}
    assert [key for key, text in words.items() if not text and ENGLISH[key]] == []


@each_language
def test_a_language_names_itself_and_its_direction(file: Path) -> None:
    words = _words(file)

    assert words["lang"] == file.stem
    assert words["dir"] == ("rtl" if file.stem in {"ar", "fa", "he"} else "ltr")


@each_language
def test_no_provider_is_named_outside_a_placeholder(file: Path) -> None:
    """Their names are never translated, and texts fit whichever are switched on."""
    texts = " ".join(_words(file).values())

    assert re.findall(r"WordPress|Facebook|Twitter", texts) == []


def test_the_order_of_the_texts_is_only_ever_added_to() -> None:
    """It is all by which a widget knows them, and a blog may keep an older one."""
    assert list(ENGLISH)[: len(ORDER)] == ORDER


def test_a_new_text_is_kept_in_its_place_from_now_on() -> None:
    assert list(ENGLISH)[len(ORDER) :] == []


@each_language
def test_a_language_is_a_small_answer(file: Path) -> None:
    texts = json.dumps(list(_words(file).values()), ensure_ascii=False, separators=(",", ":"))

    packed = len(gzip.compress(texts.encode(), 9, mtime=0))

    latin = len(texts.encode()) < 1.2 * len(texts)
    assert packed <= (LATIN_AT_MOST if latin else OTHERS_AT_MOST)
