"""The ring of signing keys: published before use, kept until the last token has expired."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet

from gateway import keys as ring
from gateway.database import Database
from gateway.errors import KeysUnreadable
from gateway.keys import PUBLISHED_AFTER_USE, PUBLISHED_BEFORE_USE, READ_AGAIN, KeyRing
from gateway.seal import Seal
from tests.parts import SEAL, database
from tests.world import Clock

HOUR = 3600
OLD, NEW = b"the secret that was there at first", b"the secret that was put in front of it"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def worker(db: Database, clock: Clock) -> KeyRing:
    """A worker at its first start."""
    return await _start(db, clock)


async def _start(db: Database, clock: Clock, seal: Seal = SEAL) -> KeyRing:
    worker = KeyRing(db, seal, clock)
    await worker.prepare()
    return worker


async def _published(worker: KeyRing) -> list[str]:
    return [key["kid"] for key in json.loads(await worker.jwks())["keys"]]


async def _states(db: Database, clock: Clock) -> dict[str, str]:
    listed = await ring.keys(db)
    return {key.kid: ring.state(listed, key, int(clock())) for key in listed}


async def _named(db: Database, clock: Clock, state: str) -> str:
    (kid,) = [kid for kid, its in (await _states(db, clock)).items() if its == state]
    return kid


async def _rotate(db: Database, clock: Clock) -> int:
    return await ring.rotate(db, SEAL, int(clock()))


async def _retire(db: Database, clock: Clock, kid: str) -> bool:
    return await ring.retire(db, SEAL, kid, int(clock()))


# -- the first start -----------------------------------------------------------------------------


async def test_T3_a_new_gate_publishes_the_key_that_signs_and_the_next_one(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    states = await _states(db, clock)

    assert sorted(states.values()) == ["next", "signs"]
    assert set(await _published(worker)) == set(states)
    assert states[(await worker.signer()).kid] == "signs"


async def test_published_keys_are_public_es256_keys(worker: KeyRing) -> None:
    published: list[dict[str, Any]] = json.loads(await worker.jwks())["keys"]

    for key in published:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")


async def test_what_the_signer_signs_verifies_under_the_published_keys(worker: KeyRing) -> None:
    signer = await worker.signer()
    signed = jws.serialize_compact({"alg": "ES256", "kid": signer.kid}, b"ada", signer.key)

    outside = KeySet.import_key_set(json.loads(await worker.jwks()))
    for keys in (outside, await worker.published()):
        assert jws.deserialize_compact(signed, keys, algorithms=["ES256"]).payload == b"ada"


async def test_a_second_start_keeps_the_ring(db: Database, clock: Clock, worker: KeyRing) -> None:
    before = await ring.keys(db)

    again = await _start(db, clock)

    assert await ring.keys(db) == before
    assert (await again.signer()).kid == (await worker.signer()).kid


async def test_T3_two_workers_that_start_at_once_make_one_ring(
    tmp_path: Path, clock: Clock
) -> None:
    async with database(tmp_path) as one, database(tmp_path) as other:
        workers = await asyncio.gather(*(_start(db, clock) for db in (one, other)))

        first, second = [await _published(worker) for worker in workers]

    assert len(first) == 2
    assert first == second


async def test_T9_private_keys_are_not_readable_in_the_database(
    db: Database, tmp_path: Path, worker: KeyRing
) -> None:
    private = (await worker.signer()).key.as_dict(private=True)["d"]
    at_rest = _everything_in(tmp_path)

    assert isinstance(private, str)
    assert (await worker.signer()).kid.encode() in at_rest
    assert private.encode() not in at_rest


def _everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


# -- rotation ------------------------------------------------------------------------------------


async def test_T3_a_key_is_published_for_25_hours_before_it_signs(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    current, following = (await worker.signer()).kid, await _named(db, clock, "next")

    use_from = await _rotate(db, clock)

    assert use_from == clock() + PUBLISHED_BEFORE_USE
    clock.sleep(PUBLISHED_BEFORE_USE - 1)
    assert (await worker.signer()).kid == current
    clock.sleep(1 + READ_AGAIN)
    assert (await worker.signer()).kid == following


async def test_T3_a_key_that_has_been_published_long_enough_signs_at_once(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    following = await _named(db, clock, "next")
    clock.sleep(PUBLISHED_BEFORE_USE)

    use_from = await _rotate(db, clock)

    clock.sleep(READ_AGAIN)
    assert use_from == clock() - READ_AGAIN
    assert (await worker.signer()).kid == following


async def test_T3_a_replaced_key_stays_published_until_its_last_token_has_expired(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    current = (await worker.signer()).kid
    clock.sleep(PUBLISHED_BEFORE_USE)
    await _rotate(db, clock)

    clock.sleep(PUBLISHED_AFTER_USE - 1)
    last = await _published(worker)
    clock.sleep(1 + READ_AGAIN)

    assert PUBLISHED_AFTER_USE >= 1 * HOUR + 20 * 60  # a token's life, and both caches of keys
    assert current in last
    assert current not in await _published(worker)


async def test_a_rotation_makes_and_publishes_a_further_next_key(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    clock.sleep(PUBLISHED_BEFORE_USE)
    before = await _published(worker)

    await _rotate(db, clock)

    clock.sleep(READ_AGAIN)
    following = await _named(db, clock, "next")
    assert following not in before
    assert following in await _published(worker)


async def test_a_worker_knows_of_a_rotation_after_ten_seconds(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    before = await _published(worker)
    await _rotate(db, clock)

    clock.sleep(READ_AGAIN - 0.1)
    not_yet = await _published(worker)
    clock.sleep(0.1)

    assert not_yet == before
    assert len(await _published(worker)) == 3


async def test_a_forgotten_key_was_no_longer_published(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    clock.sleep(PUBLISHED_BEFORE_USE)
    await _rotate(db, clock)
    clock.sleep(PUBLISHED_AFTER_USE + READ_AGAIN)
    published = await _published(worker)

    await db.transact(lambda tx: ring.forget(tx, int(clock())))

    assert sorted(await _states(db, clock)) == sorted(published)


async def test_a_clock_that_was_set_back_leaves_the_gate_its_key(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    kid = (await worker.signer()).kid
    clock.sleep(-5 * HOUR)

    assert (await worker.signer()).kid == kid
    assert (await (await _start(db, clock)).signer()).kid == kid


# -- retiring ------------------------------------------------------------------------------------


async def test_a_retired_key_is_gone_at_once_and_the_next_one_signs(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    leaked, following = (await worker.signer()).kid, await _named(db, clock, "next")

    assert await _retire(db, clock, leaked)

    clock.sleep(READ_AGAIN)
    assert (await worker.signer()).kid == following
    assert leaked not in await _published(worker)
    assert await _named(db, clock, "next") in await _published(worker)


async def test_retiring_the_next_key_makes_another(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    leaked, current = await _named(db, clock, "next"), (await worker.signer()).kid

    assert await _retire(db, clock, leaked)

    clock.sleep(READ_AGAIN)
    assert (await worker.signer()).kid == current
    assert leaked not in await _published(worker)
    assert len(await _published(worker)) == 2


async def test_retiring_the_key_that_waits_lets_the_one_before_it_go_on(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    current = (await worker.signer()).kid
    await _rotate(db, clock)

    assert await _retire(db, clock, await _named(db, clock, "waiting"))

    clock.sleep(PUBLISHED_BEFORE_USE + PUBLISHED_AFTER_USE)
    assert (await worker.signer()).kid == current


async def test_retiring_the_key_that_signs_hands_over_to_the_one_published_longest(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    leaked = (await worker.signer()).kid
    clock.sleep(HOUR)
    await _rotate(db, clock)
    waiting = await _named(db, clock, "waiting")

    assert await _retire(db, clock, leaked)

    clock.sleep(READ_AGAIN)
    assert (await worker.signer()).kid == waiting


async def test_a_key_that_was_replaced_never_signs_again(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    """Its publication is about to end: what it signed then would not verify for long."""
    replaced = (await worker.signer()).kid
    clock.sleep(PUBLISHED_BEFORE_USE)
    await _rotate(db, clock)

    assert await _retire(db, clock, await _named(db, clock, "signs"))

    clock.sleep(READ_AGAIN)
    assert (await worker.signer()).kid != replaced
    clock.sleep(PUBLISHED_AFTER_USE)
    assert await worker.signer()


async def test_retiring_a_key_that_is_not_there_changes_nothing(
    db: Database, clock: Clock, worker: KeyRing
) -> None:
    before = await ring.keys(db)

    assert not await _retire(db, clock, "nobody")

    assert await ring.keys(db) == before


STEPS = st.one_of(
    st.just(("rotate", 0)),
    st.tuples(st.just("retire"), st.integers(0, 5)),
    st.tuples(st.just("sleep"), st.sampled_from([1, HOUR, 3 * HOUR, 26 * HOUR])),
    st.just(("forget", 0)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=8))
@example(steps=[("rotate", 0), ("sleep", 26 * HOUR), ("retire", 1), ("sleep", 3 * HOUR)])
@example(steps=[("rotate", 0), ("retire", 1), ("sleep", 26 * HOUR), ("sleep", 3 * HOUR)])
def test_T3_whatever_is_rotated_and_retired_every_live_token_verifies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """One key signs at any time, and what it signed within the hour stays verifiable."""
    asyncio.run(_any_story(tmp_path_factory.mktemp("ring"), steps))


async def _any_story(folder: Path, steps: list[tuple[str, int]]) -> None:
    clock, signed_at = Clock(), dict[str, float]()
    async with database(folder) as db:
        await _start(db, clock)
        for what, number in steps:
            if what == "rotate":
                await _rotate(db, clock)
            elif what == "sleep":
                clock.sleep(number)
            elif what == "forget":
                await db.transact(lambda tx: ring.forget(tx, int(clock())))
            else:
                kid = list(await _states(db, clock))[number % len(await _states(db, clock))]
                await _retire(db, clock, kid)
                signed_at.pop(kid, None)
            worker = await _start(db, clock)
            signed_at[(await worker.signer()).kid] = clock()
            live = {kid for kid, at in signed_at.items() if clock() - at < HOUR}
            assert live <= set(await _published(worker))
            assert list((await _states(db, clock)).values()).count("next") == 1


# -- secrets -------------------------------------------------------------------------------------


async def test_a_ring_under_a_removed_secret_refuses_to_start(db: Database, clock: Clock) -> None:
    await _start(db, clock, Seal([OLD]))

    with pytest.raises(KeysUnreadable, match="does not list"):
        await _start(db, clock, Seal([NEW]))


async def test_T3_a_new_secret_in_front_takes_the_ring_over(db: Database, clock: Clock) -> None:
    kid = (await (await _start(db, clock, Seal([OLD]))).signer()).kid

    await _start(db, clock, Seal([NEW, OLD]))

    assert (await (await _start(db, clock, Seal([NEW]))).signer()).kid == kid
    with pytest.raises(KeysUnreadable):
        await _start(db, clock, Seal([OLD]))


async def test_a_ring_that_is_wrapped_under_the_newest_secret_is_left_alone(
    db: Database, clock: Clock
) -> None:
    await _start(db, clock, Seal([NEW, OLD]))
    before = await ring.keys(db)

    await _start(db, clock, Seal([NEW, OLD]))

    assert await ring.keys(db) == before


async def test_a_rotation_under_another_secret_changes_nothing(db: Database, clock: Clock) -> None:
    """A key that the gateway could not read would stop it at its next start."""
    await _start(db, clock, Seal([OLD]))
    before = await ring.keys(db)

    with pytest.raises(KeysUnreadable):
        await ring.rotate(db, Seal([NEW]), int(clock()))

    assert await ring.keys(db) == before


@pytest.mark.parametrize("what", ["rotate", "retire"])
async def test_T3_a_command_that_knows_a_newer_secret_leaves_the_gateway_that_runs_its_keys(
    db: Database, clock: Clock, what: str
) -> None:
    """The file and the environment change before the restart; whichever key signs, it is read."""
    running = await _start(db, clock, Seal([OLD]))
    for _ in range(3):
        before = (await running.signer()).kid
        if what == "rotate":
            await ring.rotate(db, Seal([NEW, OLD]), int(clock()))
        else:
            await ring.retire(db, Seal([NEW, OLD]), before, int(clock()))
        clock.sleep(PUBLISHED_BEFORE_USE)

        assert (await running.signer()).kid != before
        assert (await running.signer()).kid in await _published(running)

    restarted = await _start(db, clock, Seal([NEW, OLD]))
    assert (await restarted.signer()).kid == (await running.signer()).kid
    assert await (await _start(db, clock, Seal([NEW]))).signer()


async def test_a_rotation_before_the_first_start_makes_a_whole_ring(
    db: Database, clock: Clock
) -> None:
    await _rotate(db, clock)

    assert sorted((await _states(db, clock)).values()) == ["next", "signs", "waiting"]
    assert await (await _start(db, clock)).signer()


async def test_a_ring_whose_secret_is_lost_can_be_retired_key_by_key(
    db: Database, clock: Clock
) -> None:
    await _start(db, clock, Seal([OLD]))
    lost = await _states(db, clock)

    for kid in lost:
        await ring.retire(db, Seal([NEW]), kid, int(clock()))

    worker = await _start(db, clock, Seal([NEW]))
    assert not set(await _published(worker)) & set(lost)
