"""What comes next: the answers of the story, which the web layer turns into pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.apps import App
from gateway.attempts import Attempt, Wish
from gateway.sites import Site
from providers.base import Identity


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser showed: attempt cookies (id to value), our session's cookie."""

    attempts: Mapping[str, str]
    session: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """Step: an attempt exists; give the browser its cookie and let it come to the attempt."""

    attempt: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Press:
    """Step: nobody vouches for the page that began this, so the person presses a button first."""

    attempt: Attempt
    site: Site
    app: App


@dataclass(frozen=True, slots=True)
class GoToProvider:
    """Step: on to the provider."""

    attempt: Attempt
    app: App
    url: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Step: may the site know who this is? ``token`` proves that the answer is our form's."""

    attempt: Attempt
    site: Site
    app: App
    who: Identity
    avatar: str
    token: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Step: back to the attempt, with the new cookie of the gateway's session."""

    attempt: str
    session_cookie: str | None = None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Step: the end. ``result`` is a code, or a reason when ``is_code`` is false.

    An attempt of mode ``here`` ends on our own account page, with an empty code.

    Without a ``site`` there is nobody to deliver to: it is gone, and the page has no link.
    ``retry_after`` goes with the reason ``busy``, in seconds.
    """

    wish: Wish
    site: Site | None
    result: str
    is_code: bool = False
    session_cookie: str | None = None
    retry_after: int | None = None


Step = Begun | Press | GoToProvider | Ask | Resume | Deliver
