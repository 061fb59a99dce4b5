"""Disks and files that take no more, as the engine itself meets them."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from gateway.database.sqlite import Sqlite


@contextmanager
def read_only(db: Sqlite) -> Iterator[None]:
    """Nothing may be written any more."""
    db._writing.raw.execute("PRAGMA query_only = 1")
    yield
    db._writing.raw.execute("PRAGMA query_only = 0")


@contextmanager
def full(db: Sqlite) -> Iterator[None]:
    """No page is left for a row that needs one."""
    db._writing.raw.execute("PRAGMA max_page_count = 1")  # it is never below what there is
    yield
    db._writing.raw.execute("PRAGMA max_page_count = 4294967294")


@contextmanager
def broken(_: Sqlite) -> Iterator[None]:
    """The system refuses to write to any file of this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


DISKS: dict[Callable[[Sqlite], AbstractContextManager[None]], str] = {
    read_only: "attempt to write a readonly database",
    full: "database or disk is full",
    broken: "disk I/O error",
}
