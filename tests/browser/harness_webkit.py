"""WebKitGTK, Safari's engine, on a screen of its own, driven by Debian's WebDriver for it.

It reports neither requests nor the console, so those of its tabs stay empty, and it takes few of
the options; one that it cannot take is an error. Protocol: https://www.w3.org/TR/webdriver2/
"""

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx2

from tests.browser.harness_engine import Options, Tab, pressing, typing
from tests.browser.harness_process import STARTS_WITHIN, folder, process, wait_for_file
from tests.browser.harness_wire import ANSWERS_WITHIN, BrowserError, Json
from tests.tools import MissingToolError, program

BROWSERS = "*/webkit2gtk-4.*/MiniBrowser"  # below the libraries of the system
PAGE_ANSWERS_WITHIN = 5.0  # what is asked of a page that is being left never is
SCREEN = "1400x1000x24"
EVALUATE = """
const done = arguments[0];
(async () => (%s))().then((value) => done([value ?? null]), (error) => done(String(error)));
"""
_UP = {"type": "pointerUp", "button": 0}


class WebKit:
    """One running WebKitGTK. It implements ``harness_engine.Engine``."""

    name = "webkit"

    def __init__(self, driver: httpx2.Client, options: Options, browser: Path) -> None:
        self.options = options
        self._driver = driver
        self._tabs: dict[str, Tab] = {}
        self._session = ""
        begun = self._call("POST", "/session", capabilities=_capabilities(browser, options))
        self._session = f"/session/{begun['sessionId']}"

    def stop(self) -> None:
        """End the session, and with it the browser."""
        with suppress(BrowserError, httpx2.HTTPError):
            self._call("DELETE")

    def tabs(self) -> list[Tab]:
        """All open windows and tabs, oldest first."""
        handles = self._call("GET", "/window/handles")
        known = {handle: tab for handle, tab in self._tabs.items() if handle in handles}
        fresh = {handle: Tab(handle) for handle in reversed(handles) if handle not in known}
        self._tabs = known | fresh
        return list(self._tabs.values())

    def new_tab(self) -> Tab:
        """An empty one, in front."""
        handle = self._call("POST", "/window/new", type="tab")["handle"]
        return next(tab for tab in self.tabs() if tab.id == handle)

    def navigate(self, tab: Tab, url: str) -> None:
        """Go to ``url``; the call returns once the document is parsed."""
        self._in(tab, "POST", "/url", url=url)

    def reload(self, tab: Tab) -> None:
        """As the reload button."""
        self._in(tab, "POST", "/refresh")

    def go(self, tab: Tab, steps: int) -> None:
        """Through the history, as the Back and Forward buttons do.

        The driver answers nothing any more once that leads to a page with COOP `same-origin`.
        """
        # The driver's own Back waits for ever where the page comes from the cache.
        leave = f"setTimeout(() => history.go({steps}))"
        self._in(tab, "POST", "/execute/sync", script=leave, args=[])

    def evaluate(self, tab: Tab, expression: str) -> str | None:
        """The value of an expression that is a string or a promise of one."""
        answer = self._in(tab, "POST", "/execute/async", script=EVALUATE % expression, args=[])
        if not isinstance(answer, list):
            raise BrowserError(str(answer))
        return None if answer[0] is None else str(answer[0])

    def press_pointer(self, tab: Tab, x: float, y: float) -> None:
        """A click there."""
        self._pointer(tab, _move(x, y), {"type": "pointerDown", "button": 0}, _UP)

    def move_pointer(self, tab: Tab, x: float, y: float) -> None:
        """The pointer comes to rest there."""
        self._pointer(tab, _move(x, y))

    def press_key(self, tab: Tab, name: str, modifiers: list[str]) -> None:
        """Hold the modifiers, press and release the key, release the modifiers."""
        self._keys(tab, pressing(name, modifiers))

    def insert(self, tab: Tab, text: str) -> None:
        """Type ``text`` character by character."""
        self._keys(tab, typing(text))

    def screenshot(self, tab: Tab, *, whole: bool) -> bytes:
        """A PNG of what is in view; the driver has no other."""
        return base64.b64decode(self._in(tab, "GET", "/screenshot"))

    def activate(self, tab: Tab) -> None:
        """Bring it to the front."""
        self._in(tab, "GET", "/url")

    def close_tab(self, tab: Tab) -> None:
        """As the person closes it."""
        self._in(tab, "DELETE", "/window")

    def _pointer(self, tab: Tab, *actions: Json) -> None:
        source = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self._in(tab, "POST", "/actions", actions=[source | {"actions": list(actions)}])

    def _keys(self, tab: Tab, actions: list[Json]) -> None:
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._in(tab, "POST", "/actions", actions=[source])

    def _in(self, tab: Tab, method: str, path: str, **body: Any) -> Any:
        self._call("POST", "/window", handle=tab.id)
        return self._call(method, path, **body)

    def _call(self, method: str, path: str = "", **body: Any) -> Any:
        content = json.dumps(body) if method == "POST" else None
        try:
            answer = self._driver.request(
                method, self._session + path, content=content, timeout=_patience(path)
            )
        except httpx2.TimeoutException as error:
            raise BrowserError(f"{path} was not answered in time") from error
        value = answer.json()["value"]
        if answer.is_error:
            raise BrowserError(f"{path}: {value['error']}: {value['message']}")
        return value


