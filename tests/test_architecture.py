"""Which way the arrows run: every import is read and held against the tables below."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import packages_distributions

import pytest

from tests.arrows import Sources, circles, imports, modules, most_exact, name_of, within
from tests.tools import ROOT

# From the roof to the ground. A module imports from its own floor or from one below, never above.
# The most exact name counts: gateway.demo.run stands on another floor than gateway.demo.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("gateway.__main__", "gateway.cli", "gateway.demo.run"),
    ("gateway.web",),
    ("gateway.account",),
    ("gateway.login", "gateway.redeem", "gateway.erasure"),
    ("gateway.gate",),
    ("gateway.sessions", "gateway.config", "gateway.tokens", "gateway.steps"),
    (
        *("gateway.attempts", "gateway.grants", "gateway.gateway_sessions", "gateway.commenters"),
        *("gateway.sites", "gateway.apps", "gateway.keys", "gateway.oauth"),
        *("gateway.limits", "gateway.acquaintances", "gateway.pictures"),
    ),
    ("gateway.database", "gateway.http", "gateway.seal", "gateway.text"),
    ("gateway.events", "gateway.logs"),
    ("gateway.errors", "gateway.redraw", "gateway"),
    ("providers.rehearsal",),
    ("providers",),
)

# Islands: of our own code they import what is named here and themselves, nothing else.
ISLANDS: Mapping[str, tuple[str, ...]] = {
    "gateway.verify": (),  # a blog server copies this one file
    "gateway.redraw": (),  # a program of its own, kept away from everything
    "gateway.demo": ("gateway.verify",),  # the demo blog is a blog like any other
    "gateway.demo.run": ("gateway", "providers"),  # starts gateway, blog and stand-ins together
    "providers": (),
}

# Other people's packages, and the only places that may import them.
DOORS: Mapping[str, tuple[str, ...]] = {
    "aiohttp": ("gateway.http",),
    "authlib": ("gateway.oauth",),
    "click": ("gateway.cli",),
    "itsdangerous": ("gateway.seal",),
    "jinja2": ("gateway.web", "gateway.demo", "providers.rehearsal"),
    "oauthlib": ("providers.rehearsal",),
    "sqlite3": ("gateway.database", "gateway.demo"),
    "starlette": ("gateway.web", "gateway.demo", "providers.rehearsal"),
    "uvicorn": ("gateway.web", "gateway.demo.run", "gateway.cli"),
}

# Packages that import the standard library and nothing of other people's but what is named.
FRUGAL: Mapping[str, tuple[str, ...]] = {
    "providers": (),
    "providers.rehearsal": ("jinja2", "markupsafe", "oauthlib", "starlette"),
    "gateway.verify": ("joserfc",),
}

# Starlette's own, four times slower than a bare route, and the wrong cookie.
UNWANTED = ("BaseHTTPMiddleware", "SessionMiddleware")

# What is compared in constant time: names that end like this.
SECRET = ("_hash", "mac", "signature", "secret", "verifier", "token")


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in ("gateway", "providers")


def wrong_floors(sources: Sources) -> list[str]:
    """Arrows that run up, and modules that stand on no floor."""
    floor_of = {place: number for number, floor in enumerate(FLOORS) for place in floor}

    def floor(module: str) -> int | None:
        place = most_exact(module, floor_of)
        return None if place is None else floor_of[place]

    islands = [module for module in sources if most_exact(module, ISLANDS)]
    homeless = [m for m in sources if m not in islands and floor(m) is None]
    arrows = [(i, floor(i.module), floor(i.target)) for i in imports(sources)]
    return [f"{module} stands on no floor" for module in homeless] + [
        f"{arrow.module} imports {arrow.target}, which stands above it"
        for arrow, own, other in arrows
        if own is not None and other is not None and other < own
    ]


def left_islands(sources: Sources) -> list[str]:
    """Imports of our own code by modules that must do without."""
    wrong = []
    for arrow in imports(sources):
        island = most_exact(arrow.module, ISLANDS)
        if island is None or not is_ours(arrow.target):
            continue
        if not any(within(arrow.target, place) for place in (island, *ISLANDS[island])):
            wrong.append(f"{arrow.module} imports {arrow.target}")
    return wrong


def wrong_doors(sources: Sources) -> list[str]:
    """Other people's packages in places that are not theirs, and relative imports."""
    wrong = []
    for arrow in imports(sources):
        package = arrow.target.partition(".")[0]
        frugal = most_exact(arrow.module, FRUGAL)
        foreign = not is_ours(arrow.target) and package not in sys.stdlib_module_names
        doors = DOORS.get(package)
        past_the_door = doors and not any(within(arrow.module, door) for door in doors)
        too_rich = frugal and foreign and package not in FRUGAL[frugal]
        if past_the_door or too_rich or arrow.target.startswith("."):
            wrong.append(f"{arrow.module} imports {arrow.target}")
    return wrong


