"""Browsers as fixtures: ``browser`` for the usual one, ``open_browser`` for others or several."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from tests.browser.harness import ENGINES, Browser, BrowserError, Browsers, Options
from tests.browser.widget_town import Town, running_town
from tests.servers import Authority

OpenBrowser = Callable[..., Browser]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures below know that pictures are wanted."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """All browsers of the run."""
    browsers = Browsers()
    yield browsers
    browsers.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test runs once in each engine. For one engine only:
    ``@pytest.mark.parametrize("engine", ["chromium"], indirect=True)``.
    """
    name: str = request.param
    return name


@pytest.fixture
def open_browser(
    browsers: Browsers, engine: str, authority: Authority, request: pytest.FixtureRequest
) -> Iterator[OpenBrowser]:
    """Open a browser with the given fields of ``Options``; every call is another person's."""
    opened: list[Browser] = []
    with ExitStack() as stack:

        def open_one(**options: Any) -> Browser:
            wanted = Options(**{"authority": authority} | options)
            opened.append(stack.enter_context(browsers.open(engine, wanted)))
            return opened[-1]

        yield open_one
        if request.node.stash.get(FAILED, False):
            _keep_pictures(request.node.name, opened)


@pytest.fixture
def browser(open_browser: OpenBrowser) -> Browser:
    """A desktop browser that nobody has used yet."""
    return open_browser()


@pytest.fixture(scope="module")
def built_town() -> Iterator[Town]:
    """The town of a module's tests."""
    with running_town() as town:
        yield town


@pytest.fixture
def town(built_town: Town) -> Town:
    """Blog, gateway, providers and an attacker for the widget, as if nobody had been there."""
    built_town.reset()
    return built_town


def _keep_pictures(test: str, opened: list[Browser]) -> None:
    pages = [page for browser in opened for page in browser.pages()]
    for number, page in enumerate(pages):
        # A window that is closing has no picture, and the test's own failure matters more.
        with suppress(BrowserError):
            page.screenshot(f"failed-{test}-{number}", whole=False)
