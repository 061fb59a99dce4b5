"""Secrets stand in the environment or in files, and nowhere else."""

from pathlib import Path

import pytest

from gateway.errors import Misconfigured
from tests.configs import (
    ENVIRONMENT,
    SECRET,
    WHOLE,
    changed,
    judged,
    mistakes_of,
    only_mistake,
)

# -- secrets ---------------------------------------------------------------------------------------


def test_secrets_come_from_the_environment_or_from_files_newest_first(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("o" * 40 + "\n")
    table = changed(WHOLE, secret_keys=["env:COMMENTGATE_SECRET", f"file:{tmp_path}/old"])

    assert judged(table, tmp_path).secret_keys == (SECRET.encode(), b"o" * 40)


def test_there_must_be_a_secret(tmp_path: Path) -> None:
    mistake = only_mistake(changed(WHOLE, secret_keys=[]), tmp_path)

    assert (mistake.key, mistake.problem) == ("secret_keys", "there is none")


@pytest.mark.parametrize("length", [1, 31])
def test_a_secret_key_has_at_least_32_bytes(tmp_path: Path, length: int) -> None:
    mistake = only_mistake(changed(WHOLE), tmp_path, COMMENTGATE_SECRET="x" * length)

    assert mistake.key == "secret_keys[0]"
    assert mistake.problem == "it is shorter than 32 bytes"
    assert "secrets.token_hex" in mistake.remedy


def test_white_space_around_a_secret_does_not_count(tmp_path: Path) -> None:
    mistake = only_mistake(changed(WHOLE), tmp_path, COMMENTGATE_SECRET=" " * 30 + "x" * 31 + "\n")

    assert mistake.problem == "it is shorter than 32 bytes"


@pytest.mark.parametrize("path", ["secret_keys", "providers__twitter__client_secret"])
@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("env:NOWHERE", "env:NOWHERE is missing or empty"),
        ("env:EMPTY", "env:EMPTY is missing or empty"),
        ("env:BLANK", "env:BLANK is missing or empty"),
        ("env:", "env: is missing or empty"),
        ("file:nowhere", "file:nowhere is missing or empty"),
        ("file:empty", "file:empty is missing or empty"),
        ("file:", "file: can't be read: Is a directory"),
        ("file:empty/secret", "file:empty/secret can't be read: Not a directory"),
        ("file:binary", "file:binary is not text in UTF-8"),
    ],
)
def test_a_secret_that_is_not_where_it_should_be_is_a_mistake(
    tmp_path: Path, path: str, reference: str, problem: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    value = [reference] if path == "secret_keys" else reference

    mistake = only_mistake(changed(WHOLE, **{path: value}), tmp_path, EMPTY="", BLANK=" \n")

    assert mistake.key.startswith(path.replace("__", "."))
    assert mistake.problem == problem


def test_a_secret_that_others_can_read_is_a_note_and_no_mistake(tmp_path: Path) -> None:
    table = changed(WHOLE, secret_keys=["file:secret"])
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    notes = {}

    for mode in (0o600, 0o400, 0o640, 0o604):
        secret.chmod(mode)
        notes[mode] = [note for note in judged(table, tmp_path).notes if "secret_keys" in note]

    said = ["secret_keys[0]: everybody on this machine can use file:secret; chmod 600 it"]
    assert notes == {0o600: [], 0o400: [], 0o640: [], 0o604: said}


@pytest.mark.parametrize("path", ["secret_keys", "providers__twitter__client_secret"])
@pytest.mark.parametrize(
    "secret", ["", "a-secret-written-into-the-file-itself", "vault:x", "ENV:X"]
)
def test_a_secret_in_the_file_itself_is_refused_and_not_repeated(
    tmp_path: Path, path: str, secret: str
) -> None:
    value = [secret] if path == "secret_keys" else secret

    mistake = only_mistake(changed(WHOLE, **{path: value}), tmp_path)

    assert mistake.problem == "a secret does not stand in this file itself"
    assert not secret or secret not in str(mistake)


def test_no_mistake_shows_a_secret(tmp_path: Path) -> None:
    table = changed(WHOLE, secret_keys=["env:COMMENTGATE_SECRET", "env:SHORT"], listen="nowhere")

    said = str(Misconfigured(mistakes_of(table, tmp_path, SHORT="short-secret"), {}))

    shown = [secret for secret in [*ENVIRONMENT.values(), "short-secret"] if secret in said]
    assert shown == []
