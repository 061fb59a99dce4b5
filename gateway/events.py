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


def approved(person: str, site: str) -> None:
    """A person lets a site know who they are. ``person`` is the row's random id."""
    log.info("approved", extra={"event": "approved", "person": person, "site": site})


def withdrawn(person: str, site: str) -> None:
    """A person took that back."""
    log.info("withdrawn", extra={"event": "withdrawn", "person": person, "site": site})


def signed_out(person: str, site: str) -> None:
    """A session ended by Log out; ``site`` is empty for the gateway's own."""
    log.info("signed out", extra={"event": "signed_out", "person": person, "site": site})


def erased(asked_by: str, what: str) -> None:
    """An erasure was asked for, by a provider or by the person (``account``).

    ``what`` was there to erase: person, identity or nothing.
    """
    log.info("erased", extra={"event": "erased", "asked_by": asked_by, "erased": what})


def database_failed(why: str) -> None:
    """The database can't be written; ``why`` are the engine's words. Said once, not per request."""
    log.error(
        f"The database can't be used: {why}. Check who owns its file, and the room on the disk.",
        extra={"event": "database_failed", "why": why},
    )


def database_recovered() -> None:
    """A write went through again."""
    log.info("The database can be written again.", extra={"event": "database_recovered"})
