"""The list of repositories, each with its default branch and the last commit there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.report.kit.markup import Child, el
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.repositories.places import commit_words
from slipway.console.repositories.reading import Commit, known_commit
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, panel, to, turn
from slipway.installation.aws_errors import code_of
from slipway.session import Session

PAGE_ROWS = 25
_AT_ONCE = 4
_HEADINGS = ("Repository", "Default branch", "Last commit", "When", "About")


def repositories(asked: Asked) -> Page:
    """Draw the page."""
    session, token, start = asked.session, asked.query.get("token", ""), asked.count("from")
    client = session.client("codecommit")
    # ListRepositories takes no number of how many to return, and may return a thousand names.
    listed = client.list_repositories(**({"nextToken": token} if token else {}))
    names = [one["repositoryName"] for one in listed["repositories"]]
    shown = names[start : start + PAGE_ROWS]
    rows = _rows(asked, session, shown)
    body = table("repositories-table", "Repositories", _HEADINGS, rows, "kkwkw", heard=True)
    links = turn(
        ("From the beginning", at("repositories") if token or start else None),
        ("More", _next(names, start, token, listed.get("nextToken"))),
    )
    return Page(
        "Repositories",
        [
            panel(
                "repositories",
                "Repositories of CodeCommit",
                body if rows else note("There is no repository here."),
                links,
            )
        ],
    )


def _next(names: Sequence[str], start: int, token: str, following: str | None) -> str | None:
    """Return the address of the page after this one: further in the same answer of the API, or in the next one."""
    end = start + PAGE_ROWS
    if end < len(names):
        return at("repositories", **({"token": token} if token else {}), **{"from": end})
    return at("repositories", token=following) if following else None


def _rows(asked: Asked, session: Session, names: Sequence[str]) -> list[Sequence[Child]]:
    if not names:
        return []
    found = session.client("codecommit").batch_get_repositories(repositoryNames=list(names))["repositories"]
    with ThreadPoolExecutor(_AT_ONCE) as several:
        commits = list(several.map(lambda one: _last(session, one), found))
    return [_row(asked, one, commit) for one, commit in zip(found, commits, strict=True)]


def _last(session: Session, metadata: Mapping[str, Any]) -> Commit | None:
    """Return the commit at the tip of the default branch; None for an empty repository."""
    name, branch = metadata["repositoryName"], metadata.get("defaultBranch")
    if not branch:
        return None
    try:
        tip = session.client("codecommit").get_branch(repositoryName=name, branchName=branch)["branch"]["commitId"]
    except ClientError as error:
        if code_of(error) not in {"BranchDoesNotExistException", "RepositoryDoesNotExistException"}:
            raise
        return None
    return known_commit(session, name, tip)


def _row(asked: Asked, metadata: Mapping[str, Any], last: Commit | None) -> Sequence[Child]:
    name = metadata["repositoryName"]
    return (
        to(name, at("repositories", name)),
        metadata.get("defaultBranch") or el("span", "empty", class_="none"),
        commit_words(name, last) if last else None,
        ago(last.committer.time, asked.now) if last else None,
        metadata.get("repositoryDescription"),
    )
