"""Every mistake of a configuration is one line, all of them at once, before anything listens."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import LimitSettings, Settings, load, read
from gateway.errors import Misconfigured, Mistake
from providers import PROVIDERS

SECRET = "0123456789abcdef0123456789abcdef"  # 32 bytes: just long enough
ENVIRONMENT = {
    "COMMENTGATE_SECRET": SECRET,
    "WORDPRESS_SECRET": "wordpress-secret",
    "TWITTER_SECRET": "twitter-secret",
    "TWITTER1_SECRET": "twitter1-secret",
    "FACEBOOK_SECRET": "facebook-secret",
    "BLOG_SECRET": "blog-secret",
}
WHOLE = """
public_url = "https://id.example.org"
listen = "127.0.0.1:8000"
metrics_listen = "127.0.0.1:9000"
database = "sqlite:commentgate.db"
secret_keys = ["env:COMMENTGATE_SECRET"]
trusted_proxies = []
contact = "mailto:ada@example.org"

[providers.wordpress]
client_id = "1"
client_secret = "env:WORDPRESS_SECRET"

[providers.twitter]
client_id = "2"
client_secret = "env:TWITTER_SECRET"

[providers.twitter1]
client_id = "3"
client_secret = "env:TWITTER1_SECRET"

[providers.facebook]
client_id = "4"
client_secret = "env:FACEBOOK_SECRET"
api_version = "v26.0"

[sites.blog]
name = "Ada's blog"
origins = ["https://blog.example.org"]
providers = ["wordpress", "twitter", "facebook"]
trusted = false
privacy_url = "https://blog.example.org/privacy"
subject = "pairwise"
profile = true
email = false
client_secret = "env:BLOG_SECRET"
redirect_uris = []
post_logout_redirect_uris = []
backchannel_logout_uri = ""
id_token_signed_response_alg = "RS256"

[limits]
start = 60
token = 240
pending = 60
"""
LOOPBACK = """
public_url = "http://127.0.0.1:8000"
secret_keys = ["env:COMMENTGATE_SECRET"]

[providers.wordpress]
client_id = "1"
client_secret = "env:WORDPRESS_SECRET"

