"""Running the application under uvicorn."""

import asyncio
import logging.config
import os
from pathlib import Path
from typing import Any

import uvicorn

from gateway import logs
from gateway.config import Settings, load
from gateway.database import connect
from gateway.keys import KeyRing
from gateway.seal import Seal
from gateway.web.app import CONFIG_VARIABLE, application
from gateway.web.protocol import BoundedProtocol

APP = "gateway.web.app:from_environment"
STOP_WITHIN = 10  # seconds for what is under way, after being told to stop
CONNECTIONS = 1000  # at once in one worker; beyond that 503


def run(config: Path, workers: int) -> None:
    """Serve until told to stop. Raises ``StartError`` before anything listens."""
    settings = load(config)
    asyncio.run(_prepare(settings))
    logging.config.dictConfig(logs.configuration())
    for note in settings.notes:
        logging.getLogger("commentgate").warning(note)
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    if workers == 1:
        uvicorn.Server(uvicorn.Config(application(settings), **options(settings))).run()
    else:
        uvicorn.run(APP, factory=True, workers=workers, **options(settings))


async def _prepare(settings: Settings) -> None:
    """What stops the start is said in a sentence here; a worker can only fail and be replaced."""
    db = await connect(settings.database)
    try:
        await KeyRing(db, Seal(settings.secret_keys)).prepare()
    finally:
        await db.close()


def options(settings: Settings) -> dict[str, Any]:
    """Uvicorn's settings: our own log line instead of its, and only listed proxies believed."""
    return {
        "http": BoundedProtocol,
        "ws": "none",
        "loop": "asyncio",
        "host": settings.host,
        "port": settings.port,
        "log_config": logs.configuration(),
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_graceful_shutdown": STOP_WITHIN,
        "limit_concurrency": CONNECTIONS,
    }
