"""Real browsers for tests: Debian's Chromium and Firefox as they come, behind one small surface.

    def test_a_commenter_signs_in(browser: Browser) -> None:
        page = browser.page
        page.open(url)
        popup = browser.popup(lambda: page.click("button", "X"))
        popup.click("button", "Ada")
        page.see("You are commenting using your X account")
        page.screenshot("signed-in")

Everything waits for what it needs and says what it waited for. Input is the browser's own: it
counts as a person's. A window is brought to the front before it is pressed or typed into.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.browser import harness_scripts as scripts
from tests.browser.harness_chromium import chromium
from tests.browser.harness_engine import Engine, Options, Tab
from tests.browser.harness_firefox import FirefoxProcess, firefox, preferences
from tests.browser.harness_webkit import webkit
from tests.browser.harness_wire import BrowserError
from tests.tools import artifact

__all__ = ["ENGINES", "Browser", "BrowserError", "Browsers", "Options", "Page"]

ENGINES = ("chromium", "firefox")
WAITS = 15.0
LOOKS_EVERY = 0.03


class Page:
    """One window or tab."""

    def __init__(self, engine: Engine, tab: Tab) -> None:
        self._engine = engine
        self._tab = tab

    @property
    def id(self) -> str:
        """The browser's own name for this window."""
        return self._tab.id

    @property
    def url(self) -> str:
        """Where the window is now."""
        return str(self.evaluate("location.href"))

    @property
    def closed(self) -> bool:
        """Whether the window is gone."""
        return all(tab.id != self._tab.id for tab in self._engine.tabs())

    @property
    def requests(self) -> list[str]:
        """All that it and its frames asked for so far: ``GET http://...``."""
        return list(self._tab.requests)

    @property
    def errors(self) -> list[str]:
        """Uncaught exceptions and console.error so far; Chromium adds violations of the CSP."""
        return list(self._tab.errors)

    def open(self, url: str) -> None:
        """Go to ``url`` and wait until it and its scripts are loaded."""
        self._engine.navigate(self._tab, url)
        self._loaded()

    def reload(self) -> None:
        """As the reload button, until loaded again."""
        self._leave(lambda: self._engine.reload(self._tab))

    def back(self) -> None:
        """As the Back button. What is shown then may come from the cache, or be on its way."""
        self._engine.go(self._tab, -1)

    def forward(self) -> None:
        """As the Forward button."""
        self._engine.go(self._tab, 1)

    def evaluate(self, script: str, *arguments: Any) -> Any:
        """The JSON value of an expression, or of a function of ``arguments``; promises are awaited.

        It runs in the page's own world and gives the page no user activation.
        """
        call = f"({script})(...{json.dumps(arguments)})" if _is_function(script) else f"({script})"
        answer = self._engine.evaluate(self._tab, self._wrap(call))
        return None if answer is None else json.loads(answer)

    def wait(self, script: str, *arguments: Any, seconds: float = WAITS) -> Any:
        """Wait until ``script`` gives a true value, through navigations, and return that value."""
        return _until(lambda: self.evaluate(script, *arguments), f"{script} {arguments}", seconds)

    def wait_url(self, part: str, *, seconds: float = WAITS) -> str:
        """Wait until the address contains ``part`` and is loaded; return the address."""
        script = '(p) => document.readyState === "complete" && location.href.includes(p)'
        self.wait(script, part, seconds=seconds)
        return self.url

    def wait_closed(self, *, seconds: float = WAITS) -> None:
        """Wait until the window is gone."""
        _until(lambda: self.closed, "the window to close", seconds)

    def see(self, text: str, css: str = "body", *, seconds: float = WAITS) -> None:
        """Wait until ``text`` can be read inside the first shown match of ``css``."""
        try:
            _until(lambda: text in self._read(css), f"{text!r} in {css}", seconds)
        except BrowserError as error:
            raise BrowserError(f"{error}\nThe window shows:\n{self._describe()}") from error

    def text(self, css: str = "body") -> str:
        """The text that can be read in the first shown match, once there is one."""
        return str(_until(lambda: self._read(css) or None, f"text in {css}", WAITS))

    def count(self, css: str) -> int:
        """How many matches are shown now."""
        return int(self.evaluate(scripts.COUNT, css))

    def property(self, css: str, name: str) -> Any:
        """A property (``value``, ``checked``) or attribute of the first match, None without."""
        return self.evaluate(scripts.PROPERTY, css, name)

    def click(self, css: str, text: str | None = None, *, seconds: float = WAITS) -> None:
        """Press the first shown match, by its text or label where given, once nothing covers it.

        A tap on a phone. ``aria-disabled`` does not stop it, as it would not stop a person.
        """
        self._engine.press_pointer(self._tab, *self._aim(css, text, seconds))

    def click_at(self, x: float, y: float) -> None:
        """Press a place of the window, for what stands in a frame. A tap on a phone."""
        self._to_front()
        self._engine.press_pointer(self._tab, x, y)

    def hover(self, css: str, text: str | None = None, *, seconds: float = WAITS) -> None:
        """Move the pointer there and leave it."""
        self._engine.move_pointer(self._tab, *self._aim(css, text, seconds))

    def type(self, css: str, text: str) -> None:
        """Click into a field and type, after what stands there."""
        self.click(css)
        self._engine.press_key(self._tab, "End", ["Control"])
        self._engine.insert(self._tab, text)

    def press(self, *keys: str) -> None:
        """Press keys one after the other: ``"Tab"``, ``"Shift+Tab"``, ``"a"``."""
        self._to_front()
        for key in keys:
            *modifiers, name = key.split("+") if len(key) > 1 else [key]
            self._engine.press_key(self._tab, name, modifiers)

    def focus(self) -> str:
        """What has the keyboard's focus: ``button "Log out"``; empty for the page itself."""
        return str(self.evaluate(scripts.FOCUS))

    def screenshot(self, name: str, *, whole: bool = True) -> Path:
        """Keep a picture as ``.artifacts/<name>.png`` (here the engine's name is added)."""
        path = artifact(f"{name}-{self._engine.name}.png")
        path.write_bytes(self._engine.screenshot(self._tab, whole=whole))
        return path

    def activate(self) -> None:
        """Bring the window to the front."""
        self._engine.activate(self._tab)

    def close(self) -> None:
        """Close the window, as the person does."""
        self._engine.close_tab(self._tab)
        self.wait_closed()

    def _wrap(self, call: str) -> str:
        """Promises are never settled in a page whose JavaScript is off."""
        if not self._engine.options.scripts:
            return f"JSON.stringify({call})"
        return f"(async () => JSON.stringify(await {call}))()"

    def _loaded(self) -> None:
        self.wait('document.readyState === "complete"')

    def _leave(self, act: Callable[[], None]) -> None:
        self.evaluate("globalThis.__beforeLeaving = true")
        act()
        self.wait('!globalThis.__beforeLeaving && document.readyState === "complete"')

    def _read(self, css: str) -> str:
        return str(self.evaluate(scripts.TEXT, css) or "")

    def _describe(self) -> str:
        try:
            return f"{self.url}\n{self._read('body')[:2000]}\n{self.errors}"
        except BrowserError as error:
            return str(error)

    def _to_front(self) -> None:
        if self.wait(scripts.IN_FRONT) == [False]:
            self._engine.activate(self._tab)

    def _aim(self, css: str, text: str | None, seconds: float) -> tuple[float, float]:
        """Where to press, once two looks in a row found the target at rest in one place."""
        self._to_front()
        wanted = f"{css} {text or ''}".strip()
        seen: list[dict[str, Any]] = [{"trouble": "not looked yet"}]

        def at_rest() -> bool:
            seen.append(self.evaluate(scripts.LOCATE, css, text))
            return "x" in seen[-1] and seen[-1] == seen[-2]

        try:
            _until(at_rest, wanted, seconds)
        except BrowserError as error:
            trouble = seen[-1].get("trouble", "it moves")
            raise BrowserError(f"{wanted}: {trouble}\n{self._describe()}") from error
        return seen[-1]["x"], seen[-1]["y"]


