"""Every mistake of a configuration is one line, all of them at once, before anything listens."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import LimitSettings, load
from gateway.errors import Misconfigured, Mistake
from tests.configs import (
    ENVIRONMENT,
    LOOPBACK,
    SECRET,
    WHOLE,
    changed,
    judged,
    mistakes_of,
    only_mistake,
)

# -- a good file -----------------------------------------------------------------------------------


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    read_settings = judged(changed(WHOLE), tmp_path)

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
    read_settings = judged(changed(LOOPBACK), tmp_path)

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
    notes = " ".join(judged(changed(WHOLE), tmp_path).notes)

    assert "metrics_listen: this version does not use it yet" in notes
    assert "sites.blog.client_secret: this version does not use it yet" in notes
    assert judged(changed(LOOPBACK), tmp_path).notes == ()


def test_a_file_is_read_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = tmp_path / "commentgate.toml"
    file.write_text(LOOPBACK.replace("env:COMMENTGATE_SECRET", "file:secret"))

    loaded = load(file, ENVIRONMENT)

    assert loaded.secret_keys == (SECRET.encode(),)
    assert loaded.database == f"sqlite:{tmp_path}/commentgate.db"


def test_no_secret_shows_in_the_settings(tmp_path: Path) -> None:
    shown = repr(judged(changed(WHOLE), tmp_path))

    assert [secret for secret in ENVIRONMENT.values() if secret in shown] == []
    assert "id.example.org" in shown


# -- a file that is none ---------------------------------------------------------------------------


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


# -- every mistake at once -------------------------------------------------------------------------


def test_every_mistake_is_reported_at_once_with_key_and_remedy(tmp_path: Path) -> None:
    table = changed(
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

    mistakes = mistakes_of(table, tmp_path, SHORT="too short")

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
    assert str(Misconfigured(mistakes, {})).count("\n") == len(mistakes) - 1


def test_an_empty_file_misses_exactly_what_has_no_default(tmp_path: Path) -> None:
    mistakes = mistakes_of({}, tmp_path)

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
    mistake = only_mistake(changed(WHOLE, **{path: None}), tmp_path)

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
    mistake = only_mistake(changed(WHOLE, **{path: "x"}), tmp_path)

    assert mistake.key == path.replace("__", ".")
    assert mistake.problem == "there is no such setting"
    assert mistake.remedy == f"Did you mean {suggestion}?"


def test_a_setting_like_no_other_is_to_be_taken_out(tmp_path: Path) -> None:
    assert only_mistake(changed(WHOLE, zzz=1), tmp_path).remedy == "Take it out."


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
    mistake = only_mistake(changed(WHOLE, **{path: value}), tmp_path)

    assert mistake.key == path.replace("__", ".")


def test_a_value_that_is_none_of_a_few_is_told_which_there_are(tmp_path: Path) -> None:
    mistake = only_mistake(changed(WHOLE, sites__blog__subject="private"), tmp_path)

    assert mistake.remedy == 'Write "pairwise" or "public".'


def test_one_table_of_the_wrong_kind_does_not_hide_the_mistakes_of_another(tmp_path: Path) -> None:
    table = changed(WHOLE, sites__second="https://second.example", sites__blog__name="")

    assert [mistake.key for mistake in mistakes_of(table, tmp_path)] == [
        "sites.blog.name",
        "sites.second",
    ]


# -- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["start", "token", "pending"])
def test_a_limit_is_between_one_and_sixty_thousand(tmp_path: Path, limit: str) -> None:
    for good in (1, 60_000):
        read_settings = judged(changed(WHOLE, **{f"limits__{limit}": good}), tmp_path)
        assert getattr(read_settings.limits, limit) == good
    for bad in (0, -1, 60_001):
        mistake = only_mistake(changed(WHOLE, **{f"limits__{limit}": bad}), tmp_path)
        assert (mistake.key, mistake.problem) == (f"limits.{limit}", "it is out of range")


# -- anything at all -------------------------------------------------------------------------------

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
        judged(changed(WHOLE, **{place: value}), tmp_path)
    except Misconfigured as refused:
        assert refused.mistakes
