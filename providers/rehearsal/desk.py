"""The sign-in page of every stand-in: somebody is picked, and the browser is sent back.

``GET`` shows the page, ``POST`` to the same address answers it. Fields of the POST:
``person`` (a key of ``PEOPLE``), ``fault`` (a key of ``FAULTS``, default ``none``), ``coop``
(``on`` or ``off``), ``cancel`` (anything: the person said no).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from providers.rehearsal.apps import issuer
from providers.rehearsal.faults import FAULTS, FOREIGN_ISSUER
from providers.rehearsal.pages import PageError, coop_header, error_page, page
from providers.rehearsal.people import PEOPLE, Person
from providers.rehearsal.shelf import opaque
from providers.rehearsal.stage import Stage

#: Remembers the switch for the next popup: one that was cut off from its opener stays cut off.
COOP_COOKIE = "rehearsal_coop"

_COOP = {"on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One judged request at an authorize endpoint.

    ``agreed`` makes the callback's parameters from the person and the fault; ``refused`` are
    the parameters of a no. ``token_name`` is the parameter that says whose callback it is.
    """

    key: str
    label: str
    callback: str
    agreed: Callable[[Person, str], dict[str, str]]
    refused: Mapping[str, str]
    token_name: str = "state"
    fragment: str = ""


async def at_the_desk(
    stage: Stage, request: Request, judge: Callable[[], Asking], label: str
) -> Response:
    """Show the page or take its answer; ``judge`` raises PageError on a bad request."""
    coop = await _coop(stage, request)
    try:
        asking = judge()
        if request.method == "POST":
            return await _answered(stage, request, asking, coop)
        return _sign_in_page(request, asking, coop)
    except PageError as error:
        return error_page(error, coop=coop)


async def _answered(stage: Stage, request: Request, asking: Asking, coop: bool) -> Response:
    form = await request.form()
    fault = "cancel" if form.get("cancel") else str(form.get("fault") or "none")
    if fault not in FAULTS or asking.key not in FAULTS[fault].providers:
        raise PageError(asking.label, "fault", "This fault is not on the list.")
    callback = _callback(asking, _parameters(stage, asking, str(form.get("person")), fault))
    if fault == "double-callback":
        response: Response = page(
            "twice.html", {"callback": callback, "label": asking.label}, coop=coop
        )
        response.headers["Link"] = f'<{callback}>; rel="callback"'
        return response
    return RedirectResponse(callback, 302, {"Cache-Control": "no-store", **coop_header(coop)})


def _parameters(stage: Stage, asking: Asking, person: str, fault: str) -> dict[str, str]:
    if fault in ("cancel", "cancel-stateless", "error-code"):
        return _without(asking, fault)
    if person not in PEOPLE:
        raise PageError(asking.label, "person", "Nobody of this name is on the list.")
    if fault == "unconfirmed":
        stage.ahead["twitter1.request_token_url"] = fault
    parameters = asking.agreed(PEOPLE[person], fault)
    if fault == "wrong-state":
        parameters[asking.token_name] = opaque()
    if fault == "right-iss":
        parameters["iss"] = issuer(stage.base_url, asking.key)
    if fault == "foreign-iss":
        parameters["iss"] = FOREIGN_ISSUER
    return parameters


def _without(asking: Asking, fault: str) -> dict[str, str]:
    state = {"state": asking.refused["state"]} if "state" in asking.refused else {}
    if fault == "error-code":
        return {"error_code": "1349126", "error_message": "App not active", **state}
    if fault == "cancel-stateless":
        return {name: value for name, value in asking.refused.items() if name != "state"}
    return dict(asking.refused)


def _callback(asking: Asking, parameters: Mapping[str, str]) -> str:
    joint = "&" if "?" in asking.callback else "?"
    return f"{asking.callback}{joint}{urlencode(parameters)}{asking.fragment}"


def _sign_in_page(request: Request, asking: Asking, coop: bool) -> Response:
    now, other = ("on", "off") if coop else ("off", "on")
    context = {
        "label": asking.label,
        "people": PEOPLE.values(),
        "faults": [fault for fault in FAULTS.values() if asking.key in fault.providers],
        "coop": now,
        "here": "?" + request.url.query,
        "switched": f"?{_without_coop(request.url.query)}&coop={other}",
        "callback": asking.callback,
    }
    response = page("signin.html", context, coop=coop, callback=asking.callback)
    if "coop" in request.query_params:
        response.set_cookie(COOP_COOKIE, now, max_age=3600, samesite="lax")
    return response


def _without_coop(query: str) -> str:
    # Every other byte stays as it was: X tells %20 from a plus.
    return "&".join(part for part in query.split("&") if not part.startswith("coop="))


async def _coop(stage: Stage, request: Request) -> bool:
    said = [request.query_params.get("coop"), request.cookies.get(COOP_COOKIE)]
    if request.method == "POST":
        said.insert(0, str((await request.form()).get("coop")))
    return next((_COOP[word] for word in said if word in _COOP), stage.coop)
