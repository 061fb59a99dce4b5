"""What an operator must be able to see afterwards: one line an event, without personal data."""

import logging

from gateway.errors import ProviderError

log = logging.getLogger("commentgate.events")


def provider_failed(provider: str, error: ProviderError) -> None:
    """A provider refused or failed, and somebody's sign-in with it."""
    log.warning(
        str(error),
        extra={"event": "provider_failed", "provider": provider, "code": error.code},
    )


def refresh_token_reused(site: str) -> None:
    """An old refresh token came back after its time: stolen, or restored from a backup."""
    log.warning(
        "A refresh token was used again; its session has ended.",
        extra={"event": "refresh_token_reused", "site": site},
    )


def erased(provider: str, what: str) -> None:
    """A provider asked for somebody's erasure; ``what`` is person, identity or nothing."""
    log.info(
        "A provider asked for an erasure.",
        extra={"event": "erased", "provider": provider, "erased": what},
    )

