"""The documentation as a whole: its links, its configurations, its picture."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import config, errors
from gateway.web.languages import catalogue
from providers.rehearsal import FAULTS
from tests.pages import (
    DOCS,
    FENCE,
    PAGES,
    README,
    VECTORS,
    VERIFY_PAGE,
    blocks,
    leads_somewhere,
    links,
)
from tests.tools import ROOT

SECRETS = dict.fromkeys(
    (
        *("COMMENTGATE_SECRET", "COMMENTGATE_SECRET_2"),
        *("WORDPRESS_SECRET", "TWITTER_SECRET", "TWITTER1_SECRET", "FACEBOOK_SECRET"),
    ),
    "0123456789abcdef" * 4,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    broken = [link for link in links(page) if not leads_somewhere(page, link)]

    assert broken == []


def test_every_page_can_be_found_from_the_index() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "index.md")}

    unlisted = set(DOCS.rglob("*.md")) - listed - {DOCS / "index.md"}

    assert unlisted == set()


CONFIGURATIONS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "toml"))
]


@pytest.mark.parametrize("block", CONFIGURATIONS)
def test_every_configuration_shown_has_no_mistakes(block: str, tmp_path: Path) -> None:
    shown = tomllib.loads(block.replace("/var/lib/commentgate/", ""))

    settings = config.read(_whole(shown), SECRETS, tmp_path)

    assert settings.notes == ()


def _whole(shown: dict[str, Any]) -> dict[str, Any]:
    """A page may show one table of a file, or one line: the rest is as in the README."""
    basis = tomllib.loads(blocks(README, "toml")[0])
    whole = {**basis, "providers": {}, "sites": {}, **shown}
    for site in whole["sites"].values():
        for provider in site["providers"]:
            whole["providers"].setdefault(provider, basis["providers"]["wordpress"])
    return whole


def test_the_readme_shows_a_whole_configuration(tmp_path: Path) -> None:
    (shown,) = blocks(README, "toml")

    settings = config.read(tomllib.loads(shown), SECRETS, tmp_path)

    expected = f"Register at wordpress as redirect URI: {settings.callback('wordpress')}"
    assert expected in README.read_text(encoding="utf-8")


def test_the_readme_configuration_without_its_secrets_is_refused(tmp_path: Path) -> None:
    (shown,) = blocks(README, "toml")

    with pytest.raises(errors.Misconfigured) as refused:
        config.read(tomllib.loads(shown), {}, tmp_path)

    assert {mistake.key for mistake in refused.value.mistakes} == {
        "secret_keys[0]",
        "providers.wordpress.client_secret",
    }


QUOTING = (
    "reference/account-and-session.md",
    "explanation/what-a-blog-learns-and-who-decides.md",
    "how-to/answer-an-erasure-request.md",
    "how-to/rehearse-an-outage.md",
    "tutorials/first-comment.md",
)


@pytest.mark.parametrize("page", QUOTING)
def test_words_quoted_from_our_pages_stand_there(page: str) -> None:
    text = FENCE.sub("", (DOCS / page).read_text(encoding="utf-8"))
    quoted = [" ".join(words.split()) for words in re.findall(r"(?<!\*)\*([A-Z…][^*]+)\*", text)]

    shown = _shown()
    unknown = [words for words in quoted if words.strip("… ") not in shown]

    assert quoted
    assert unknown == []


def _shown() -> str:
    """All words of our own pages, the widget's, the demo's and the stand-ins', in English."""
    demo = json.loads((ROOT / "gateway/demo/locales/en.json").read_text(encoding="utf-8"))
    ours = [*catalogue("en")["pages"].values(), *catalogue("en")["widget"].values()]
    stand_ins = (ROOT / "providers/rehearsal/templates/signin.html").read_text(encoding="utf-8")
    faults = [fault.label for fault in FAULTS.values()]
    words = "\n".join([*ours, *demo.values(), stand_ins, *faults])
    filled = {"{provider}": "X", "{site}": "The garden", "{name}": "Ada Lovelace"}
    for place, value in filled.items():
        words = words.replace(place, value)
    return re.sub(r"</?\w+>", "", words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_to_be_looked_for_in_the_log_is_spelt_as_there(page: Path) -> None:
    known = set(re.findall(r'"event": "(\w+)"', (ROOT / "gateway/events.py").read_text()))

    told = re.findall(r'`"(?:event|status)":[^`]*`', page.read_text(encoding="utf-8"))

    lines = [f'`"event":"{event}"`' for event in known]
    assert [words for words in told if words not in lines and '"status":' not in words] == []
    assert [words for words in told if " " in words] == []


def test_the_pages_name_the_true_number_of_vectors() -> None:
    assert f"holds {len(VECTORS['vectors'])} tokens" in VERIFY_PAGE.read_text(encoding="utf-8")
    security = (DOCS / "explanation" / "security.md").read_text(encoding="utf-8")
    assert f"{len(VECTORS['vectors'])} vectors" in security


def test_the_picture_of_the_form_is_small() -> None:
    (picture,) = (DOCS / "pictures").glob("form.*")

    assert picture.stat().st_size < 150_000
