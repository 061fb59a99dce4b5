"""The widget's door: the start form, the attempt's own address, and the providers' callbacks."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gateway import login
from gateway.attempts import Wish
from gateway.errors import BadField, NotANavigation
from gateway.gate import Gate
from gateway.login import Choice
from gateway.sites import url_origin
from gateway.steps import (
    Ask,
    Begun,
    Browser,
    Deliver,
    GoToProvider,
    Press,
    Resume,
    Step,
)
from gateway.web import languages, pages
from gateway.web.cookies import Cookies
from gateway.web.forms import once, read_form, read_own_form
from gateway.web.state import address_of, cookies_of, gate_of, language_of

ACCOUNT = "/account"  # where an attempt of mode ``here`` ends
CHOICES: dict[str, Choice] = {"continue": "continue", "other": "other", "not_now": "not_now"}


async def start_page(request: Request) -> Response:
    """``GET /start``: a stray link or a crawler; begins nothing and writes nothing."""
    site = gate_of(request).settings.sites.get(request.query_params.get("site", ""))
    return pages.page("start.html", language_of(request), site=site)


async def start(request: Request) -> Response:
    """``POST /start``: begin an attempt, and come to it by a GET that carries cookies."""
    _is_navigation(request)
    gate, cookies = gate_of(request), cookies_of(request)
    form = await read_form(request)
    language = languages.choose(form.get("lang", ""), request.headers.get("accept-language", ""))
    origin = request.headers.get("origin")
    step = await login.begin(gate, form, origin, address_of(request), language)
    return show(step, cookies)


def _is_navigation(request: Request) -> None:
    """Hidden frames and scripts would use up a visitor's limits: judged before any of them."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    destination = request.headers.get("sec-fetch-dest", "document")
    if mode != "navigate" or destination != "document":
        raise NotANavigation


async def resume(request: Request) -> Response:
    """``GET /start/{attempt}``: where the browser's Lax cookies are seen."""
    attempt = request.path_params["attempt"]
    return await _at_attempt(request, lambda gate, browser: login.resume(gate, attempt, browser))


async def press_or_answer(request: Request) -> Response:
    """``POST /start/{attempt}``: an unproven attempt's button, or the answer to the question."""
    gate = gate_of(request)
    attempt = request.path_params["attempt"]
    form = await read_own_form(request, gate.settings.public_url)
    if "choice" not in form:
        return await _at_attempt(
            request, lambda gate, browser: login.resume(gate, attempt, browser, pressed=True)
        )
    choice = CHOICES.get(form["choice"])
    if choice is None:
        raise BadField("choice")
    token = form.get("token", "")
    return await _at_attempt(
        request, lambda gate, browser: login.answer(gate, attempt, choice, token, browser)
    )


async def _at_attempt(
    request: Request, story: Callable[[Gate, Browser], Awaitable[Step]]
) -> Response:
    gate, cookies = gate_of(request), cookies_of(request)
    browser = cookies.browser(request)
    attempt = request.path_params["attempt"]
    response = show(await story(gate, browser), cookies)
    cookies.remember_attempt(response, attempt, browser.attempts[attempt])
    for dropped in await login.drop_oldest(gate, browser, attempt):
        cookies.drop_attempt(response, dropped)
    return response


async def callback(request: Request) -> Response:
    """``GET /callback/{provider}``: what the provider's redirect brought."""
    gate, cookies = gate_of(request), cookies_of(request)
    answer = once(request.scope["query_string"])
    browser = cookies.browser(request)
    provider = request.path_params["provider"]
    return show(await login.finish(gate, provider, answer, browser), cookies)


def show(step: Step, cookies: Cookies) -> Response:
    """The page, or the way to it, of a step."""
    match step:
        case Begun():
            response: Response = pages.see_other(f"/start/{step.attempt}")
            cookies.keep_attempt(response, step.attempt, step.cookie)
        case Resume():
            response = pages.see_other(f"/start/{step.attempt}")
        case GoToProvider():
            response = _hop_to_provider(step)
        case Press():
            response = _press(step)
        case Ask():
            response = _ask(step)
        case Deliver():
            response = deliver(step)
    if isinstance(step, Resume | Deliver) and step.session_cookie:
        cookies.keep_session(response, step.session_cookie)
    return response


def _hop_to_provider(step: GoToProvider) -> Response:
    language = step.attempt.lang
    sentence = languages.text(language, "connecting", provider=step.app.label)
    return pages.hop(language, step.url, sentence)


def _press(step: Press) -> Response:
    return pages.form_page(
        "press.html",
        step.attempt.lang,
        site=step.site,
        origin=url_origin(step.attempt.return_to),
        provider=step.app.label,
        back=step.attempt.return_to,
    )


def _ask(step: Ask) -> Response:
    return pages.form_page(
        "ask.html",
        step.attempt.lang,
        site=step.site,
        origin=url_origin(step.attempt.return_to),
        provider=step.app.label,
        who=step.who,
        avatar=step.avatar,
        shared=step.site.shared,
        token=step.token,
    )


def deliver(step: Deliver) -> Response:
    """The end of an attempt: a code or a reason, by message or in the fragment (contract: 4.3)."""
    status = 429 if step.retry_after else 200
    wish = step.wish
    if wish.mode == "here":
        return pages.see_other(ACCOUNT if step.is_code else f"{ACCOUNT}?said={step.result}")
    if step.site is None:
        return _nobody_there(wish.lang)
    back = _fragment(wish, step)
    if wish.mode == "page":
        sentence = languages.text(wish.lang, "returning", site=step.site.name)
        response: Response = pages.hop(wish.lang, back, sentence, status)
    else:
        key = "signed_in" if step.is_code else f"reason_{step.result}"
        kind = {"type": "code", "code": step.result}
        if not step.is_code:
            kind = {"type": "error", "reason": step.result}
        response = pages.message_page(
            wish.lang,
            status,
            {"gw": 1, "state": wish.widget_state, **kind},
            origin=url_origin(wish.return_to),
            back=back,
            site=step.site.name,
            sentence=languages.text(wish.lang, key, site=step.site.name),
        )
    if step.retry_after:
        response.headers["Retry-After"] = str(step.retry_after)
    return response


def _fragment(wish: Wish, step: Deliver) -> str:
    """The return URL with its result; '' for the code of an unproven attempt, never in a URL."""
    if not step.is_code:
        return f"{wish.return_to}#gw_error={wish.widget_state}.{step.result}"
    return f"{wish.return_to}#gw={wish.widget_state}.{step.result}" if wish.proven else ""


def _nobody_there(language: str) -> Response:
    return pages.page(
        "error.html",
        language,
        404,
        title=languages.text(language, "error_unknown_site"),
        what=languages.text(language, "site_gone_what"),
        next="",
        back=None,
    )
