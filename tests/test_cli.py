"""The command line: quick to answer, clear about what is wrong, and right with its exit codes."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway import __version__
from gateway.cli import main

CONFIG = """
public_url = "https://id.example.org"
secret_keys = ["env:SECRET"]

[providers.facebook]
client_id = "1"
client_secret = "env:FACEBOOK_SECRET"

[sites.blog]
name = "Ada's blog"
origins = ["https://blog.example.org"]
providers = ["facebook"]
"""
SECRETS = {"SECRET": "s" * 64, "FACEBOOK_SECRET": "the secret of our app there"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an operator stands: a configuration, its secrets, and nothing else yet."""
    (tmp_path / "commentgate.toml").write_text(CONFIG)
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def _said(*arguments: str) -> Any:
    """What a command that succeeds prints as JSON."""
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def _refused(*arguments: str) -> str:
    """What a command that fails says on standard error: a sentence, and no traceback."""
    result = _run(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    return result.stderr


# -- help ----------------------------------------------------------------------------------------

COMMANDS = [
    (),
    ("serve",),
    ("check",),
    ("demo",),
    ("rehearse",),
    ("verifier",),
    ("example-config",),
    ("keys",),
    ("keys", "list"),
    ("keys", "rotate"),
    ("keys", "retire"),
]
HEAVY = {
    "authlib",
    "starlette",
    "uvicorn",
    "httpx2",
    "aiohttp",
    "joserfc",
    "cryptography",
    "jinja2",
}
OURS = {"gateway", "gateway.cli"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_answers_without_loading_what_it_does_not_need(command: tuple[str, ...]) -> None:
    """It has 0.3 s; the libraries of a whole gateway take longer than that."""
    code = (
        "import sys\nfrom gateway.cli import main\nmain(sys.argv[1:], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )

    asked = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"], capture_output=True, text=True, check=True
    )

    loaded = set(asked.stderr.split())
    assert asked.stdout.startswith("Usage: ")
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.split(".")[0] in ("gateway", "providers")} == OURS


def test_it_is_also_a_module() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"], capture_output=True, text=True, check=True
    )

    assert asked.stdout == f"commentgate, version {__version__}\n"


def test_a_command_that_is_none_is_named() -> None:
    result = _run("sing")

    assert result.exit_code == 2
    assert "No such command 'sing'" in result.output


# -- check ---------------------------------------------------------------------------------------


def test_check_of_a_good_file_prints_what_to_register(folder: Path) -> None:
    result = _run("check")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "commentgate.toml: no mistakes."
    assert "https://id.example.org/callback/facebook" in result.stdout
    assert "https://id.example.org/facebook/deletion" in result.stdout


def test_check_prints_one_line_for_each_mistake_and_fails(folder: Path) -> None:
    (folder / "commentgate.toml").write_text(CONFIG + 'colour = "blue"\ntrusted = "yes"\n')

    result = _run("check")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "sites.blog.colour: there is no such setting. Take it out."
    assert lines[1].startswith("sites.blog.trusted: ")
    assert [line for line in lines[2:] if not line.startswith("Register at facebook as ")] == []


