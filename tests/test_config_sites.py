"""The sites of a configuration."""

from pathlib import Path

import pytest

from tests.configs import (
    WHOLE,
    changed,
    judged,
    only_mistake,
)

# -- sites -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["b", "blog-2", "0", "a" * 63])
def test_a_site_id_is_small_letters_digits_and_hyphens(tmp_path: Path, site: str) -> None:
    table = changed(WHOLE)
    table["sites"] = {site: table["sites"]["blog"]}

    assert judged(table, tmp_path).sites.find(site) is not None


@pytest.mark.parametrize(
    "site", ["", "Blog", "my blog", "-blog", "blog.org", "blög", "a" * 64, "b\n"]
)
def test_any_other_site_id_is_a_mistake(tmp_path: Path, site: str) -> None:
    table = changed(WHOLE)
    table["sites"] = {site: table["sites"]["blog"]}

    mistake = only_mistake(table, tmp_path)

    assert (mistake.key, mistake.problem) == (f"sites.{site}", "that is no name for a site")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "*",
        "null",
        "blog.example.org",
        "https://blog.example.org/",
        "https://blog.example.org/path",
        "https://*.example.org",
        "https://Blog.example.org",
        "https://blog.example.org:443",
        "https://blog.example.org.",
        "https://ada@blog.example.org",
        "https://müller.example",
        "https://127.1",
        "https://[::1",
        "ftp://blog.example.org",
    ],
)
def test_an_origin_is_written_exactly_as_a_browser_shows_it(tmp_path: Path, origin: str) -> None:
    mistake = only_mistake(changed(WHOLE, sites__blog__origins=[origin]), tmp_path)

    assert mistake.key == "sites.blog.origins"
    assert mistake.problem == f"{origin!r} is not an origin"


def test_a_blog_is_https_unless_it_is_on_loopback(tmp_path: Path) -> None:
    mistake = only_mistake(
        changed(WHOLE, sites__blog__origins=["http://blog.example.org"]), tmp_path
    )

    local = ["http://localhost:1313", "http://127.0.0.2:8001", "http://[::1]:8001"]
    assert (mistake.key, mistake.problem) == ("sites.blog.origins", "it is not https")
    assert judged(changed(WHOLE, sites__blog__origins=local), tmp_path)


def test_a_site_has_an_origin_and_a_name(tmp_path: Path) -> None:
    nowhere = only_mistake(changed(WHOLE, sites__blog__origins=[]), tmp_path)
    nameless = only_mistake(changed(WHOLE, sites__blog__name=" "), tmp_path)

    assert (nowhere.key, nowhere.problem) == ("sites.blog.origins", "there is none")
    assert (nameless.key, nameless.problem) == ("sites.blog.name", "it is empty")


def test_two_sites_cannot_share_an_origin(tmp_path: Path) -> None:
    table = changed(WHOLE)
    table["sites"]["copy"] = {**table["sites"]["blog"], "name": "Copy"}

    mistake = only_mistake(table, tmp_path)

    assert mistake.key == "sites.copy.origins"
    assert mistake.problem == "'https://blog.example.org' belongs to the site 'blog' too"


def test_a_site_names_only_providers_that_are_configured(tmp_path: Path) -> None:
    table = changed(WHOLE, sites__blog__providers=["wordpress", "facebook"])
    del table["providers"]["facebook"]

    mistake = only_mistake(table, tmp_path)

    assert (mistake.key, mistake.problem) == (
        "sites.blog.providers",
        "'facebook' is not configured",
    )
    assert "[providers.facebook]" in mistake.remedy


def test_a_site_names_each_provider_once(tmp_path: Path) -> None:
    mistake = only_mistake(
        changed(WHOLE, sites__blog__providers=["wordpress", "wordpress"]), tmp_path
    )

    assert (mistake.key, mistake.problem) == ("sites.blog.providers", "one stands there twice")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("privacy_url", "http://blog.example.org/privacy"),
        ("privacy_url", "javascript:alert(1)"),
        ("privacy_url", "https:"),
        ("privacy_url", "https://[::1"),
        ("redirect_uris", ["http://blog.example.org/cb"]),
        ("post_logout_redirect_uris", ["javascript:alert(1)"]),
        ("backchannel_logout_uri", "http://blog.example.org/logout"),
        ("client_secret", "env:NOWHERE"),
        ("client_secret", "a-secret-in-the-file"),
    ],
)
def test_the_other_addresses_and_the_secret_of_a_site_are_judged_too(
    tmp_path: Path, setting: str, value: object
) -> None:
    mistake = only_mistake(changed(WHOLE, **{f"sites__blog__{setting}": value}), tmp_path)

    assert mistake.key == f"sites.blog.{setting}"
