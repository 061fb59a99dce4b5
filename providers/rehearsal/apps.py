"""What is registered at the stand-ins, and under which addresses they answer."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from providers import PROVIDERS

#: Provider key -> first part of the path. Both protocols of X live at one place, as they do at X.
PREFIXES = {"wordpress": "wordpress", "twitter": "x", "twitter1": "x", "facebook": "facebook"}


@dataclass(frozen=True, slots=True)
class App:
    """One registered app: what a provider's developer page would show."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]


def endpoints(base_url: str) -> dict[str, dict[str, str]]:
    """Provider key -> endpoint name -> address below ``base_url``, plus ``issuer``.

    Names and paths are those of the real provider's table. Facebook's addresses keep the
    place for ``{api_version}``.
    """
    base = base_url.rstrip("/")
    return {key: _below(f"{base}/{prefix}", key) for key, prefix in PREFIXES.items()}


def issuer(base_url: str, key: str) -> str:
    """Who a stand-in says it is, in ``iss``."""
    return endpoints(base_url)[key]["issuer"]


def demo_apps(gateway_url: str) -> dict[str, App]:
    """Apps with fixed ids and secrets, for a gateway at ``gateway_url``."""
    gateway = gateway_url.rstrip("/")
    return {
        key: App(client_id, f"rehearsal-{key}-secret", (f"{gateway}/callback/{key}",))
        for key, client_id in _DEMO_IDS.items()
    }


_DEMO_IDS = {
    "wordpress": "47110",
    "twitter": "cmVoZWFyc2FsOjE6Y2k",
    "twitter1": "rehearsalConsumerKey",
    "facebook": "104710471047104",
}


def _below(base: str, key: str) -> dict[str, str]:
    originals = PROVIDERS[key].endpoints
    return {name: base + urlsplit(url).path for name, url in originals.items()} | {"issuer": base}
