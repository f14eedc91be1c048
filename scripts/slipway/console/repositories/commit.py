"""One commit: who made it and why, which files it changed, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import code, facts, fold, note, table
from pipeline_lambdas.report.kit.text import times
from slipway.console.kept import Kept
from slipway.console.repositories.differences import Difference, compare, drawn_difference
from slipway.console.repositories.places import commit_link, title_of
from slipway.console.repositories.reading import Commit, Person, place_of, read_commit
from slipway.console.repositories.releases_of import release_links, releases_by_commit
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, turn
from slipway.installation.aws_errors import code_of, message_of
from slipway.session import Session

PAGE_FILES = 100
SHOWN_FILES = 8
"""The files of a page whose lines are compared: each takes two calls."""
_MOST_LISTED = 12
_AT_ONCE = 4
_KINDS = {"A": "added", "D": "deleted", "M": "changed"}
_NOT_BLOBS = ("160000",)
_UNREADABLE = ("FileTooLargeException", "BlobIdDoesNotExistException")
_COMPARED = Kept[Difference](500)
_CHANGES = Kept[dict[str, Any]](100)


def commit(asked: Asked) -> Page:
    """Draw the page; `token` and `from` in the query say where in the changed files it begins."""
    session, name = asked.session, asked.path["repository"]
    one = read_commit(session, name, asked.path["commit"])
    above = (
        ("Repositories", at("repositories")),
        (name, at("repositories", name)),
        ("Commits", at("repositories", name, "commits", commit=one.id)),
    )
    parts = [_about(session, name, one), *_changes(asked, name, one)]
    return Page(title_of(one), parts, above)


def _about(session: Session, name: str, one: Commit) -> Html:
    parents = [join(" " if place else None, commit_link(name, parent)) for place, parent in enumerate(one.parents)]
    pairs: list[tuple[str, Child]] = [
        ("Commit", code(one.id)),
        ("Author", _person(one.author)),
        ("Written", clock(one.author.time)),
        ("Committer", _person(one.committer) if one.committer != one.author else None),
        ("Committed", clock(one.committer.time) if one.committer.time != one.author.time else None),
        ("Parents", join(*parents) if parents else "none: the first commit"),
        ("Releases with it", release_links(releases_by_commit(session, name).get(one.id, ()))),
        ("Files", to("the repository at this commit", at("repositories", name, commit=one.id))),
    ]
    message = el("p", one.message.strip(), class_="name") if one.message.strip() != title_of(one) else None
    return panel("about", "Commit", message, facts(pairs))


def _person(person: Person) -> str:
    return f"{person.name} <{person.email}>" if person.email else person.name


def _changes(asked: Asked, name: str, one: Commit) -> Sequence[Html]:
    """Return the table of changed files, and the changes of some."""
    session, token = asked.session, asked.query.get("token", "")
    listed = _list_changes(session, name, one, token)
    found = listed["differences"]
    written = asked.query.get("from", "0")
    start = min(int(written), max(len(found) - 1, 0)) if written.isascii() and written.isdecimal() else 0
    start -= start % SHOWN_FILES

    def place(number: int) -> str:
        query = ({"token": token} if token else {}) | ({"from": str(number)} if number else {})
        return at("repositories", name, "commits", one.id, **query)

    def link(number: int) -> str:
        """The address of a file's change: on this page, or on the page that shows it."""
        within = start <= number < start + SHOWN_FILES
        return f"{'' if within else place(number - number % SHOWN_FILES)}#change-{number}"

    rows = [
        (el("a", _path(change), href=link(number), class_="name"), _kind(change)) for number, change in enumerate(found)
    ]
    more = at("repositories", name, "commits", one.id, token=listed["NextToken"]) if listed.get("NextToken") else None
    against = "the first of its parents" if len(one.parents) > 1 else "its parent"
    listing = table("files-table", "Files that it changed", ("File", "Change"), rows, "w", heard=True)
    files = panel(
        "files",
        "Changed files",
        note(f"Compared with {against}.") if one.parents else None,
        _folded(listing, len(rows)) if rows else note("It changed no file."),
        turn(("The first files", at("repositories", name, "commits", one.id) if token else None), ("More files", more)),
    )
    shown = found[start : start + SHOWN_FILES]
    following = start + SHOWN_FILES
    links = turn(
        ("Changes of the files before", place(start - SHOWN_FILES) if start else None),
        ("Changes of the next files", place(following) if following < len(found) else None),
    )
    changes = panel("changes", "Changes", *_drawn(session, name, shown, start), links) if shown else None
    return [files, *([changes] if changes else [])]


def _folded(listing: Html, count: int) -> Html:
    """Return a list of files, folded where it would push what changed in them out of sight."""
    return listing if count <= _MOST_LISTED else fold(times(count, "file"), listing)


def _list_changes(session: Session, name: str, one: Commit, token: str) -> dict[str, Any]:
    before = {"beforeCommitSpecifier": one.parents[0]} if one.parents else {}
    more = {"NextToken": token} if token else {}

    def read() -> dict[str, Any]:
        found: dict[str, Any] = session.client("codecommit").get_differences(
            repositoryName=name, afterCommitSpecifier=one.id, MaxResults=PAGE_FILES, **before, **more
        )
        return found

    return _CHANGES.get((*place_of(session, name), one.id, token), read)


def _drawn(session: Session, name: str, changes: Sequence[Mapping[str, Any]], start: int) -> list[Html]:
    session.client("codecommit")  # a client is made once, before threads ask for it
    with ThreadPoolExecutor(_AT_ONCE) as several:
        compared = list(several.map(lambda change: _difference(session, name, change), changes))
    return [
        _one(change, difference, number)
        for number, (change, difference) in enumerate(zip(changes, compared, strict=True), start)
    ]


def _one(change: Mapping[str, Any], difference: Difference, number: int) -> Html:
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


def _difference(session: Session, name: str, change: Mapping[str, Any]) -> Difference:
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
        if code_of(error) not in _UNREADABLE:
            raise
        return Difference(told=message_of(error))


def _blob(session: Session, name: str, blob_id: str) -> bytes:
    if not blob_id:
        return b""
    content: bytes = session.client("codecommit").get_blob(repositoryName=name, blobId=blob_id)["content"]
    return content


def _path(change: Mapping[str, Any]) -> str:
    return str((change.get("afterBlob") or change["beforeBlob"])["path"])


def _kind(change: Mapping[str, Any]) -> str:
    kind = _KINDS.get(change["changeType"], change["changeType"])
    modes = change.get("beforeBlob", {}).get("mode"), change.get("afterBlob", {}).get("mode")
    return f"{kind}, mode {modes[0]} to {modes[1]}" if all(modes) and modes[0] != modes[1] else kind
