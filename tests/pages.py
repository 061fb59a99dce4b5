"""Reading the documentation's pages: links, tables, blocks of code."""

import json
import re
from pathlib import Path
from typing import Any

from joserfc import jws

from tests.tools import ROOT

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
VERIFY_PAGE = DOCS / "how-to" / "verify-a-token-in-your-blog.md"
VECTORS: dict[str, Any] = json.loads((ROOT / "tests/vectors/tokens.json").read_text())
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    """Every link of a page that stays inside the repository."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    inline = re.findall(r"\]\(([^)\s]+)\)", text)
    defined = re.findall(r"^\[[^\]]+\]: (\S+)$", text, re.MULTILINE)
    return [link for link in inline + defined if not re.match(r"[a-z]+:", link)]


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether the file is there, and the heading in it."""
    path, _, heading = link.partition("#")
    target = page.parent / path if path else page
    if not target.is_file():
        return False
    return not heading or heading in _anchors(target)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def section(page: str, heading: str) -> str:
    """What stands under a heading of a reference page, up to the next one of that rank."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    rank = heading.partition(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(rank)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"{page} has no heading {heading!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without heads and rules."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
        if all(re.fullmatch("-+", cell) for cell in cells):
            found.pop()
        else:
            found.append(cells)
    return found


def named(text: str) -> dict[str, list[str]]:
    """Rows whose first cell is code, by that code."""
    return {row[0].strip("`"): row[1:] for row in rows(text) if row[0].startswith("`")}


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in one language, without the indent of the list they stand in."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [
        re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        for indent, kind, body in found
        if kind == language
    ]


def payload(token: str) -> dict[str, Any]:
    """A token's claims, unverified."""
    read: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return read
