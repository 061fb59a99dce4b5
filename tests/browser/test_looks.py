"""How every page looks: a picture of each is kept, and none is wider than its window."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import Demo, running_demo
from tests.browser.harness import Page
from tests.browser.sights import sights

LOOKS = [
    ("en", False, True),
    pytest.param("en", True, True, marks=pytest.mark.slow),
    pytest.param("en", False, False, marks=pytest.mark.slow),
    pytest.param("de", True, False, marks=pytest.mark.slow),
    pytest.param("de", False, True, marks=pytest.mark.slow),
    pytest.param("ar", False, True, marks=pytest.mark.slow),
    pytest.param("ar", True, False, marks=pytest.mark.slow),
]
SIZE = "[innerWidth, innerHeight].join()"
STILL = """async (size) => {
  const place = () => [innerWidth, innerHeight, scrollX, scrollY].join();
  const before = place();
  for (let frames = 0; frames < 6; frames++) await new Promise(requestAnimationFrame);
  return before.startsWith(size) && place() === before;
}"""
BEYOND = """() => [...document.querySelectorAll("*")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".skip"))
  .map((e) => e.outerHTML.slice(0, 100))"""


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
@pytest.mark.parametrize(("lang", "dark", "mobile"), LOOKS)
def test_every_page_fits_its_window(
    open_browser: OpenBrowser, demo: Demo, lang: str, dark: bool, mobile: bool
) -> None:
    browser = open_browser(languages=lang, dark=dark, mobile=mobile)
    look = f"{lang}-{'dark' if dark else 'light'}-{320 if mobile else 1280}"

    too_wide = {}
    for name, page in sights(browser, demo, lang):
        _keep_picture(page, f"looks/{look}/{name}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide[name] = page.evaluate(BEYOND)

    assert too_wide == {}


def _keep_picture(page: Page, name: str) -> None:
    """Chromium enlarges the window for a picture of a whole page and takes a moment to shrink it;
    whatever is pressed meanwhile is somewhere else.
    """
    before = page.evaluate(SIZE)
    page.screenshot(name)
    page.wait(STILL, before)
