"""People: who is who, what is kept of them, our names for them, and what goes with them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import commenters, gateway_sessions, sessions
from gateway.commenters import Erasure
from gateway.database import Database, Transaction
from gateway.sites import Site
from providers.base import Identity
from tests.parts import (
    ADA,
    BLOG,
    BOB,
    GARDEN,
    NOW,
    database,
    open_session,
    person_of,
    signed_in,
)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with database(tmp_path) as opened:
        yield opened


async def _kept(db: Database, who: Identity = ADA) -> Identity:
    kept = await commenters.identity(db, who.namespace, who.provider_id)
    assert kept is not None
    return kept


async def _subject(db: Database, person: str, site: Site = BLOG) -> str:
    return await db.transact(lambda tx: commenters.subject(tx, person, site, NOW))


async def _erase(db: Database, who: Identity = ADA) -> Erasure:
    return await db.transact(lambda tx: commenters.erase(tx, who.namespace, who.provider_id, NOW))


# -- who is who ----------------------------------------------------------------------------------


async def test_I1_somebody_is_known_by_namespace_and_provider_id_alone(db: Database) -> None:
    person = await person_of(db, ADA)

    renamed = replace(ADA, name="Countess", username="lovelace", email="new@example.org")
    recycled = replace(ADA, provider_id="4712")
    elsewhere = replace(ADA, namespace="facebook")

    assert await person_of(db, renamed) == person
    assert len({person, await person_of(db, recycled), await person_of(db, elsewhere)}) == 3


async def test_I3_an_equal_e_mail_joins_nobody(db: Database) -> None:
    persons = {
        await person_of(db, ADA),
        await person_of(db, replace(BOB, email=ADA.email, email_verified=True)),
        await person_of(db, replace(ADA, namespace="facebook")),
    }

    assert len(persons) == 3


async def test_what_somebody_shows_is_kept_current(db: Database) -> None:
    await person_of(db, ADA)
    renamed = replace(ADA, name="Countess", username=None, profile_url=None, avatar_url=None)

    await person_of(db, renamed)

    assert await _kept(db) == renamed


async def test_it_is_known_since_when_and_when_last_somebody_was_seen(db: Database) -> None:
    person = await person_of(db, ADA)
    await person_of(db, ADA, NOW + 50)

    (known,) = await commenters.identities(db, person)

    assert (known.identity, known.created_at, known.seen_at) == (ADA, NOW, NOW + 50)


async def test_I5_hostile_texts_and_addresses_are_made_fit(db: Database) -> None:
    hostile = replace(
        ADA,
        name="\u202eAda\u200b\n<b>",
        username="ad\x00a",
        profile_url="javascript:alert(1)",
        avatar_url="http://user@evil.example/",
    )

    await person_of(db, hostile)

    kept = await _kept(db)
    assert (kept.name, kept.username) == ("Ada <b>", "ada")
    assert (kept.profile_url, kept.avatar_url) == (None, None)


@pytest.mark.parametrize(
    ("name", "username", "shown"),
    [
        ("", "ada", "ada"),
        ("\u200b", "ada", "ada"),
        ("\u3164", None, "4711"),
        (" ", "\u202e", "4711"),
    ],
)
async def test_somebody_without_a_name_is_called_by_user_name_or_number(
    db: Database, name: str, username: str | None, shown: str
) -> None:
    """Never by an e-mail."""
    await person_of(db, replace(ADA, name=name, username=username))

    assert (await _kept(db)).name == shown


async def test_I2_an_e_mail_is_kept_only_where_a_site_wants_it(db: Database) -> None:
    await person_of(db, ADA, keep_email=False)
    unwanted = await _kept(db)
    await person_of(db, ADA, keep_email=True)

    assert (unwanted.email, unwanted.email_verified) == (None, False)
    assert ((await _kept(db)).email, (await _kept(db)).email_verified) == ("ada@example.org", True)


async def test_a_sign_in_that_does_not_ask_for_the_e_mail_does_not_lose_it(db: Database) -> None:
    await person_of(db, ADA, keep_email=True)

    await person_of(db, replace(ADA, email=None, email_verified=False), keep_email=False)

    assert ((await _kept(db)).email, (await _kept(db)).email_verified) == ("ada@example.org", True)


async def test_I2_a_new_unverified_e_mail_does_not_inherit_the_old_ones_proof(db: Database) -> None:
    await person_of(db, ADA, keep_email=True)

    await person_of(db, replace(ADA, email="b@example.org", email_verified=False), keep_email=True)

    assert ((await _kept(db)).email, (await _kept(db)).email_verified) == ("b@example.org", False)


# -- our names for them --------------------------------------------------------------------------


async def test_a_subject_is_random_and_stays(db: Database) -> None:
    person = await person_of(db, ADA)

    subject = await _subject(db, person)

    assert len(subject) == 22
    assert await _subject(db, person) == subject
    assert person not in subject


async def test_two_sites_cannot_join_their_commenters_by_it(db: Database) -> None:
    person = await person_of(db, ADA)

    assert await _subject(db, person, BLOG) != await _subject(db, person, GARDEN)


async def test_sites_with_public_subjects_share_one_and_private_ones_do_not_learn_it(
    db: Database,
) -> None:
    person = await person_of(db, ADA)
    public = [replace(site, subject="public") for site in (BLOG, GARDEN)]

    shared = {await _subject(db, person, site) for site in public}

    assert len(shared) == 1
    assert await _subject(db, person, BLOG) not in shared


async def test_two_persons_have_two_subjects(db: Database) -> None:
    ada, bob = await person_of(db, ADA), await person_of(db, BOB)

    assert await _subject(db, ada) != await _subject(db, bob)


# -- bans ----------------------------------------------------------------------------------------


async def test_a_ban_at_one_site_holds_there_and_one_of_the_person_everywhere(
    db: Database,
) -> None:
    ada, bob = await person_of(db, ADA), await person_of(db, BOB)
    here = await _subject(db, ada)
    await _subject(db, bob)

    async def banned() -> list[bool]:
        pairs = [(ada, BLOG), (ada, GARDEN), (bob, BLOG), (bob, GARDEN)]
        return [await commenters.is_banned(db, person, site) for person, site in pairs]

    assert await banned() == [False] * 4
    await db.transact(
        lambda tx: tx.execute("UPDATE subjects SET banned_at = 1 WHERE subject = :s", s=here)
    )
    assert await banned() == [True, False, False, False]
    await db.transact(
        lambda tx: tx.execute("UPDATE persons SET banned_at = 1 WHERE id = :p", p=bob)
    )
    assert await banned() == [True, False, True, True]


# -- going ---------------------------------------------------------------------------------------


async def _counts(db: Database) -> dict[str, int]:
    tables = ("persons", "identities", "gateway_sessions", "sessions", "subjects", "acquaintances")
    counts = {}
    for table in tables:
        row = await db.row(f"SELECT count(*) AS rows FROM {table}")  # noqa: S608  # the names stand above
        assert row is not None
        counts[table] = row["rows"]
    return counts


async def test_I6_erasure_takes_the_identity_its_sessions_and_with_the_last_one_the_person(
    db: Database,
) -> None:
    ada = await signed_in(db)
    session = await open_session(db, ada)

    erased = await _erase(db)

    assert erased == Erasure(identity=True, person=True)
    assert str(erased) == "person"
    assert await commenters.identity(db, ADA.namespace, ADA.provider_id) is None
    assert await gateway_sessions.find(db, ada.id, NOW) is None
    assert await sessions.find(db, session.sid, NOW) is None
    assert await _counts(db) == {
        "persons": 0,
        "identities": 0,
        "gateway_sessions": 0,
        "sessions": 0,
        "subjects": 1,
        "acquaintances": 0,
    }


async def test_an_erased_subject_is_never_given_again(db: Database) -> None:
    ada = await signed_in(db)
    before = (await open_session(db, ada)).subject

    await _erase(db)

    again = await signed_in(db)
    (tombstone,) = await db.rows("SELECT * FROM subjects")
    assert again.person != ada.person
    assert (tombstone["subject"], tombstone["person"], tombstone["erased_at"]) == (
        before,
        None,
        NOW,
    )
    assert (await open_session(db, again)).subject != before


async def test_erasing_one_of_two_identities_leaves_the_person(db: Database) -> None:
    ada = await signed_in(db)
    await open_session(db, ada)
    await _also(db, BOB, ada.person)
    by_bob = await signed_in(db, BOB)
    his = await open_session(db, by_bob, GARDEN)

    erased = await _erase(db)

    assert erased == Erasure(identity=True, person=False)
    assert str(erased) == "identity"
    assert by_bob.person == ada.person
    assert [known.identity for known in await commenters.identities(db, ada.person)] == [BOB]
    assert await sessions.find(db, his.sid, NOW) is not None
    assert await gateway_sessions.find(db, ada.id, NOW) is None


async def _also(db: Database, who: Identity, person: str) -> None:
    """A second identity of a person."""
    await person_of(db, who)
    await db.transact(
        lambda tx: tx.execute(
            "UPDATE identities SET person = :person WHERE namespace = :namespace",
            person=person,
            namespace=who.namespace,
        )
    )


async def test_erasing_a_person_takes_all_identities(db: Database) -> None:
    ada = await signed_in(db)
    await _also(db, BOB, ada.person)
    await open_session(db, await signed_in(db, BOB))

    erased = await db.transact(lambda tx: commenters.erase_person(tx, ada.person, NOW))

    assert erased == Erasure(identity=True, person=True)
    assert (await _counts(db))["identities"] == 0


async def test_erasing_somebody_unknown_is_nothing_and_touches_nobody(db: Database) -> None:
    await open_session(db, await signed_in(db))
    before = await _counts(db)

    erased = await _erase(db, BOB)

    assert erased == Erasure(identity=False, person=False)
    assert str(erased) == "nothing"
    assert await _counts(db) == before


async def test_signing_out_everywhere_ends_what_that_identity_opened_and_nothing_else(
    db: Database,
) -> None:
    ada, bob = await signed_in(db), await signed_in(db, BOB)
    hers, his = await open_session(db, ada), await open_session(db, bob)

    async def work(tx: Transaction) -> None:
        await commenters.sign_out_everywhere(tx, ADA.namespace, ADA.provider_id)

    await db.transact(work)

    assert await gateway_sessions.find(db, ada.id, NOW) is None
    assert await sessions.find(db, hers.sid, NOW) is None
    assert await gateway_sessions.find(db, bob.id, NOW) is not None
    assert await sessions.find(db, his.sid, NOW) is not None
    assert await _kept(db) == ADA
