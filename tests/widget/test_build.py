"""The committed widget is what its sources give, byte for byte, and small enough."""

import gzip
import json
import re

import pytest

from tests.tools import ROOT
from tests.widget.conftest import WEB, Workshop

STATIC = ROOT / WEB / "static"
SCRIPT_BUDGET = 6_000  # bytes of gzip -9: six kilobytes, with English
STYLE_BUDGET = 1_500


@pytest.fixture(scope="module")
def built(workshop: Workshop) -> Workshop:
    workshop.run(["build.js"])
    return workshop


def _packed(data: bytes) -> int:
    return len(gzip.compress(data, 9, mtime=0))


@pytest.mark.parametrize("name", ["widget.js", "widget.css"])
def test_the_committed_file_is_what_the_sources_give(built: Workshop, name: str) -> None:
    fresh = (built.root / WEB / "static" / name).read_bytes()

    assert fresh == (STATIC / name).read_bytes()


def test_a_second_build_gives_the_same_bytes(built: Workshop) -> None:
    script = built.root / WEB / "static" / "widget.js"
    first = script.read_bytes()

    built.run(["build.js"])

    assert script.read_bytes() == first


def test_script_and_style_keep_to_their_budgets(built: Workshop) -> None:
    """The style rides inside the script, so its share is measured by leaving it out."""
    script = built.run(["build.js", "--only=script"]).encode()
    style = built.run(["build.js", "--only=style"]).encode()
    whole = (STATIC / "widget.js").read_bytes()

    assert _packed(script) <= SCRIPT_BUDGET
    assert _packed(style) <= STYLE_BUDGET
    assert _packed(whole) <= SCRIPT_BUDGET + STYLE_BUDGET
    assert style.decode() in whole.decode()


def test_the_page_style_is_small() -> None:
    assert _packed((STATIC / "widget.css").read_bytes()) <= STYLE_BUDGET


def test_the_script_has_no_door_for_html_and_names_no_other_host() -> None:
    """So it runs where Trusted Types are required, and asks nobody but the gateway."""
    script = (STATIC / "widget.js").read_text(encoding="utf-8")

    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", script)
    assert set(re.findall(r"https?://[^/\"'`]+", script)) == {"http://www.w3.org"}


def test_the_lock_file_pins_every_package_and_names_no_index() -> None:
    lock = json.loads((ROOT / WEB / "widget/package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}

    assert [name for name, one in packages.items() if not one.get("integrity")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []
