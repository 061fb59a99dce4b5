"""Input as an attacker arranges it: presses where the pointer lies already, keys that are held.

The harness presses as a person does, with a movement before each press. Here nothing moves unless
a test says so.
"""

from tests.browser.harness import Page
from tests.browser.harness_chromium import Chromium
from tests.browser.harness_engine import KEYS
from tests.browser.harness_firefox import Firefox

_ENTER = KEYS["Enter"]


def middle(page: Page, css: str) -> tuple[float, float]:
    """The middle of the first match, in the window's coordinates."""
    x, y = page.wait(
        """(css) => {
          const box = document.querySelector(css)?.getBoundingClientRect();
          return box && [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
        }""",
        css,
    )
    return x, y


def press_still(page: Page, x: float, y: float) -> None:
    """Press and release the button of a mouse that has come to lie at a place of a new window."""
    engine, tab = page._engine, page._tab
    if isinstance(engine, Chromium):
        button = {"x": x, "y": y, "button": "left", "clickCount": 1}
        engine._mouse(tab, type="mousePressed", buttons=1, **button)
        engine._mouse(tab, type="mouseReleased", buttons=0, **button)
        return
    assert isinstance(engine, Firefox)
    # A pointer that WebDriver has not used yet lies in the corner; where it lies, moving is none.
    move = {"type": "pointerMove", "x": round(x), "y": round(y)}
    engine._pointer(tab, move, {"type": "pointerDown", "button": 0})
    engine._pointer(tab, {"type": "pointerUp", "button": 0})


def key_down(page: Page, *, again: bool) -> None:
    """Enter goes down; with ``again`` it is held and the keyboard repeats it."""
    engine, tab = page._engine, page._tab
    if isinstance(engine, Chromium):
        engine._key(tab, "keyDown", *_ENTER[:3], text="\r", autoRepeat=again)
        return
    assert isinstance(engine, Firefox)
    engine._keys(tab, [{"type": "keyDown", "value": _ENTER[3]}])


def key_up(page: Page) -> None:
    """Enter is let go."""
    engine, tab = page._engine, page._tab
    if isinstance(engine, Chromium):
        engine._key(tab, "keyUp", *_ENTER[:3])
        return
    assert isinstance(engine, Firefox)
    engine._keys(tab, [{"type": "keyUp", "value": _ENTER[3]}])
