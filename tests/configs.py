"""Configurations for tests: a whole one, one on loopback, and what is wrong with a changed one."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Settings, read
from gateway.errors import Misconfigured, Mistake

SECRET = "0123456789abcdef0123456789abcdef"  # 32 bytes: just long enough
ENVIRONMENT = {
    "COMMENTGATE_SECRET": SECRET,
    "WORDPRESS_SECRET": "wordpress-secret",
    "TWITTER_SECRET": "twitter-secret",
    "TWITTER1_SECRET": "twitter1-secret",
    "FACEBOOK_SECRET": "facebook-secret",
    "BLOG_SECRET": "blog-secret",
}
WHOLE = """
public_url = "https://id.example.org"
listen = "127.0.0.1:8000"
metrics_listen = "127.0.0.1:9000"
database = "sqlite:commentgate.db"
secret_keys = ["env:COMMENTGATE_SECRET"]
trusted_proxies = []
contact = "mailto:ada@example.org"

[providers.wordpress]
client_id = "1"
client_secret = "env:WORDPRESS_SECRET"

[providers.twitter]
client_id = "2"
client_secret = "env:TWITTER_SECRET"

[providers.twitter1]
client_id = "3"
client_secret = "env:TWITTER1_SECRET"

[providers.facebook]
client_id = "4"
client_secret = "env:FACEBOOK_SECRET"
api_version = "v26.0"

[sites.blog]
name = "Ada's blog"
origins = ["https://blog.example.org"]
providers = ["wordpress", "twitter", "facebook"]
trusted = false
privacy_url = "https://blog.example.org/privacy"
subject = "pairwise"
profile = true
email = false
client_secret = "env:BLOG_SECRET"
redirect_uris = []
post_logout_redirect_uris = []
backchannel_logout_uri = ""
id_token_signed_response_alg = "RS256"

[limits]
start = 60
token = 240
pending = 60
"""
LOOPBACK = """
public_url = "http://127.0.0.1:8000"
secret_keys = ["env:COMMENTGATE_SECRET"]

[providers.wordpress]
client_id = "1"
client_secret = "env:WORDPRESS_SECRET"

[sites.blog]
name = "Ada's blog"
origins = ["http://127.0.0.2:8001"]
providers = ["wordpress"]
"""


def changed(text: str, **changes: Any) -> dict[str, Any]:
    """The table of a file, with settings replaced (``sites__blog__name``) or, if None, removed."""
    table = copy.deepcopy(tomllib.loads(text))
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = table
        for folder in folders:
            place = place.setdefault(folder, {})
        if value is None:
            del place[name]
        else:
            place[name] = value
    return table


def judged(table: dict[str, Any], folder: Path, **environment: str) -> Settings:
    """The settings of a good table."""
    return read(table, {**ENVIRONMENT, **environment}, folder)


def mistakes_of(table: dict[str, Any], folder: Path, **environment: str) -> list[Mistake]:
    """The mistakes of a bad one."""
    with pytest.raises(Misconfigured) as refused:
        judged(table, folder, **environment)
    return refused.value.mistakes


def only_mistake(table: dict[str, Any], folder: Path, **environment: str) -> Mistake:
    """The one mistake that there is."""
    mistakes = mistakes_of(table, folder, **environment)
    assert len(mistakes) == 1, "\n".join(map(str, mistakes))
    return mistakes[0]
