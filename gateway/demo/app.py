"""The blog's pages: the article with its comments, and the form that adds one."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.demo import draft as drafts
from gateway.demo.comments import Author, Comments, threads
from gateway.demo.draft import Draft
from gateway.demo.headers import SecurityHeaders
from gateway.demo.words import PROVIDER_NAMES, language_of, words
from gateway.verify import AsyncVerifier, BadToken, Commenter, KeysUnavailable

HERE = Path(__file__).parent
# Room for the longest text and token when each of their bytes is sent as %XX.
BODY_BYTES = 128 * 1024
RETRY_AFTER = 5

FetchKeys = Callable[[], bytes] | Callable[[], Awaitable[bytes]]


def blog(
    *,
    name: str,
    issuer: str,
    site: str,
    own_url: str,
    database: Path,
    fetch_keys: FetchKeys | None = None,
) -> Starlette:
    """Make a blog called ``name`` at the origin ``own_url``, known to the gateway as ``site``.

    ``issuer`` is the gateway's origin, ``database`` this blog's own file, ``fetch_keys`` another
    way to the gateway's keys. Raises ValueError on an issuer that AsyncVerifier refuses.
    """
    pages = Pages(
        name=name,
        issuer=issuer,
        site=site,
        own_url=own_url.rstrip("/"),
        comments=Comments(database),
        verifier=AsyncVerifier(issuer, site, fetch=fetch_keys),
        templates=_templates(),
    )
    return Starlette(
        routes=[
            Route("/", pages.article),
            # Where a form that was sent back stands: a reload, or a return from signing in.
            Route("/comments", pages.article, methods=["GET"]),
            Route("/comments", pages.comment, methods=["POST"], max_body_size=BODY_BYTES),
            Route("/healthz", healthz),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(SecurityHeaders, issuer=issuer)],
        exception_handlers={HTTPException: pages.refused},
    )


async def healthz(request: Request) -> Response:
    """Answer that the blog is alive."""
    return PlainTextResponse("ok")


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The answers of one blog."""

    name: str
    issuer: str
    site: str
    own_url: str
    comments: Comments
    verifier: AsyncVerifier
    templates: Environment

    async def article(self, request: Request) -> Response:
        """Show the article, its comments and an empty form."""
        parent = drafts.parent_id(request.query_params.get("reply_to", ""))
        return self._page(request, Draft(parent=parent))

    async def comment(self, request: Request) -> Response:
        """Take a comment, or send the form back with its text and what is wrong."""
        # The blog has no cookies; this keeps other pages from making their visitors write here.
        if request.headers.get("origin", self.own_url) != self.own_url:
            raise HTTPException(403)
        async with request.form(max_files=0, max_fields=20) as form:
            draft = drafts.read(form)
        faults = self._draft_faults(draft)
        if faults:
            return self._page(request, draft, faults, 422)
        try:
            author = await self._author(draft)
        except BadToken as refusal:
            fault = "fault_expired" if refusal.reason == "expired" else "fault_token"
            return self._page(request, draft, [fault], 422)
        except KeysUnavailable:
            return self._page(request, draft, ["fault_keys"], 503)
        new = self.comments.add(
            parent=draft.parent, written_at=int(time.time()), text=draft.text, author=author
        )
        return RedirectResponse(f"{_address('/', look=_look(request))}#comment-{new}", 303)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Show what went wrong, and the way back."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        language = language_of(request.headers.get("accept-language", ""))
        texts = words(language)
        fault = texts.get(f"error_{status}", texts["error_other"])
        page = self.templates.get_template("refused.html")
        body = page.render(t=texts, language=language, name=self.name, fault=fault)
        return HTMLResponse(body, status, headers)

    def _draft_faults(self, draft: Draft) -> list[str]:
        faults = drafts.text_faults(draft)
        if draft.parent is not None and self.comments.find(draft.parent) is None:
            faults.append("fault_parent")
        return faults if draft.token else faults + drafts.guest_faults(draft)

    async def _author(self, draft: Draft) -> Author:
        if not draft.token:
            return drafts.guest(draft)
        return self._vouched_for(await self.verifier.verify(draft.token))

    def _vouched_for(self, commenter: Commenter) -> Author:
        # The page's CSP shows pictures from the gateway only.
        ours = (commenter.picture or "").startswith(f"{self.issuer}/")
        return Author(
            name=commenter.name,
            subject=commenter.subject,
            provider=commenter.provider,
            link=commenter.profile,
            picture=commenter.picture if ours else None,
        )

    def _page(
        self, request: Request, draft: Draft, faults: Sequence[str] = (), status: int = 200
    ) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        comments = self.comments.all()
        parent = next((each for each in comments if each.id == draft.parent), None)
        look = _look(request)
        body = self.templates.get_template("article.html").render(
            t=words(language),
            language=language,
            blog=self,
            draft=draft,
            faults=faults,
            count=len(comments),
            threads=threads(comments),
            parent=parent,
            look=look,
            action=_address("/comments", reply_to=parent and parent.id, look=look),
            home=_address("/", look=look),
            address=_address,
            written=_written,
            provider_names=PROVIDER_NAMES,
        )
        headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
        if status == 503:
            headers["Retry-After"] = str(RETRY_AFTER)
        return HTMLResponse(body, status, headers)


def _look(request: Request) -> str | None:
    look = request.query_params.get("look")
    return look if look in drafts.LOOKS else None


def _address(path: str, **parts: Any) -> str:
    """Give an address of this blog; parts that are None are left out."""
    query = urlencode({name: value for name, value in parts.items() if value is not None})
    return f"{path}?{query}" if query else path


def _written(comment_time: int, pattern: str) -> tuple[str, str]:
    """Give a time as machines and as people read it."""
    moment = datetime.fromtimestamp(comment_time, UTC)
    return moment.isoformat(), moment.strftime(pattern)
