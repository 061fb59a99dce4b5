"""Gateway, blog, stand-in providers and a hostile site for tests of the widget, on real servers.

On loopback they stand at four addresses, four sites to a browser. With an authority they speak TLS
under four registrable names, so that cookies carry ``__Host-`` and Secure means something.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from gateway.config import read
from gateway.demo.run import environment, provider_tables
from gateway.http import BODY_BYTES, Answer
from gateway.web.app import application
from providers import PROVIDERS, rehearsal
from providers.rehearsal import App
from tests.browser.demo import pick, press_icon, see_signed_in
from tests.browser.harness import ENGINES, Browser, Page
from tests.browser.widget_pages import Blog, Evil, Front, Knobs
from tests.servers import Authority, running_at

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
NAMES = ("gate.test", "blog.test", "idp.test", "evil.test")
WIDGET = "document.querySelector('comment-login')"
_SLOWLY = pytest.mark.slow
WEBKIT = pytest.param("webkit", marks=_SLOWLY)
#: Two engines in every run, the third one in the long run.
THREE = pytest.mark.parametrize("engine", [*ENGINES, WEBKIT], indirect=True)
#: For what is rather the gateway's doing than the browser's.
ONE_OF_THREE = pytest.mark.parametrize(
    "engine", ["chromium", pytest.param("firefox", marks=_SLOWLY), WEBKIT], indirect=True
)
Built = TypeVar("Built", bound=Front)
DRAFT = "Brass wheels,\nthousands of them — and <b>no</b> steam."
#: A clock that a test moves on, and waits that are shorter: both in every window of a browser.
CLOCK = """
globalThis.ahead = 0;
Date.now = ((now) => () => now() + globalThis.ahead)(Date.now);
"""
AHEAD = "(time) => { globalThis.ahead = time; }"
ALMOST_AN_HOUR = 3_590_000  # milliseconds; ten seconds before a token ends
IMPATIENT = """
AbortSignal.timeout = ((after) => () => after(1500))(AbortSignal.timeout.bind(AbortSignal));
"""


@dataclass(frozen=True)
class Town:
    """The servers of a test."""

    gate: Front
    blog: Blog
    idp: Front
    evil: Evil
    stand_ins: Starlette

    def reset(self) -> None:
        """As new, but for what the gateway's database holds."""
        for front in (self.gate, self.blog, self.idp, self.evil):
            front.knobs = Knobs()
        self.stand_ins.state.ahead.clear()
        self.stand_ins.state.calls.clear()

    @property
    def redeemed(self) -> list[str]:
        """What was asked of the gateway at ``/token`` so far, as grant types."""
        return [one.form["grant_type"] for one in self.gate.asked("POST", "/token")]


class _Ground:
    """Where the servers of a town are built, each knowing its own address."""

    def __init__(self, stack: ExitStack, authority: Authority | None) -> None:
        self._stack, self._authority = stack, authority

    def build(self, number: int, make: Callable[[str], Built]) -> Built:
        """Start the server that ``make`` gives for an address."""
        built: list[Built] = []

        def made(url: str) -> Built:
            built.append(make(url))
            return built[0]

        host = "127.0.0.1" if self._authority else HOSTS[number]
        name = NAMES[number] if self._authority else None
        place = running_at(made, host, name=name, authority=self._authority)
        self._stack.enter_context(place)
        return built[0]


