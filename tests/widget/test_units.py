"""The parts of the widget that need no browser, tested in Node: see the files in units/."""

from pathlib import Path

import pytest

from tests.widget.conftest import Workshop

UNITS = sorted((Path(__file__).parent / "units").glob("*.test.js"))


def test_there_are_units_to_test() -> None:
    assert UNITS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name.partition(".")[0])
def test_a_unit_keeps_its_promises(workshop: Workshop, unit: Path) -> None:
    """Esbuild joins the sources first, because they import JSON as browsers' bundles do."""
    joined = workshop.root / f"{unit.stem}.mjs"
    source = workshop.root / "tests/widget/units" / unit.name
    options = ["--bundle", "--format=esm", "--platform=node", "--loader:.css=text"]
    workshop.run(["node_modules/esbuild/bin/esbuild", source, *options, f"--outfile={joined}"])

    said = workshop.run(["--test", "--test-reporter=tap", joined])

    assert "# fail 0" in said
    assert "# pass 0" not in said