class Browser:
    """One person's browser, with its own cookies and storage."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def name(self) -> str:
        """``chromium`` or ``firefox``."""
        return self._engine.name

    @property
    def page(self) -> Page:
        """The oldest window that is open."""
        return self.pages()[0]

    def pages(self) -> list[Page]:
        """All open windows and tabs, oldest first."""
        return [Page(self._engine, tab) for tab in self._engine.tabs()]

    def new_page(self) -> Page:
        """Another empty tab, in front."""
        return Page(self._engine, self._engine.new_tab())

    def popup(self, act: Callable[[], object], *, seconds: float = WAITS) -> Page:
        """Do ``act`` and return the window that opens because of it."""
        known = {page.id for page in self.pages()}
        act()
        fresh: list[Page] = _until(
            lambda: [page for page in self.pages() if page.id not in known], "a popup", seconds
        )
        return fresh[0]


class Browsers:
    """Opens browsers for one run and keeps what is costly to start."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._firefoxes: dict[str, FirefoxProcess] = {}

    @contextmanager
    def open(self, name: str, options: Options) -> Iterator[Browser]:
        """A browser nobody has used yet: ``name`` is one of ``ENGINES`` or ``webkit``."""
        if name == "chromium":
            with chromium(options) as engine:
                yield Browser(engine)
        elif name == "webkit":
            with webkit(options) as window:
                yield Browser(window)
        else:
            with self._firefox(options).container(options) as container:
                yield Browser(container)

    def close(self) -> None:
        """End every process that is still kept."""
        self._stack.close()

    def _firefox(self, options: Options) -> FirefoxProcess:
        wanted = preferences(options)
        key = json.dumps(wanted)
        if key not in self._firefoxes:
            self._firefoxes[key] = self._stack.enter_context(firefox(wanted))
        return self._firefoxes[key]


def _until(look: Callable[[], Any], wanted: str, seconds: float) -> Any:
    """Look again and again. Errors count as "not yet": a page in between is on its way."""
    deadline = time.monotonic() + seconds
    while True:
        trouble = ""
        try:
            if found := look():
                return found
        except BrowserError as error:
            trouble = f" ({error})"
        if time.monotonic() > deadline:
            raise BrowserError(f"Waited {seconds:.0f} s for {wanted}{trouble}")
        time.sleep(LOOKS_EVERY)


def _is_function(script: str) -> bool:
    head = script.lstrip().partition("\n")[0]
    return head.startswith(("function", "async ")) or ("=>" in head and head.startswith("("))
