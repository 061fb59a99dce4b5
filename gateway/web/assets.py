"""What blogs load from us: the widget, its styles and words, and what a site offers."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

import providers
from gateway.errors import UnknownSite
from gateway.web import languages
from gateway.web.state import gate_of, note_error

STATIC = Path(__file__).parent / "static"
ICONS = Path(providers.__file__).parent / "icons"
ICON_OF = {"twitter1": "twitter"}

FOR_EVERYBODY = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
SCRIPT = "text/javascript; charset=utf-8"
STYLE = "text/css; charset=utf-8"
A_WHILE = "public, max-age=600"
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def _file(name: str) -> bytes:
    return (STATIC / name).read_bytes()


@cache
def widget_hash() -> str:
    """The name of the widget's immutable copy: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(_file("widget.js")).hexdigest()[:16]


@cache
def widget_integrity() -> str:
    """The ``integrity`` attribute that goes with the immutable copy (SRI)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(_file("widget.js")).digest()).decode()


async def widget(request: Request) -> Response:
    """``GET /widget.js``: the newest; a header names the immutable copy."""
    extra = {"X-Integrity": widget_integrity(), "X-Immutable": f"/widget/{widget_hash()}.js"}
    return _asset(_file("widget.js"), SCRIPT, A_WHILE, extra)


async def immutable_widget(request: Request) -> Response:
    """``GET /widget/{hash}.js``: the copy that never changes."""
    if request.path_params["hash"] != widget_hash():
        return _nothing("This version of the widget is not kept here.\n")
    return _asset(_file("widget.js"), SCRIPT, FOR_EVER)


async def widget_styles(request: Request) -> Response:
    """``GET /widget.css``: keeps the buttons' place free until the script has run."""
    return _asset(_file("widget.css"), STYLE, A_WHILE)


async def widget_words(request: Request) -> Response:
    """``GET /widget/{language}.json``: the widget's texts in the nearest language of ours.

    An array in the order of the English catalogue, "" where the language lacks a text.
    """
    language = languages.nearest(request.path_params["language"])
    if language is None:
        return _nothing("No such language.\n")
    words = languages.catalogue(language)["widget"]
    texts = [words.get(key, "") for key in languages.catalogue(languages.DEFAULT)["widget"]]
    return _asset(msgspec.json.encode(texts), "application/json", A_WHILE)


def _nothing(sentence: str) -> Response:
    headers = {**FOR_EVERYBODY, "Cache-Control": "no-store"}
    return Response(sentence, 404, headers, "text/plain")


def _asset(body: bytes, kind: str, keep: str, extra: Mapping[str, str] | None = None) -> Response:
    headers = {**FOR_EVERYBODY, "Cache-Control": keep, "Content-Type": kind, **(extra or {})}
    return Response(body, headers=headers)


async def offered(request: Request) -> Response:
    """``GET /sites/{site}/providers.json``: what the site offers, to its own pages only."""
    gate = gate_of(request)
    headers = {"Vary": "Origin", "X-Content-Type-Options": "nosniff"}
    site = gate.settings.sites.find(request.path_params["site"])
    if site is None:
        note_error(request.scope, UnknownSite.code)
        described = {"error": UnknownSite.code, "error_description": UnknownSite.message}
        headers["Cache-Control"] = "no-store"
        return Response(msgspec.json.encode(described), 404, headers, "application/json")
    origin = request.headers.get("origin")
    if origin in site.origins:
        headers["Access-Control-Allow-Origin"] = origin
    headers["Cache-Control"] = "public, max-age=5, stale-while-revalidate=60"
    body = {
        "site": {"id": site.id, "name": site.name, "privacy_url": site.privacy_url},
        "gateway": {
            "name": urlsplit(gate.settings.public_url).netloc,
            "privacy_url": f"{gate.settings.public_url}/privacy",
        },
        "providers": [
            {
                "key": key,
                "label": gate.settings.apps[key].label,
                "icon": icon(key),
                "available": True,
            }
            for key in site.providers
        ],
    }
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")


@cache
def icon(provider: str) -> str:
    """A provider's mark as the path data of a 24 by 24 drawing."""
    drawing = (ICONS / f"{ICON_OF.get(provider, provider)}.svg").read_text(encoding="utf-8")
    return " ".join(re.findall(r'\bd="([^"]+)"', drawing))