def test_check_prints_what_to_register_while_the_secret_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider gives none before it knows these addresses."""
    monkeypatch.delenv("FACEBOOK_SECRET")
    good = "Register at facebook as redirect URI: https://id.example.org/callback/facebook"

    people, program = _run("check"), _run("check", "--json")

    assert (people.exit_code, program.exit_code) == (1, 1)
    assert people.stdout.startswith("providers.facebook.client_secret: ")
    assert good in people.stdout.splitlines()
    assert set(json.loads(program.stdout)["register"]["facebook"]) == {
        *("redirect URI", "deauthorize callback", "data deletion callback"),
    }


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("https://id.example.org", "https://id.example.org/"),
        ('public_url = "https://id.example.org"', ""),
        ("[providers.facebook]", "[providers.myspace]"),
        ("[sites.blog]", "[sites.blog"),
    ],
)
def test_check_prints_no_address_that_may_be_wrong(folder: Path, good: str, bad: str) -> None:
    (folder / "commentgate.toml").write_text(CONFIG.replace(good, bad))

    result = _run("check")

    assert result.exit_code == 1
    assert "Register at" not in result.stdout


def test_check_speaks_json_too(folder: Path) -> None:
    good = _said("check")
    (folder / "commentgate.toml").write_text("")
    bad = _run("check", "--json")

    assert good["mistakes"] == []
    assert good["register"]["facebook"]["redirect URI"].endswith("/callback/facebook")
    assert bad.exit_code == 1
    assert {mistake["key"] for mistake in json.loads(bad.stdout)["mistakes"]} == {
        "public_url",
        "secret_keys",
    }


def test_check_notices_a_secret_that_is_missing_or_short(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "short")
    monkeypatch.delenv("FACEBOOK_SECRET")

    said = _run("check").stdout

    assert "secret_keys[0]: it is shorter than 32 bytes." in said
    assert "providers.facebook.client_secret: env:FACEBOOK_SECRET is missing or empty." in said
    assert "short-" not in said


def test_check_of_a_file_that_is_not_there_says_so(folder: Path) -> None:
    result = _run("check", "--config", "nowhere.toml")

    assert result.exit_code == 1
    assert result.stdout.startswith("nowhere.toml: No such file or directory.")


def test_the_example_is_a_good_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMENTGATE_SECRET", "s" * 64)
    monkeypatch.setenv("WORDPRESS_SECRET", "the secret of our app there")
    (folder / "example.toml").write_text(_run("example-config").stdout)

    assert _run("check", "--config", "example.toml").exit_code == 0


# -- rehearse ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--host=example.org", "example.org is not a loopback address"),
        ("--host=192.0.2.1", "192.0.2.1 is not a loopback address"),
        ("--port=70000", "is not in the range"),
    ],
)
def test_rehearse_refuses_an_address_with_a_sentence(option: str, said: str) -> None:
    refused = CliRunner().invoke(main, ["rehearse", option])

    assert isinstance(refused.exception, SystemExit)
    assert said in f"{refused.exception} {refused.output}"


def test_rehearse_says_which_option_names_another_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = CliRunner().invoke(main, ["rehearse", f"--port={taken.getsockname()[1]}"])

    assert "--port names another one" in f"{refused.exception} {refused.output}"


# -- serve ---------------------------------------------------------------------------------------


def test_serve_refuses_a_bad_file_with_every_mistake(folder: Path) -> None:
    (folder / "commentgate.toml").write_text("")

    said = _refused("serve")

    assert said.count("\n") == 2
    assert "public_url: it is missing." in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_refuses_keys_that_it_cannot_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    _run("keys", "rotate")
    monkeypatch.setenv("SECRET", "another secret of the right length")

    assert "wrapped under a secret" in _refused("serve", "--workers", workers)


def test_serve_refuses_a_database_of_a_newer_version(folder: Path) -> None:
    _run("keys", "rotate")
    newer = sqlite3.connect(folder / "commentgate.db", isolation_level=None)
    newer.execute("INSERT INTO schema_version VALUES (1000)")
    newer.close()

    assert "newer Commentgate" in _refused("serve")


def test_serve_refuses_a_file_that_is_no_database(folder: Path) -> None:
    (folder / "commentgate.db").write_text("This is a text about comments. " * 100)

    assert _refused("serve").startswith("The database can't be used: file is not a database. ")


@pytest.mark.parametrize("command", [["serve"], ["keys", "list"], ["keys", "rotate"]])
def test_a_database_that_cannot_be_made_is_refused_with_a_sentence(
    folder: Path, command: list[str]
) -> None:
    (folder / "commentgate.db").mkdir()

    assert _refused(*command).startswith("The database can't be used: unable to open")


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_serve_takes_a_number_of_workers(folder: Path, workers: str) -> None:
    result = _run("serve", "--workers", workers)

    assert result.exit_code == 2
    assert "Invalid value for '--workers'" in result.output


# -- keys ----------------------------------------------------------------------------------------


def _states() -> dict[str, str]:
    return {key["kid"]: key["state"] for key in _said("keys", "list")}


def test_keys_are_listed_rotated_and_retired(folder: Path) -> None:
    assert _said("keys", "list") == []

    rotated = _run("keys", "rotate")
    states = _states()
    assert rotated.stdout.startswith("The next key signs from ")
    assert sorted(states.values()) == ["next", "signs", "waiting"]

    (leaked,) = [kid for kid, state in states.items() if state == "signs"]
    assert _run("keys", "retire", leaked).exit_code == 0
    assert leaked not in _states()
    assert "signs" in _states().values()


def test_keys_are_listed_for_people_too(folder: Path) -> None:
    _run("keys", "rotate")

    lines = _run("keys", "list").stdout.splitlines()

    assert len(lines) == 3
    assert all(" UTC" in line for line in lines)


def test_a_key_that_is_not_there_cannot_be_retired(folder: Path) -> None:
    assert _refused("keys", "retire", "nobody") == "There is no key nobody.\n"


def test_keys_are_not_rotated_under_another_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run("keys", "rotate")
    before = _states()
    monkeypatch.setenv("SECRET", "another secret of the right length")

    assert "wrapped under a secret" in _refused("keys", "rotate")
    assert _states() == before


@pytest.mark.parametrize("command", ["list", "rotate"])
def test_keys_want_a_good_configuration(folder: Path, command: str) -> None:
    (folder / "commentgate.toml").write_text("")

    assert "public_url: it is missing." in _refused("keys", command)


# -- files to take away --------------------------------------------------------------------------


def test_the_verifier_is_one_file_that_needs_nothing_of_ours(folder: Path) -> None:
    assert _run("verifier", "--out", "verify.py").exit_code == 0

    alone = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; sys.path.insert(0, '.'); import verify;"
         " print(*sys.modules); print(verify.Verifier.__name__)"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    loaded, name = alone.stdout.splitlines()
    assert name == "Verifier"
    assert [module for module in loaded.split() if module.split(".")[0] == "gateway"] == []


@pytest.mark.parametrize("place", ["nowhere/verify.py", "."])
def test_a_place_that_cannot_be_written_to_is_named(folder: Path, place: str) -> None:
    said = _refused("verifier", "--out", place)

    assert said.startswith(f"Error: {place}: ")
