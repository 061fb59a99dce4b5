"""Reads the imports of the product's modules, for tests/test_architecture.py."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.tools import ROOT

PACKAGES = ("gateway", "providers")
Sources = Mapping[str, str]


@dataclass(frozen=True)
class Import:
    """``module`` names ``target``; ``deferred`` where that happens inside a function."""

    module: str
    target: str
    deferred: bool


def modules() -> dict[str, str]:
    """Every module of the product: its dotted name and its text."""
    found = {}
    for path in sorted(path for package in PACKAGES for path in ROOT.glob(f"{package}/**/*.py")):
        if "node_modules" in path.parts:
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path.read_text()
    return found


def imports(sources: Sources) -> list[Import]:
    """All imports of all modules; ``from gateway import login`` names gateway.login."""
    return [
        Import(module, target, deferred)
        for module, text in sources.items()
        for target, deferred in _imported(ast.parse(text), sources)
    ]


def _imported(
    node: ast.AST, sources: Sources, deferred: bool = False
) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, deferred) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from ((target, deferred) for target in _from(child, sources))
        else:
            inside = deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imported(child, sources, inside)


def _from(node: ast.ImportFrom, sources: Sources) -> Iterator[str]:
    outer = "." * node.level + (node.module or "")
    for alias in node.names:
        inner = f"{outer}.{alias.name}"
        yield inner if inner in sources else outer


def within(module: str, place: str) -> bool:
    """Whether ``module`` is ``place`` or lies inside it."""
    return module == place or module.startswith(place + ".")


def most_exact(module: str, places: Mapping[str, object] | list[str]) -> str | None:
    """The longest of ``places`` that ``module`` lies in. The root package holds only itself."""
    fitting = [
        place
        for place in places
        if module == place or (place != "gateway" and within(module, place))
    ]
    return max(fitting, key=len, default=None)


def circles(sources: Sources) -> list[str]:
    """Modules that, while being imported, import each other."""
    graph: dict[str, set[str]] = {module: set() for module in sources}
    for arrow in imports(sources):
        if arrow.target in sources and not arrow.deferred:
            graph[arrow.module].add(arrow.target)
    return [module for module in graph if module in _reachable(module, graph)]


def _reachable(module: str, graph: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = set(graph[module])
    while ahead:
        reached |= ahead
        ahead = {onward for step in ahead for onward in graph[step]} - reached
    return reached


def name_of(node: ast.AST) -> str:
    """What a name, an attribute or an import calls itself; empty for anything else."""
    for field in ("id", "attr", "name"):
        if isinstance(value := getattr(node, field, None), str):
            return value
    return ""
