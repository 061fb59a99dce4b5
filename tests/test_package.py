"""The wheel, built from the tracked files, installed somewhere else and run there."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tools import ROOT, tracked_files

PACKAGES = ("gateway/", "providers/")
SOURCES_ONLY = ("gateway/web/widget/",)  # what widget.js is made from stays at home
SECRETS = {"COMMENTGATE_SECRET": "0123456789abcdef" * 4, "WORDPRESS_SECRET": "hush"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in tracked_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    _pip(folder, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of a fresh environment. It borrows only the dependencies."""
    home = tmp_path_factory.mktemp("elsewhere")
    _run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], home)
    python = home / "venv" / "bin" / "python"
    _pip(home, "--python", python, "install", "--no-deps", "--no-index", wheel)
    (site,) = (home / "venv" / "lib").glob("python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def _pip(folder: Path, *arguments: str | Path) -> None:
    _run([sys.executable, "-m", "pip", *arguments], folder)


def _run(command: Sequence[str | Path], folder: Path) -> str:
    """What the command printed. It sees neither the repository nor this run's settings."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    done = subprocess.run(
        command, cwd=folder, env=environment | SECRETS, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_holds_every_file_that_the_program_reads(wheel: Path) -> None:
    wanted = {
        name
        for name in tracked_files()
        if name.startswith(PACKAGES) and not name.startswith(SOURCES_ONLY)
    }

    packed = set(zipfile.ZipFile(wheel).namelist())

    assert wanted - packed == set()


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).namelist()

    assert {name.partition("/")[0].partition("-")[0] for name in packed} == {
        *("gateway", "providers", "commentgate")
    }
    assert [name for name in packed if name.startswith(SOURCES_ONLY)] == []


def test_the_installed_command_explains_itself(installed: Path, tmp_path: Path) -> None:
    said = _run([installed / "commentgate", "--help"], tmp_path)

    assert "Usage: commentgate" in said
    assert "serve" in said


def test_the_installed_code_is_what_runs(installed: Path, tmp_path: Path) -> None:
    where = "import gateway, providers; print(gateway.__file__, providers.__file__)"

    said = _run([installed / "python", "-c", where], tmp_path)

    assert all(path.startswith(str(installed.parent)) for path in said.split())


def test_the_example_configuration_passes_the_check(installed: Path, tmp_path: Path) -> None:
    config = tmp_path / "commentgate.toml"
    config.write_text(_run([installed / "commentgate", "example-config"], tmp_path))

    _run([installed / "commentgate", "check", "--config", config], tmp_path)


def test_asking_for_help_loads_neither_the_server_nor_authlib(
    installed: Path, tmp_path: Path
) -> None:
    ask = (
        "import sys; from gateway.cli import main; main(['--help'], standalone_mode=False);"
        "print({'authlib', 'starlette', 'uvicorn', 'aiohttp'} & set(sys.modules))"
    )

    said = _run([installed / "python", "-c", ask], tmp_path)

    assert said.splitlines()[-1] == "set()"
