"""The examples of the documentation, run as they stand there."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.pages import README, VECTORS, VERIFY_PAGE, blocks, payload
from tests.servers import running
from tests.tools import ROOT, node, program

ISSUER = VECTORS["issuer"]


@pytest.fixture
def key_server() -> Iterator[str]:
    """A gateway as far as verifiers see it: the keys of the vectors."""

    async def jwks(_: Any) -> JSONResponse:
        return JSONResponse(VECTORS["jwks"])

    with running(Starlette(routes=[Route("/jwks.json", jwks)])) as url:
        yield url


def _token(issuer: str, **changes: Any) -> str:
    """An ordinary token of the vectors, issued now by the key server."""
    now = int(time.time())
    claims = payload(VECTORS["vectors"][0]["token"])
    times = {"iat": now, "exp": now + 3600, "auth_time": now}
    body = {**claims, **times, "iss": issuer, "picture": f"{issuer}/avatar/1", **changes}
    keys = json.loads((ROOT / "tests/vectors/test_keys.json").read_text())
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "signing"}
    return jws.serialize_compact(header, json.dumps(body), ECKey.import_key(keys["signing"]))


def _example(language: str, mark: str, issuer: str) -> str:
    (block,) = [block for block in blocks(VERIFY_PAGE, language) if mark in block]
    return block.replace(ISSUER, issuer)


def _said(command: list[str | Path], folder: Path) -> Any:
    hidden = ("PYTHONPATH", "NODE_OPTIONS")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_python_example_takes_a_good_token_and_refuses_others(
    key_server: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "gateway/verify.py", tmp_path)
    ask = (
        "import json, sys\n"
        "print(json.dumps([author_of({'commentgate_token': token}) for token in sys.argv[1:]]))\n"
    )
    (tmp_path / "blog.py").write_text(_example("python", "def author_of", key_server) + ask)

    tokens = [_token(key_server), _token(key_server, aud="other"), "nonsense"]
    good, foreign, nonsense = _said([sys.executable, "blog.py", *tokens], tmp_path)

    assert good[0]["name"] == "Ada Lovelace"
    assert good[0]["with"] == "twitter"
    assert foreign[0] is None
    assert nonsense == foreign


def test_the_readme_example_takes_a_good_token(key_server: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "gateway/verify.py", tmp_path)
    (shown,) = blocks(README, "python")
    form = f"form = {{'commentgate_token': {_token(key_server)!r}}}\n"
    (tmp_path / "blog.py").write_text(form + shown.replace(ISSUER, key_server))

    done = subprocess.run(
        [sys.executable, "blog.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Ada Lovelace twitter ")


PHP_VECTORS = """<?php
require 'verify.php';
$keys = commentgate_read_keys(json_encode(json_decode(file_get_contents('vectors.json'))->jwks));
$read = json_decode(file_get_contents('vectors.json'), true);
foreach ($read['vectors'] as $vector) {
    $claims = commentgate_claims($vector['token'], $keys, $read['now']);
    $answers[$vector['id']] = $claims === null ? 'refused' : 'accepted';
}
echo json_encode($answers);
"""

NODE_VECTORS = """
import { check, readKeys } from './verify.mjs';
import { readFileSync } from 'node:fs';
const read = JSON.parse(readFileSync('vectors.json'));
const keys = readKeys(read.jwks);
const judge = ({ id, token }) => [id, check(token, keys, read.now) ? 'accepted' : 'refused'];
console.log(JSON.stringify(Object.fromEntries(read.vectors.map(judge))));
"""


def _owed() -> Mapping[str, str]:
    return {vector["id"]: vector["outcome"] for vector in VECTORS["vectors"]}


def test_the_php_example_answers_every_vector(tmp_path: Path) -> None:
    (tmp_path / "vectors.json").write_text(json.dumps(VECTORS))
    (tmp_path / "verify.php").write_text(_example("php", "function commentgate_claims", ISSUER))
    (tmp_path / "run.php").write_text(PHP_VECTORS)

    answers = _said([program("php", package="php-cli"), "run.php"], tmp_path)

    assert answers == _owed()


def test_the_php_example_fetches_and_keeps_the_keys(key_server: str, tmp_path: Path) -> None:
    verifier = _example("php", "function commentgate_claims", key_server)
    (tmp_path / "verify.php").write_text(verifier)
    (tmp_path / "run.php").write_text(
        "<?php require 'verify.php';\n"
        "$keys = commentgate_keys('keys.json');\n"
        "echo json_encode(commentgate_claims($argv[1], $keys, time()));\n"
    )

    claims = _said([program("php", package="php-cli"), "run.php", _token(key_server)], tmp_path)

    assert claims["name"] == "Ada Lovelace"
    assert json.loads((tmp_path / "keys.json").read_text()) == VECTORS["jwks"]


def test_the_php_example_does_without_a_place_for_the_keys_and_says_so(
    key_server: str, tmp_path: Path
) -> None:
    verifier = _example("php", "function commentgate_claims", key_server)
    (tmp_path / "verify.php").write_text(verifier)
    (tmp_path / "run.php").write_text(
        "<?php require 'verify.php';\n"
        "$keys = commentgate_keys(__DIR__ . '/private/keys.json');\n"
        "echo commentgate_claims($argv[1], $keys, time())['name'];\n"
    )

    done = subprocess.run(
        [program("php", package="php-cli"), "run.php", _token(key_server)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "Ada Lovelace"
    assert f"PHP cannot write to {tmp_path}/private: make that folder." in done.stderr


def test_the_php_example_takes_a_list_for_no_token(tmp_path: Path) -> None:
    """As whoever posts ``commentgate_token[]=x`` makes PHP see it."""
    (tmp_path / "verify.php").write_text(_example("php", "function commentgate_claims", ISSUER))
    (tmp_path / "run.php").write_text(
        "<?php require 'verify.php';\necho json_encode(commentgate_claims(['x'], [], time()));\n"
    )

    assert _said([program("php", package="php-cli"), "run.php"], tmp_path) is None


def test_the_node_example_answers_every_vector(tmp_path: Path) -> None:
    (tmp_path / "vectors.json").write_text(json.dumps(VECTORS))
    (tmp_path / "verify.mjs").write_text(_example("js", "node:crypto", ISSUER))
    (tmp_path / "run.mjs").write_text(NODE_VECTORS)

    assert _said([node(), "run.mjs"], tmp_path) == _owed()


def test_the_node_example_fetches_the_keys(key_server: str, tmp_path: Path) -> None:
    (tmp_path / "verify.mjs").write_text(_example("js", "node:crypto", key_server))
    (tmp_path / "run.mjs").write_text(
        "import { claimsOf } from './verify.mjs';\n"
        "console.log(JSON.stringify(await claimsOf(process.argv[2])));\n"
    )

    claims = _said([node(), "run.mjs", _token(key_server)], tmp_path)

    assert claims["name"] == "Ada Lovelace"
