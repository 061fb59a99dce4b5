"""Our cookies, written and read in one place.

They are read from the raw header bytes: only space and tab are trimmed, names match byte for
byte, and a name that stands there twice counts as absent. A sibling subdomain can set a cookie
whose name becomes one of ours when a reader trims more than that (contract: 4.2).
"""

from collections import Counter
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.attempts import LIFE, REMEMBERED
from gateway.gateway_sessions import ABSOLUTE
from gateway.steps import Browser

VALUE_LENGTH = 512  # characters, more than any of ours has


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of our cookies; without https, which only loopback may lack, without prefix."""

    secure: bool

    @property
    def _prefix(self) -> str:
        return "__Host-commentgate-" if self.secure else "commentgate-"

    @property
    def session(self) -> str:
        """The gateway session's."""
        return f"{self._prefix}session"

    def attempt(self, attempt: str) -> str:
        """One attempt's."""
        return f"{self._prefix}attempt-{attempt}"

    def browser(self, request: Request) -> Browser:
        """What a request's browser shows of ours."""
        found = read(request.scope["headers"])
        prefix = self.attempt("")
        return Browser(
            attempts={
                name.removeprefix(prefix): value
                for name, value in found.items()
                if name.startswith(prefix)
            },
            session=found.get(self.session),
        )

    def keep_attempt(self, response: Response, attempt: str, value: str) -> None:
        """Set an attempt's cookie for as long as its provider has to answer."""
        self._set(response, self.attempt(attempt), value, LIFE)

    def remember_attempt(self, response: Response, attempt: str, value: str) -> None:
        """Set it anew for as long as its tombstone leads back."""
        self._set(response, self.attempt(attempt), value, REMEMBERED + LIFE)

    def drop_attempt(self, response: Response, attempt: str) -> None:
        """Take an attempt's cookie away."""
        self._set(response, self.attempt(attempt), "", 0)

    def keep_session(self, response: Response, value: str) -> None:
        """Set the gateway session's cookie."""
        self._set(response, self.session, value, ABSOLUTE)

    def drop_session(self, response: Response) -> None:
        """Take the gateway session's cookie away."""
        self._set(response, self.session, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        secure = "; Secure" if self.secure else ""
        cookie = f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        response.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))


def read(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The cookies of a request by name, without doubled, overlong and non-ASCII ones."""
    pairs = [
        pair.strip(b" \t").partition(b"=")
        for name, value in headers
        if name == b"cookie"
        for pair in value.split(b";")
    ]
    times = Counter(name for name, _, _ in pairs)
    return {
        name.decode("ascii"): value.decode("ascii")
        for name, equals, value in pairs
        if equals and times[name] == 1 and (name + value).isascii() and len(value) <= VALUE_LENGTH
    }
