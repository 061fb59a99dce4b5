"""Facebook's two callbacks, without which an app cannot go live, and the page they lead to."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway import erasure
from gateway.errors import BadSignedRequest, PageError, UnknownProvider
from gateway.web import pages
from gateway.web.forms import read_form
from gateway.web.state import gate_of, language_of, note_error

NAMESPACE = "facebook"


async def deauthorize(request: Request) -> Response:
    """``POST /facebook/deauthorize``: somebody removed the app there; their sessions end here."""
    try:
        person = await _person(request)
    except BadSignedRequest as error:
        return _refused(request, error)
    await erasure.sign_out(gate_of(request), NAMESPACE, person)
    return JSONResponse({}, headers=pages.HEADERS)


async def deletion(request: Request) -> Response:
    """``POST /facebook/deletion``: erase, and say where to read about it."""
    try:
        person = await _person(request)
    except BadSignedRequest as error:
        return _refused(request, error)
    gate = gate_of(request)
    code = await erasure.erase(gate, NAMESPACE, person)
    url = f"{gate.settings.public_url}/deletion/{code}"
    return JSONResponse({"url": url, "confirmation_code": code}, headers=pages.HEADERS)


async def _person(request: Request) -> str:
    """Who the signed request is about; it is signed with the secret of our app there."""
    gate = gate_of(request)
    app = gate.settings.apps.get("facebook")
    if app is None:
        raise UnknownProvider
    try:
        form = await read_form(request)
    except PageError:
        raise BadSignedRequest from None
    signed = form.get("signed_request", "")
    return erasure.read_signed_request(signed, app.client_secret, gate.now())


def _refused(request: Request, error: BadSignedRequest) -> Response:
    note_error(request.scope, error.code)
    described = {"error": error.code, "error_description": str(error)}
    return JSONResponse(described, error.status, pages.HEADERS)


async def deletion_page(request: Request) -> Response:
    """``GET /deletion/{code}``: what was erased, for the person who asked."""
    language = language_of(request)
    gate = gate_of(request)
    receipt = await erasure.receipt(gate, request.path_params["code"])
    if receipt is None:
        return pages.page("deletion.html", language, 404, what="unknown", date="", contact=None)
    date = datetime.fromtimestamp(receipt.asked_at, UTC).date().isoformat()
    return pages.page(
        "deletion.html",
        language,
        what=receipt.erased,
        date=date,
        contact=gate.settings.contact or None,
    )
