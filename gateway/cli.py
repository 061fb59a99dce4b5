"""The command line. Each command imports what it needs, so that ``--help`` answers at once."""

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import click

from gateway import __version__

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.database import Database
    from gateway.errors import GatewayError, Mistake

HERE = Path(__file__).parent
Result = TypeVar("Result")

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("commentgate.toml"),
    show_default=True,
    help="The configuration file.",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
@click.version_option(__version__, prog_name="commentgate")
def main() -> None:
    """Commentgate: sign-in for comment forms, verified by the blog's own server."""


@main.command()
@CONFIG
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many processes serve.",
)
def serve(config: Path, workers: int) -> None:
    """Serve until told to stop."""
    # Under aiohttp, for lists that are empty here; compiled, it brings 1 MiB of C++ runtime along.
    os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
    from gateway.errors import Busy, StartError
    from gateway.web import server

    try:
        server.run(config, workers)
    except (StartError, Busy) as error:
        _give_up(error)


@main.command()
@CONFIG
@AS_JSON
def check(config: Path, as_json: bool) -> None:
    """Report every mistake in the configuration; exit with 1 if there is any.

    Print the addresses to register at the providers, also while their secrets are missing.
    """
    from gateway.config import load
    from gateway.errors import Misconfigured

    mistakes: list[Mistake] = []
    notes: tuple[str, ...] = ()
    try:
        settings = load(config)
        notes, register = settings.notes, settings.register
    except Misconfigured as error:
        mistakes, register = error.mistakes, dict(error.register)
    if as_json:
        listed = [{"key": m.key, "problem": m.problem, "remedy": m.remedy} for m in mistakes]
        click.echo(json.dumps({"mistakes": listed, "notes": notes, "register": register}))
    else:
        click.echo("\n".join(map(str, mistakes)) or f"{config}: no mistakes.")
        for note in notes:
            click.echo(f"note: {note}.")
        for key, addresses in register.items():
            for what, address in addresses.items():
                click.echo(f"Register at {key} as {what}: {address}")
    sys.exit(1 if mistakes else 0)


@main.command()
@click.option(
    "--port",
    envvar="DEMO_PORT",
    type=click.IntRange(1024, 65532),
    default=8000,
    show_default=True,
    show_envvar=True,
    help="The first of four ports.",
)
def demo(port: int) -> None:
    """Run gateway, two blogs and stand-in providers on this machine."""
    from gateway.demo import run

    run.demo(port)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8002,
    show_default=True,
    help="Where the stand-ins listen.",
)
@click.option(
    "--gateway",
    default="http://127.0.0.1:8000",
    show_default=True,
    help="The public_url of the gateway that will ask them.",
)
def rehearse(host: str, port: int, gateway: str) -> None:
    """Run the stand-in providers alone, and print the configuration that leads to them."""
    from gateway.demo import run

    run.rehearse(host, port, gateway)


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write it.")
def verifier(out: Path) -> None:
    """Write the one file with which a blog's server verifies session tokens."""
    try:
        out.write_bytes((HERE / "verify.py").read_bytes())
    except OSError as error:
        raise click.ClickException(f"{out}: {error.strerror}") from None
    click.echo(f"Wrote {out}. It needs joserfc: pip install joserfc")


@main.command("example-config")
def example_config() -> None:
    """Print a configuration to start from."""
    click.echo((HERE / "example.toml").read_text(encoding="utf-8"), nl=False)


@main.group()
def keys() -> None:
    """List, rotate and retire the keys that sign session tokens."""


@keys.command("list")
@CONFIG
@AS_JSON
def list_keys(config: Path, as_json: bool) -> None:
    """List the keys and what each is for."""
    from gateway import keys as ring

    now = int(time.time())
    listed = _with_database(config, lambda _, db: ring.keys(db))
    rows = [
        {"kid": key.kid, "state": ring.state(listed, key, now), "created": _utc(key.created_at)}
        for key in listed
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['kid']}  {row['state']:<8}  made {row['created']}")


@keys.command()
@CONFIG
def rotate(config: Path) -> None:
    """Let the next key take over, as soon as it has been published for 25 hours."""
    from gateway import keys as ring
    from gateway.seal import Seal

    now = int(time.time())
    use_from = _with_database(
        config, lambda settings, db: ring.rotate(db, Seal(settings.secret_keys), now)
    )
    when = "now" if use_from <= now else f"from {_utc(use_from)} on"
    click.echo(f"The next key signs {when}. The one before stays published for two hours more.")


@keys.command()
@CONFIG
@click.argument("kid")
def retire(config: Path, kid: str) -> None:
    """Take a key away at once; its tokens are refused, and sessions get new ones."""
    from gateway import keys as ring
    from gateway.seal import Seal

    now = int(time.time())
    if not _with_database(
        config, lambda settings, db: ring.retire(db, Seal(settings.secret_keys), kid, now)
    ):
        click.echo(f"There is no key {kid}.", err=True)
        sys.exit(1)
    click.echo(f"{kid} is gone. Verifiers notice within 20 minutes.")


def _with_database(
    config: Path, work: "Callable[[Settings, Database], Awaitable[Result]]"
) -> Result:
    """Run ``work`` on the database of a configuration."""
    import asyncio

    from gateway.config import load
    from gateway.database import connect
    from gateway.errors import Busy, StartError

    async def run() -> Result:
        settings = load(config)
        db = await connect(settings.database)
        try:
            return await work(settings, db)
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except (StartError, Busy) as error:
        _give_up(error)


def _give_up(error: "GatewayError") -> NoReturn:
    click.echo(str(error), err=True)
    sys.exit(1)


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
