"""Whatever goes wrong has a name, a code, a status and a sentence."""

import inspect
import re
from collections.abc import Iterator

import pytest

from gateway import errors
from gateway.errors import (
    Back,
    BadField,
    GatewayError,
    Misconfigured,
    Mistake,
    PageError,
    StartError,
    TokenError,
    TooMany,
)
from gateway.web import languages


def _all(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _all(child)


EVERY = list(_all(GatewayError))
LEAVES = [kind for kind in EVERY if not kind.__subclasses__()]


def test_the_tree_is_drawn_as_it_is() -> None:
    """The module's docstring is what a reader meets first."""
    drawn = set(re.findall(r"\b[A-Z]\w+\b", (errors.__doc__ or "").partition("``code``")[0]))

    assert {kind.__name__ for kind in EVERY} - drawn == set()


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: str(kind.__name__))
def test_every_leaf_has_a_code_of_its_own(kind: type[GatewayError]) -> None:
    shared = [other for other in LEAVES if other.code == kind.code and other is not kind]

    assert re.fullmatch(r"[a-z_]+", kind.code)
    assert kind.code != GatewayError.code
    assert shared == []
    assert inspect.getdoc(kind)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: str(kind.__name__))
def test_every_status_is_one_for_failures(kind: type[GatewayError]) -> None:
    assert 400 <= kind.status < 600


@pytest.mark.parametrize(
    "kind",
    [kind for kind in LEAVES if not issubclass(kind, TokenError | StartError)],
    ids=lambda kind: str(kind.__name__),
)
def test_every_message_is_a_sentence_without_markup(kind: type[GatewayError]) -> None:
    assert re.fullmatch(r"[A-Z][^<>{}]+\.", kind.message)


@pytest.mark.parametrize(
    "kind", [kind for kind in LEAVES if issubclass(kind, PageError)], ids=lambda k: str(k.__name__)
)
def test_every_page_for_people_has_its_words(kind: type[PageError]) -> None:
    words = languages.catalogue("en")["pages"]

    for part in ("error", "what", "next"):
        assert words[f"{part}_{kind.code}"]


def test_an_error_of_a_page_may_know_the_way_back() -> None:
    back = Back("Ada's blog", "https://blog.example.org/", "de")

    assert errors.BadReturnUrl(back=back).back == back
    assert errors.BadReturnUrl().back is None


def test_errors_carry_what_their_docstrings_say() -> None:
    field, wait = BadField("challenge"), TooMany(7)
    over, refused = errors.AttemptOver("code", back=None), errors.InvalidGrant("The code is used.")

    assert (field.field, wait.retry_after, over.outcome) == ("challenge", 7, "code")
    assert str(field).endswith("Field: challenge.")
    assert (refused.code, refused.status, str(refused)) == (
        "invalid_grant",
        400,
        "The code is used.",
    )


def test_mistakes_are_lines_in_the_order_of_their_keys() -> None:
    mistakes = [Mistake("b", "it is wrong", "Mend it."), Mistake("a", "it is missing", "Add it.")]

    said = str(Misconfigured(sorted(mistakes), {}))

    assert said == "a: it is missing. Add it.\nb: it is wrong. Mend it."
