"""The people who can be picked on a sign-in page: one ordinary, the others each a little odd."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account at every stand-in.

    ``number`` tells them apart in ids and picture addresses; ``oddity`` is said on the page.
    ``x_id`` is only set where the size of the number is the point.
    """

    key: str
    number: int
    name: str
    username: str
    oddity: str
    email: str | None = None
    email_verified: bool = True
    picture: Literal["usual", "http", "silhouette"] = "usual"
    x_id: str | None = None

    @property
    def wordpress_id(self) -> int:
        """The account's number, which WordPress.com sends as a number."""
        return 100_000_000 + self.number

    @property
    def twitter_id(self) -> str:
        """The account's number, which X also sends as a string because it can pass 2**53."""
        return self.x_id or str(2_400_000_000 + self.number)

    def facebook_id(self, client_id: str) -> str:
        """The id that one app sees; every other app sees another one."""
        digest = hashlib.sha256(f"{client_id}:{self.key}".encode()).hexdigest()
        return f"10{int(digest, 16) % 10**15:015d}"

    def picture_url(self, base_url: str, variant: str = "") -> str:
        """Where the picture lies: below ``base_url``, by plain http for the one who is odd so."""
        url = f"{base_url}/avatars/{self.number}{variant}.png"
        return urlsplit(url)._replace(scheme="http").geturl() if self.picture == "http" else url


_ALL = (
    Person(
        key="ada",
        number=1,
        name="Ada Lovelace",
        username="ada_lovelace",
        email="ada@example.org",
        oddity="nothing unusual",
    ),
    Person(
        key="no-email",
        number=2,
        name="Charles Babbage",
        username="babbage",
        oddity="has no e-mail address",
    ),
    Person(
        key="entities",
        number=3,
        name="Tom &amp; Ada",
        username="tom_and_ada",
        email="tom@example.org",
        oddity="a name that looks like HTML already",
    ),
    Person(
        key="emoji",
        number=4,
        name="Grace 👩🏽‍💻 Hopper 🚀",
        username="grace",
        email="grace@example.org",
        oddity="emoji in the name",
    ),
    Person(
        key="arabic",
        number=5,
        name="عائشة الفهري",
        username="aisha",
        email="aisha@example.org",
        oddity="a name written from right to left (Arabic)",
    ),
    Person(
        key="hebrew",
        number=6,
        name="רחל (Rachel) כהן",
        username="rachel",
        email="rachel@example.org",
        oddity="a name in both directions (Hebrew and Latin)",
    ),
    Person(
        key="big-id",
        number=7,
        name="Big Number",
        username="big_number",
        email="big@example.org",
        x_id="1234567890123456789",
        oddity="an id of 19 digits at X",
    ),
    Person(
        key="http-picture",
        number=8,
        name="Plain Text",
        username="plain_text",
        email="plain@example.org",
        picture="http",
        oddity="a picture by plain http",
    ),
    Person(
        key="silhouette",
        number=9,
        name="Nobody Seen",
        username="nobody_seen",
        email="nobody@example.org",
        picture="silhouette",
        oddity="no picture of their own",
    ),
    Person(
        key="unverified",
        number=10,
        name="Not Yet Confirmed",
        username="not_yet",
        email="not-yet@example.org",
        email_verified=False,
        oddity="an e-mail address that was never confirmed",
    ),
    Person(
        key="long-name",
        number=11,
        name=("Wolfeschlegelsteinhausenbergerdorff " * 9)[:300],
        username="wolfe",
        email="wolfe@example.org",
        oddity="a name of 300 characters",
    ),
    Person(
        key="script",
        number=12,
        name="<script>alert(1)</script>\u202egnp.\u2066Eve\u2069\u0007",
        username="eve",
        email="eve@example.org",
        oddity="markup, direction marks and a control character in the name",
    ),
)

#: Person's key -> person, in the order in which the page shows them.
PEOPLE: Mapping[str, Person] = MappingProxyType({person.key: person for person in _ALL})

#: Who the address behind a followed redirect would claim to be.
STRANGER = Person(
    key="stranger",
    number=99,
    name="Somebody Else",
    username="somebody_else",
    oddity="whom nobody picked",
)