@contextmanager
def running_town(authority: Authority | None = None) -> Iterator[Town]:
    """Start the servers; their data lies in a folder that is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="commentgate-town-")))
        ground = _Ground(stack, authority)
        blog, evil = ground.build(1, Blog), ground.build(3, Evil)
        apps: dict[str, App] = {}
        stand_ins: list[Starlette] = []

        def make_idp(url: str) -> Front:
            stand_ins.append(rehearsal.rehearsal(url, apps))
            return Front(stand_ins[0], url)

        def make_gate(url: str) -> Front:
            apps.update(rehearsal.demo_apps(url))
            settings = read(_configuration(url, blog.url, idp.url), environment(url), folder)
            transport = _Loopback(authority.client_context()) if authority else None
            return Front(application(settings, transport), url)

        idp = ground.build(2, make_idp)
        gate = ground.build(0, make_gate)
        blog.belong(gate.url, _keys(gate.url, authority))
        yield Town(gate, blog, idp, evil, stand_ins[0])


def _configuration(gateway: str, blog: str, idp: str) -> dict[str, Any]:
    return {
        "public_url": gateway,
        "secret_keys": ["env:DEMO_SECRET"],
        "contact": "mailto:town@example.org",
        "limits": {"start": 60_000, "token": 60_000, "pending": 60_000},
        "providers": provider_tables(idp, gateway),
        "sites": {
            "blog": {
                "name": "Ada's blog",
                "origins": [blog],
                "providers": list(PROVIDERS),
                "trusted": True,
                "privacy_url": f"{blog}/plain",
            }
        },
    }


class _Loopback:
    """Finds every name on this machine, as the browsers of the tests do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        most: int = BODY_BYTES,
    ) -> Answer:
        """Make one call to this machine, whatever the name is."""
        here = httpx2.URL(url).copy_with(host="127.0.0.1")
        async with httpx2.AsyncClient(verify=self._context) as client:
            answer = await client.request(method, here, headers=headers, content=body)
        return Answer(answer.status_code, answer.headers, answer.content)


def _keys(gateway: str, authority: Authority | None) -> Any:
    url = httpx2.URL(f"{gateway}/jwks.json")
    trust = authority.client_context() if authority else True

    def fetch() -> bytes:
        headers = {"Host": url.netloc.decode()}
        return httpx2.get(url.copy_with(host="127.0.0.1"), headers=headers, verify=trust).content

    return fetch


def open_post(browser: Browser, town: Town, path: str = "/", draft: str = DRAFT) -> Page:
    """The blog's post in the browser's first window, with a draft in its form."""
    page = browser.page
    page.open(town.blog.url + path)
    if draft:
        page.type("#comment", draft)
    return page


def begin(browser: Browser, page: Page, provider: str = "twitter") -> Page:
    """Press a button of the widget in ``page`` and give the window that it opens."""
    return browser.popup(lambda: press_icon(page, provider))


def sign_in(browser: Browser, page: Page, provider: str = "twitter") -> None:
    """From the button to the form that says who comments."""
    popup = begin(browser, page, provider)
    pick(popup)
    see_signed_in(page, provider)
    popup.wait_closed()


def forget(page: Page) -> None:
    """Wait until a tab looks into storage again: what it has heard in the last second counts."""
    page.evaluate("() => { globalThis.asked = performance.now(); }")
    page.wait("() => performance.now() - asked > 1200")


def second_tab(browser: Browser, town: Town) -> Page:
    """The same post once more."""
    page = browser.new_page()
    page.open(town.blog.url)
    return page


def refusal(town: Town, status: int, error: str) -> JSONResponse:
    """An answer of ``/token`` that the page may read."""
    headers = {"Access-Control-Allow-Origin": town.blog.url}
    return JSONResponse({"error": error}, status, headers)


def come_near(page: Page) -> None:
    """Scroll to the widget and wait for its buttons."""
    page.evaluate(f"{WIDGET}.scrollIntoView({{ block: 'center' }})")
    page.wait(f"() => Boolean({WIDGET}.shadowRoot.querySelector('.button-twitter'))")


def foreign(page: Page, town: Town) -> list[str]:
    """Requests of a window that went to neither the blog nor the gateway."""
    ours = (town.blog.url, town.gate.url)
    urls = [request.split(" ", 1)[1] for request in page.requests]
    return [url for url in urls if not url.startswith((*ours, "data:", "about:", "blob:"))]


def loud(*pages: Page) -> list[str]:
    """What windows have complained of, but for Firefox about icons that nobody offers it."""
    return [error for page in pages for error in page.errors if "/favicon.ico" not in error]


def until(look: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Wait for what a server is told some time; answer whether it came."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return found