@contextmanager
def webkit(options: Options) -> Iterator[WebKit]:
    """Start WebKitGTK with a profile of its own, on a screen of its own."""
    _refuse(options)
    driver, browser = program("WebKitWebDriver", package="webkit2gtk-driver"), _browser()
    with ExitStack() as stack:
        port, home = _free_port(), stack.enter_context(folder())
        surroundings = {
            "DISPLAY": stack.enter_context(_screen()),
            "HOME": str(home),
            "LANG": options.languages.partition(",")[0].replace("-", "_") + ".UTF-8",
            "GDK_BACKEND": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # the sandbox needs more than root has
        }
        child = stack.enter_context(process([str(driver), f"--port={port}"], home, surroundings))
        client = stack.enter_context(
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        )
        _wait_for(client, child)
        engine = WebKit(client, options, browser)
        stack.callback(engine.stop)
        yield engine


def _refuse(options: Options) -> None:
    fixed = Options(languages=options.languages, authority=options.authority)
    if options != fixed:
        raise BrowserError("WebKit's driver takes no option but languages and authority.")


def _browser() -> Path:
    found = sorted(Path("/usr/lib").glob(BROWSERS))
    if not found:
        raise MissingToolError("MiniBrowser is missing: install webkit2gtk-driver.")
    return found[-1]


def _capabilities(browser: Path, options: Options) -> Json:
    wanted = {
        "pageLoadStrategy": "eager",
        "acceptInsecureCerts": options.authority is not None,
        "webkitgtk:browserOptions": {"binary": str(browser), "args": ["--automation"]},
    }
    return {"alwaysMatch": wanted}


@contextmanager
def _screen() -> Iterator[str]:
    """A screen that nobody looks at."""
    server = program("Xvfb", package="xvfb")
    command = [str(server), "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with folder() as home, process(command, home, {}) as child:
        (number,) = wait_for_file(home / "browser.log", r"(?m)^(\d+)\n", child)
        yield f":{number}"


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def _wait_for(driver: httpx2.Client, child: "Popen[bytes]") -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(httpx2.TransportError):
            driver.get("/status")
            return
        time.sleep(0.02)
    raise BrowserError("WebKitWebDriver did not start.")


def _patience(path: str) -> float:
    return PAGE_ANSWERS_WITHIN if path == "/execute/async" else ANSWERS_WITHIN


def _move(x: float, y: float) -> Json:
    return {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}
