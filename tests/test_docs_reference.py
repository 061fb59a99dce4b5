"""The reference against the code: every setting, route, command, error and column, no other."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import click
import msgspec
import pytest

from gateway import attempts, config, errors, verify
from gateway.cli import main
from gateway.web.app import ROUTES
from gateway.web.languages import catalogue
from providers import PROVIDERS
from providers.base import Provider
from tests.pages import REFERENCE, VECTORS, named, payload, rows, section
from tests.tools import ROOT

# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## Top of the file", config._File),
        ("## `[providers.KEY]`", config._App),
        ("## `[sites.ID]`", config._Site),
        ("## `[limits]`", config.LimitSettings),
    ],
)
def test_the_settings_page_lists_every_setting_with_its_type_and_default(
    heading: str, kind: type[msgspec.Struct]
) -> None:
    wanted = {
        field.name: [_kind(field.name, field.type), _default(field)]
        for field in msgspec.structs.fields(kind)
    }

    # The second table under [providers.KEY] has the endpoints, which have no default of ours.
    listed = {name: cells[:2] for name, cells in named(section("settings.md", heading)).items()}
    listed = {name: cells for name, cells in listed.items() if name not in _endpoints()}

    assert listed == wanted


def _endpoints() -> set[str]:
    return {"issuer"} | {name for provider in PROVIDERS.values() for name in provider.endpoints}


def _kind(name: str, kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{choice}"`' for choice in get_args(kind))
    if get_origin(kind) is dict:
        return "table" if name == "limits" else "tables"
    words = {str: "text", bool: "true or false", int: "whole number", list[str]: "list of texts"}
    return words[kind]


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{json.dumps(field.default_factory())}`"
    return f"`{json.dumps(field.default)}`"


def test_the_settings_page_lists_every_endpoint_of_a_provider() -> None:
    table = named(section("settings.md", "## `[providers.KEY]`"))
    listed = {name: cells[1] for name, cells in table.items() if name in _endpoints()}

    for name in _endpoints() - {"issuer"}:
        having = [key for key, provider in PROVIDERS.items() if name in provider.endpoints]
        all_have = len(having) == len(PROVIDERS)
        assert listed.pop(name) == ("all" if all_have else ", ".join(f"`{key}`" for key in having))
    assert set(listed) == {"issuer"}


def test_settings_said_to_have_no_effect_yet_are_the_ones_that_check_names() -> None:
    for heading, kind in (("## Top of the file", config._File), ("## `[sites.ID]`", config._Site)):
        without = {
            name
            for name, cells in named(section("settings.md", heading)).items()
            if cells[2].startswith("*no effect yet*")
        }
        assert without == set(config._LATER[kind])


# -- routes, commands, errors --------------------------------------------------------------------


def test_the_endpoints_page_has_every_route_and_no_other() -> None:
    text = (REFERENCE / "endpoints.md").read_text(encoding="utf-8")

    described = re.findall(r"^### `([A-Z]+ \S+)`$", text, re.MULTILINE)

    served = [
        f"{method} {route.path}"
        for route in ROUTES
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    assert sorted(described) == sorted(served)


def test_the_command_line_page_has_every_command_with_its_options() -> None:
    text = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
    described = re.findall(r"^## `(.+)`$", text, re.MULTILINE)

    commands = dict(_commands("commentgate", main))

    assert sorted(described) == sorted(commands)
    for name, command in commands.items():
        listed = {
            option: cells[0].strip("`")
            for option, cells in named(section("command-line.md", f"## `{name}`")).items()
        }
        assert listed == dict(_options(command)), name


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    if command is main:
        yield name, command
    for child, under in command.commands.items():
        yield from _commands(f"{name} {child}", under)


def _options(command: click.Command) -> Iterator[tuple[str, str]]:
    for option in command.params:
        if isinstance(option, click.Option):
            flag = option.is_flag or option.default is None
            usual = "" if flag else str(option.default)
            yield option.opts[0], "required" if option.required else usual


# What the web layer and a family of errors say without a class of their own.
SPOKEN = {
    "not_found": "404",
    "wrong_method": "405",
    "broken": "500",
    "unknown_host": "421",
    "temporarily_unavailable": "429 or 503",
    "invalid_request": "400",
}


def test_the_errors_page_has_every_error_with_its_status() -> None:
    leaves = [kind for kind in _leaves(errors.GatewayError) if "code" in vars(kind)]
    silent = (errors.StartError, errors.ProviderError)  # a person is led back, by a page that works
    wanted = {kind.code: str(kind.status) for kind in leaves if not issubclass(kind, silent)}

    listed = _statuses("## Pages") | _statuses("## JSON answers")

    assert listed == wanted | SPOKEN


def test_the_errors_page_has_every_failure_of_a_provider() -> None:
    listed = set(named(section("errors.md", "## Providers")))

    family = {kind.code for kind in _leaves(errors.ProviderError)}
    assert listed == family | {errors.ProviderError.code}


def test_the_errors_page_has_every_error_that_people_read_about() -> None:
    words = catalogue("en")["pages"]

    listed = set(_statuses("## Pages")) - {"unknown_host"}  # that one is for whoever runs the proxy

    assert listed == {key.removeprefix("error_") for key in words if key.startswith("error_")}


def test_the_errors_page_has_every_refusal_to_start() -> None:
    listed = set(named(section("errors.md", "## Refusals to start")))

    assert listed == {kind.code for kind in _leaves(errors.StartError)}


def _statuses(heading: str) -> dict[str, str]:
    return {code: cells[0] for code, cells in named(section("errors.md", heading)).items()}


def _leaves(kind: type[errors.GatewayError]) -> list[type[errors.GatewayError]]:
    children = kind.__subclasses__()
    return [leaf for child in children for leaf in _leaves(child)] or [kind]


def test_the_errors_page_has_every_reason() -> None:
    reasons = set(get_args(attempts.Outcome)) - {"code"}

    assert set(named(section("errors.md", "## Reasons"))) == reasons
    assert set(named(section("errors.md", "## Bad tokens"))) == set(verify.SENTENCES)


# -- data and providers --------------------------------------------------------------------------


def test_the_data_page_has_every_column_of_every_table() -> None:
    listed = {
        table: re.findall(r"`(\w+)`", cells[0])
        for table, cells in named(section("cookies-and-data.md", "## The database")).items()
    }

    assert listed == _schema()


def _schema() -> dict[str, list[str]]:
    tables = {}
    for step in sorted((ROOT / "gateway/database/schema").glob("*.sql")):
        for name, body in re.findall(
            r"CREATE TABLE (\w+) \((.*?)^\)", step.read_text(), re.MULTILINE | re.DOTALL
        ):
            tables[name] = re.findall(r"^    ([a-z_]+) ", body, re.MULTILINE)
    return tables


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_the_providers_page_says_what_the_table_says(provider: Provider) -> None:
    table = rows(section("providers.md", f"## `{provider.key}`"))

    assert table == _facts(provider)


def _facts(provider: Provider) -> list[list[str]]:
    signed = provider.protocol == "oauth1"
    return [
        ["label", provider.label],
        ["namespace", f"`{provider.namespace}`"],
        ["issuer", f"`{provider.issuer}`"],
        ["protocol", f"`{provider.protocol}`"],
        ["client authentication", "by signature" if signed else f"`{provider.client_auth}`"],
        ["PKCE", "S256" if provider.pkce else "no"],
        ["scopes", _joined(provider.scopes)],
        ["scopes for e-mail", _joined(provider.email_scopes)],
        *([f"`{name}`", f"`{url}`"] for name, url in provider.endpoints.items()),
    ]


def _joined(scopes: tuple[str, ...]) -> str:
    return f"`{' '.join(scopes)}`" if scopes else "none"


# -- tokens --------------------------------------------------------------------------------------


def test_the_token_page_lists_every_claim() -> None:
    cells = [row[0] for row in rows(section("token.md", "## Claims"))]

    listed = [claim for cell in cells for claim in re.findall(r"`(\w+)`", cell)]

    assert sorted(listed) == sorted(payload(VECTORS["vectors"][0]["token"]))
