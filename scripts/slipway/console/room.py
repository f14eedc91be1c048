"""What a room of the console is: its pages, the files that it hands out, and what a person decides in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline_lambdas.report.kit.markup import Html
from slipway.releases.overview import session_for
from slipway.session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a page: the names in its path, its query, and the time.

    `installation` is a session for no model in particular.
    """

    installation: Session
    path: Mapping[str, str]
    query: Mapping[str, str]
    now: datetime

    @property
    def session(self) -> Session:
        """The session for the model in the path, and for none in particular where the path has none."""
        model = self.path.get("model")
        return session_for(self.installation, model) if model else self.installation

    @property
    def page_number(self) -> int:
        """The page of a long list, from 1."""
        return self.count("page") or 1

    def count(self, name: str) -> int:
        """Return a number in the query that counts something, from 0; 0 for anything else."""
        text = self.query.get(name, "")
        return int(text) if len(text) <= _MOST_DIGITS and text.isascii() and text.isdecimal() else 0


_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its title, the parts that change by themselves, and the pages above it as (title, address).

    Each part is an element with an id. `again_s`: draw it again after so many seconds although nothing is known to have
    changed, as for a duration that grows.
    """

    title: str
    parts: list[Html]
    above: tuple[tuple[str, str], ...] = ()
    again_s: float | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Content:
    """A file: its bytes, its media type, and a content security policy of its own where it is a page.

    With `headers` of its own where it needs them. A body in pieces is sent piece by piece.
    """

    body: bytes | Iterable[bytes]
    media_type: str
    policy: str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'; sandbox"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in a sentence, and the page to go on with."""

    said: str
    address: str


Draw = Callable[[Asked], Page]
Serve = Callable[[Asked], Content | None]
Decide = Callable[[Asked, Mapping[str, str]], Done | Page]
"""Takes the request and the fields of its form; returns what was done, or a page that answers it."""


@dataclass(frozen=True, slots=True)
class Room:
    """Pages that belong together; keys are paths below the console's, with {names}.

    `home` is the path of the page that the navigation leads to, by `title`.
    """

    title: str
    home: str
    pages: Mapping[str, Draw]
    files: Mapping[str, Serve] = field(default_factory=dict)
    decisions: Mapping[str, Decide] = field(default_factory=dict)
