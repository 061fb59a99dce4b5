"""All stand-ins as one ASGI app."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from providers.rehearsal.apps import App
from providers.rehearsal.avatars import SIZES, avatar
from providers.rehearsal.facebook import Facebook
from providers.rehearsal.faults import answer
from providers.rehearsal.people import PEOPLE, STRANGER
from providers.rehearsal.stage import Stage
from providers.rehearsal.wordpress import WordPress
from providers.rehearsal.x import X, users_me
from providers.rehearsal.x1 import X1


def rehearsal(
    base_url: str,
    apps: Mapping[str, App],
    clock: Callable[[], float] = time.time,
    *,
    coop: bool = True,
) -> Starlette:
    """The stand-ins for clients that reach them at ``base_url``; all state lies in memory.

    ``apps`` maps provider keys to what is registered there. ``coop`` is what the sign-in pages
    do unless somebody switches it. ``app.state`` holds ``calls``, ``ahead`` and ``closing`` of
    the ``Stage``, and the ``stage`` itself.
    """
    stage = Stage(base_url=base_url.rstrip("/"), apps=apps, clock=clock, coop=coop)
    app = Starlette(routes=_routes(stage), lifespan=_lifespan(stage))
    app.state.stage = stage
    app.state.calls = stage.calls
    app.state.ahead = stage.ahead
    app.state.closing = stage.closing
    return app


def _routes(stage: Stage) -> list[Mount | Route]:
    x1 = X1(stage, users_me)
    return [
        Mount("/wordpress", routes=WordPress(stage).routes()),
        Mount("/x", routes=[*X(stage, x1).routes(), *x1.routes()]),
        Mount("/facebook", routes=Facebook(stage).routes()),
        Route("/avatars/{name}.png", _avatar),
        Route("/elsewhere", _elsewhere(stage)),
    ]


def _lifespan(stage: Stage) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        stage.closing.set()

    return lifespan


async def _avatar(request: Request) -> Response:
    number, _, size = request.path_params["name"].partition("_")
    edge = SIZES.get(f"_{size}" if size else "")
    if edge is None or number not in _NUMBERS:
        return Response("There is no such picture.", 404, media_type="text/plain")
    return Response(avatar(int(number), edge), media_type="image/png")


def _elsewhere(stage: Stage) -> Callable[[Request], Awaitable[Response]]:
    async def elsewhere(request: Request) -> Response:
        """A stranger in every provider's shape: whoever follows the redirect signs them in."""
        stage.called("elsewhere")
        return answer(_STRANGER)

    return elsewhere


_NUMBERS = frozenset(str(person.number) for person in PEOPLE.values())
_STRANGER = {
    "ID": STRANGER.wordpress_id,
    "display_name": STRANGER.name,
    "username": STRANGER.username,
    "id": STRANGER.twitter_id,
    "id_str": STRANGER.twitter_id,
    "name": STRANGER.name,
    "screen_name": STRANGER.username,
    "data": {
        "id": STRANGER.twitter_id,
        "name": STRANGER.name,
        "username": STRANGER.username,
    },
}
