"""Pictures: fetched once in the background, redrawn by us, shown under an id that tells nothing."""

import io
import sqlite3
from urllib.parse import urlsplit

import httpx2
import pytest
from PIL import Image

from gateway import erasure
from gateway.web.avatar import letters
from tests.world import PROVIDERS, Click, World


async def _picture(world: World, user: dict[str, str], size: str = "") -> httpx2.Response:
    await world.gate.pictures.settled()
    return await world.client.get(urlsplit(user["picture"]).path + size)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_readers_get_a_small_picture_of_ours(world: World, provider: str) -> None:
    """The provider's servers see no reader, and its bytes are never passed on."""
    session = await world.session(world.browser(), Click(provider=provider))

    large = await _picture(world, session["user"])
    small = await _picture(world, session["user"], "?size=64")

    drawn = [Image.open(io.BytesIO(answer.content)) for answer in (large, small)]
    assert [(image.format, image.size) for image in drawn] == [
        ("WEBP", (128, 128)),
        ("WEBP", (64, 64)),
    ]
    assert large.headers["x-content-type-options"] == "nosniff"
    assert large.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_somebody_without_a_picture_has_initials(world: World) -> None:
    session = await world.session(world.browser(), Click(provider="facebook"), "silhouette")

    answer = await _picture(world, session["user"])

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cache-control"] == "public, max-age=60"  # a picture may come
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_same_picture_is_fetched_once_and_stored_once(world: World) -> None:
    """Sites and sign-ins share it; their readers' addresses for it differ."""
    browser = world.browser()
    first = await world.session(browser, Click())
    await world.gate.pictures.settled()
    again = await world.session(world.browser(), Click())
    await world.gate.pictures.settled()

    rows = await world.gate.db.rows("SELECT 1 FROM pictures")
    assert len(rows) == 1
    assert first["user"]["picture"] == again["user"]["picture"]


async def test_a_reader_who_has_the_picture_is_told_so(world: World) -> None:
    session = await world.session(world.browser())
    answer = await _picture(world, session["user"])

    again = await world.client.get(
        urlsplit(session["user"]["picture"]).path, headers={"if-none-match": answer.headers["etag"]}
    )

    assert again.status_code == 304


async def test_I7_after_erasure_the_address_shows_nobody(world: World) -> None:
    """Old comments keep their address; neither face nor initials are left."""
    session = await world.session(world.browser())
    await world.gate.pictures.settled()

    row = await world.gate.db.row("SELECT namespace, provider_id FROM identities")
    assert row
    await erasure.erase(world.gate, row["namespace"], row["provider_id"])

    answer = await _picture(world, session["user"])
    assert answer.status_code == 200
    assert b"<text" not in answer.content
    assert not await world.gate.db.rows("SELECT 1 FROM pictures")


async def test_an_unknown_address_is_not_found(world: World) -> None:
    assert (await world.client.get("/avatar/AAAAAAAAAAAAAAAAAAAAAA")).status_code == 404


def test_I5_a_hostile_name_cannot_leave_the_drawing() -> None:
    drawing = letters("<script> &x", "seed").decode()

    assert "<script" not in drawing
    assert "&lt;&amp;" in drawing


async def test_a_picture_that_fails_in_an_unknown_way_ends_no_other_one(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker lives as long as the gateway; its end would go unnoticed."""

    async def full(tx: object, *_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("gateway.pictures._keep", full)
        await world.session(world.browser(), Click())
        await world.gate.pictures.settled()
    session = await world.session(world.browser(), Click(provider="facebook"))

    answer = await _picture(world, session["user"])

    assert answer.headers["content-type"] == "image/webp"
    assert "database or disk is full" in caplog.text
