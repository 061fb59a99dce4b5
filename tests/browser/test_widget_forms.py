"""The widget fits forms as themes, editors and scripts make them, in frames as well."""

from urllib.parse import urlsplit

import pytest
from starlette.responses import HTMLResponse

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import ADA, CHROMIUM_FIRST, NO_POPUPS, pick, press_icon, see_signed_in
from tests.browser.harness import Browser, Page
from tests.browser.widget_pages import Comment, Post
from tests.browser.widget_town import (
    AHEAD,
    ALMOST_AN_HOUR,
    CLOCK,
    DRAFT,
    Town,
    forget,
    loud,
    open_post,
    second_tab,
    sign_in,
)

SCRIPT = '<!doctype html><html lang="en"><script type="module" src="{gateway}/widget.js"></script>'
EDITOR = """<title>An editor</title>
<form method="post" action="/comments"><input type="hidden" name="comment_parent" value="">
<input type="hidden" name="comment" id="kept"><div contenteditable id="editor">.</div>
<comment-login site="blog"></comment-login><button id="send">Send</button></form>
<script>addEventListener("input", ({ target }) => {
  if (target.id === "editor") document.getElementById("kept").value = target.innerText;
}, true);</script>"""
#: A form whose other parts come after the widget has begun.
LATER = """<title>A script's form</title><body><script>
addEventListener("load", () => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/comments";
  form.innerHTML = '<comment-login site="blog"></comment-login>';
  document.body.append(form);
  setTimeout(() => form.insertAdjacentHTML("beforeend", `
    <input type="hidden" name="comment_parent"><textarea id="comment" name="comment"></textarea>
    <fieldset data-commentgate-guest><input id="author" name="author" required></fieldset>
    <button id="send">Send</button>`), 500);
});</script>"""
REPLACE = """(css) => {
  const old = document.querySelector(css);
  const fresh = old.cloneNode(true);
  if ("value" in old) fresh.value = old.value;
  old.replaceWith(fresh);
}"""
FRAME = """<!doctype html><html lang="en"><title>A frame</title>
<meta name="viewport" content="width=device-width">
<iframe src="/" width="300" height="600"></iframe>"""
IN_FRAME = "const inside = document.querySelector('iframe').contentDocument;"
#: The middle of a button of the widget in a frame.
PLACE = f"""() => {{ {IN_FRAME}
  const host = inside.querySelector("comment-login");
  host?.scrollIntoView();
  const root = host?.shadowRoot;
  const button = root?.querySelector(".button-twitter");
  if (!button) return null;
  button.scrollIntoView();
  const frame = document.querySelector("iframe").getBoundingClientRect();
  const {{ left, top }} = button.getBoundingClientRect();
  return [frame.left + left + 20, frame.top + top + 20];
}}"""


def page_with(browser: Browser, town: Town, html: str) -> Page:
    """The blog's address with another page of the blog behind it."""
    script = SCRIPT.format(gateway=town.gate.url)
    town.blog.knobs.instead["/"] = HTMLResponse(script + html)
    page = browser.page
    page.open(town.blog.url)
    return page


@CHROMIUM_FIRST
def test_an_editor_that_writes_into_a_hidden_field_keeps_its_draft(
    browser: Browser, town: Town
) -> None:
    page = page_with(browser, town, EDITOR)
    page.type("#editor", " Brass wheels")
    written = page.property("#kept", "value")

    page.reload()
    press_icon(page, "twitter")  # it has its buttons, although such a field has no caret

    assert "Brass wheels" in written
    assert page.property("#kept", "value") == written
    assert loud(page) == []


@CHROMIUM_FIRST
def test_fields_that_come_later_are_found(browser: Browser, town: Town) -> None:
    page = page_with(browser, town, LATER)
    page.type("#comment", DRAFT)

    sign_in(browser, page)

    assert page.property("fieldset", "hidden")
    page.click("#send")
    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []


