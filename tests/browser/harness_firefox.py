"""Debian's Firefox, driven by WebDriver BiDi, which it speaks by itself.

One process serves many tests: each gets a container of its own, which shares neither cookies nor
storage with another. Protocol: https://w3c.github.io/webdriver-bidi/
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.harness_engine import Options, Tab, pressing, typing
from tests.browser.harness_process import folder, process, wait_for_file
from tests.browser.harness_wire import BrowserError, Json, Wire
from tests.servers import CERTIFIED
from tests.tools import program

Preferences = dict[str, bool | int | str]
PREFERENCES: Preferences = {
    # Otherwise the remote agent switches the pop-up blocker off, among much else.
    "remote.prefs.recommended": False,
    "dom.disable_open_during_load": True,
    # Nothing leads out of this machine, and nothing but the test asks for anything.
    "network.dns.localDomains": ",".join(name for name in CERTIFIED if name.endswith(".test")),
    "network.dns.disabled": True,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.topsites.contile.enabled": False,
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "geo.provider.network.url": "",
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "startup.homepage_welcome_url": "about:blank",
    "toolkit.telemetry.server": "",
    "trailhead.firstrun.didSeeAboutWelcome": True,
}
EVENTS = ("browsingContext.contextCreated", "browsingContext.contextDestroyed")
CHATTER = ("log.entryAdded", "network.beforeRequestSent")
PHONE = {"width": 320, "height": 640}
PARTITIONED, ALL_ALLOWED = 5, 0  # network.cookie.cookieBehavior
COARSE, FINE_AND_HOVER = 1, 6  # ui.primaryPointerCapabilities


def preferences(options: Options) -> Preferences:
    """What of ``options`` holds for the whole process."""
    pointer = COARSE if options.mobile else FINE_AND_HOVER
    return PREFERENCES | {
        "network.cookie.cookieBehavior": ALL_ALLOWED
        if options.third_party_cookies
        else PARTITIONED,
        "layout.css.prefers-color-scheme.content-override": 0 if options.dark else 1,
        "intl.accept_languages": options.languages,
        "javascript.enabled": options.scripts,
        "dom.w3c_touch_events.enabled": int(options.mobile),
        "ui.primaryPointerCapabilities": pointer,
        "ui.allPointerCapabilities": pointer,
    }


class FirefoxProcess:
    """A running Firefox and the conversation with it."""

    def __init__(self, url: str) -> None:
        self._listeners: list[Firefox] = []
        self.wire = Wire(url, self._hear)
        self.wire.call("session.new", {"capabilities": {"alwaysMatch": {}}})
        self.wire.call("session.subscribe", {"events": EVENTS})

    @contextmanager
    def container(self, options: Options) -> Iterator["Firefox"]:
        """A person's browser within this process: own cookies, own storage, own windows."""
        believe = {"acceptInsecureCerts": options.authority is not None}
        context = self.wire.call("browser.createUserContext", believe)["userContext"]
        firefox = Firefox(self.wire, context, options)
        self._listeners.append(firefox)
        try:
            firefox.set_up()
            yield firefox
        finally:
            self.wire.call("browser.removeUserContext", {"userContext": context})
            self._listeners.remove(firefox)

    def _hear(self, message: Json) -> None:
        for listener in list(self._listeners):
            listener.hear(message["method"], message["params"])


