"""Pages for tests of the widget: a blog whose headers and form a test arranges, and a hostile site.

Each stands behind a ``Front``, which sees every request and may change or replace the answer.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.verify import AsyncVerifier, BadToken, Fetch

STYLE = """
/* A scroll bar that comes while the page is being read would move everything sideways. */
html { overflow-y: scroll; }
:root { color-scheme: light dark; font: 1rem/1.5 "DejaVu Sans", "Noto Sans", sans-serif; }
body { margin: 0; padding: 1rem; }
main { max-inline-size: 40rem; margin-inline: auto; }
textarea { box-sizing: border-box; inline-size: 100%; font: inherit; }
fieldset { border: 0; padding: 0; }
"""
PAGE = """<!doctype html>
<html lang="{post.lang}" dir="{post.dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A post</title>
<link rel="stylesheet" href="/style.css">
{post.head}
<script type="module" src="{gateway}/widget.js"></script>
</head>
<body>
<main>
<h1>A post</h1>
{post.before}
<p id="said">{said}</p>
<form method="post" action="/comments">
<input type="hidden" name="comment_parent" value="">
<label for="comment">Comment</label>
<textarea id="comment" name="comment" rows="5">
{text}</textarea>
<comment-login site="{post.site}" {post.attributes}>Signing in needs JavaScript.</comment-login>
{post.guest}
<p><button type="submit" id="send">Post comment</button></p>
</form>
<p id="after">Here the page goes on.</p>
{post.after}
</main>
</body>
</html>
"""
GUEST = """<fieldset data-commentgate-guest>
<label>Name <input id="author" name="author"></label>
</fieldset>"""


@dataclass(frozen=True)
class Post:
    """What a test arranges of the blog's page; texts are HTML."""

    lang: str = "en"
    dir: str = "ltr"
    head: str = ""
    before: str = ""
    after: str = ""
    site: str = "blog"
    attributes: str = ""  # of the element
    guest: str = GUEST


@dataclass(frozen=True)
class Seen:
    """One request as a server got it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def origin(self) -> str | None:
        """The header ``Origin``."""
        return self.headers.get("origin")


@dataclass(frozen=True)
class Comment:
    """What the blog accepted; ``name`` is the verified one, None for a guest."""

    text: str
    name: str | None
    reply: str


@dataclass
class Knobs:
    """What a test changes of a server, and what the server saw; fresh for each test."""

    seen: list[Seen] = field(default_factory=list)
    headers: dict[str, str | None] = field(default_factory=dict)  # None takes one away
    instead: dict[str, ASGIApp] = field(default_factory=dict)  # by path; responses are such too
    delays: dict[str, float] = field(default_factory=dict)  # seconds, by path
    post: Post = field(default_factory=Post)
    comments: list[Comment] = field(default_factory=list)
    html: str = ""
    reports: list[str] = field(default_factory=list)


class Front:
    """An application with somebody in front of it who listens and may interfere."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self.url = url
        self.knobs = Knobs()

    def asked(self, method: str, path: str) -> list[Seen]:
        """The requests of a test so far for ``path``."""
        return [one for one in self.knobs.seen if (one.method, one.path) == (method, path)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request, then answer it or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        knobs, request = self.knobs, Request(scope, receive)
        body = await request.body()
        path = request.url.path
        knobs.seen.append(_seen(request, body))
        await asyncio.sleep(knobs.delays.get(path, 0))
        answer = knobs.instead.get(path, self._app)
        await answer(scope, _once_more(body, receive), _dressed(send, knobs.headers))


def _seen(request: Request, body: bytes) -> Seen:
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    url = request.url
    return Seen(request.method, url.path, url.query, dict(request.headers), form)


def _once_more(body: bytes, receive: Receive) -> Receive:
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return left.pop() if left else await receive()

    return give


def _dressed(send: Send, wanted: Mapping[str, str | None]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in wanted.items():
                if name in headers:
                    del headers[name]
                if value is not None:
                    headers[name] = value
        await send(message)

    return send_with_headers


class Blog(Front):
    """A blog with one post, a form, and a server that verifies who comments.

    ``GET /`` and ``/another-post`` are the post, ``/plain`` is a page without the widget, ``/go``
    an open redirector. A text with the word "unfit" is refused with a page that shows it again.
    """

    def __init__(self, url: str) -> None:
        routes = [
            Route("/", self._post),
            Route("/another-post", self._post),
            Route("/comments", self._comment, methods=["POST"]),
            Route("/plain", _plain),
            Route("/go", _go),
            Route("/style.css", _style),
            Route("/favicon.ico", _nothing),
        ]
        super().__init__(Starlette(routes=routes), url)
        self.gateway = ""
        self._verifier: AsyncVerifier | None = None

    def belong(self, gateway: str, fetch: Fetch) -> None:
        """The gateway's origin, and how its keys are read."""
        self.gateway = gateway
        self._verifier = AsyncVerifier(gateway, "blog", fetch=fetch)

    def page(self, text: str = "", said: str = "", status: int = 200) -> HTMLResponse:
        """The post, with ``text`` in its form."""
        post = self.knobs.post
        html = PAGE.format(post=post, gateway=self.gateway, text=escape(text), said=escape(said))
        return HTMLResponse(html, status)

    async def _post(self, _: Request) -> Response:
        return self.page()

    async def _comment(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        text = form["comment"].replace("\r\n", "\n")
        if "unfit" in text:
            return self.page(text, "Not accepted.", 422)
        try:
            name = await self._name(form.get("commentgate_token", ""))
        except BadToken as refusal:
            return self.page(text, f"The token was refused: {refusal.reason}.", 422)
        comments = self.knobs.comments
        comments.append(Comment(text, name, form["comment_parent"]))
        return RedirectResponse(f"/#comment-{len(comments)}", 303)

    async def _name(self, token: str) -> str | None:
        assert self._verifier
        return (await self._verifier.verify(token)).name if token else None


class Evil(Front):
    """A site of somebody who means harm: it shows ``knobs.html`` everywhere.

    What its scripts send to ``/report`` is kept in ``knobs.reports``.
    """

    def __init__(self, url: str) -> None:
        routes = [
            Route("/report", self._report, methods=["POST"]),
            Route("/favicon.ico", _nothing),
            Route("/{path:path}", self._show),
        ]
        super().__init__(Starlette(routes=routes), url)

    async def _show(self, _: Request) -> Response:
        return HTMLResponse("<!doctype html><html lang=en><title>Evil</title>" + self.knobs.html)

    async def _report(self, request: Request) -> Response:
        self.knobs.reports.append((await request.body()).decode())
        return Response(status_code=204)


async def _plain(_: Request) -> Response:
    return HTMLResponse("<!doctype html><html lang=en><title>Plain</title><main><h1>Plain</h1>")


async def _go(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"], 302)


async def _style(_: Request) -> Response:
    return Response(STYLE, media_type="text/css")


async def _nothing(_: Request) -> Response:
    return PlainTextResponse("", 204)
