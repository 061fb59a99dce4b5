"""The demo for browser tests: its four servers on free ports, each test with a town of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from starlette.applications import Starlette

from gateway.demo.run import Place, Town, serve, servers
from gateway.web import languages
from tests.browser.harness import Browser, Page
from tests.servers import listening

HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
STOPS_WITHIN = 20.0
ADA = "Ada Lovelace"
#: Makes a browser refuse every new window.
NO_POPUPS = "window.open = () => null;"
LABELS = {
    "wordpress": "WordPress.com",
    "twitter": "X",
    "twitter1": "X (OAuth 1.0a)",
    "facebook": "Facebook",
}
# For what the second engine has little to add to: forms without script, words, names.
CHROMIUM_FIRST = pytest.mark.parametrize(
    "engine", ["chromium", pytest.param("firefox", marks=pytest.mark.slow)], indirect=True
)
QUESTION = languages.text("en", "ask_title", site="The garden")
_PLAIN_FORM = """(action, fields) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  const button = document.createElement("button");
  button.textContent = "Plain start";
  form.append(button);
  document.querySelector("main").prepend(form);
}"""
_NO_REFERRER = """() => {
  const meta = document.createElement("meta");
  meta.name = "referrer";
  meta.content = "no-referrer";
  document.head.append(meta);
}"""


@dataclass(frozen=True)
class Demo:
    """The addresses of a running demo, without a slash at the end, and its stand-ins."""

    gateway: str
    blog: str  # trusted
    garden: str  # not trusted
    rehearsal: str
    stand_ins: Starlette

    @property
    def profile_reads(self) -> int:
        """How often the gateway has asked any provider who somebody is."""
        return sum(count for name, count in self.stand_ins.state.calls.items() if "profile" in name)


@contextmanager
def running_demo() -> Iterator[Demo]:
    """A demo nobody has used yet, with its data in a folder that is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="commentgate-demo-")))
        sockets = [stack.enter_context(listening(host)) for host in HOSTS]
        town = Town(*(_place(one) for one in sockets))
        apps = servers(town, folder)
        serving = dict(zip(apps.values(), sockets, strict=True))
        stack.enter_context(_in_thread(serving))
        yield Demo(
            gateway=town.gateway.url,
            blog=town.blog.url,
            garden=town.garden.url,
            rehearsal=town.rehearsal.url,
            stand_ins=apps[town.rehearsal],
        )


def _place(listener: socket.socket) -> Place:
    host, port = listener.getsockname()
    return Place(host, host, port)


@contextmanager
def _in_thread(serving: dict[Starlette, socket.socket]) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve(serving, stop))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STOPS_WITHIN)


def press_icon(page: Page, provider: str) -> None:
    """Scroll to the widget, which waits for that, and click a button by its provider's key."""
    page.evaluate("document.querySelector('comment-login').scrollIntoView({ block: 'center' })")
    page.click(f"button.button-{provider}")


def open_popup(browser: Browser, provider: str = "twitter") -> Page:
    """Click a button of the widget and give the window that it opens."""
    return browser.popup(lambda: press_icon(browser.page, provider))


def pick(window: Page, person: str = ADA, fault: str = "none") -> None:
    """On a stand-in's page: choose what goes wrong, if anything, and who signs in."""
    window.see("Who signs in?")
    window.evaluate("(fault) => { document.getElementById('fault').value = fault; }", fault)
    window.click("button[name=person]", person)


def wait_armed(window: Page) -> None:
    """On the question: look around as a person does, until its button can be pressed."""
    window.hover("h1")
    window.hover("#yes")
    window.wait("document.getElementById('yes').getAttribute('aria-disabled') === 'false'")


def approve(window: Page) -> None:
    """Answer the question with yes, as a person with a mouse."""
    wait_armed(window)
    window.click("#yes")


def see_signed_in(page: Page, provider: str = "twitter", person: str = ADA) -> None:
    """Wait until the form says who comments, and with which account."""
    page.see(f"You are commenting using your {LABELS[provider]} account. (Log out / Change)")
    page.see(person, ".person .name")


def post(page: Page) -> None:
    """Send the comment."""
    page.click("form[action^='/comments'] button[type=submit]")
    page.wait_url("#comment-")


def words(key: str, **values: str) -> str:
    """A text of the gateway's pages, in English."""
    return languages.text("en", key, **values)


def widget_words(key: str, **values: str) -> str:
    """A text of the widget, in English."""
    return languages.catalogue("en")["widget"][key].format_map(values)


def start_fields(return_to: str, site: str = "garden", lang: str = "en") -> dict[str, str]:
    """What a start form sends that goes and comes back in the same tab."""
    return {
        "site": site,
        "provider": "twitter",
        "mode": "page",
        "return_to": return_to,
        "challenge": "c" * 43,
        "challenge_method": "S256",
        "state": "s" * 22,
        "lang": lang,
    }


def start_plainly(page: Page, demo: Demo, lang: str = "en", *, proven: bool = True) -> None:
    """From the garden by a form of its page, without the widget and without JavaScript there.

    Unproven, nobody vouches for that page, and nobody waits for the answer.
    """
    page.open(demo.garden)
    fields = start_fields(f"{demo.garden}/", lang=lang)
    if not proven:
        page.evaluate(_NO_REFERRER)
        fields["mode"] = "popup"
    page.evaluate(_PLAIN_FORM, f"{demo.gateway}/start", fields)
    page.click("button", "Plain start")