@CHROMIUM_FIRST
def test_what_is_written_into_a_field_that_was_replaced_is_kept(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = open_post(browser, town, draft="Brass")
    page.evaluate(REPLACE, "#comment")
    page.type("#comment", " wheels")

    press_icon(page, "twitter")
    pick(page)
    see_signed_in(page)

    assert page.property("#comment", "value") == "Brass wheels"
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_button_that_is_drawn_anew_meanwhile_does_not_stop_the_comment(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    sign_in(browser, page)
    page.evaluate(AHEAD, ALMOST_AN_HOUR)
    town.gate.knobs.delays["/token"] = 0.7

    page.click("#send")
    page.evaluate(REPLACE, "#send")

    page.wait_url("#comment-1")
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "")]
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_button_outside_of_the_form_is_the_one_that_sends(
    open_browser: OpenBrowser, town: Town
) -> None:
    """Its name and its ``formaction`` belong to what is sent, after a renewal as well."""
    outside = '<button form="it" id="out" name="comment_parent" value="9">Send</button>'
    town.blog.knobs.post = Post(after=outside)
    browser = open_browser(before_scripts=CLOCK)
    page = open_post(browser, town)
    page.evaluate("() => { document.querySelector('form').id = 'it'; }")
    sign_in(browser, page)
    page.evaluate(AHEAD, ALMOST_AN_HOUR)

    page.click("#out")

    page.wait_url("#comment-1")
    assert town.redeemed[:2] == ["authorization_code", "refresh_token"]
    assert town.blog.knobs.comments == [Comment(DRAFT, ADA, "9")]
    assert loud(page) == []


@CHROMIUM_FIRST
def test_an_address_that_a_script_has_changed_is_the_one_that_counts(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(before_scripts=NO_POPUPS)
    page = browser.page
    page.open(f"{town.blog.url}/?utm_source=a-letter")
    page.evaluate("history.replaceState(null, '', '/')")
    page.type("#comment", DRAFT)

    press_icon(page, "twitter")
    pick(page)
    see_signed_in(page)

    assert page.url == f"{town.blog.url}/"
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@CHROMIUM_FIRST
def test_a_redirect_that_answers_something_else_leaves_the_draft(
    browser: Browser, town: Town
) -> None:
    """The server failed; later a short address leads to the post."""
    page = open_post(browser, town)
    town.blog.knobs.instead["/comments"] = HTMLResponse("<h1>Bad gateway</h1>", 502)
    page.click("#send")
    page.see("Bad gateway")
    page.wait("() => performance.now() > 2500")  # what is begun with the comment is its answer

    page.open(f"{town.blog.url}/go?to=/")

    page.see("Your text is back.", "[role=status]")
    assert page.property("#comment", "value") == DRAFT


@pytest.mark.parametrize("mobile", [False, True], ids=["desktop", "phone"])
@CHROMIUM_FIRST
def test_a_form_in_a_frame_opens_a_window_and_never_leaves(
    open_browser: OpenBrowser, town: Town, mobile: bool
) -> None:
    """On a phone it would, and nothing of the gateway is shown in a frame."""
    browser = open_browser(mobile=mobile)
    town.blog.knobs.instead["/frame"] = HTMLResponse(FRAME)
    page = browser.page
    page.open(f"{town.blog.url}/frame")
    x, y = page.wait(PLACE)

    popup = browser.popup(lambda: page.click_at(x, y))
    pick(popup)

    page.wait(f"() => {{ {IN_FRAME} return inside.querySelector('comment-login').user?.name }}")
    assert loud(page) == []


@CHROMIUM_FIRST
@pytest.mark.parametrize("given", ["({ closed: false, close() {} })", "({ document: {} })"])
def test_something_else_than_a_window_is_one_that_was_refused(
    open_browser: OpenBrowser, town: Town, given: str
) -> None:
    """Some blockers of pop-ups give scripts an object to play with."""
    host = urlsplit(town.blog.url).netloc
    fake = f"if (location.host === '{host}') globalThis.open = () => {given};"
    page = open_post(open_browser(before_scripts=fake), town)

    press_icon(page, "twitter")
    pick(page)

    see_signed_in(page)
    assert page.property("#comment", "value") == DRAFT
    assert loud(page) == []


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)  # has such a setting for one site
def test_a_browser_that_keeps_no_data_of_the_blog_signs_no_other_tab_out(
    open_browser: OpenBrowser, town: Town
) -> None:
    browser = open_browser(no_data_of=urlsplit(town.blog.url).hostname or "")
    page = open_post(browser, town)
    other = second_tab(browser, town)
    page.activate()
    sign_in(browser, page)
    see_signed_in(other)
    forget(other)

    other.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    other.evaluate("document.querySelector('comment-login').getToken()")

    see_signed_in(other)
    assert loud(page, other) == []
