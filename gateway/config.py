"""The configuration: one TOML file, secrets by reference, and every mistake reported at once."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin
from urllib.parse import SplitResult, urlsplit

import msgspec

from gateway.apps import App
from gateway.errors import Addresses, Misconfigured, Mistake
from gateway.sites import Site, Sites, url_origin
from providers import PROVIDERS

SECRET_BYTES = 32
SITE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
GRAPH_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")
DEFAULT_GRAPH_VERSION = "v26.0"


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` and ``token``: a minute and address prefix; ``pending``: open attempts at once."""

    start: int = 60
    token: int = 240
    pending: int = 60


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """The top of the file."""

    public_url: str
    listen: str = "127.0.0.1:8000"
    metrics_listen: str = ""
    database: str = "sqlite:commentgate.db"
    secret_keys: list[str]
    trusted_proxies: list[str] = []
    contact: str = ""
    providers: dict[str, Any] = {}
    sites: dict[str, Any] = {}
    limits: dict[str, Any] = {}


class _App(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[providers.KEY]`` table, without its endpoints."""

    client_id: str
    client_secret: str
    label: str = ""
    api_version: str = DEFAULT_GRAPH_VERSION


class _Site(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[sites.ID]`` table."""

    name: str
    origins: list[str]
    providers: list[str]
    trusted: bool = False
    privacy_url: str = ""
    subject: Literal["pairwise", "public"] = "pairwise"
    profile: bool = True
    email: bool = False
    client_secret: str = ""
    redirect_uris: list[str] = []
    post_logout_redirect_uris: list[str] = []
    backchannel_logout_uri: str = ""
    id_token_signed_response_alg: Literal["RS256", "ES256"] = "RS256"


# Settings of parts that this version does not have yet: read, judged, and named by `check`.
_LATER = {
    _File: ("metrics_listen",),
    _Site: (
        "client_secret",
        "redirect_uris",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "id_token_signed_response_alg",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration without mistakes; ``notes`` are what an operator may want to change."""

    public_url: str
    host: str
    port: int
    database: str
    secret_keys: tuple[bytes, ...] = field(repr=False)
    trusted_proxies: tuple[str, ...]
    contact: str
    apps: Mapping[str, App]
    sites: Sites
    limits: LimitSettings
    notes: tuple[str, ...] = ()

    @property
    def is_loopback(self) -> bool:
        """Whether this gateway serves only the machine it runs on."""
        return _is_loopback(self.public_url)

    def callback(self, provider: str) -> str:
        """The redirect URI to register at a provider."""
        return _callback(self.public_url, provider)

    @property
    def register(self) -> dict[str, Addresses]:
        """What to register, provider by provider."""
        return {provider: to_register(self.public_url, provider) for provider in self.apps}


def _callback(public_url: str, provider: str) -> str:
    return f"{public_url}/callback/{provider}"


def to_register(public_url: str, provider: str) -> Addresses:
    """What the provider's developer page asks for, by its name there."""
    addresses = {"redirect URI": _callback(public_url, provider)}
    if provider == "facebook":
        addresses["deauthorize callback"] = f"{public_url}/facebook/deauthorize"
        addresses["data deletion callback"] = f"{public_url}/facebook/deletion"
    return addresses


Table = TypeVar("Table", bound=msgspec.Struct)


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read a configuration file. Raises ``Misconfigured`` with every mistake in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or "it can't be read"
        mistake = Mistake(str(path), why, "Give the path with --config.")
        raise Misconfigured([mistake], {}) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistake = Mistake(str(path), str(error), "Mend the TOML syntax.")
        raise Misconfigured([mistake], {}) from None
    return read(table, environment, path.parent)


def read(table: dict[str, Any], environment: Mapping[str, str], folder: Path) -> Settings:
    """Judge a configuration; ``file:`` secrets and the database are looked for from ``folder``.

    Raises ``Misconfigured`` with every mistake.
    """
    return _Reading(environment, folder).settings(table)


class _Reading:
    """One pass over a file, in which mistakes are collected."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._mistakes: list[Mistake] = []
        self._unreadable: set[str] = set()
        self._notes: list[str] = []

    def settings(self, table: dict[str, Any]) -> Settings:
        top = self._table(_File, table, "")
        loopback = _is_loopback(top.public_url)
        host, port = self._listen(top.listen)
        self._public_url(top.public_url)
        self._proxies(top.trusted_proxies)
        self._contact(top.contact)
        secret_keys = tuple(self._secret_keys(top.secret_keys))
        apps = dict(self._apps(self._tables("providers", top.providers), loopback))
        tables = self._tables("sites", top.sites)
        sites = dict(self._sites(tables, set(top.providers), loopback))
        self._no_shared_origins(sites)
        limits = self._limits(top.limits)
        database = self._database(top.database)
        if self._mistakes:
            raise Misconfigured(sorted(set(self._mistakes)), self._register(top.public_url, apps))
        return Settings(
            public_url=top.public_url,
            host=host,
            port=port,
            database=database,
            secret_keys=secret_keys,
            trusted_proxies=tuple(top.trusted_proxies),
            contact=top.contact,
            apps=apps,
            sites=Sites(sites),
            limits=limits,
            notes=tuple(self._notes),
        )

    def _register(self, public_url: str, apps: Iterable[str]) -> dict[str, Addresses]:
        """What can be registered already; nothing while our own address is wrong."""
        if any(mistake.key == "public_url" for mistake in self._mistakes):
            return {}
        return {provider: to_register(public_url, provider) for provider in apps}

    def _wrong(self, key: str, problem: str, remedy: str) -> None:
        if key not in self._unreadable:
            self._mistakes.append(Mistake(key, problem, remedy))

    def _is_unreadable(self, key: str, problem: str, remedy: str) -> None:
        """There is no value to judge any further."""
        self._wrong(key, problem, remedy)
        self._unreadable.add(key)

    def _tables(self, name: str, entries: dict[str, Any]) -> dict[str, dict[str, Any]]:
        for key, table in entries.items():
            if not isinstance(table, dict):
                self._wrong(f"{name}.{key}", "it is not a table", f"Write [{name}.{key}].")
        return {key: table for key, table in entries.items() if isinstance(table, dict)}

    def _table(self, kind: type[Table], table: dict[str, Any], path: str, *others: str) -> Table:
        """Read a table field by field, so that one mistake does not hide the next.

        ``others`` are settings of the same table that are read elsewhere.
        """
        known = {setting.name: setting for setting in msgspec.structs.fields(kind)}
        for name in table.keys() - known.keys() - set(others):
            near = _nearest(name, [*known, *others])
            remedy = f"Did you mean {near}?" if near else "Take it out."
            self._wrong(path + name, "there is no such setting", remedy)
        values = {}
        for name, setting in known.items():
            if name not in table and setting.required:
                self._is_unreadable(path + name, "it is missing", "Add it.")
                values[name] = setting.type() if isinstance(setting.type, type) else []
            elif name in table:
                values[name] = self._value(setting, table[name], path)
            if table.get(name) and name in _LATER.get(kind, ()):
                self._notes.append(f"{path}{name}: this version does not use it yet")
        return kind(**values)

    def _value(self, setting: msgspec.structs.FieldInfo, value: Any, path: str) -> Any:
        try:
            return msgspec.convert(value, setting.type)
        except msgspec.ValidationError as error:
            choices = get_args(setting.type) if get_origin(setting.type) is Literal else ()
            named = " or ".join(f'"{choice}"' for choice in choices)
            remedy = f"Write {named}." if named else "Give a value of that kind."
            self._is_unreadable(path + setting.name, str(error), remedy)
            if not setting.required:
                return setting.default if setting.default is not msgspec.NODEFAULT else {}
            return "" if setting.type is str else []

    def _public_url(self, url: str) -> None:
        if url_origin(url + "/") != url:
            self._wrong("public_url", "it is not an origin", _spelling(url))
        if _host(url):
            self._https("public_url", url, loopback=True)

    def _https(self, key: str, url: str, *, loopback: bool) -> None:
        if not _host(url):
            self._wrong(key, "it is no address", "Write an https address, or take it out.")
        elif _scheme(url) != "https" and not (
            loopback and _scheme(url) == "http" and _is_loopback(url)
        ):
            self._wrong(key, "it is not https", "Use an https address; http is for loopback only.")

    def _listen(self, listen: str) -> tuple[str, int]:
        host, _, port = listen.rpartition(":")
        if host and port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 65536:
            return host.strip("[]"), int(port)
        self._wrong("listen", "it is not an address and a port", 'Write "127.0.0.1:8000".')
        return "", 0

    def _proxies(self, proxies: list[str]) -> None:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                remedy = 'List addresses such as "10.0.0.7" or networks such as "10.0.0.0/24".'
                self._wrong("trusted_proxies", f"{proxy!r} is no address", remedy)

    def _contact(self, contact: str) -> None:
        if contact and not contact.startswith(("mailto:", "https://")):
            remedy = 'Write "mailto:ada@example.org" or an https address.'
            self._wrong("contact", "it is neither a mailto: nor an https address", remedy)

    def _secret_keys(self, references: list[str]) -> Iterator[bytes]:
        if not references:
            remedy = 'Name one, such as "env:COMMENTGATE_SECRET".'
            self._wrong("secret_keys", "there is none", remedy)
        for place, reference in enumerate(references):
            key = f"secret_keys[{place}]"
            secret = self._secret(key, reference).encode()
            if secret and len(secret) < SECRET_BYTES:
                remedy = "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
                self._wrong(key, f"it is shorter than {SECRET_BYTES} bytes", remedy)
            yield secret

    def _secret(self, key: str, reference: str) -> str:
        kind, _, name = reference.partition(":")
        value: str | None = ""
        if kind == "env":
            value = self._environment.get(name, "")
        elif kind == "file":
            value = self._read_file(key, reference, self._folder / name)
        else:
            remedy = 'Write "env:NAME" or "file:/path", and put the secret there.'
            self._wrong(key, "a secret does not stand in this file itself", remedy)
            return ""
        if value is not None and not value.strip():
            remedy = "Set that variable." if kind == "env" else "Put the secret into that file."
            self._wrong(key, f"{reference} is missing or empty", remedy)
        return (value or "").strip()

    def _read_file(self, key: str, reference: str, path: Path) -> str | None:
        """A secret's file; '' where there is none, None where that is a mistake of its own."""
        try:
            value = path.read_text(encoding="utf-8")
            mode = path.stat().st_mode
        except FileNotFoundError:
            return ""
        except OSError as error:
            remedy = "Name a file, and let the user who runs this read it."
            self._wrong(key, f"{reference} can't be read: {error.strerror}", remedy)
            return None
        except UnicodeDecodeError:
            remedy = "Put the secret into that file as plain text."
            self._wrong(key, f"{reference} is not text in UTF-8", remedy)
            return None
        if mode & 0o007:
            self._notes.append(
                f"{key}: everybody on this machine can use {reference}; chmod 600 it"
            )
        return value

    def _apps(self, tables: dict[str, dict[str, Any]], loopback: bool) -> Iterator[tuple[str, App]]:
        for key, table in tables.items():
            path = f"providers.{key}."
            provider = PROVIDERS.get(key)
            if provider is None:
                remedy = f"This version knows {', '.join(PROVIDERS)}."
                self._wrong(path[:-1], "there is no such provider", remedy)
                continue
            overridable = {*provider.endpoints, "issuer"}
            app = self._table(_App, table, path, *overridable)
            if not app.client_id:
                self._wrong(path + "client_id", "it is empty", "Copy it from the provider.")
            if not GRAPH_VERSION.fullmatch(app.api_version):
                self._wrong(path + "api_version", "it is no version", 'Write "v26.0".')
            secret = self._secret(path + "client_secret", app.client_secret)
            endpoints = {
                name: self._endpoint(path + name, table.get(name, usual), app, loopback)
                for name, usual in {**provider.endpoints, "issuer": provider.issuer}.items()
            }
            issuer = endpoints.pop("issuer")
            yield (
                key,
                App(
                    provider=provider,
                    label=app.label or provider.label,
                    client_id=app.client_id,
                    client_secret=secret,
                    endpoints=endpoints,
                    issuer=issuer,
                ),
            )

    def _endpoint(self, key: str, url: Any, app: _App, loopback: bool) -> str:
        if not isinstance(url, str):
            self._wrong(key, "it is no address", "Write an https address, or take it out.")
            return ""
        filled = url.replace("{api_version}", app.api_version)
        if not loopback and _is_loopback(filled):
            self._wrong(key, "it leads to this machine", "Use the provider's public address.")
        self._https(key, filled, loopback=loopback)
        return filled

    def _sites(
        self, tables: dict[str, dict[str, Any]], configured: set[str], loopback: bool
    ) -> Iterator[tuple[str, Site]]:
        for key, table in tables.items():
            path = f"sites.{key}."
            if not SITE_ID.fullmatch(key):
                remedy = "Use small letters, digits and hyphens, at most 63."
                self._wrong(path[:-1], "that is no name for a site", remedy)
            site = self._table(_Site, table, path)
            if not site.name.strip():
                self._wrong(path + "name", "it is empty", "Commenters read it: name the blog.")
            self._origins(path, site)
            self._site_providers(path, site, configured)
            self._door(path, site)
            yield (
                key,
                Site(
                    id=key,
                    name=site.name,
                    origins=tuple(site.origins),
                    providers=tuple(site.providers),
                    trusted=site.trusted,
                    privacy_url=site.privacy_url or None,
                    subject=site.subject,
                    profile=site.profile,
                    email=site.email,
                ),
            )

    def _origins(self, path: str, site: _Site) -> None:
        if not site.origins:
            remedy = 'List where the blog lives, such as "https://blog.example.org".'
            self._wrong(path + "origins", "there is none", remedy)
        for origin in site.origins:
            if url_origin(origin + "/") != origin:
                self._wrong(path + "origins", f"{origin!r} is not an origin", _spelling(origin))
            else:
                self._https(path + "origins", origin, loopback=True)
        if site.privacy_url:
            self._https(path + "privacy_url", site.privacy_url, loopback=True)

    def _site_providers(self, path: str, site: _Site, configured: set[str]) -> None:
        for provider in site.providers:
            if provider not in configured and "providers" not in self._unreadable:
                remedy = f"Add a [providers.{provider}] table, or take it out of the list."
                self._wrong(path + "providers", f"{provider!r} is not configured", remedy)
        if not site.providers:
            remedy = 'List the icons, such as ["wordpress", "facebook"].'
            self._wrong(path + "providers", "there is none", remedy)
        if len(set(site.providers)) != len(site.providers):
            self._wrong(path + "providers", "one stands there twice", "Name each once.")

    def _door(self, path: str, site: _Site) -> None:
        if site.client_secret:
            self._secret(path + "client_secret", site.client_secret)
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            for url in getattr(site, name):
                self._https(path + name, url, loopback=True)
        if site.backchannel_logout_uri:
            self._https(path + "backchannel_logout_uri", site.backchannel_logout_uri, loopback=True)

    def _no_shared_origins(self, sites: dict[str, Site]) -> None:
        owners: dict[str, str] = {}
        for site in sites.values():
            for origin in site.origins:
                owner = owners.setdefault(origin, site.id)
                if owner != site.id:
                    problem = f"{origin!r} belongs to the site {owner!r} too"
                    remedy = "Two sites with one origin would share everything: give it to one."
                    self._wrong(f"sites.{site.id}.origins", problem, remedy)

    def _limits(self, table: dict[str, Any]) -> LimitSettings:
        limits = self._table(LimitSettings, table, "limits.")
        for name in msgspec.structs.asdict(limits):
            if not 1 <= getattr(limits, name) <= 60_000:
                self._wrong(f"limits.{name}", "it is out of range", "Give 1 to 60000.")
        return limits

    def _database(self, url: str) -> str:
        kind, _, path = url.partition(":")
        if kind != "sqlite" or not path:
            remedy = 'Write "sqlite:commentgate.db"; this version keeps its data in SQLite.'
            self._wrong("database", "it is not a database of a known kind", remedy)
        elif path == ":memory:":
            remedy = 'Write "sqlite:commentgate.db".'
            self._wrong("database", "all would be lost at each stop, so it needs a file", remedy)
        elif not (self._folder / path).parent.is_dir():
            self._wrong(
                "database", "its folder does not exist", "Make the folder, or name another."
            )
        return f"sqlite:{self._folder / path}"


def _spelling(url: str) -> str:
    """How an address that is no origin is to be written."""
    from yarl import URL  # as difflib below: only for whoever made a mistake

    try:
        origin = str(URL(url.strip()).origin())
    except ValueError:
        origin = ""
    if url_origin(origin + "/") == origin:
        return f'Write it as "{origin}", which is what browsers send.'
    return 'Write it as "https://www.example.org": no path, no slash at the end.'


def _nearest(name: str, known: list[str]) -> str:
    """The name that was probably meant, or ''."""
    import difflib  # no worker has to carry it: the start is over when nothing was wrong

    return next(iter(difflib.get_close_matches(name, known, 1)), "")


def _host(url: str) -> str:
    return _parts(url).hostname or ""


def _scheme(url: str) -> str:
    return _parts(url).scheme


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _is_loopback(url: str) -> bool:
    host = _host(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
