"""What the pages of a repository share: the revision that is looked at, and the addresses of files and commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.text import shortened
from slipway.console.repositories.reading import Commit
from slipway.console.room import Asked
from slipway.console.shell import at, to

_SHORT_ID = 8
_TITLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Revision:
    """A repository at a branch or at a commit; at its default branch without either."""

    repository: str
    query: Mapping[str, str]
    default: str | None = None

    @property
    def specifier(self) -> str | None:
        """What CodeCommit takes for it."""
        return self.query.get("commit") or self.query.get("branch") or self.default

    @property
    def name(self) -> str:
        """What people call it."""
        commit = self.query.get("commit")
        return f"commit {commit[:_SHORT_ID]}" if commit else f"branch {self.specifier}"

    def folder(self, path: str = "", page: int = 1) -> str:
        """The address of a folder."""
        more = ({"path": path} if path else {}) | ({"page": str(page)} if page > 1 else {})
        return at("repositories", self.repository, **self.query, **more)

    def file(self, path: str, page: int = 1) -> str:
        """The address of a file."""
        more = {"page": str(page)} if page > 1 else {}
        return at("repositories", self.repository, "file", **self.query, path=path, **more)

    def trail(self, path: str) -> Iterator[tuple[str, str]]:
        """The folders above a path, as (name, address), outermost first."""
        parts = path.split("/")[:-1]
        for place, part in enumerate(parts, 1):
            yield part, self.folder("/".join(parts[:place]))


def revision_of(asked: Asked, default: str | None = None) -> Revision:
    """Return the revision that a request names in its query."""
    named = {name: asked.query[name] for name in ("branch", "commit") if asked.query.get(name)}
    return Revision(asked.path["repository"], named, default)


def commit_link(repository: str, commit_id: str, words: Child = None) -> Html:
    """Return a link to a commit."""
    text = el("code", commit_id[:_SHORT_ID]) if words is None else words
    return to(text, at("repositories", repository, "commits", commit_id))


def title_of(commit: Commit) -> str:
    return shortened(commit.title, _TITLE_CHARACTERS) or "(no message)"


def commit_words(repository: str, commit: Commit) -> Html:
    """Return a commit in a line: its id, the first line of its message, its author."""
    return join(
        commit_link(repository, commit.id), " ", title_of(commit), el("span", f" {commit.author.name}", class_="none")
    )
