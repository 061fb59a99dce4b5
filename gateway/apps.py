"""An app: our registration at a provider, with every address resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.base import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What is needed to ask one provider who somebody is; ``label`` is what commenters read."""

    provider: Provider
    label: str
    client_id: str
    client_secret: str = field(repr=False)
    endpoints: Mapping[str, str]
    issuer: str

    @property
    def key(self) -> str:
        """The entry's name in the configuration, in callbacks and in tokens."""
        return self.provider.key
