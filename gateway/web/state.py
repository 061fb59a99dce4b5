"""What a handler finds beside its request."""

from starlette.requests import Request
from starlette.types import Scope

from gateway.gate import Gate
from gateway.web import languages
from gateway.web.cookies import Cookies

_ERROR = "commentgate.error"  # in a request's scope
_ID = "commentgate.request"  # likewise


def gate_of(request: Request) -> Gate:
    """The gate that this app serves."""
    gate: Gate = request.app.state.gate
    return gate


def cookies_of(request: Request) -> Cookies:
    """Our cookies' names; only loopback may go without https."""
    return Cookies(secure=gate_of(request).settings.public_url.startswith("https:"))


def note_error(scope: Scope, code: str) -> None:
    """Have the request's line in the log name what went wrong, by a code of ours."""
    scope[_ERROR] = code


def noted_error(scope: Scope) -> str:
    """What was noted; empty where nothing went wrong."""
    code: str = scope.get(_ERROR, "")
    return code


def note_id(scope: Scope, request_id: str) -> None:
    """Give a request the name by which its line in the log is found."""
    scope[_ID] = request_id


def id_of(scope: Scope) -> str:
    """That name."""
    request_id: str = scope[_ID]
    return request_id


def language_of(request: Request) -> str:
    """The language of a page that no attempt has chosen one for."""
    return languages.choose(
        request.query_params.get("lang", ""), request.headers.get("accept-language", "")
    )


def address_of(request: Request) -> str:
    """The visitor's address, which uvicorn has read from the trusted proxies' headers."""
    return request.client.host if request.client else ""


# The first that a User-Agent names counts: Chrome calls itself Safari, and Edge both.
_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def browser_of(request: Request) -> str:
    """The visitor's browser in words as coarse as "Firefox, Linux"; may be empty."""
    agent = request.headers.get("user-agent", "")
    words = (
        next((word for sign, word in table.items() if sign in agent), "")
        for table in (_BROWSERS, _SYSTEMS)
    )
    return ", ".join(filter(None, words))
