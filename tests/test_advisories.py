"""Every advisory has a guard that exists, and every rule a test that carries its id."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.advisories import ADVISORIES, ELSEWHERE, RULES

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"CVE-\d{4}-\d{4,6}|GHSA(-[0-9a-z]{4}){3}")


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


@pytest.mark.parametrize("number", ADVISORIES)
def test_the_guards_of_an_advisory_exist(number: str) -> None:
    assert NUMBER.fullmatch(number)
    assert ADVISORIES[number]
    for guard in ADVISORIES[number]:
        path, _, name = guard.partition("::")
        assert name in names_in(path), guard


def test_an_advisory_is_guarded_against_or_about_a_part_that_is_not_here() -> None:
    assert not set(ADVISORIES) & set(ELSEWHERE)
    assert all(NUMBER.fullmatch(number) and why for number, why in ELSEWHERE.items())


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_checklist_has_a_test_of_its_name(rule: str) -> None:
    named = re.compile(rf"test_([A-Z]\d+_)*{rule}_")
    files = [str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")]

    assert any(named.match(name) for file in files for name in names_in(file))