def unwanted_names(sources: Sources) -> list[str]:
    """Mentions of ``UNWANTED``, however they came in."""
    return [
        f"{module} mentions {name}"
        for module, text in sources.items()
        for name in UNWANTED
        if name in {name_of(node) for node in ast.walk(ast.parse(text))}
    ]


def plain_comparisons(sources: Sources) -> list[str]:
    """``==`` and ``!=`` between a secret of ours and anything that is not written out beside it."""
    return [
        f"{module}:{node.lineno} {ast.unparse(node)}"
        for module, text in sources.items()
        if within(module, "gateway")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Compare) and _compares_a_secret(node)
    ]


def _compares_a_secret(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    equality = any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
    constant = any(isinstance(side, ast.Constant) for side in sides)
    return equality and not constant and any(name_of(side).endswith(SECRET) for side in sides)


Rule = Callable[[Sources], list[str]]
RULES: tuple[Rule, ...] = (
    wrong_floors,
    left_islands,
    wrong_doors,
    circles,
    unwanted_names,
    plain_comparisons,
)


def test_no_arrow_runs_up() -> None:
    assert wrong_floors(modules()) == []


def test_the_verifier_the_demo_and_the_providers_do_without_our_other_code() -> None:
    assert left_islands(modules()) == []


def test_packages_of_others_come_in_by_one_door_each() -> None:
    assert wrong_doors(modules()) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(modules()) == []


def test_no_slow_middleware_and_no_foreign_session_cookie() -> None:
    assert unwanted_names(modules()) == []


def test_T8_secrets_are_compared_in_constant_time() -> None:
    assert plain_comparisons(modules()) == []


def test_everything_imported_is_a_declared_dependency() -> None:
    """What arrives only because something else needs it can leave with the next release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["rehearsal"]]
    declared = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in wanted}
    packages = {arrow.target.partition(".")[0] for arrow in imports(modules())}
    foreign = {p for p in packages - sys.stdlib_module_names if not is_ours(p)}
    providing = packages_distributions()

    undeclared = {p for p in foreign if declared.isdisjoint(map(str.lower, providing[p]))}

    assert undeclared == set()


def test_every_table_names_modules_that_exist() -> None:
    named = {*ISLANDS, *FRUGAL, *(m for floor in FLOORS for m in floor)}
    named |= {module for doors in DOORS.values() for module in doors}

    assert named - set(modules()) == set()


@pytest.mark.parametrize(
    ("rule", "sources"),
    [
        (wrong_floors, {"gateway.sites": "from gateway.login import begin"}),
        (wrong_floors, {"gateway.sites": "from gateway import login", "gateway.login": ""}),
        (wrong_floors, {"gateway.seal": "def f():\n    import gateway.sessions"}),
        (wrong_floors, {"gateway.login": "from gateway.web.pages import hop"}),
        (wrong_floors, {"gateway.nowhere": ""}),
        (left_islands, {"gateway.verify": "import gateway.errors"}),
        (left_islands, {"gateway.demo.app": "from gateway.sites import Site"}),
        (left_islands, {"providers.twitter": "from gateway.errors import Refused"}),
        (left_islands, {"providers.rehearsal.x": "import gateway.seal"}),
        (wrong_doors, {"gateway.login": "from authlib.oauth2 import OAuth2Error"}),
        (wrong_doors, {"gateway.sites": "from starlette.requests import Request"}),
        (wrong_doors, {"gateway.tokens": "import itsdangerous"}),
        (wrong_doors, {"providers.twitter": "import httpx2"}),
        (wrong_doors, {"gateway.verify": "import msgspec"}),
        (wrong_doors, {"gateway.login": "from . import sites"}),
        (circles, {"gateway.a": "import gateway.b", "gateway.b": "from gateway import a"}),
        (unwanted_names, {"gateway.web.app": "from x import SessionMiddleware"}),
        (unwanted_names, {"gateway.web.app": "base.BaseHTTPMiddleware(app)"}),
        (plain_comparisons, {"gateway.grants": "ok = row.code_hash == digest(code)"}),
        (plain_comparisons, {"gateway.grants": "if mac != made: pass"}),
    ],
)
def test_each_rule_sees_what_breaks_it(rule: Rule, sources: Sources) -> None:
    assert rule(sources) != []


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_broken_by_good_code(rule: Rule) -> None:
    good = {
        "gateway.login": "from gateway import sites\nfrom gateway.seal import digest",
        "gateway.sites": "import re\nimport hmac\nok = hmac.compare_digest(a_hash, b_hash)",
        "gateway.seal": "import itsdangerous\nempty = secret == ''",
        "gateway.web.app": "def f():\n    import gateway.login\n    import starlette",
    }

    assert rule(good) == []
