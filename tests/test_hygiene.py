"""What no tracked file may hold. The rules are written so that they do not find themselves."""

import re
from dataclasses import dataclass

import pytest

from tests.tools import ROOT, tracked_files

CODE = (".py", ".js", ".ts", ".css", ".html", ".sql", ".php")
LOCKS = (".txt", ".in", ".toml", ".npmrc", "package-lock.json", "Makefile")
PICTURES = (".png", ".ico", ".woff2", ".zip", ".gz")


@dataclass(frozen=True)
class Rule:
    """``pattern`` finds each of ``bad`` and none of ``good``, once their ``~`` is taken out.

    Files with one of ``endings`` are searched; without any, all.
    """

    name: str
    pattern: str
    bad: tuple[str, ...]
    good: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


RULES = (
    Rule(
        name="a path of one machine",
        pattern=r"(?<![\w.])/(root|home|work|Users)/[\w.]",
        bad=("cd /ro~ot/x", 'open("/ho~me/ada/file")'),
        good=("https://blog.example.org/home/ada", "./wo~rk/x"),
    ),
    Rule(
        name="an address at a package index",
        pattern=r"""https?://[^\s"'<>]*(/simple/?(\W|$)|\.whl|\.tgz)""",
        bad=("https://pypi.example/sim~ple/", "https://npm.example/a/-/a-1.t~gz"),
        good=("https://example.org/simply",),
    ),
    Rule(
        name="an option that names a package index",
        pattern=r"--(extra-)?index-url|--find-links|--trusted-host|^registry *=",
        bad=("--index~-url x", "registry=x"),
        endings=LOCKS,
    ),
    Rule(
        name="a checker switched off without its code and a reason",
        pattern=r"# *no[q]a(?!: *[A-Z]+\d+(, *[A-Z]+\d+)*( +\W+)? +\w)",
        bad=("x  # no~qa", "x  # no~qa: S105", "x  # no~qa: S105, S106"),
        good=("x  # no~qa: S105 a header's name", "x  # no~qa: S105, S106 - names"),
        endings=(".py",),
    ),
    Rule(
        name="a type ignored without its code and a reason",
        pattern=r"# *type: *ig[n]ore(?!\[[\w, -]+\]( +\W+)? +\w)",
        bad=("x  # type: ig~nore", "x  # type: ig~nore[attr-defined]"),
        good=("x  # type: ig~nore[attr-defined]  # Windows has none",),
        endings=(".py",),
    ),
    Rule(
        name="a test that does not run",
        pattern=r"pytest\.(mark\.)?(sk[i]p|xf[a]il|importorsk[i]p)|\b(it|test|describe)\.(skip|only)\(",
        bad=("@pytest.mark.sk~ip", 'pytest.importor~skip("x")', "it.on~ly("),
        endings=CODE,
    ),
    Rule(
        name="something left to do",
        pattern=r"\b(TO[D]O|FIX[M]E|XX[X])\b|raise NotImplemented[E]rror",
        bad=("# TO~DO: more", "raise Not~ImplementedError"),
        good=("with suppress(Not~ImplementedError):",),
        endings=CODE,
    ),
)


def _found(rule: Rule) -> list[str]:
    expression = re.compile(rule.pattern)
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name in tracked_files()
        if not name.endswith(PICTURES) and (not rule.endings or name.endswith(rule.endings))
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if expression.search(line)
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_tracked_file_holds(rule: Rule) -> None:
    assert _found(rule) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_pattern_tells_bad_from_good(rule: Rule) -> None:
    bad = [example.replace("~", "") for example in rule.bad]
    good = [example.replace("~", "") for example in rule.good]

    assert [line for line in bad if not re.search(rule.pattern, line)] == []
    assert [line for line in good if re.search(rule.pattern, line)] == []
