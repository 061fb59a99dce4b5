"""Addresses in a configuration: our own, the providers', the database's, whom to ask."""

from pathlib import Path

import pytest

from providers import PROVIDERS
from tests.configs import (
    LOOPBACK,
    WHOLE,
    changed,
    judged,
    mistakes_of,
    only_mistake,
)

# -- addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "problems"),
    [
        ("", ["it is not an origin"]),
        ("id.example.org", ["it is not an origin"]),
        ("https://id.example.org/", ["it is not an origin"]),
        ("https://id.example.org/gate", ["it is not an origin"]),
        ("https://id.example.org:443", ["it is not an origin"]),
        ("https://ID.example.org", ["it is not an origin"]),
        ("https://ada@id.example.org", ["it is not an origin"]),
        ("https://müller.example", ["it is not an origin"]),
        ("https://[::1", ["it is not an origin"]),
        ("http://id.example.org", ["it is not https"]),
        ("http://192.168.0.7:8000", ["it is not https"]),
        ("http://localhost.example.org", ["it is not https"]),
        ("http://127.0.0.1.example.org", ["it is not https"]),
        ("ftp://id.example.org", ["it is not an origin", "it is not https"]),
        ("ftp://localhost", ["it is not an origin", "it is not https"]),
    ],
)
def test_a_public_url_is_an_https_origin(tmp_path: Path, url: str, problems: list[str]) -> None:
    mistakes = mistakes_of(changed(WHOLE, public_url=url), tmp_path)

    assert [mistake.problem for mistake in mistakes] == problems
    assert {mistake.key for mistake in mistakes} == {"public_url"}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://id.example.org/", "https://id.example.org"),
        ("https://id.example.org/gate?x#y", "https://id.example.org"),
        ("https://id.example.org:443", "https://id.example.org"),
        ("https://ID.Example.org:8443", "https://id.example.org:8443"),
        ("https://ada@id.example.org", "https://id.example.org"),
        ("https://müller.example", "https://xn--mller-kva.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("http://[0:0::1]", "http://[::1]"),
        ("id.example.org", "https://www.example.org"),
        ("https://[::1", "https://www.example.org"),
        ("ftp://id.example.org", "https://www.example.org"),
    ],
)
def test_an_address_that_is_no_origin_is_shown_as_browsers_send_it(
    tmp_path: Path, url: str, origin: str
) -> None:
    ours = mistakes_of(changed(WHOLE, public_url=url), tmp_path)
    theirs = only_mistake(changed(WHOLE, sites__blog__origins=[url]), tmp_path)

    for mistake in (ours[0], theirs):
        assert f'Write it as "{origin}"' in mistake.remedy


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000", "http://127.9.9.9", "http://localhost:8000", "http://[::1]:8000"],
)
def test_a_public_url_on_loopback_may_be_http(tmp_path: Path, url: str) -> None:
    assert judged(changed(LOOPBACK, public_url=url), tmp_path).is_loopback


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("0.0.0.0:80", "0.0.0.0", 80),  # noqa: S104  # an operator's choice, only read here
        ("[::1]:8000", "::1", 8000),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_an_address_to_listen_at_is_host_and_port(
    tmp_path: Path, listen: str, host: str, port: int
) -> None:
    read_settings = judged(changed(WHOLE, listen=listen), tmp_path)

    assert (read_settings.host, read_settings.port) == (host, port)


@pytest.mark.parametrize(
    "listen", ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536"]
)
def test_any_other_address_to_listen_at_is_a_mistake(tmp_path: Path, listen: str) -> None:
    assert only_mistake(changed(WHOLE, listen=listen), tmp_path).key == "listen"


def test_a_proxy_is_an_address_or_a_network(tmp_path: Path) -> None:
    good = ["127.0.0.1", "10.0.0.0/24", "2001:db8::/32"]

    assert judged(changed(WHOLE, trusted_proxies=good), tmp_path).trusted_proxies == tuple(good)
    for bad in ("proxy.example.org", "*", "10.0.0.7/24"):
        mistake = only_mistake(changed(WHOLE, trusted_proxies=[bad]), tmp_path)
        assert (mistake.key, mistake.problem) == ("trusted_proxies", f"{bad!r} is no address")


def test_a_contact_is_a_mailbox_or_an_https_page(tmp_path: Path) -> None:
    assert judged(changed(WHOLE, contact="https://ada.example/me"), tmp_path).contact
    for bad in ("ada@example.org", "javascript:alert(1)", "http://ada.example"):
        assert only_mistake(changed(WHOLE, contact=bad), tmp_path).key == "contact"


@pytest.mark.parametrize(
    "database", ["", "sqlite:", "commentgate.db", "mysql://x/y", "sqlite::memory:"]
)
def test_a_database_of_an_unknown_kind_is_a_mistake(tmp_path: Path, database: str) -> None:
    assert only_mistake(changed(WHOLE, database=database), tmp_path).key == "database"


