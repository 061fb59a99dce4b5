"""An attempt: one use, one browser, ten minutes, and a tombstone for a day."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import pytest

from gateway import attempts
from gateway.attempts import KEPT, LIFE, REMEMBERED, Attempt, Outcome, Secrets, Wish
from gateway.database import Database, Transaction
from gateway.seal import Seal
from tests.parts import NOW, SEAL, database

WISH = Wish(
    site="blog",
    provider="twitter",
    mode="popup",
    return_to="https://blog.example.org/a-post/?p=1",
    challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    widget_state="state-of-the-widget-01",
    proven=True,
    choose_account=False,
    lang="de",
)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


async def _begin(
    db: Database, wish: Wish = WISH, now: int = NOW, address: str = "net"
) -> tuple[str, str]:
    """A new attempt on its way to the provider; its id and its cookie."""
    attempt, cookie = await db.transact(lambda tx: attempts.record(tx, wish, address, now))
    found, secrets = await _found(db, attempt), attempts.new_secrets()
    await db.transact(lambda tx: attempts.keep_secrets(tx, found, SEAL, secrets))
    return attempt, cookie


async def _found(db: Database, attempt: str) -> Attempt:
    found = await attempts.by_id(db, attempt)
    assert found is not None
    return found


async def _secrets(db: Database, attempt: str) -> Secrets:
    secrets = (await _found(db, attempt)).secrets(SEAL)
    assert secrets is not None
    return secrets


async def _take(db: Database, attempt: str) -> bool:
    return await db.transact(lambda tx: attempts.take(tx, attempt, NOW))


async def _end(db: Database, attempt: str, outcome: Outcome = "denied") -> bool:
    return await db.transact(lambda tx: attempts.end(tx, attempt, outcome, NOW))


# -- what is recorded ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wish",
    [
        WISH,
        replace(WISH, mode="page"),
        replace(WISH, proven=False, choose_account=True),
        replace(WISH, site="", mode="here"),
    ],
)
async def test_a_wish_is_kept_as_it_was(db: Database, wish: Wish) -> None:
    attempt, _ = await _begin(db, wish)

    found = await _found(db, attempt)

    assert {f.name: getattr(found, f.name) for f in fields(Wish)} == {
        f.name: getattr(wish, f.name) for f in fields(Wish)
    }
    assert (found.created_at, found.expires_at) == (NOW, NOW + LIFE)
    assert (found.taken_at, found.outcome, found.gateway_session) == (None, None, None)


async def test_S1_the_state_is_random_short_and_unrelated(db: Database) -> None:
    attempt, cookie = await _begin(db)
    other, _ = await _begin(db)

    state = (await _secrets(db, attempt)).state

    assert len(state) == 32
    assert state != (await _secrets(db, other)).state
    assert state not in (attempt, cookie, WISH.widget_state)
    assert attempt not in state


async def test_S5_the_verifier_is_long_enough_and_another_each_time(db: Database) -> None:
    one, other = [(await _secrets(db, (await _begin(db))[0])).verifier for _ in range(2)]

    assert one != other
    assert 43 <= len(one) <= 128


async def test_T9_state_verifier_and_cookie_are_not_readable_in_the_database(
    db: Database, tmp_path: Path
) -> None:
    attempt, cookie = await _begin(db)
    secrets = await _secrets(db, attempt)
    at_rest = await asyncio.to_thread(_everything_in, tmp_path)

    assert attempt.encode() in at_rest
    for secret in (cookie, secrets.state, secrets.verifier):
        assert secret.encode() not in at_rest


def _everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_an_attempt_is_found_by_its_id_and_by_its_state(db: Database) -> None:
    attempt, _ = await _begin(db)
    await _begin(db)
    state = (await _secrets(db, attempt)).state

    assert await attempts.by_state(db, state) == await _found(db, attempt)
    assert await attempts.by_state(db, state + "x") is None
    assert await attempts.by_state(db, "") is None
    assert await attempts.by_id(db, "") is None


async def test_secrets_under_a_removed_key_are_gone(db: Database) -> None:
    attempt, _ = await _begin(db)

    assert (await _found(db, attempt)).secrets(
        Seal([b"another secret than the one before"])
    ) is None


# -- whose it is ---------------------------------------------------------------------------------


async def test_S1_an_attempt_belongs_to_the_browser_with_its_cookie(db: Database) -> None:
    attempt, cookie = await _begin(db)
    other, other_cookie = await _begin(db)
    found = await _found(db, attempt)

    assert found.belongs_to({attempt: cookie, other: other_cookie})
    assert not found.belongs_to({})
    assert not found.belongs_to({attempt: ""})
    assert not found.belongs_to({attempt: other_cookie})
    assert not found.belongs_to({other: cookie})


# -- one use -------------------------------------------------------------------------------------


async def test_S3_an_attempt_is_taken_once(db: Database) -> None:
    attempt, _ = await _begin(db)

    assert await _take(db, attempt)
    assert not await _take(db, attempt)
    assert (await _found(db, attempt)).secrets(SEAL) is None


async def test_S3_of_many_at_once_exactly_one_takes_it(db: Database, tmp_path: Path) -> None:
    attempt, _ = await _begin(db)

    async with database(tmp_path) as other:
        taken = await asyncio.gather(*(_take(each, attempt) for each in (db, other) * 5))

    assert sorted(taken) == [False] * 9 + [True]


async def test_S3_an_ended_attempt_cannot_be_taken_nor_ended_again(db: Database) -> None:
    attempt, _ = await _begin(db)

    assert await _end(db, attempt, "denied")
    assert not await _end(db, attempt, "code")
    assert not await _take(db, attempt)
    assert (await _found(db, attempt)).outcome == "denied"


@pytest.mark.parametrize("outcome", get_args(Outcome))
async def test_a_tombstone_says_what_came_of_it_and_keeps_no_secret(
    db: Database, outcome: Outcome
) -> None:
    attempt, _ = await _begin(db)

    await _end(db, attempt, outcome)

    found = await _found(db, attempt)
    assert (found.outcome, found.taken_at) == (outcome, NOW)
    assert found.secrets(SEAL) is None


async def test_an_identified_attempt_is_used_up_at_the_provider(db: Database) -> None:
    attempt, _ = await _begin(db)

    await db.transact(lambda tx: attempts.identify(tx, attempt, "row", NOW))

    found = await _found(db, attempt)
    assert (found.gateway_session, found.outcome) == ("row", None)
    assert found.secrets(SEAL) is None
    assert not await _take(db, attempt)


async def test_an_attempt_that_begins_again_has_a_new_state_and_the_old_one_is_dead(
    db: Database,
) -> None:
    attempt, _ = await _begin(db)
    before = await _secrets(db, attempt)
    await db.transact(lambda tx: attempts.identify(tx, attempt, "row", NOW))

    await db.transact(lambda tx: attempts.begin_again(tx, attempt))

    found = await _found(db, attempt)
    assert (found.gateway_session, found.sealed, found.secrets(SEAL)) == (None, None, None)
    assert await attempts.by_state(db, before.state) is None
    assert await _take(db, attempt)


async def test_a_tombstone_cannot_begin_again_nor_be_identified(db: Database) -> None:
    attempt, _ = await _begin(db)
    await _end(db, attempt)

    async def work(tx: Transaction) -> None:
        await attempts.begin_again(tx, attempt)
        await attempts.identify(tx, attempt, "row", NOW)

    await db.transact(work)

    found = await _found(db, attempt)
    assert (found.outcome, found.gateway_session, found.sealed) == ("denied", None, None)


# -- OAuth 1.0a ----------------------------------------------------------------------------------


async def _keep(db: Database, before: Attempt, token: str) -> bool:
    secrets = Secrets(state="s", request_token=token, request_secret="the token's secret")
    return await db.transact(lambda tx: attempts.keep_secrets(tx, before, SEAL, secrets))


async def test_a_request_token_names_the_attempt_from_then_on(db: Database) -> None:
    attempt, _ = await _begin(db)
    state = (await _secrets(db, attempt)).state

    assert await _keep(db, await _found(db, attempt), "token-1")

    assert await attempts.by_state(db, "token-1") == await _found(db, attempt)
    assert await attempts.by_state(db, state) is None
    assert (await _secrets(db, attempt)).request_secret == "the token's secret"


async def test_of_two_request_tokens_the_first_one_kept_counts(db: Database) -> None:
    """A double click asks the provider twice; the browser may go with either answer."""
    attempt, _ = await _begin(db)
    before = await _found(db, attempt)

    assert await _keep(db, before, "token-1")
    assert not await _keep(db, before, "token-2")

    assert (await _secrets(db, attempt)).request_token == "token-1"


async def test_a_taken_attempt_keeps_no_request_token(db: Database) -> None:
    attempt, _ = await _begin(db)
    before = await _found(db, attempt)
    await _take(db, attempt)

    assert not await _keep(db, before, "token-1")


async def test_one_request_token_cannot_name_two_attempts(db: Database) -> None:
    one, other = [await _found(db, (await _begin(db))[0]) for _ in range(2)]
    await _keep(db, one, "token-1")

    with pytest.raises(sqlite3.IntegrityError):
        await _keep(db, other, "token-1")

    assert (await _secrets(db, other.id)).request_token == ""


# -- how many ------------------------------------------------------------------------------------


async def test_N6_pending_attempts_of_a_network_are_counted(db: Database) -> None:
    await _begin(db)
    await _begin(db, address="another")
    await _begin(db, now=NOW - LIFE)
    await _take(db, (await _begin(db))[0])
    await _end(db, (await _begin(db))[0])

    assert await attempts.pending_from(db, "net", NOW) == 1
    assert await attempts.pending_from(db, "net", NOW + LIFE) == 0


async def _many(db: Database, count: int, wish: Wish = WISH, since: int = NOW) -> dict[str, str]:
    """So many attempts of one browser, a second apart: its cookies."""
    return dict([await _begin(db, wish, since + place) for place in range(count)])


async def test_S4_a_browser_may_have_ten_attempts(db: Database) -> None:
    cookies = await _many(db, KEPT)

    assert KEPT == 10
    assert await attempts.too_many(db, cookies, next(iter(cookies))) == []


async def test_S4_beyond_ten_the_oldest_go_but_never_the_one_at_hand(db: Database) -> None:
    cookies = await _many(db, KEPT + 3)
    oldest = list(cookies)

    assert await attempts.too_many(db, cookies, keep=oldest[-1]) == oldest[:3]
    assert await attempts.too_many(db, cookies, keep=oldest[0]) == oldest[1:4]


async def test_S4_cookies_of_nothing_go_first_then_tombstones_then_unproven_ones(
    db: Database,
) -> None:
    proven = await _many(db, KEPT - 2)
    unproven = await _many(db, 2, replace(WISH, proven=False), NOW + 100)
    ended = await _many(db, 1, since=NOW + 200)
    await _end(db, next(iter(ended)))
    theirs = {(await _begin(db, now=NOW + 300))[0]: "a cookie that is not its own"}
    nothing = {"nothing": "x"}
    everything = {**proven, **unproven, **ended, **theirs, **nothing}

    dropped = await attempts.too_many(db, everything, keep=next(iter(proven)))

    assert set(dropped) == {*nothing, *theirs, *ended}
    more = {**everything, **await _many(db, 3, since=NOW + 400)}
    dropped = await attempts.too_many(db, more, keep=next(iter(proven)))
    assert set(dropped) == {*nothing, *theirs, *ended, *unproven, list(proven)[1]}


async def test_dropping_takes_only_what_is_the_browsers_own(db: Database) -> None:
    own, cookie = await _begin(db)
    theirs, _ = await _begin(db)
    cookies = {own: cookie, theirs: "a guess", "nothing": "x"}

    await db.transact(lambda tx: attempts.drop(tx, cookies, list(cookies)))

    assert await attempts.by_id(db, own) is None
    assert await attempts.by_id(db, theirs) is not None


async def test_a_tombstone_leads_back_for_a_day_and_is_forgotten_then(db: Database) -> None:
    attempt, _ = await _begin(db)
    last = NOW + LIFE + REMEMBERED

    await db.transact(lambda tx: attempts.forget(tx, last))
    still = await attempts.by_id(db, attempt)
    await db.transact(lambda tx: attempts.forget(tx, last + 1))

    assert still is not None
    assert await attempts.by_id(db, attempt) is None


async def test_where_an_attempt_came_from_is_forgotten_with_its_end_or_its_time(
    db: Database,
) -> None:
    async def addresses() -> list[str]:
        rows = await db.rows("SELECT address FROM attempts ORDER BY address")
        return [row["address"] for row in rows]

    ended, _ = await _begin(db)
    await _begin(db)
    await _end(db, ended)
    assert await addresses() == ["", "net"]

    await db.transact(lambda tx: attempts.forget(tx, NOW + LIFE - 1))
    assert await addresses() == ["", "net"]

    await db.transact(lambda tx: attempts.forget(tx, NOW + LIFE))
    assert await addresses() == ["", ""]
