"""People who sign in, and what each of them costs the gateway's process."""

from tests.bench.browser import Browser, Wire
from tests.bench.processes import cpu_seconds
from tests.bench.town import BLOG, GARDEN

KNOWN_PROVIDER = "twitter"  # by which somebody comes back whom the gateway knows


class Commenter:
    """Somebody with connections of their own, and a new browser for each login but the last."""

    def __init__(self, wire: Wire, gateway: str, person: str) -> None:
        self._wire = wire
        self._gateway = gateway
        self._person = person
        self._browser = self._new_browser()

    def _new_browser(self) -> Browser:
        return Browser(self._wire, self._gateway)

    def ask(self, url: str, times: int) -> None:
        """Any request, often."""
        for _ in range(times):
            self._wire.ask("GET", url)

    def sign_in(self, provider: str) -> None:
        """By the provider, at a site that the operator trusts."""
        self._browser = self._new_browser()
        self._browser.sign_in(provider, "blog", BLOG, self._person)

    def first_visit(self) -> None:
        """By the provider, at a site that nobody has approved: with the question."""
        self._browser = self._new_browser()
        self._browser.first_visit(KNOWN_PROVIDER, "garden", GARDEN, self._person)

    def visit(self) -> None:
        """By the provider, at a site that was approved."""
        self._browser = self._new_browser()
        self._browser.sign_in(KNOWN_PROVIDER, "garden", GARDEN, self._person)

    def visit_again(self) -> None:
        """In the browser of the last visit, where the gateway knows them: no provider is asked."""
        self._browser.sign_in_again(KNOWN_PROVIDER, "garden", GARDEN)


class Meter:
    """Milliseconds of a process's CPU since the last look."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen = cpu_seconds(pid)

    def look(self) -> float:
        """What was spent since."""
        before, self._seen = self._seen, cpu_seconds(self._pid)
        return (self._seen - before) * 1000
