"""Comments and who wrote them, in one SQLite file of the blog's own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

#: Replies to a comment this deep stand beside it, as the page would get too narrow.
DEEPEST = 5

SCHEMA = """
CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY,
    parent INTEGER REFERENCES comments (id),
    written_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT,
    provider TEXT,
    link TEXT,
    picture TEXT,
    email TEXT
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a comment. With a ``subject`` the gateway vouches for it, else nobody does.

    ``provider`` is the gateway's key for where they signed in; ``link`` and ``picture`` are
    http(s) URLs. ``email`` is what a guest typed, and is never shown.
    """

    name: str
    subject: str | None = None
    provider: str | None = None
    link: str | None = None
    picture: str | None = None
    email: str | None = None

    @property
    def verified(self) -> bool:
        """Say whether the gateway vouches for this author."""
        return self.subject is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment; ``written_at`` in Unix seconds, ``parent`` the comment it answers."""

    id: int
    parent: int | None
    written_at: int
    text: str
    author: Author

    @property
    def paragraphs(self) -> list[str]:
        """Give the text in paragraphs, as blank lines part them."""
        return [part.strip("\n") for part in self.text.split("\n\n") if part.strip()]


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment with the answers to it, oldest first."""

    comment: Comment
    replies: list["Thread"]


AUTHOR = tuple(field.name for field in fields(Author))
COLUMNS = ("parent", "written_at", "text", *AUTHOR)


class Comments:
    """The comments of one article, in the file at ``path`` (made when it is missing).

    A connection is opened for each call, so that nothing needs closing; a demo can afford it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(SCHEMA)

    def add(self, *, parent: int | None, written_at: int, text: str, author: Author) -> int:
        """Keep a comment and give its id."""
        values = (parent, written_at, text, *(getattr(author, name) for name in AUTHOR))
        marks = ", ".join("?" * len(COLUMNS))
        statement = f"INSERT INTO comments ({', '.join(COLUMNS)}) VALUES ({marks}) RETURNING id"  # noqa: S608 - the names are constants of this file
        with self._connection() as connection:
            [new] = connection.execute(statement, values).fetchone()
        return int(new)

    def find(self, comment_id: int) -> Comment | None:
        """Give one comment, or None."""
        return next((comment for comment in self.all() if comment.id == comment_id), None)

    def all(self) -> list[Comment]:
        """Give every comment, oldest first."""
        with self._connection() as connection:
            rows = connection.execute("SELECT * FROM comments ORDER BY id").fetchall()
        return [_comment(row) for row in rows]

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                yield connection


def _comment(row: sqlite3.Row) -> Comment:
    author = Author(**{name: row[name] for name in AUTHOR})
    return Comment(
        id=row["id"],
        parent=row["parent"],
        written_at=row["written_at"],
        text=row["text"],
        author=author,
    )


def threads(comments: list[Comment]) -> list[Thread]:
    """Arrange comments, oldest first, into threads that are at most DEEPEST deep."""
    top: list[Thread] = []
    # For each comment: its depth, and where the answers to it go.
    places: dict[int, tuple[int, list[Thread]]] = {}
    for comment in comments:
        depth, siblings = places.get(comment.parent or 0, (0, top))
        thread = Thread(comment, [])
        siblings.append(thread)
        answers = thread.replies if depth + 1 < DEEPEST else siblings
        places[comment.id] = (min(depth + 1, DEEPEST - 1), answers)
    return top