def test_a_database_in_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    mistake = only_mistake(changed(WHOLE, database="sqlite:data/gate.db"), tmp_path)

    (tmp_path / "data").mkdir()
    assert (mistake.key, mistake.problem) == ("database", "its folder does not exist")
    assert judged(changed(WHOLE, database="sqlite:data/gate.db"), tmp_path)
    assert judged(changed(WHOLE, database=f"sqlite:{tmp_path}/x.db"), tmp_path / "data")


# -- providers -------------------------------------------------------------------------------------


def test_an_unknown_provider_is_one_mistake_that_names_the_known_ones(tmp_path: Path) -> None:
    table = changed(
        WHOLE,
        providers__myspace={"client_id": "5", "client_secret": "env:NOWHERE", "colour": "blue"},
        sites__blog__providers=["wordpress", "myspace"],
    )

    mistake = only_mistake(table, tmp_path)

    assert (mistake.key, mistake.problem) == ("providers.myspace", "there is no such provider")
    assert all(key in mistake.remedy for key in PROVIDERS)


def test_an_empty_client_id_is_a_mistake(tmp_path: Path) -> None:
    mistake = only_mistake(changed(WHOLE, providers__twitter__client_id=""), tmp_path)

    assert (mistake.key, mistake.problem) == ("providers.twitter.client_id", "it is empty")


def test_the_version_of_the_graph_is_filled_into_every_endpoint(tmp_path: Path) -> None:
    read_settings = judged(changed(WHOLE, providers__facebook__api_version="v27.1"), tmp_path)

    endpoints = read_settings.apps["facebook"].endpoints
    assert endpoints["token_url"] == "https://graph.facebook.com/v27.1/oauth/access_token"
    assert [url for url in endpoints.values() if "/v27.1/" not in url] == []


@pytest.mark.parametrize("version", ["", "26.0", "v26", "v26.0/..", "v26.0\n", "latest"])
def test_anything_but_a_version_is_a_mistake(tmp_path: Path, version: str) -> None:
    mistake = only_mistake(changed(WHOLE, providers__facebook__api_version=version), tmp_path)

    assert mistake.key == "providers.facebook.api_version"


@pytest.mark.parametrize(
    ("provider", "endpoint"),
    [(key, endpoint) for key, it in PROVIDERS.items() for endpoint in (*it.endpoints, "issuer")],
)
def test_every_endpoint_can_be_overridden_and_only_that_one_changes(
    tmp_path: Path, provider: str, endpoint: str
) -> None:
    usual = judged(changed(WHOLE), tmp_path).apps[provider]
    mine = "https://proxy.example.org/x"

    app = judged(changed(WHOLE, **{f"providers__{provider}__{endpoint}": mine}), tmp_path).apps[
        provider
    ]

    expected = {**usual.endpoints, "issuer": usual.issuer, endpoint: mine}
    assert {**app.endpoints, "issuer": app.issuer} == expected


@pytest.mark.parametrize("url", ["", "proxy.example.org", "https:", "https://", "https://[::1"])
def test_an_endpoint_that_is_no_address_is_a_mistake(tmp_path: Path, url: str) -> None:
    mistake = only_mistake(changed(WHOLE, providers__twitter__token_url=url), tmp_path)

    assert (mistake.key, mistake.problem) == ("providers.twitter.token_url", "it is no address")


@pytest.mark.parametrize(
    ("url", "problems"),
    [
        ("http://api.example.org/x", ["it is not https"]),
        ("https://127.0.0.1/x", ["it leads to this machine"]),
        ("https://localhost/x", ["it leads to this machine"]),
        ("https://[::1]/x", ["it leads to this machine"]),
        ("http://127.0.0.3:8002/x", ["it is not https", "it leads to this machine"]),
    ],
)
def test_a_public_gateway_asks_no_http_and_no_loopback_endpoint(
    tmp_path: Path, url: str, problems: list[str]
) -> None:
    mistakes = mistakes_of(changed(WHOLE, providers__twitter__token_url=url), tmp_path)

    assert {mistake.key for mistake in mistakes} == {"providers.twitter.token_url"}
    assert [mistake.problem for mistake in mistakes] == problems


def test_a_gateway_on_loopback_may_ask_stand_ins_on_loopback(tmp_path: Path) -> None:
    url = "http://127.0.0.3:8002/oauth2/token"

    read_settings = judged(changed(LOOPBACK, providers__wordpress__token_url=url), tmp_path)

    assert read_settings.apps["wordpress"].endpoints["token_url"] == url


def test_a_gateway_on_loopback_asks_no_http_endpoint_elsewhere(tmp_path: Path) -> None:
    url = "http://api.example.org/x"

    mistake = only_mistake(changed(LOOPBACK, providers__wordpress__token_url=url), tmp_path)

    assert mistake.problem == "it is not https"
