"""Which language a page speaks, and that every language has words that fit."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web import languages
from gateway.web.languages import DEFAULT, LANGUAGES, catalogue, choose, direction, text

PLACEHOLDER = re.compile(r"\{\w*\}")


def test_english_and_german_are_spoken() -> None:
    assert {"en", "de"} <= set(LANGUAGES)


@pytest.mark.parametrize(
    ("wanted", "accepted", "chosen"),
    [
        ("de", "en", "de"),
        ("de-AT", "", "de"),
        ("DE", "", "de"),
        ("de_CH", "", "de"),
        ("", "de", "de"),
        ("", "de-DE,de;q=0.9,en;q=0.8", "de"),
        ("", "tlh,de;q=0.5", "de"),
        ("", "en;q=0.5, de;q=0.9", "de"),
        ("", "en; q=0.5 , de ; q=0.9", "de"),
        ("", "en;q=0,de;q=0.1", "de"),
        ("tlh", "de", "de"),
        ("", "", "en"),
        ("", "*", "en"),
        ("", "tlh", "en"),
        ("", "de;q=0", "en"),
        ("", "de;q=nan,en", "en"),
        ("", "de;q=x,en;q=0.1", "en"),
        ("", "en;level=1,de;q=0.1", "de"),
        ("../../etc/passwd", "", "en"),
        ("en.json", "", "en"),
    ],
)
def test_the_wanted_language_comes_first_and_then_the_accepted_ones(
    wanted: str, accepted: str, chosen: str
) -> None:
    assert choose(wanted, accepted) == chosen


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
    ],
)
def test_a_near_relative_is_spoken_where_the_language_itself_is_not(
    monkeypatch: pytest.MonkeyPatch, tag: str, spoken: str
) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "nb", "pt-BR", "zh-Hans", "zh-Hant"))

    assert choose(tag, "") == choose("", tag) == spoken


@given(st.text(), st.text("abcdehnzq-_;,=.*0123456789 \t", max_size=60) | st.text())
def test_whatever_is_asked_for_a_language_is_chosen(wanted: str, accepted: str) -> None:
    assert choose(wanted, accepted) in LANGUAGES


def test_a_long_list_of_languages_is_not_read_to_its_end() -> None:
    assert choose("", "tlh," * 500 + "de") == "en"


def test_arabic_persian_and_hebrew_are_written_from_right_to_left() -> None:
    assert [direction(language) for language in ("ar", "fa", "he", "de", "en")] == [
        "rtl",
        "rtl",
        "rtl",
        "ltr",
        "ltr",
    ]


def test_a_text_has_its_placeholders_filled_in() -> None:
    assert text("en", "back_to_site", site="Ada's {blog}") == "Back to Ada's {blog}"


def test_a_word_that_a_language_lacks_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"pages": {"greeting": "Hallo"}}
    english = {"pages": {"greeting": "Hello", "farewell": "Bye, {name}"}}
    monkeypatch.setattr(languages, "catalogue", {"de": own, "en": english}.get)

    assert text("de", "greeting") == "Hallo"
    assert text("de", "farewell", name="Ada") == "Bye, Ada"
    with pytest.raises(KeyError):
        text("de", "nowhere")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", ["pages", "widget"])
def test_every_catalogue_fits_the_english_one(language: str, part: str) -> None:
    """Same placeholders, no key that nobody reads; a text without words would be a blank page."""
    words, english = catalogue(language)[part], catalogue(DEFAULT)[part]

    assert set(words) - set(english) == set()
    misfits = [key for key, words in words.items() if _places(words) != _places(english[key])]
    assert misfits == []
    assert [key for key, words in words.items() if not words.strip()] == []


def _places(words: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(words)))
