"""The blog's security headers: what a blog's CSP has to allow for the sign-in, and no more."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SecurityHeaders:
    """Adds the headers to every answer; a pure ASGI middleware."""

    def __init__(self, app: ASGIApp, issuer: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": "; ".join(
                (
                    "default-src 'none'",
                    "style-src 'self'",
                    f"script-src {issuer}",
                    f"connect-src {issuer}",
                    f"img-src 'self' {issuer}",
                    f"form-action 'self' {issuer}",
                    "frame-ancestors 'none'",
                    "base-uri 'none'",
                )
            ),
            "X-Content-Type-Options": "nosniff",
            # Not `no-referrer`, under which browsers send `Origin: null` with the blog's own form.
            "Referrer-Policy": "strict-origin-when-cross-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)
