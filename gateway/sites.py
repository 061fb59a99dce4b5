"""A site is a blog or comment backend that relies on us; here alone a return URL is judged."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from gateway.errors import BadReturnUrl, UnknownSite

RETURN_URL_LENGTH = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(f"[!-~]{{1,{RETURN_URL_LENGTH}}}")
_UNPLAIN = frozenset('\\"<>#')
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site, as configured. ``origins`` are serialised ASCII origins, exact."""

    id: str
    name: str
    origins: tuple[str, ...]
    providers: tuple[str, ...]
    trusted: bool = False
    privacy_url: str | None = None
    subject: Literal["pairwise", "public"] = "pairwise"
    profile: bool = True
    email: bool = False

    @property
    def subject_scope(self) -> str:
        """Whose subjects these are: the site's own, or '' for the ones shared by public sites."""
        return "" if self.subject == "public" else self.id

    @property
    def shared(self) -> tuple[str, ...]:
        """What the site learns about a commenter, in words of the catalogue."""
        wanted = {"name": True, "picture": True, "profile": self.profile, "email": self.email}
        return tuple(word for word, on in wanted.items() if on)

    def origin_of(self, return_url: str) -> str:
        """The origin of a return URL on this site.

        Raises ``BadReturnUrl`` unless it is a serialised ASCII http(s) URL without user
        information or fragment whose origin is exactly one of the site's.
        """
        origin = url_origin(return_url)
        if origin is None or origin not in self.origins:
            raise BadReturnUrl
        return origin


@lru_cache(maxsize=1024)
def url_origin(url: str) -> str | None:
    """The origin of a plainly written http(s) URL, or None if it is anything else.

    Plainly written: what a browser's ``URL.href`` gives. Whatever a browser and a parser could
    read differently (backslashes, white space, user information, upper-case or escaped hosts,
    default ports, numbers that stand for addresses, Unicode) is refused instead of repaired.
    """
    if not _is_plain(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or port == _DEFAULT_PORTS[parts.scheme]:
        return None
    if not _is_host(host):
        return None
    written = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{written}" + ("" if port is None else f":{port}")
    return origin if url.startswith(f"{origin}/") else None


def _is_plain(url: str) -> bool:
    return _PLAIN.fullmatch(url) is not None and _UNPLAIN.isdisjoint(url)


def _is_host(host: str) -> bool:
    """Whether a name or address stands there just as a browser would write it."""
    try:
        if ":" in host:
            return str(ipaddress.IPv6Address(host)) == host and "%" not in host
        if _NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False
    return _NAME.fullmatch(host) is not None


class Sites:
    """The sites of this gateway, by id."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._sites = dict(sites)

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites.values())

    def find(self, site: str) -> Site | None:
        """The site, or None if there is none of that id."""
        return self._sites.get(site)

    def get(self, site: str) -> Site:
        """The site. Raises ``UnknownSite``."""
        found = self.find(site)
        if found is None:
            raise UnknownSite
        return found
