from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools import (
    OLDEST_NODE,
    ROOT,
    MissingToolError,
    node,
    node_version,
    packaged_node,
    program,
    tracked_files,
)


def test_a_missing_program_is_named_together_with_its_package() -> None:
    with pytest.raises(MissingToolError, match=r"no-such-thing is missing: install that-package"):
        program("no-such-thing", package="that-package")


def test_a_program_may_have_several_names() -> None:
    assert program("no-such-thing", "git", package="git").name == "git"


@pytest.mark.parametrize("found", [node, packaged_node])
def test_node_is_there_and_young_enough(found: Callable[[], Path]) -> None:
    assert node_version(found()) >= OLDEST_NODE


def test_an_old_node_gives_way_to_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.19.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert node() == packaged_node()


def test_the_tracked_files_are_the_project_s() -> None:
    files = tracked_files()

    assert {"pyproject.toml", "Makefile", "gateway/__init__.py"} <= set(files)
    assert not any(Path(name).is_absolute() or not (ROOT / name).exists() for name in files)
