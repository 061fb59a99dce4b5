"""Strict stand-ins of WordPress.com, X (OAuth 2.0 and OAuth 1.0a) and Facebook, in one ASGI app.

They are as hard on a client as the hardest reading of the real ones, on loopback, with all state
in memory. ``rehearsal(base_url, apps)`` makes the app; ``endpoints(base_url)`` says where a
client finds it, by the names of the providers' own tables.

**Signing in without reading HTML.** Send ``POST`` to the very address that the browser would be
sent to (the authorize URL with its whole query), form-encoded:

    person   a key of PEOPLE, e.g. "ada"
    fault    a key of FAULTS that this provider has; left out: "none"
    coop     "on" or "off": Cross-Origin-Opener-Policy of this answer; left out: the app's default
    cancel   anything: the person says no, as with fault "cancel"

The answer is a 302 to the callback. Under ``double-callback`` it is a page, 200, and the callback
stands in its header ``Link: <...>; rel="callback"``. A request whose client or callback is wrong
gets a page, 400, and no redirect. ``GET`` with ``coop=off`` or ``coop=on`` in the query switches
the header for the page, and by a cookie for the next hour.

The fault stays with the sign-in: it shows at the callback, the token call or the profile call.

**For tests.** ``app.state.calls`` counts calls by ``"<provider key>.<endpoint name>"``, for
instance ``"twitter.profile_url"``; ``"elsewhere"`` is the address that a redirecting profile
points at. ``app.state.ahead["twitter1.request_token_url"] = "rate"`` lays out a fault for the
next call of one endpoint, whoever calls. ``app.state.closing.set()``, called in the server's
event loop, ends all waiting at once; a server that stops should do that, or bound the time of
its graceful shutdown.
"""

from providers.rehearsal.app import rehearsal
from providers.rehearsal.apps import App, demo_apps, endpoints
from providers.rehearsal.faults import FAULTS, FOREIGN_ISSUER, Fault
from providers.rehearsal.people import PEOPLE, Person
from providers.rehearsal.signed import app_secret_proof, signed_request

__all__ = [
    "FAULTS",
    "FOREIGN_ISSUER",
    "PEOPLE",
    "App",
    "Fault",
    "Person",
    "app_secret_proof",
    "demo_apps",
    "endpoints",
    "rehearsal",
    "signed_request",
]
