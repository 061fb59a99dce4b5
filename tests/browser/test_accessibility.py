"""Nobody is shut out: axe finds no barrier in any page that people meet."""

from collections.abc import Iterator

import pytest

from tests.browser.axe import barriers
from tests.browser.conftest import OpenBrowser
from tests.browser.demo import CHROMIUM_FIRST, Demo, running_demo
from tests.browser.sights import sights

LOOKS = [
    ("en", False),
    ("de", True),
    pytest.param("en", True, marks=pytest.mark.slow),
    pytest.param("de", False, marks=pytest.mark.slow),
    pytest.param("ar", False, marks=pytest.mark.slow),
]


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


@CHROMIUM_FIRST
@pytest.mark.parametrize(("lang", "dark"), LOOKS)
def test_no_page_has_a_barrier(
    open_browser: OpenBrowser, demo: Demo, lang: str, dark: bool
) -> None:
    browser = open_browser(languages=lang, dark=dark)

    found = [
        f"{name}: {barrier}"
        for name, page in sights(browser, demo, lang)
        for barrier in barriers(page)
    ]

    assert not found, "\n".join(found)


@CHROMIUM_FIRST
def test_axe_finds_a_barrier_where_there_is_one(open_browser: OpenBrowser, demo: Demo) -> None:
    page = open_browser().page
    page.open(demo.blog)

    page.evaluate("document.querySelector('label[for=comment]').remove()")

    assert any(barrier.startswith("label:") for barrier in barriers(page))
