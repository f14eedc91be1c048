"""The commits of a repository, newest first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline_lambdas.report.kit.markup import Child
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.repositories.places import Revision, commit_link, revision_of, title_of
from slipway.console.repositories.reading import Commit, walk
from slipway.console.repositories.releases_of import Releases, release_links, releases_by_commit
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, turn
from slipway.errors import SlipwayError
from slipway.session import Session

PAGE_ROWS = 20
_MOST_WAYS = 40
_HEADINGS = ("Commit", "Message", "Author", "When", "Releases with it")
_ID = re.compile(r"[0-9a-f]{40}")


def history(asked: Asked) -> Page:
    """Draw the page; `from` in the query are the commits, apart by commas, at which a page of older ones begins."""
    session, name = asked.session, asked.path["repository"]
    revision, later = revision_of(asked), asked.query.get("from", "")
    above = (("Repositories", at("repositories")), (name, at("repositories", name, **revision.query)))
    start = _ids(later) if later else _tip(session, revision)
    if not start:
        return Page(
            "Commits", [panel("commits", "Commits", note("Nothing has been pushed to this repository."))], above
        )
    found, rest = walk(session, name, start, PAGE_ROWS)
    by_commit = releases_by_commit(session, name)
    rows = [_row(name, one, by_commit) for one in found]
    links = turn(
        ("Newest", at("repositories", name, "commits", **revision.query) if later else None),
        ("Older", at("repositories", name, "commits", **revision.query, **_from(rest)) if rest else None),
    )
    body = table("commits-table", "Commits", _HEADINGS, rows, "kwkkw", heard=True)
    return Page("Commits", [panel("commits", "Commits, newest first", body, links)], above)


def _tip(session: Session, revision: Revision) -> list[str]:
    """Return the id of the commit that the page begins with; nothing for an empty repository."""
    client, name = session.client("codecommit"), revision.repository
    if "commit" in revision.query:
        return _ids(revision.query["commit"])
    branch = revision.query.get("branch")
    branch = branch or client.get_repository(repositoryName=name)["repositoryMetadata"].get("defaultBranch")
    if not branch:
        return []
    return [client.get_branch(repositoryName=name, branchName=branch)["branch"]["commitId"]]


def _ids(text: str) -> list[str]:
    ids = text.split(",")[:_MOST_WAYS]
    if not all(_ID.fullmatch(one) for one in ids):
        raise SlipwayError(
            f"commit: found {text[:80]!r} in the address; expected ids of commits, of 40 hexadecimal digits."
        )
    return ids


def _from(rest: Sequence[str]) -> Mapping[str, str]:
    return {"from": ",".join(rest[:_MOST_WAYS])}


def _row(repository: str, one: Commit, releases: Releases) -> Sequence[Child]:
    return (
        commit_link(repository, one.id),
        title_of(one),
        one.author.name,
        clock(one.committer.time),
        release_links(releases.get(one.id, ())),
    )
