"""One repository: how to clone it, its branches, and the folders and files at a branch or a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import code, facts, note, table
from slipway.console.repositories.places import Revision, commit_words, revision_of
from slipway.console.repositories.reading import known_commit
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, clock, panel, to, turn
from slipway.session import Session

_ROOT = (("Repositories", at("repositories")),)
_MOST_BRANCHES = 30
_PAGE_ENTRIES = 200
_HEADINGS = ("Name", "Kind")


def repository(asked: Asked) -> Page:
    """Draw the page."""
    session, name, path = asked.session, asked.path["repository"], asked.query.get("path", "").strip("/")
    metadata = session.client("codecommit").get_repository(repositoryName=name)["repositoryMetadata"]
    revision = revision_of(asked, metadata.get("defaultBranch"))
    parts = [_about(session, metadata)] if not path else []
    if revision.specifier is None:
        return Page(name, [*parts, panel("files", "Files", note("Nothing has been pushed to this repository."))], _ROOT)
    # The API tells a folder whole, however many entries it has.
    folder = session.client("codecommit").get_folder(
        repositoryName=name, commitSpecifier=revision.specifier, folderPath=path or "/"
    )
    if not path:
        parts.append(_branches(session, name, revision))
    parts.append(_files(asked, revision, folder, path))
    above = _ROOT if not path else (*_ROOT, (name, revision.folder()), *revision.trail(path))
    return Page(path.rpartition("/")[2] or name, parts, above)


def branches(asked: Asked) -> Page:
    """Draw the page of all branches."""
    name, token = asked.path["repository"], asked.query.get("token", "")
    listed = _list_branches(asked.session, name, token)
    rows = [(_branch(name, branch, bold=False),) for branch in listed["branches"]]
    more = at("repositories", name, "branches", token=listed["nextToken"]) if listed.get("nextToken") else None
    links = turn(("From the beginning", at("repositories", name, "branches") if token else None), ("More", more))
    shown = (
        table("branches-table", "Names of branches", ("Branch",), rows, heard=True)
        if rows
        else note("It has no branch.")
    )
    return Page("Branches", [panel("branches", "Branches", shown, links)], (*_ROOT, (name, at("repositories", name))))


def _about(session: Session, metadata: Mapping[str, Any]) -> Html:
    name, address = metadata["repositoryName"], metadata["cloneUrlHttp"]
    pairs: list[tuple[str, Child]] = [
        ("About", metadata.get("repositoryDescription")),
        ("Default branch", metadata.get("defaultBranch")),
        ("Created", clock(metadata.get("creationDate"))),
        ("Last changed", clock(metadata.get("lastModifiedDate"))),
        ("Address", code(address)),
        ("ARN", code(metadata.get("Arn", ""))),
    ]
    command = el(
        "div",
        el("pre", session.target.clone(address, name)),
        class_="scroll",
        role="region",
        tabindex=0,
        aria_label="Command that clones it",
    )
    return panel("about", "Repository", facts(pairs), note("To clone it:"), command)


def _branches(session: Session, name: str, revision: Revision) -> Html:
    listed = _list_branches(session, name)
    names = listed["branches"]
    shown = (el("li", _branch(name, branch, bold=branch == revision.specifier)) for branch in names[:_MOST_BRANCHES])
    more = len(names) > _MOST_BRANCHES or listed.get("nextToken")
    return panel(
        "branches",
        "Branches",
        el("ul", *shown, class_="names"),
        el("p", to("All branches", at("repositories", name, "branches"))) if more else None,
    )


def _branch(repository: str, branch: str, *, bold: bool) -> Html:
    return el("a", branch, href=at("repositories", repository, branch=branch), aria_current="true" if bold else None)


def _list_branches(session: Session, name: str, token: str = "") -> dict[str, Any]:
    more = {"nextToken": token} if token else {}
    found: dict[str, Any] = session.client("codecommit").list_branches(repositoryName=name, **more)
    return found


def _files(asked: Asked, revision: Revision, folder: Mapping[str, Any], path: str) -> Html:
    entries = list(_entries(revision, folder))
    start = (asked.page_number - 1) * _PAGE_ENTRIES
    last = known_commit(asked.session, revision.repository, folder["commitId"])
    at_commit = join(
        f"At {revision.name}: ",
        commit_words(revision.repository, last),
        f", {ago(last.committer.time, asked.now) or ''}",
    )
    history = at("repositories", revision.repository, "commits", **revision.query)
    page = asked.page_number
    return panel(
        "files",
        "Files",
        el("p", at_commit, ". ", to("History", history)),
        table(
            "files-table", "Entries of the folder", _HEADINGS, entries[start : start + _PAGE_ENTRIES], "w", heard=True
        )
        if entries
        else note("The folder is empty."),
        turn(
            ("Earlier names", revision.folder(path, page - 1) if start else None),
            ("Later names", revision.folder(path, page + 1) if start + _PAGE_ENTRIES < len(entries) else None),
        ),
    )


def _entries(revision: Revision, folder: Mapping[str, Any]) -> Iterator[Sequence[Child]]:
    for one in folder["subFolders"]:
        yield _name(f"{one['relativePath']}/", revision.folder(one["absolutePath"])), "folder"
    for one in folder["files"]:
        program = one["fileMode"] == "EXECUTABLE"
        yield _name(one["relativePath"], revision.file(one["absolutePath"])), "program" if program else "file"
    for one in folder["symbolicLinks"]:
        yield _name(one["relativePath"], revision.file(one["absolutePath"])), "symbolic link"
    for one in folder["subModules"]:
        yield el("span", one["relativePath"], class_="name"), join("submodule at ", el("code", one["commitId"][:8]))


def _name(name: str, address: str) -> Html:
    return el("a", name, href=address, class_="name")
