"""What somebody needs who tries to be signed in as, or to sign in, somebody else."""

import base64
import hashlib
import re

from tests.browser.demo import pick
from tests.browser.harness import Browser
from tests.browser.widget_town import Town

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]
STATE = "s" * 22
#: A page that begins a sign-in in a window of its own, and reports what that window tells it.
STARTER = """<meta name=referrer content="{referrer}">
<form method=post action="{gateway}/start" target="{target}">{fields}<button>Go</button></form>
<script>
const report = (text) => navigator.sendBeacon("/report", text);
addEventListener("message", (event) => report("message " + JSON.stringify(event.data)));
report("address " + location.href);
if (!new URLSearchParams(location.search).has("arrived")) {{
  const features = "width=600,height=700";
  document.querySelector("form").onsubmit = () => open("about:blank", "{target}", features);
}}
</script>"""
FETCH = """async (url, fields) => {
  const body = new URLSearchParams(fields);
  try {
    const answer = await fetch(url, { method: "POST", body, credentials: "omit" });
    return [answer.status, (await answer.json()).error];
  } catch (error) {
    return [0, "unreadable"];
  }
}"""


def start_fields(town: Town, **changes: str) -> dict[str, str]:
    """What a start form sends; whoever fills it in knows the verifier."""
    return {
        "site": "blog",
        "provider": "twitter",
        "mode": "popup",
        "return_to": f"{town.blog.url}/plain",
        "challenge": CHALLENGE,
        "challenge_method": "S256",
        "state": STATE,
        "lang": "en",
        **changes,
    }


def starter(town: Town, referrer: str, target: str = "signin", **changes: str) -> str:
    """A page on another site with a start form for the blog's readers."""
    inputs = "".join(
        f'<input type=hidden name="{name}" value="{value}">'
        for name, value in start_fields(town, **changes).items()
    )
    return STARTER.format(referrer=referrer, gateway=town.gate.url, target=target, fields=inputs)


def exchange(code: str) -> dict[str, str]:
    """What is asked with a code at ``/token``."""
    return {
        "grant_type": "authorization_code",
        "client_id": "blog",
        "code": code,
        "code_verifier": VERIFIER,
    }


def code_in_address(browser: Browser, town: Town) -> str:
    """A fresh code of the blog's own, which nobody has used: it came to a page without a widget."""
    page = browser.page
    page.open(f"{town.blog.url}/plain")
    page.evaluate(
        """(action, fields) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action });
          for (const [name, value] of Object.entries(fields))
            form.append(Object.assign(document.createElement("input"), { name, value }));
          document.body.append(form);
          form.submit();
        }""",
        f"{town.gate.url}/start",
        start_fields(town, mode="page"),
    )
    page.wait_url(town.idp.url)
    pick(page)
    found = re.search(rf"#gw={STATE}\.(\S+)$", page.wait_url("/plain#gw="))
    assert found
    return found.group(1)
