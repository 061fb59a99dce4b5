"""What a browser engine must be able to do. harness.py builds everything else on it."""

from dataclasses import dataclass, field
from typing import Protocol

from tests.servers import Authority

# What a test may press by name: DOM key, DOM code, Windows key code, WebDriver's code point.
KEYS = {
    "Tab": ("Tab", "Tab", 9, "\ue004"),
    "Enter": ("Enter", "Enter", 13, "\ue007"),
    "Escape": ("Escape", "Escape", 27, "\ue00c"),
    "Space": (" ", "Space", 32, " "),
    "Backspace": ("Backspace", "Backspace", 8, "\ue003"),
    "Delete": ("Delete", "Delete", 46, "\ue017"),
    "Home": ("Home", "Home", 36, "\ue011"),
    "End": ("End", "End", 35, "\ue010"),
    "ArrowLeft": ("ArrowLeft", "ArrowLeft", 37, "\ue012"),
    "ArrowUp": ("ArrowUp", "ArrowUp", 38, "\ue013"),
    "ArrowRight": ("ArrowRight", "ArrowRight", 39, "\ue014"),
    "ArrowDown": ("ArrowDown", "ArrowDown", 40, "\ue015"),
}
# DOM key, DOM code, Windows key code, WebDriver's code point, the DevTools protocol's bit.
MODIFIERS = {
    "Shift": ("Shift", "ShiftLeft", 16, "\ue008", 8),
    "Control": ("Control", "ControlLeft", 17, "\ue009", 2),
}


def pressing(name: str, modifiers: list[str]) -> list[dict[str, str]]:
    """WebDriver's actions for one key under modifiers: all go down, and up the other way round."""
    held = [MODIFIERS[modifier][3] for modifier in modifiers]
    key = KEYS[name][3] if name in KEYS else name
    down = [{"type": "keyDown", "value": value} for value in [*held, key]]
    return down + [{"type": "keyUp", "value": value} for value in [key, *reversed(held)]]


def typing(text: str) -> list[dict[str, str]]:
    """WebDriver's actions for typing a text character by character."""
    keys = [KEYS["Enter"][3] if character == "\n" else character for character in text]
    return [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]


@dataclass(frozen=True)
class Options:
    """How the person's browser is set up. The defaults are a desktop as it comes from Debian."""

    mobile: bool = False  # 320 x 640 CSS pixels, touch, coarse pointer
    dark: bool = False
    languages: str = "en-US,en"  # navigator.languages and Accept-Language
    scripts: bool = True  # False: JavaScript off
    third_party_cookies: bool = False
    no_data_of: str = ""  # host whose cookies and storage are refused; Chromium only
    before_scripts: str = ""  # JavaScript run in every document before its own
    authority: Authority | None = None  # whose TLS servers are believed


@dataclass
class Tab:
    """One window or tab as an engine knows it, with what it has been heard saying."""

    id: str
    requests: list[str] = field(default_factory=list)  # "GET http://..." of it and its frames
    errors: list[str] = field(default_factory=list)  # uncaught exceptions and console.error


class Engine(Protocol):
    """One running browser."""

    name: str
    options: Options

    def tabs(self) -> list[Tab]:
        """All open windows and tabs, oldest first."""

    def new_tab(self) -> Tab:
        """An empty one, in front."""

    def navigate(self, tab: Tab, url: str) -> None:
        """Go to ``url`` and come back when the answer has begun to show."""

    def reload(self, tab: Tab) -> None:
        """As the reload button."""

    def go(self, tab: Tab, steps: int) -> None:
        """Through the history: -1 is Back."""

    def evaluate(self, tab: Tab, expression: str) -> str | None:
        """The value of a JavaScript expression that is a string or a promise of one."""

    def press_pointer(self, tab: Tab, x: float, y: float) -> None:
        """A click there, or a tap where the options say mobile."""

    def move_pointer(self, tab: Tab, x: float, y: float) -> None:
        """The pointer comes to rest there."""

    def press_key(self, tab: Tab, name: str, modifiers: list[str]) -> None:
        """``name`` is one of ``KEYS`` or a character, ``modifiers`` some of ``MODIFIERS``."""

    def insert(self, tab: Tab, text: str) -> None:
        """Type ``text`` into whatever has the focus."""

    def screenshot(self, tab: Tab, *, whole: bool) -> bytes:
        """A PNG of what is in view, or of the whole page."""

    def activate(self, tab: Tab) -> None:
        """Bring it to the front."""

    def close_tab(self, tab: Tab) -> None:
        """As the person closes it."""
