"""Debian's Chromium, started with its own defaults and driven by the DevTools protocol.

Test frameworks start it with the pop-up blocker and the partitioning of storage switched off and
pretend that every page has the focus; what is measured here would prove nothing there.
Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.harness_engine import KEYS, MODIFIERS, Options, Tab
from tests.browser.harness_process import folder, process, wait_for_file
from tests.browser.harness_wire import ANSWERS_WITHIN, BrowserError, Json, Wire
from tests.tools import program

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--password-store=basic",
    "--window-size=1280,800",
    "--remote-debugging-port=0",
    # Names ending in .test lead here, and nothing leads out of this machine.
    "--host-resolver-rules=MAP *.test 127.0.0.1,MAP * ~NOTFOUND,EXCLUDE localhost,EXCLUDE 127.*",
)
PHONE = {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True}
LOUD = ("security", "javascript")  # sources of the browser's own log that count as errors


@dataclass(frozen=True)
class _Window:
    """A tab, the session that commands it, and the answers to what sets it up.

    All of them count: Chromium does not answer in the order of asking, and a page that was opened
    before JavaScript was off still ran its scripts.
    """

    tab: Tab
    session: str
    set_up: "list[Future[Json]]"


class Chromium:
    """One running Chromium. It implements ``harness_engine.Engine``."""

    name = "chromium"

    def __init__(self, url: str, options: Options) -> None:
        self.options = options
        self._windows: dict[str, _Window] = {}  # by target
        self._tabs: dict[str, Tab] = {}  # by session; frames and workers count for their tab
        self._wire = Wire(url, self._hear)
        self._wire.call("Target.setAutoAttach", _ATTACH)

    def stop(self) -> None:
        """Hang up; the process ends with the context manager that began it."""
        self._wire.close()

    def tabs(self) -> list[Tab]:
        """All open windows and tabs, oldest first."""
        return [window.tab for window in self._windows.values()]

    def new_tab(self) -> Tab:
        """An empty one, in front."""
        made = self._wire.call("Target.createTarget", {"url": "about:blank"})
        return self._windows[made["targetId"]].tab

    def navigate(self, tab: Tab, url: str) -> None:
        """Go to ``url``; the call returns once the answer is committed."""
        answer = self._call(tab, "Page.navigate", {"url": url})
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")

    def reload(self, tab: Tab) -> None:
        """As the reload button."""
        self._call(tab, "Page.reload")

    def go(self, tab: Tab, steps: int) -> None:
        """Through the history, as the Back and Forward buttons do."""
        history = self._call(tab, "Page.getNavigationHistory")
        position = history["currentIndex"] + steps
        if not 0 <= position < len(history["entries"]):
            raise BrowserError(f"the history has no entry {steps:+d} from here")
        entry = history["entries"][position]
        self._call(tab, "Page.navigateToHistoryEntry", {"entryId": entry["id"]})

    def evaluate(self, tab: Tab, expression: str) -> str | None:
        """The value of an expression that is a string or a promise of one."""
        answer = self._call(
            tab,
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in answer:
            raise BrowserError(_thrown(answer["exceptionDetails"]))
        value = answer["result"].get("value")
        return None if value is None else str(value)

    def press_pointer(self, tab: Tab, x: float, y: float) -> None:
        """A click there, or a tap where the options say mobile."""
        if self.options.mobile:
            self._touch(tab, x, y)
            return
        self.move_pointer(tab, x, y)
        button = {"x": x, "y": y, "button": "left", "clickCount": 1}
        self._mouse(tab, type="mousePressed", buttons=1, **button)
        self._mouse(tab, type="mouseReleased", buttons=0, **button)

    def move_pointer(self, tab: Tab, x: float, y: float) -> None:
        """The pointer comes to rest there."""
        self._mouse(tab, type="mouseMoved", x=x, y=y)

    def press_key(self, tab: Tab, name: str, modifiers: list[str]) -> None:
        """Hold the modifiers, press and release the key, release the modifiers."""
        bits = sum(MODIFIERS[modifier][4] for modifier in modifiers)
        for modifier in modifiers:
            self._key(tab, "rawKeyDown", *MODIFIERS[modifier][:3], modifiers=bits)
        key, code, number = KEYS[name][:3] if name in KEYS else _character(name)
        text = {"Enter": "\r", "Space": " "}.get(name, name if len(name) == 1 else "")
        kind = "keyDown" if text else "rawKeyDown"
        self._key(tab, kind, key, code, number, modifiers=bits, text=text)
        self._key(tab, "keyUp", key, code, number, modifiers=bits)
        for modifier in reversed(modifiers):
            self._key(tab, "keyUp", *MODIFIERS[modifier][:3])

    def insert(self, tab: Tab, text: str) -> None:
        """Type ``text``: keys where a keyboard has them, an input method's way for the rest."""
        for character in text:
            if character == "\n":
                self.press_key(tab, "Enter", [])
            elif character.isascii():
                self.press_key(tab, character, [])
            else:
                self._call(tab, "Input.insertText", {"text": character})

    def screenshot(self, tab: Tab, *, whole: bool) -> bytes:
        """A PNG of what is in view, or of the whole page."""
        answer = self._call(tab, "Page.captureScreenshot", {"captureBeyondViewport": whole})
        return base64.b64decode(answer["data"])

    def activate(self, tab: Tab) -> None:
        """Bring it to the front."""
        self._call(tab, "Page.bringToFront")

    def close_tab(self, tab: Tab) -> None:
        """As the person closes it."""
        self._wire.call("Target.closeTarget", {"targetId": tab.id})

    def _call(self, tab: Tab, method: str, params: Json | None = None) -> Json:
        window = self._windows.get(tab.id)
        if window is None:
            raise BrowserError(f"{method}: the window is closed")
        for answer in window.set_up:
            answer.result(ANSWERS_WITHIN)
        return self._wire.call(method, params, sessionId=window.session)

    def _mouse(self, tab: Tab, **event: Any) -> None:
        self._call(tab, "Input.dispatchMouseEvent", event)

    def _touch(self, tab: Tab, x: float, y: float) -> None:
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            self._call(tab, "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def _key(
        self, tab: Tab, kind: str, key: str, code: str, number: int, **more: int | str
    ) -> None:
        event = {"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, **more}
        self._call(tab, "Input.dispatchKeyEvent", event)

    def _hear(self, message: Json) -> None:
        heard = _HEARD.get(message["method"])
        if heard:
            heard(self, message["params"], self._tabs.get(message.get("sessionId", "")))

    def _attached(self, params: Json, parent: Tab | None) -> None:
        session, target = params["sessionId"], params["targetInfo"]
        if target["type"] == "page":
            self._opened(session, Tab(target["targetId"]))
            return
        if parent:
            self._tabs[session] = parent
            for command in _LISTEN:
                self._post(session, *command)
        self._post(session, *_RUN)

    def _opened(self, session: str, tab: Tab) -> None:
        self._tabs[session] = tab
        answers = [self._post(session, *command) for command in self._set_up()]
        self._windows[tab.id] = _Window(tab, session, answers)

    def _set_up(self) -> Iterator[tuple[str, Json]]:
        """Before the new window's first script, so that popups are as their opener is."""
        yield from _LISTEN
        yield "Page.enable", {}
        if self.options.mobile:
            yield "Emulation.setDeviceMetricsOverride", PHONE
            yield "Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5}
        if self.options.dark:
            scheme = {"name": "prefers-color-scheme", "value": "dark"}
            yield "Emulation.setEmulatedMedia", {"features": [scheme]}
        if not self.options.scripts:
            yield "Emulation.setScriptExecutionDisabled", {"value": True}
        if self.options.before_scripts:
            source = {"source": self.options.before_scripts}
            yield "Page.addScriptToEvaluateOnNewDocument", source
        yield _RUN

    def _post(self, session: str, method: str, params: Json) -> "Future[Json]":
        return self._wire.post(method, params, sessionId=session)

    def _detached(self, params: Json, _: Tab | None) -> None:
        tab = self._tabs.pop(params["sessionId"], None)
        if tab and self._windows[tab.id].session == params["sessionId"]:
            del self._windows[tab.id]

    def _requested(self, params: Json, tab: Tab | None) -> None:
        if tab:
            tab.requests.append(f"{params['request']['method']} {params['request']['url']}")

    def _threw(self, params: Json, tab: Tab | None) -> None:
        if tab:
            tab.errors.append(_thrown(params["exceptionDetails"]))

    def _printed(self, params: Json, tab: Tab | None) -> None:
        if tab and params["type"] in ("error", "assert"):
            words = (str(a.get("value", a.get("description", ""))) for a in params["args"])
            tab.errors.append(" ".join(words))

    def _logged(self, params: Json, tab: Tab | None) -> None:
        entry = params["entry"]
        if tab and entry["level"] == "error" and entry["source"] in LOUD:
            tab.errors.append(f"{entry['source']}: {entry['text']}")


_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
_LISTEN: tuple[tuple[str, Json], ...] = (
    ("Runtime.enable", {}),
    ("Log.enable", {}),
    ("Network.enable", {}),
    ("Target.setAutoAttach", _ATTACH),
)
_RUN: tuple[str, Json] = ("Runtime.runIfWaitingForDebugger", {})
_HEARD = {
    "Target.attachedToTarget": Chromium._attached,
    "Target.detachedFromTarget": Chromium._detached,
    "Network.requestWillBeSent": Chromium._requested,
    "Runtime.exceptionThrown": Chromium._threw,
    "Runtime.consoleAPICalled": Chromium._printed,
    "Log.entryAdded": Chromium._logged,
}


@contextmanager
def chromium(options: Options) -> Iterator[Chromium]:
    """Start Chromium with a profile of its own."""
    binary = program("chromium", package="chromium")
    with folder() as home:
        _write_preferences(home, options)
        switches = [*SWITCHES, *_switches(options), f"--user-data-dir={home}"]
        command = [str(binary), *switches, "about:blank"]
        with process(command, home, {}) as child:
            listens = home / "DevToolsActivePort"
            port, path = wait_for_file(listens, r"^(\d+)\n(/\S+)", child)
            engine = Chromium(f"ws://127.0.0.1:{port}{path}", options)
            try:
                yield engine
            finally:
                engine.stop()


def _switches(options: Options) -> Iterator[str]:
    yield f"--accept-lang={options.languages}"
    if options.authority:
        yield f"--ignore-certificate-errors-spki-list={options.authority.fingerprint}"


def _write_preferences(home: Path, options: Options) -> None:
    """What a person sets under "Privacy". Debian refuses third-party cookies by default."""
    privacy: Json = {}
    if options.third_party_cookies:
        privacy |= {"cookie_controls_mode": 0, "block_third_party_cookies": False}
    if options.no_data_of:
        refused = {f"{options.no_data_of},*": {"setting": 2}}
        privacy["content_settings"] = {"exceptions": {"cookies": refused}}
    (home / "Default").mkdir()
    (home / "Default" / "Preferences").write_text(json.dumps({"profile": privacy}))


def _character(character: str) -> tuple[str, str, int]:
    if character.isalpha():
        return character, f"Key{character.upper()}", ord(character.upper())
    if character.isdigit():
        return character, f"Digit{character}", ord(character)
    return character, "", 0


def _thrown(details: Json) -> str:
    exception = details.get("exception", {})
    return str(exception.get("description") or exception.get("value") or details["text"])