[sites.blog]
name = "Ada's blog"
origins = ["http://127.0.0.2:8001"]
providers = ["wordpress"]
"""


def _with(text: str, **changes: Any) -> dict[str, Any]:
    """The table of a file, with settings replaced (``sites__blog__name``) or, if None, removed."""
    table = copy.deepcopy(tomllib.loads(text))
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = table
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is None:
            del place[name]
        else:
            place[name] = value
    return table


def _read(table: dict[str, Any], folder: Path, **environment: str) -> Settings:
    return read(table, {**ENVIRONMENT, **environment}, folder)


def _mistakes(table: dict[str, Any], folder: Path, **environment: str) -> list[Mistake]:
    with pytest.raises(Misconfigured) as refused:
        _read(table, folder, **environment)
    return refused.value.mistakes


def _only(table: dict[str, Any], folder: Path, **environment: str) -> Mistake:
    """The one mistake that there is."""
    mistakes = _mistakes(table, folder, **environment)
    assert len(mistakes) == 1, "\n".join(map(str, mistakes))
    return mistakes[0]


# -- a good file ---------------------------------------------------------------------------------


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    read_settings = _read(_with(WHOLE), tmp_path)

    site = read_settings.sites.get("blog")
    assert read_settings.public_url == "https://id.example.org"
    assert (read_settings.host, read_settings.port) == ("127.0.0.1", 8000)
    assert read_settings.database == f"sqlite:{tmp_path}/commentgate.db"
    assert read_settings.secret_keys == (SECRET.encode(),)
    assert read_settings.contact == "mailto:ada@example.org"
    assert list(read_settings.apps) == ["wordpress", "twitter", "twitter1", "facebook"]
    assert read_settings.apps["twitter"].client_id == "2"
    assert read_settings.apps["twitter"].client_secret == "twitter-secret"
    assert read_settings.limits == LimitSettings(start=60, token=240, pending=60)
    assert read_settings.callback("twitter") == "https://id.example.org/callback/twitter"
    assert not read_settings.is_loopback
    assert site.origins == ("https://blog.example.org",)
    assert site.providers == ("wordpress", "twitter", "facebook")
    assert site.privacy_url == "https://blog.example.org/privacy"
    assert not site.trusted


def test_what_has_a_good_default_may_be_left_out(tmp_path: Path) -> None:
    read_settings = _read(_with(LOOPBACK), tmp_path)

    site = read_settings.sites.get("blog")
    assert (read_settings.host, read_settings.port) == ("127.0.0.1", 8000)
    assert read_settings.database == f"sqlite:{tmp_path}/commentgate.db"
    assert read_settings.limits == LimitSettings()
    assert read_settings.is_loopback
    assert (site.trusted, site.subject, site.profile, site.email) == (
        False,
        "pairwise",
        True,
        False,
    )


def test_settings_without_effect_yet_are_named_and_do_not_stop_the_start(tmp_path: Path) -> None:
    notes = " ".join(_read(_with(WHOLE), tmp_path).notes)

    assert "metrics_listen: this version does not use it yet" in notes
    assert "sites.blog.client_secret: this version does not use it yet" in notes
    assert _read(_with(LOOPBACK), tmp_path).notes == ()


def test_a_file_is_read_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = tmp_path / "commentgate.toml"
    file.write_text(LOOPBACK.replace("env:COMMENTGATE_SECRET", "file:secret"))

    loaded = load(file, ENVIRONMENT)

    assert loaded.secret_keys == (SECRET.encode(),)
    assert loaded.database == f"sqlite:{tmp_path}/commentgate.db"


def test_no_secret_shows_in_the_settings(tmp_path: Path) -> None:
    shown = repr(_read(_with(WHOLE), tmp_path))

    assert [secret for secret in ENVIRONMENT.values() if secret in shown] == []
    assert "id.example.org" in shown


# -- a file that is none -------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path / "nowhere.toml", ENVIRONMENT)

    (mistake,) = refused.value.mistakes
    assert mistake.key == str(tmp_path / "nowhere.toml")
    assert mistake.problem == "No such file or directory"


@pytest.mark.parametrize("content", [b"public_url =", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_one_mistake(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "commentgate.toml"
    file.write_bytes(content)

    with pytest.raises(Misconfigured) as refused:
        load(file, ENVIRONMENT)

    (mistake,) = refused.value.mistakes
    assert mistake.remedy == "Mend the TOML syntax."


# -- every mistake at once -----------------------------------------------------------------------


def test_every_mistake_is_reported_at_once_with_key_and_remedy(tmp_path: Path) -> None:
    table = _with(
        WHOLE,
        public_url="http://id.example.org",
        listen="8000",
        colour="blue",
        secret_keys=["env:SHORT"],
        providers__twitter__client_secret="env:NOWHERE",
        providers__facebook__api_version="26",
        sites__blog__origins=["https://blog.example.org/"],
        sites__blog__providers=["wordpress", "google"],
        limits__start=0,
    )

    mistakes = _mistakes(table, tmp_path, SHORT="too short")

    assert [mistake.key for mistake in mistakes] == [
        "colour",
        "limits.start",
        "listen",
        "providers.facebook.api_version",
        "providers.twitter.client_secret",
        "public_url",
        "secret_keys[0]",
        "sites.blog.origins",
        "sites.blog.providers",
    ]
    assert all(mistake.problem and mistake.remedy for mistake in mistakes)
    assert str(Misconfigured(mistakes)).count("\n") == len(mistakes) - 1


def test_an_empty_file_misses_exactly_what_has_no_default(tmp_path: Path) -> None:
    mistakes = _mistakes({}, tmp_path)

    assert [(mistake.key, mistake.problem) for mistake in mistakes] == [
        ("public_url", "it is missing"),
        ("secret_keys", "it is missing"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "public_url",
        "secret_keys",
        "providers__twitter__client_id",
        "providers__twitter__client_secret",
        "sites__blog__name",
        "sites__blog__origins",
        "sites__blog__providers",
    ],
)
def test_what_is_missing_is_one_mistake_and_not_judged_further(tmp_path: Path, path: str) -> None:
    mistake = _only(_with(WHOLE, **{path: None}), tmp_path)

    assert mistake == Mistake(path.replace("__", "."), "it is missing", "Add it.")


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("pubic_url", "public_url"),
        ("secret_key", "secret_keys"),
        ("providers__twitter__client_ident", "client_id"),
        ("providers__twitter__authorise_url", "authorize_url"),
        ("sites__blog__origin", "origins"),
        ("limits__tokens", "token"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_likely_one(
    tmp_path: Path, path: str, suggestion: str
) -> None:
    mistake = _only(_with(WHOLE, **{path: "x"}), tmp_path)

    assert mistake.key == path.replace("__", ".")
    assert mistake.problem == "there is no such setting"
    assert mistake.remedy == f"Did you mean {suggestion}?"


def test_a_setting_like_no_other_is_to_be_taken_out(tmp_path: Path) -> None:
    assert _only(_with(WHOLE, zzz=1), tmp_path).remedy == "Take it out."


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("public_url", 1),
        ("listen", 8000),
        ("database", ["sqlite:x"]),
        ("secret_keys", "env:COMMENTGATE_SECRET"),
        ("secret_keys", ["env:COMMENTGATE_SECRET", 1]),
        ("trusted_proxies", "127.0.0.1"),
        ("contact", True),
        ("providers", []),
        ("providers__twitter", "2"),
        ("providers__twitter__client_id", 2),
        ("providers__facebook__api_version", 26.0),
        ("providers__twitter__token_url", 1),
        ("sites", "blog"),
        ("sites__blog", "https://blog.example.org"),
        ("sites__blog__origins", "https://blog.example.org"),
        ("sites__blog__origins", [1]),
        ("sites__blog__trusted", "false"),
        ("sites__blog__trusted", 0),
        ("sites__blog__subject", "random"),
        ("sites__blog__id_token_signed_response_alg", "HS256"),
        ("limits", 60),
        ("limits__start", "60"),
        ("limits__start", 1.5),
        ("limits__start", True),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_mistake(tmp_path: Path, path: str, value: object) -> None:
    mistake = _only(_with(WHOLE, **{path: value}), tmp_path)

    assert mistake.key == path.replace("__", ".")


def test_one_table_of_the_wrong_kind_does_not_hide_the_mistakes_of_another(tmp_path: Path) -> None:
    table = _with(WHOLE, sites__second="https://second.example", sites__blog__name="")

    assert [mistake.key for mistake in _mistakes(table, tmp_path)] == [
        "sites.blog.name",
        "sites.second",
    ]


# -- addresses -----------------------------------------------------------------------------------


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
    mistakes = _mistakes(_with(WHOLE, public_url=url), tmp_path)

    assert [mistake.problem for mistake in mistakes] == problems
    assert {mistake.key for mistake in mistakes} == {"public_url"}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000", "http://127.9.9.9", "http://localhost:8000", "http://[::1]:8000"],
)
def test_a_public_url_on_loopback_may_be_http(tmp_path: Path, url: str) -> None:
    assert _read(_with(LOOPBACK, public_url=url), tmp_path).is_loopback


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
    read_settings = _read(_with(WHOLE, listen=listen), tmp_path)

    assert (read_settings.host, read_settings.port) == (host, port)


@pytest.mark.parametrize(
    "listen", ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536"]
)
def test_any_other_address_to_listen_at_is_a_mistake(tmp_path: Path, listen: str) -> None:
    assert _only(_with(WHOLE, listen=listen), tmp_path).key == "listen"


def test_a_proxy_is_an_address_or_a_network(tmp_path: Path) -> None:
    good = ["127.0.0.1", "10.0.0.0/24", "2001:db8::/32"]

    assert _read(_with(WHOLE, trusted_proxies=good), tmp_path).trusted_proxies == tuple(good)
    for bad in ("proxy.example.org", "*", "10.0.0.7/24"):
        mistake = _only(_with(WHOLE, trusted_proxies=[bad]), tmp_path)
        assert (mistake.key, mistake.problem) == ("trusted_proxies", f"{bad!r} is no address")


def test_a_contact_is_a_mailbox_or_an_https_page(tmp_path: Path) -> None:
    assert _read(_with(WHOLE, contact="https://ada.example/me"), tmp_path).contact
    for bad in ("ada@example.org", "javascript:alert(1)", "http://ada.example"):
        assert _only(_with(WHOLE, contact=bad), tmp_path).key == "contact"


@pytest.mark.parametrize("database", ["", "sqlite:", "commentgate.db", "mysql://x/y"])
def test_a_database_of_an_unknown_kind_is_a_mistake(tmp_path: Path, database: str) -> None:
    assert _only(_with(WHOLE, database=database), tmp_path).key == "database"


def test_a_database_in_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE, database="sqlite:data/gate.db"), tmp_path)

    (tmp_path / "data").mkdir()
    assert (mistake.key, mistake.problem) == ("database", "its folder does not exist")
    assert _read(_with(WHOLE, database="sqlite:data/gate.db"), tmp_path)
    assert _read(_with(WHOLE, database=f"sqlite:{tmp_path}/x.db"), tmp_path / "data")


# -- secrets -------------------------------------------------------------------------------------


def test_secrets_come_from_the_environment_or_from_files_newest_first(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("o" * 40 + "\n")
    table = _with(WHOLE, secret_keys=["env:COMMENTGATE_SECRET", f"file:{tmp_path}/old"])

    assert _read(table, tmp_path).secret_keys == (SECRET.encode(), b"o" * 40)


def test_there_must_be_a_secret(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE, secret_keys=[]), tmp_path)

    assert (mistake.key, mistake.problem) == ("secret_keys", "there is none")


@pytest.mark.parametrize("length", [1, 31])
def test_a_secret_key_has_at_least_32_bytes(tmp_path: Path, length: int) -> None:
    mistake = _only(_with(WHOLE), tmp_path, COMMENTGATE_SECRET="x" * length)

    assert mistake.key == "secret_keys[0]"
    assert mistake.problem == "it is shorter than 32 bytes"
    assert "secrets.token_hex" in mistake.remedy


def test_white_space_around_a_secret_does_not_count(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE), tmp_path, COMMENTGATE_SECRET=" " * 30 + "x" * 31 + "\n")

    assert mistake.problem == "it is shorter than 32 bytes"


@pytest.mark.parametrize("path", ["secret_keys", "providers__twitter__client_secret"])
@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("env:NOWHERE", "env:NOWHERE is missing or empty"),
        ("env:EMPTY", "env:EMPTY is missing or empty"),
        ("env:BLANK", "env:BLANK is missing or empty"),
        ("env:", "env: is missing or empty"),
        ("file:nowhere", "file:nowhere is missing or empty"),
        ("file:empty", "file:empty is missing or empty"),
        ("file:", "file: is missing or empty"),
        ("file:binary", "file:binary is missing or empty"),
    ],
)
def test_a_secret_that_is_not_where_it_should_be_is_a_mistake(
    tmp_path: Path, path: str, reference: str, problem: str
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff" * 40)
    value = [reference] if path == "secret_keys" else reference

    mistake = _only(_with(WHOLE, **{path: value}), tmp_path, EMPTY="", BLANK=" \n")

    assert mistake.key.startswith(path.replace("__", "."))
    assert mistake.problem == problem


@pytest.mark.parametrize("path", ["secret_keys", "providers__twitter__client_secret"])
@pytest.mark.parametrize(
    "secret", ["", "a-secret-written-into-the-file-itself", "vault:x", "ENV:X"]
)
def test_a_secret_in_the_file_itself_is_refused_and_not_repeated(
    tmp_path: Path, path: str, secret: str
) -> None:
    value = [secret] if path == "secret_keys" else secret

    mistake = _only(_with(WHOLE, **{path: value}), tmp_path)

    assert mistake.problem == "a secret does not stand in this file itself"
    assert not secret or secret not in str(mistake)


def test_no_mistake_shows_a_secret(tmp_path: Path) -> None:
    table = _with(WHOLE, secret_keys=["env:COMMENTGATE_SECRET", "env:SHORT"], listen="nowhere")

    said = str(Misconfigured(_mistakes(table, tmp_path, SHORT="short-secret")))

    shown = [secret for secret in [*ENVIRONMENT.values(), "short-secret"] if secret in said]
    assert shown == []


# -- providers -----------------------------------------------------------------------------------


def test_an_unknown_provider_is_one_mistake_that_names_the_known_ones(tmp_path: Path) -> None:
    table = _with(
        WHOLE,
        providers__myspace={"client_id": "5", "client_secret": "env:NOWHERE", "colour": "blue"},
        sites__blog__providers=["wordpress", "myspace"],
    )

    mistake = _only(table, tmp_path)

    assert (mistake.key, mistake.problem) == ("providers.myspace", "there is no such provider")
    assert all(key in mistake.remedy for key in PROVIDERS)


def test_an_empty_client_id_is_a_mistake(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE, providers__twitter__client_id=""), tmp_path)

    assert (mistake.key, mistake.problem) == ("providers.twitter.client_id", "it is empty")


def test_the_version_of_the_graph_is_filled_into_every_endpoint(tmp_path: Path) -> None:
    read_settings = _read(_with(WHOLE, providers__facebook__api_version="v27.1"), tmp_path)

    endpoints = read_settings.apps["facebook"].endpoints
    assert endpoints["token_url"] == "https://graph.facebook.com/v27.1/oauth/access_token"
    assert [url for url in endpoints.values() if "/v27.1/" not in url] == []


@pytest.mark.parametrize("version", ["", "26.0", "v26", "v26.0/..", "v26.0\n", "latest"])
def test_anything_but_a_version_is_a_mistake(tmp_path: Path, version: str) -> None:
    mistake = _only(_with(WHOLE, providers__facebook__api_version=version), tmp_path)

    assert mistake.key == "providers.facebook.api_version"


@pytest.mark.parametrize(
    ("provider", "endpoint"),
    [(key, endpoint) for key, it in PROVIDERS.items() for endpoint in (*it.endpoints, "issuer")],
)
def test_every_endpoint_can_be_overridden_and_only_that_one_changes(
    tmp_path: Path, provider: str, endpoint: str
) -> None:
    usual = _read(_with(WHOLE), tmp_path).apps[provider]
    mine = "https://proxy.example.org/x"

    app = _read(_with(WHOLE, **{f"providers__{provider}__{endpoint}": mine}), tmp_path).apps[
        provider
    ]

    expected = {**usual.endpoints, "issuer": usual.issuer, endpoint: mine}
    assert {**app.endpoints, "issuer": app.issuer} == expected


@pytest.mark.parametrize("url", ["", "proxy.example.org", "https:", "https://", "https://[::1"])
def test_an_endpoint_that_is_no_address_is_a_mistake(tmp_path: Path, url: str) -> None:
    mistake = _only(_with(WHOLE, providers__twitter__token_url=url), tmp_path)

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
    mistakes = _mistakes(_with(WHOLE, providers__twitter__token_url=url), tmp_path)

    assert {mistake.key for mistake in mistakes} == {"providers.twitter.token_url"}
    assert [mistake.problem for mistake in mistakes] == problems


def test_a_gateway_on_loopback_may_ask_stand_ins_on_loopback(tmp_path: Path) -> None:
    url = "http://127.0.0.3:8002/oauth2/token"

    read_settings = _read(_with(LOOPBACK, providers__wordpress__token_url=url), tmp_path)

    assert read_settings.apps["wordpress"].endpoints["token_url"] == url


def test_a_gateway_on_loopback_asks_no_http_endpoint_elsewhere(tmp_path: Path) -> None:
    url = "http://api.example.org/x"

    mistake = _only(_with(LOOPBACK, providers__wordpress__token_url=url), tmp_path)

    assert mistake.problem == "it is not https"


# -- sites ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["b", "blog-2", "0", "a" * 63])
def test_a_site_id_is_small_letters_digits_and_hyphens(tmp_path: Path, site: str) -> None:
    table = _with(WHOLE)
    table["sites"] = {site: table["sites"]["blog"]}

    assert _read(table, tmp_path).sites.find(site) is not None


@pytest.mark.parametrize(
    "site", ["", "Blog", "my blog", "-blog", "blog.org", "blög", "a" * 64, "b\n"]
)
def test_any_other_site_id_is_a_mistake(tmp_path: Path, site: str) -> None:
    table = _with(WHOLE)
    table["sites"] = {site: table["sites"]["blog"]}

    mistake = _only(table, tmp_path)

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
    mistake = _only(_with(WHOLE, sites__blog__origins=[origin]), tmp_path)

    assert mistake.key == "sites.blog.origins"
    assert mistake.problem == f"{origin!r} is not an origin"


def test_a_blog_is_https_unless_it_is_on_loopback(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE, sites__blog__origins=["http://blog.example.org"]), tmp_path)

    local = ["http://localhost:1313", "http://127.0.0.2:8001", "http://[::1]:8001"]
    assert (mistake.key, mistake.problem) == ("sites.blog.origins", "it is not https")
    assert _read(_with(WHOLE, sites__blog__origins=local), tmp_path)


def test_a_site_has_an_origin_and_a_name(tmp_path: Path) -> None:
    nowhere = _only(_with(WHOLE, sites__blog__origins=[]), tmp_path)
    nameless = _only(_with(WHOLE, sites__blog__name=" "), tmp_path)

    assert (nowhere.key, nowhere.problem) == ("sites.blog.origins", "there is none")
    assert (nameless.key, nameless.problem) == ("sites.blog.name", "it is empty")


def test_two_sites_cannot_share_an_origin(tmp_path: Path) -> None:
    table = _with(WHOLE)
    table["sites"]["copy"] = {**table["sites"]["blog"], "name": "Copy"}

    mistake = _only(table, tmp_path)

    assert mistake.key == "sites.copy.origins"
    assert mistake.problem == "'https://blog.example.org' belongs to the site 'blog' too"


def test_a_site_names_only_providers_that_are_configured(tmp_path: Path) -> None:
    table = _with(WHOLE, sites__blog__providers=["wordpress", "facebook"])
    del table["providers"]["facebook"]

    mistake = _only(table, tmp_path)

    assert (mistake.key, mistake.problem) == (
        "sites.blog.providers",
        "'facebook' is not configured",
    )
    assert "[providers.facebook]" in mistake.remedy


def test_a_site_names_each_provider_once(tmp_path: Path) -> None:
    mistake = _only(_with(WHOLE, sites__blog__providers=["wordpress", "wordpress"]), tmp_path)

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
    mistake = _only(_with(WHOLE, **{f"sites__blog__{setting}": value}), tmp_path)

    assert mistake.key == f"sites.blog.{setting}"


# -- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["start", "token", "pending"])
def test_a_limit_is_between_one_and_sixty_thousand(tmp_path: Path, limit: str) -> None:
    for good in (1, 60_000):
        read_settings = _read(_with(WHOLE, **{f"limits__{limit}": good}), tmp_path)
        assert getattr(read_settings.limits, limit) == good
    for bad in (0, -1, 60_001):
        mistake = _only(_with(WHOLE, **{f"limits__{limit}": bad}), tmp_path)
        assert (mistake.key, mistake.problem) == (f"limits.{limit}", "it is out of range")


# -- anything at all -----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
SOME_PLACE = st.sampled_from(
    [
        "public_url",
        "listen",
        "database",
        "secret_keys",
        "trusted_proxies",
        "contact",
        "providers",
        "providers__twitter",
        "providers__twitter__client_id",
        "providers__twitter__client_secret",
        "providers__twitter__token_url",
        "providers__facebook__api_version",
        "sites",
        "sites__blog",
        "sites__blog__name",
        "sites__blog__origins",
        "sites__blog__providers",
        "sites__blog__privacy_url",
        "sites__blog__redirect_uris",
        "limits",
        "limits__start",
    ]
)
WORDS = st.sampled_from(
    ["https://", "http://[", "sqlite:", "env:", "file:", "mailto:", "127.0.0.1:", "\0", "é", "1e9"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=SOME_PLACE, value=JSON | st.builds("".join, st.lists(WORDS, max_size=3)))
def test_whatever_stands_there_it_is_settings_or_mistakes(
    tmp_path: Path, place: str, value: object
) -> None:
    if value is None:
        return
    try:
        _read(_with(WHOLE, **{place: value}), tmp_path)
    except Misconfigured as refused:
        assert refused.mistakes
