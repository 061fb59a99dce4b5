"""The demo as a newcomer meets it: one command, one address, four ways in, in real browsers."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import httpx2
import pytest

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import (
    ADA,
    CHROMIUM_FIRST,
    HOSTS,
    LABELS,
    NO_POPUPS,
    QUESTION,
    Demo,
    open_popup,
    pick,
    post,
    press_icon,
    running_demo,
    see_signed_in,
    start_fields,
    start_plainly,
    widget_words,
    words,
)
from tests.browser.harness import Browser
from tests.tools import ROOT

DRAFT = "Brass wheels,\nthousands of them — and <b>no</b> steam."
ENDS_WITHIN = 10.0


@dataclass(frozen=True)
class Command:
    """A running ``commentgate demo`` and the address that its line names."""

    process: "subprocess.Popen[str]"
    line: str

    @property
    def blog(self) -> str:
        """The address to open."""
        found = re.search(r"http://\S+/", self.line)
        assert found, self.line
        return found.group()


def _free_ports() -> int:
    """The first of four ports in a row, each free on its own address."""
    while True:
        first = 20_000 + secrets.randbelow(10_000)
        with ExitStack() as stack, suppress(OSError):
            for step, host in enumerate(HOSTS):
                stack.enter_context(socket.socket()).bind((host, first + step))
            return first


@contextmanager
def _command() -> Iterator[Command]:
    environment = {**os.environ, "DEMO_PORT": str(_free_ports())}
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            yield Command(process, process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def command() -> Iterator[Command]:
    with _command() as command:
        yield command


@pytest.fixture
def demo() -> Iterator[Demo]:
    with running_demo() as demo:
        yield demo


def _write_and_sign_in(browser: Browser, provider: str) -> None:
    page = browser.page
    page.type("#comment", DRAFT)
    popup = open_popup(browser, provider)
    pick(popup)
    see_signed_in(page, provider)
    popup.wait_closed()


@pytest.mark.parametrize("provider", LABELS)
def test_every_way_in_of_the_demo_leads_to_a_comment_under_a_verified_name(
    command: Command, browser: Browser, provider: str
) -> None:
    page = browser.page
    page.open(command.blog)

    _write_and_sign_in(browser, provider)
    assert page.property("#comment", "value") == DRAFT
    post(page)

    page.see(DRAFT, ".comment:target .text")
    page.see(ADA, ".comment:target .by")
    service = LABELS[provider].partition(" (")[0]
    page.see(f"Verified by signing in with {service}", ".comment:target .by")
    assert page.errors == []
    page.screenshot(f"demo-{provider}")


def test_a_provider_that_leaves_the_opener_alone_is_another_way_back(
    command: Command, browser: Browser
) -> None:
    page = browser.page
    page.open(command.blog)
    page.type("#comment", DRAFT)
    # A window that was cut off from its opener stays so: the switch counts from the next one on.
    first = open_popup(browser)
    first.click("a", "Off")
    first.see("Off: this window still knows")
    first.close()

    popup = open_popup(browser)
    popup.see("Off: this window still knows")
    knows_its_opener = popup.evaluate("opener !== null")
    pick(popup)

    see_signed_in(page)
    popup.wait_closed()
    assert knows_its_opener
    assert page.property("#comment", "value") == DRAFT
    page.screenshot("demo-without-coop")


def test_the_line_of_the_demo_names_an_address_that_answers_at_once() -> None:
    with _command() as command:
        answer = httpx2.get(command.blog)

    assert answer.status_code == 200
    assert "Ctrl-C stops everything" in command.line


def test_ctrl_c_ends_the_demo_at_once_even_while_a_provider_hangs() -> None:
    with _command() as command, httpx2.Client(timeout=ENDS_WITHIN) as client:
        callback = _callback_that_hangs(client, command.blog.rstrip("/"))
        waiting = threading.Thread(target=_ask, args=(client, callback))
        waiting.start()
        # Whichever of the two comes first takes the attempt and hangs; the other one says so.
        _ask(client, callback, timeout=1)
        command.process.send_signal(signal.SIGINT)

        status = command.process.wait(ENDS_WITHIN)
        waiting.join()
        said = command.process.stderr.read() if command.process.stderr else ""

    assert status == 0
    assert said == ""


def _callback_that_hangs(client: httpx2.Client, blog: str) -> str:
    """Sign in with plain requests up to the callback, after which the token takes a minute."""
    gateway = _gateway_of(client.get(blog).text)
    begun = client.post(
        f"{gateway}/start",
        data=start_fields(f"{blog}/", "blog"),
        headers={"Origin": blog},
        follow_redirects=True,
    )
    provider = begun.headers["refresh"].partition("url=")[2]
    agreed = client.post(provider, data={"person": "ada", "fault": "hang"})
    return str(agreed.headers["location"])


def _gateway_of(html: str) -> str:
    found = re.search(r'src="(\S+)/widget.js"', html)
    assert found, html
    return found.group(1)


def _ask(client: httpx2.Client, url: str, timeout: float = ENDS_WITHIN) -> None:
    with suppress(httpx2.HTTPError):  # the gateway ends meanwhile
        client.get(url, timeout=timeout)


def test_where_windows_are_refused_the_same_tab_goes_and_comes_back(
    open_browser: OpenBrowser, demo: Demo
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = browser.page
    page.open(demo.blog)
    page.type("#comment", DRAFT)

    press_icon(page, "facebook")
    pick(page)

    see_signed_in(page, "facebook")
    assert page.property("#comment", "value") == DRAFT
    assert len(browser.pages()) == 1
    assert "#" not in page.url
    post(page)
    page.see("Verified by signing in with Facebook", ".comment:target .by")


def test_no_at_the_provider_is_said_in_words_and_the_draft_stays(
    browser: Browser, demo: Demo
) -> None:
    page = browser.page
    page.open(demo.blog)
    page.type("#comment", DRAFT)

    popup = open_popup(browser)
    popup.click("button[name=cancel]")

    page.see(widget_words("denied", provider="X"))
    popup.wait_closed()
    assert page.property("#comment", "value") == DRAFT
    assert page.count("button.button-twitter") == 1


@CHROMIUM_FIRST
def test_a_provider_that_breaks_is_said_in_words_and_can_be_tried_again(
    browser: Browser, demo: Demo
) -> None:
    page = browser.page
    page.open(demo.blog)
    page.type("#comment", DRAFT)

    pick(open_popup(browser, "wordpress"), fault="profile-500")
    page.see(widget_words("provider", provider="WordPress.com"))
    pick(open_popup(browser, "wordpress"))

    see_signed_in(page, "wordpress")
    assert page.property("#comment", "value") == DRAFT


@CHROMIUM_FIRST
def test_a_callback_that_is_opened_twice_signs_in_once(browser: Browser, demo: Demo) -> None:
    page = browser.page
    page.open(demo.blog)
    popup = open_popup(browser)
    pick(popup, fault="double-callback")
    popup.see("The same callback, twice")
    callback = popup.property(".next a", "href")

    popup.click("a", "Here")
    see_signed_in(page)
    page.open(callback)

    page.see(words("error_attempt_over"))
    page.click("a.first")
    see_signed_in(page)
    assert demo.profile_reads == 1


def test_without_javascript_our_pages_carry_a_sign_in_to_its_end(
    open_browser: OpenBrowser, demo: Demo
) -> None:
    browser = open_browser(scripts=False)
    page = browser.page

    start_plainly(page, demo)
    pick(page)
    page.see(QUESTION)
    page.click("#yes")

    url = page.wait_url(f"{demo.garden}/#gw=")
    assert re.fullmatch(r"[^#]+#gw=s{22}\.[A-Za-z0-9_-]+", url)


@CHROMIUM_FIRST
def test_without_javascript_the_blog_says_what_signing_in_needs(
    open_browser: OpenBrowser, demo: Demo
) -> None:
    page = open_browser(scripts=False).page
    page.open(demo.blog)

    page.see("needs JavaScript")
    page.type("#comment", DRAFT)
    page.type("#author", "A guest")
    post(page)

    page.see("A guest", ".comment:target .by")
    page.see("Name not verified", ".comment:target .by")
