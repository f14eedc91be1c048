"""CodeCommit repositories: their files, their commits, and what each commit changed."""

from __future__ import annotations

from slipway.console.repositories.commit import commit
from slipway.console.repositories.file import file
from slipway.console.repositories.history import history
from slipway.console.repositories.repositories import repositories
from slipway.console.repositories.repository import branches, repository
from slipway.console.room import Room

_REPOSITORY = "/repositories/{repository}"

ROOM = Room(
    title="Repositories",
    home="/repositories",
    pages={
        "/repositories": repositories,
        _REPOSITORY: repository,
        f"{_REPOSITORY}/branches": branches,
        f"{_REPOSITORY}/file": file,
        f"{_REPOSITORY}/commits": history,
        f"{_REPOSITORY}/commits/{{commit}}": commit,
    },
)
