"""The files that a commit changed, a page of them at a time, with the lines that differ in some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import fold, note, table
from pipeline_lambdas.report.kit.text import times
from slipway.console.kept import Kept
from slipway.console.repositories.differences import Difference, compare, drawn_difference
from slipway.console.repositories.reading import Commit, place_of
from slipway.console.room import Asked
from slipway.console.shell import at, panel, turn
from slipway.installation.aws_errors import code_of, message_of
from slipway.session import Session

PAGE_FILES = 100
SHOWN_FILES = 8
"""The files of a page whose lines are compared: each takes two calls."""
_MOST_LISTED = 12
_AT_ONCE = 4
_KINDS = {"A": "added", "D": "deleted", "M": "changed"}
_NOT_BLOBS = ("160000",)
_TOO_LARGE = "FileTooLargeException"
_COMPARED = Kept[Difference](500)
_CHANGES = Kept[dict[str, Any]](100)
Change = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Files:
    """One answer of GetDifferences, by its token, and the first of its files whose lines are shown."""

    repository: str
    commit: Commit
    token: str
    found: Sequence[Change]
    following: str | None
    start: int

    @property
    def shown(self) -> Sequence[Change]:
        return self.found[self.start : self.start + SHOWN_FILES]

    def address(self, start: int = 0, token: str = "") -> str:
        """The address of the page that shows the lines of this file and the next ones."""
        query = ({"token": token} if token else {}) | ({"from": str(start)} if start else {})
        return at("repositories", self.repository, "commits", self.commit.id, **query)

    def link(self, number: int) -> str:
        """The address of one file's lines: on this page, or on the page that shows it."""
        within = self.start <= number < self.start + SHOWN_FILES
        page = "" if within else self.address(number - number % SHOWN_FILES, self.token)
        return f"{page}#change-{number}"


def change_panels(asked: Asked, repository: str, commit: Commit) -> Iterator[Html]:
    """Yield the list of changed files, and the changes; `token` and `from` in the query say where to begin."""
    token = asked.query.get("token", "")
    listed = _list_changes(asked.session, repository, commit, token)
    found = listed["differences"]
    start = min(asked.count("from"), max(len(found) - 1, 0))
    files = _Files(repository, commit, token, found, listed.get("NextToken"), start - start % SHOWN_FILES)
    yield _listing(files)
    if files.shown:
        yield panel("changes", "Changes", *_drawn(asked.session, files), _turn(files))


def _listing(files: _Files) -> Html:
    rows = [
        (el("a", _path(change), href=files.link(number), class_="name"), _kind(change))
        for number, change in enumerate(files.found)
    ]
    listing = table("files-table", "Files that it changed", ("File", "Change"), rows, "w", heard=True)
    # A long list would push what changed in the files out of sight.
    folded = listing if len(rows) <= _MOST_LISTED else fold(times(len(rows), "file"), listing)
    against = "the first of its parents" if len(files.commit.parents) > 1 else "its parent"
    following = files.following
    return panel(
        "files",
        "Changed files",
        note(f"Compared with {against}.") if files.commit.parents else None,
        folded if rows else note("It changed no file."),
        turn(
            ("The first files", files.address() if files.token else None),
            ("More files", files.address(token=following) if following else None),
        ),
    )


def _turn(files: _Files) -> Html | None:
    start, following = files.start, files.start + SHOWN_FILES
    return turn(
        ("Changes of the files before", files.address(start - SHOWN_FILES, files.token) if start else None),
        ("Changes of the next files", files.address(following, files.token) if following < len(files.found) else None),
    )


def _list_changes(session: Session, name: str, one: Commit, token: str) -> dict[str, Any]:
    before = {"beforeCommitSpecifier": one.parents[0]} if one.parents else {}
    more = {"NextToken": token} if token else {}

    def read() -> dict[str, Any]:
        found: dict[str, Any] = session.client("codecommit").get_differences(
            repositoryName=name, afterCommitSpecifier=one.id, MaxResults=PAGE_FILES, **before, **more
        )
        return found

    return _CHANGES.get((*place_of(session, name), one.id, token), read)


def _drawn(session: Session, files: _Files) -> list[Html]:
    session.client("codecommit")  # a client is made once, before threads ask for it
    with ThreadPoolExecutor(_AT_ONCE) as several:
        compared = list(several.map(lambda change: _difference(session, files.repository, change), files.shown))
    return [
        _one(change, difference, number)
        for number, (change, difference) in enumerate(zip(files.shown, compared, strict=True), files.start)
    ]


def _one(change: Change, difference: Difference, number: int) -> Html:
    path = _path(change)
    counted = f" +{difference.added} \N{MINUS SIGN}{difference.removed}" if difference.lines else ""
    return el(
        "div",
        el("h3", el("span", path, class_="name"), el("span", f" {_kind(change)}{counted}", class_="none")),
        drawn_difference(f"Changes of {path}", difference),
        note(difference.told) if difference.told else None,
        id=f"change-{number}",
        class_="change",
    )


def _difference(session: Session, name: str, change: Change) -> Difference:
    before, after = change.get("beforeBlob", {}), change.get("afterBlob", {})
    if before.get("mode") in _NOT_BLOBS or after.get("mode") in _NOT_BLOBS:
        return Difference(
            told=f"A submodule: {before.get('blobId', 'none')} before, {after.get('blobId', 'none')} after."
        )
    sides = before.get("blobId", ""), after.get("blobId", "")
    # A blob's id is the hash of its content, whatever repository it is in.
    return _COMPARED.get(sides, lambda: _compared(session, name, *sides))


def _compared(session: Session, name: str, before: str, after: str) -> Difference:
    try:
        return compare(_blob(session, name, before), _blob(session, name, after))
    except ClientError as error:
        if code_of(error) != _TOO_LARGE:
            raise
        return Difference(told=message_of(error))


def _blob(session: Session, name: str, blob_id: str) -> bytes:
    if not blob_id:
        return b""
    content: bytes = session.client("codecommit").get_blob(repositoryName=name, blobId=blob_id)["content"]
    return content


def _path(change: Change) -> str:
    return str((change.get("afterBlob") or change["beforeBlob"])["path"])


def _kind(change: Change) -> str:
    kind = _KINDS.get(change["changeType"], str(change["changeType"]))
    modes = change.get("beforeBlob", {}).get("mode"), change.get("afterBlob", {}).get("mode")
    return f"{kind}, mode {modes[0]} to {modes[1]}" if all(modes) and modes[0] != modes[1] else kind
