"""What anybody may ask: is it alive, and what is kept here."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway import attempts, gateway_sessions, sessions
from gateway.database import Reader
from gateway.web import pages
from gateway.web.state import gate_of, language_of

A_DAY = 86_400


async def healthz(request: Request) -> Response:
    """``GET /healthz``: alive."""
    return JSONResponse({"status": "ok"}, headers=pages.HEADERS)


async def readyz(request: Request) -> Response:
    """``GET /readyz``: can reach its database, and wrote to it when it last tried."""
    db = gate_of(request).db
    ready = not db.failure and await _reaches(db)
    return JSONResponse(
        {"status": "ok" if ready else "unavailable"}, 200 if ready else 503, pages.HEADERS
    )


async def _reaches(db: Reader) -> bool:
    try:
        return await db.row("SELECT 1 AS one") is not None
    except Exception:  # each engine has its own errors, and each means the same here
        return False


async def privacy(request: Request) -> Response:
    """``GET /privacy``: what is kept, how long, for what, and whom to ask; from the settings."""
    settings = gate_of(request).settings
    labels = dict.fromkeys(app.provider.label for app in settings.apps.values())
    return pages.page(
        "privacy.html",
        language_of(request),
        providers=", ".join(labels),
        sites=sorted(site.name for site in settings.sites),
        email=any(site.email for site in settings.sites),
        contact=settings.contact or None,
        attempt_minutes=str(attempts.LIFE // 60),
        attempt_hours=str(attempts.REMEMBERED // 3600),
        here_idle=str(gateway_sessions.IDLE // A_DAY),
        here_days=str(gateway_sessions.ABSOLUTE // A_DAY),
        blog_idle=str(sessions.IDLE // A_DAY),
        blog_days=str(sessions.ABSOLUTE // A_DAY),
    )
