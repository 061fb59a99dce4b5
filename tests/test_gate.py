"""The gate: opened once, tidied every minute, closed without leaving anything behind."""

import asyncio
import logging
from pathlib import Path

import pytest

from gateway import gate as gates
from gateway import limits
from gateway.database import Transaction
from tests.parts import NOW, gate
from tests.world import Clock

OLD = "INSERT INTO limits VALUES ('old', 1)"


async def test_what_has_had_its_time_is_forgotten_every_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "TIDY_EVERY", 0.01)
    async with gate(tmp_path) as opened:
        await opened.db.transact(lambda tx: tx.execute(OLD))

        assert await _is_forgotten(opened)


async def test_a_tidying_that_failed_is_done_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    forget, failures = limits.forget, iter([RuntimeError("the disk is full")])

    async def fails_once(tx: Transaction, now: float) -> None:
        for error in failures:
            raise error
        await forget(tx, now)

    monkeypatch.setattr(gates, "TIDY_EVERY", 0.01)
    monkeypatch.setattr(limits, "forget", fails_once)
    async with gate(tmp_path) as opened:
        await opened.db.transact(lambda tx: tx.execute(OLD))

        assert await _is_forgotten(opened)
    assert "tidying failed" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


async def _is_forgotten(opened: gates.Gate) -> bool:
    for _ in range(1000):
        if await opened.db.row("SELECT 1 FROM limits WHERE name = 'old'") is None:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_closed_gate_leaves_nothing_running(tmp_path: Path) -> None:
    before = asyncio.all_tasks()

    async with gate(tmp_path, Clock()) as opened:
        assert opened.now() == int(opened.clock()) >= NOW

    assert asyncio.all_tasks() == before


async def test_N6_a_visitors_network_is_countable_and_not_readable(tmp_path: Path) -> None:
    async with gate(tmp_path) as opened:
        one, neighbour, other = (
            opened.network(address) for address in ("2001:db8::1", "2001:db8::2", "192.0.2.7")
        )

    assert one == neighbour
    assert one != other
    assert "192.0.2.7" not in other
