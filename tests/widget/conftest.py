"""Where the widget is built anew for a test run: a copy of its sources, with its tools beside."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.tools import ROOT, node, npm

WEB = Path("gateway/web")
PARTS = (WEB / "widget", WEB / "locales", Path("tests/widget"))
INSTALL_WITHIN = 240  # seconds


@dataclass(frozen=True)
class Workshop:
    """A folder laid out like the project, in which what builds it is installed."""

    root: Path

    @property
    def widget(self) -> Path:
        """The folder that ``npm`` works in."""
        return self.root / WEB / "widget"

    def run(self, command: Sequence[str | Path]) -> str:
        """Run Node with arguments in the widget's folder, and give what it wrote.

        Raises CalledProcessError, with the output in its notes, where it fails.
        """
        return _run([node(), *command], self.widget)


def _run(command: Sequence[str | Path], folder: Path) -> str:
    path = os.pathsep.join([str(node().parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=INSTALL_WITHIN,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """The sources as they are, with exactly the packages of package-lock.json."""
    with TemporaryDirectory(prefix="commentgate-widget-") as name:
        root = Path(name)
        for part in PARTS:
            leave_out = shutil.ignore_patterns("node_modules", "__pycache__")
            shutil.copytree(ROOT / part, root / part, ignore=leave_out)
        (root / WEB / "static").mkdir()
        shop = Workshop(root)
        _run([*npm(), "ci", "--omit=dev", "--ignore-scripts", "--no-audit"], shop.widget)
        yield shop