class Firefox:
    """One container of a running Firefox. It implements ``harness_engine.Engine``."""

    name = "firefox"

    def __init__(self, wire: Wire, context: str, options: Options) -> None:
        self.options = options
        self._wire = wire
        self._context = context
        self._tabs: dict[str, Tab] = {}
        self._frames: dict[str, str] = {}  # browsing context: its parent

    def set_up(self) -> None:
        """What of the options holds for this container, then its first window."""
        here = [self._context]
        self._wire.call("session.subscribe", {"events": CHATTER, "userContexts": here})
        if self.options.mobile:
            phone = {"viewport": PHONE, "devicePixelRatio": 2, "userContexts": here}
            self._wire.call("browsingContext.setViewport", phone)
        if self.options.before_scripts:
            function = f"() => {{ {self.options.before_scripts} }}"
            script = {"functionDeclaration": function, "userContexts": here}
            self._wire.call("script.addPreloadScript", script)
        self._create("window")

    def tabs(self) -> list[Tab]:
        """All open windows and tabs, oldest first."""
        return list(self._tabs.values())

    def new_tab(self) -> Tab:
        """An empty one, in front."""
        return self._create("tab")

    def navigate(self, tab: Tab, url: str) -> None:
        """Go to ``url``; the call returns once the document is parsed."""
        self._call(tab, "browsingContext.navigate", url=url, wait="interactive")

    def reload(self, tab: Tab) -> None:
        """As the reload button."""
        self._call(tab, "browsingContext.reload", wait="interactive")

    def go(self, tab: Tab, steps: int) -> None:
        """Through the history, as the Back and Forward buttons do."""
        self._call(tab, "browsingContext.traverseHistory", delta=steps)

    def evaluate(self, tab: Tab, expression: str) -> str | None:
        """The value of an expression that is a string or a promise of one."""
        target = {"context": tab.id}
        question = {"expression": expression, "target": target, "awaitPromise": True}
        answer = self._wire.call("script.evaluate", question)
        if answer["type"] == "exception":
            raise BrowserError(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else str(value)

    def press_pointer(self, tab: Tab, x: float, y: float) -> None:
        """A click there, or a tap where the options say mobile."""
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
        """A PNG of what is in view, or of the whole page."""
        origin = "document" if whole else "viewport"
        answer = self._call(tab, "browsingContext.captureScreenshot", origin=origin)
        return base64.b64decode(answer["data"])

    def activate(self, tab: Tab) -> None:
        """Bring it to the front."""
        self._call(tab, "browsingContext.activate")

    def close_tab(self, tab: Tab) -> None:
        """As the person closes it."""
        self._call(tab, "browsingContext.close")

    def hear(self, method: str, params: Json) -> None:
        """Take an event of the process; those of other containers change nothing here."""
        heard = _HEARD.get(method)
        if heard:
            heard(self, params)

    def _create(self, kind: str) -> Tab:
        where = {"type": kind, "userContext": self._context}
        context = self._wire.call("browsingContext.create", where)["context"]
        return self._tabs[context]

    def _call(self, tab: Tab, method: str, **params: Any) -> Json:
        return self._wire.call(method, {"context": tab.id, **params})

    def _pointer(self, tab: Tab, *actions: Json) -> None:
        kind = "touch" if self.options.mobile else "mouse"
        source = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}}
        self._perform(tab, source | {"actions": list(actions)})

    def _keys(self, tab: Tab, actions: list[Json]) -> None:
        self._perform(tab, {"type": "key", "id": "keyboard", "actions": actions})

    def _perform(self, tab: Tab, source: Json) -> None:
        self._call(tab, "input.performActions", actions=[source])

    def _opened(self, params: Json) -> None:
        if params["userContext"] != self._context:
            return
        if params["parent"]:
            self._frames[params["context"]] = params["parent"]
        else:
            self._tabs.setdefault(params["context"], Tab(params["context"]))

    def _closed(self, params: Json) -> None:
        self._tabs.pop(params["context"], None)
        self._frames.pop(params["context"], None)

    def _requested(self, params: Json) -> None:
        tab = self._tab_of(params.get("context"))
        if tab:
            tab.requests.append(f"{params['request']['method']} {params['request']['url']}")

    def _logged(self, params: Json) -> None:
        tab = self._tab_of(params["source"].get("context"))
        if tab and params["level"] == "error":
            tab.errors.append(str(params["text"]))

    def _tab_of(self, context: str | None) -> Tab | None:
        while context in self._frames:
            context = self._frames[context]
        return self._tabs.get(context or "")


_UP = {"type": "pointerUp", "button": 0}
_HEARD = {
    "browsingContext.contextCreated": Firefox._opened,
    "browsingContext.contextDestroyed": Firefox._closed,
    "network.beforeRequestSent": Firefox._requested,
    "log.entryAdded": Firefox._logged,
}


@contextmanager
def firefox(wanted: Preferences) -> Iterator[FirefoxProcess]:
    """Start Firefox with a profile of its own."""
    binary = program("firefox-esr", "firefox", package="firefox-esr")
    with folder() as home:
        _write_preferences(home, wanted)
        command = [str(binary), "--headless", "--no-remote", "--profile", str(home)]
        command += ["--remote-debugging-port", "0", "about:blank"]
        size = {"MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "800"}
        with process(command, home, size) as child:
            listens = home / "WebDriverBiDiServer.json"
            (port,) = wait_for_file(listens, r'"ws_port": *(\d+)[^\d]', child)
            started = FirefoxProcess(f"ws://127.0.0.1:{port}/session")
            try:
                yield started
            finally:
                started.wire.close()


def _write_preferences(home: Path, wanted: Preferences) -> None:
    lines = (f"user_pref({json.dumps(key)}, {json.dumps(wanted[key])});" for key in wanted)
    (home / "user.js").write_text("\n".join(lines))


def _move(x: float, y: float) -> Json:
    return {"type": "pointerMove", "x": round(x), "y": round(y)}
