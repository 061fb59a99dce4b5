"""Where codes and tokens lie until somebody comes for them."""

import secrets
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

#: A long bench must not fill the memory: the oldest go first.
_AT_MOST = 50_000


def opaque() -> str:
    """32 random bytes, fit for a URL."""
    return secrets.token_urlsafe(32)


class Shelf(Generic[T]):
    """Things kept in memory under unguessable names for ``seconds`` each."""

    def __init__(
        self, seconds: float, clock: Callable[[], float], name: Callable[[], str] = opaque
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._name = name
        self._things: dict[str, tuple[float, T]] = {}

    def put(self, thing: T, name: str | None = None) -> str:
        """Keep a thing, under a new name if none is given; answer the name."""
        self._forget()
        name = name or self._name()
        self._things[name] = (self._clock() + self._seconds, thing)
        return name

    def look(self, name: str) -> T | None:
        """The thing under this name, which stays; None if there is none or its time is over."""
        until, thing = self._things.get(name, (0.0, None))
        return thing if self._clock() < until else None

    def take(self, name: str) -> T | None:
        """The thing under this name, which is gone afterwards."""
        thing = self.look(name)
        self._things.pop(name, None)
        return thing

    def _forget(self) -> None:
        while self._things:
            name, (until, _) = next(iter(self._things.items()))
            if self._clock() < until and len(self._things) < _AT_MOST:
                return
            del self._things[name]
