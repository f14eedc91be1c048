"""Prepares a folder of this checkout for its repository: its files, the commit to push, and commits of others."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from slipway.errors import Command, NextStep, SlipwayError
from slipway.names import BRANCH
from slipway.project import Project, shown
from slipway.repositories.effects import ModelPipeline, Push
from slipway.repositories.git import Commit, GitFolder, Remote
from slipway.repositories.merging import compare, take
from slipway.repositories.sources import SOURCE_ACTIONS
from slipway.session import Session

_TRAILER = "Published-By: slipway"
_ALONGSIDE = {
    "pipeline_lambdas": (
        "buildspec.yml",
        "checkspec.yml",
        "imagespec.yml",
        "pyproject.toml",
        "requirements/build.txt",
        "requirements/due.txt",
        "requirements/checks.txt",
        "scripts/slipway_build",
        "cloudformation",
        "tests/__init__.py",
        "tests/events",
        "tests/pipeline_lambdas",
    ),
    "inference_lambdas": ("tests/inference_lambdas",),
}
"""What buildspec.yml and checkspec.yml need besides a folder's code, as far as it is there.

A team's tests are pushed with its code. A change of anything else starts no release.
"""


@dataclass(frozen=True)
class StagedFolder:
    """A folder compared with its repository: the commit to push, or why there is none."""

    folder: str
    repository: str
    git: GitFolder
    commit: str | None
    reason: NextStep
    pinned: ClassVar[str | None] = None
    paths: tuple[str, ...] | None = None
    """The files that the commit changes; None for the first one."""

    def releases(self, model: str) -> bool:
        """Tell whether the push starts a release of the model."""
        return self.changed and bool(self.push.releases([ModelPipeline(model)]))

    @property
    def push(self) -> Push:
        """The push of the commit, to CodeCommit or to a given address."""
        return Push(self.folder, self.source_action, self.paths, connected=bool(self.git.name))

    @property
    def changed(self) -> bool:
        return self.commit is not None

    def why(self, command: Command) -> str:
        """Why there is nothing to publish, and the next step."""
        return self.reason if isinstance(self.reason, str) else self.reason(command)

    @property
    def source_action(self) -> str:
        return SOURCE_ACTIONS[self.folder]

    def publish(self, session: Session) -> str:
        """Push the commit; returns its id, the revision of a release."""
        if self.commit is None:
            raise ValueError(f"{self.folder} has nothing to publish")
        with session.output.step(f"push {self.folder}") as step:
            self.git.push(self.commit, BRANCH)
            step.outcome = f"{self.commit[:7]} to {self.repository}"
        return self.commit


def git_folder(session: Session, folder: str, address: str | None = None) -> GitFolder:
    """Return the work folder of a repository: of CodeCommit, unless `address` names another, which git signs in to."""
    repository, path = session.names.repository(folder), _work_folder(session, folder)
    if address is not None:
        return GitFolder(path, Remote(address), address)
    found = session.client("codecommit").get_repository(repositoryName=repository)["repositoryMetadata"]
    target = session.target
    if not target.is_local and not shutil.which("aws"):
        raise SlipwayError(
            "The AWS CLI was not found; it signs git in to CodeCommit.",
            "Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        )
    remote = Remote(found["cloneUrlHttp"], target.git_settings, proxied=not target.is_local)
    return GitFolder(path, remote)


def _work_folder(session: Session, folder: str) -> Path:
    return session.project.private_work() / "publish" / session.names.repository(folder)


def stage(session: Session, folder: str, message: str | None = None) -> StagedFolder:
    """Compare a folder with its repository and make the commit to push.

    A repository that is ahead of the folder is left alone. SlipwayError if each has commits that the other lacks.
    """
    return stage_files(git_folder(session, folder), folder, repository_files(session.project, folder), message)


def stage_published(session: Session, folder: str, connected: Mapping[str, str]) -> StagedFolder:
    """Do the same as `stage`; for a folder behind a connection, with the address of its last publication.

    `connected` maps folders to repositories, from `connected_repositories`. SlipwayError if no address is known.
    """
    address = None
    if folder in connected:
        address = GitFolder(_work_folder(session, folder), Remote("")).saved_address()
        if address is None:
            raise SlipwayError(
                f"its repository {connected[folder]} is behind the connection, and was never published from here."
            )
    return stage_files(git_folder(session, folder, address), folder, repository_files(session.project, folder))


def stage_files(
    git: GitFolder, folder: str, files: dict[str, Path], message: str | None = None, *, overwrite: bool = False
) -> StagedFolder:
    """Do the same as `stage`, for given files and repository; with `overwrite`, ignore the repository's changes."""
    repository = git.name or git.path.name
    git.prepare()
    head = git.fetch(BRANCH)
    tree = git.write_tree(files)
    if head:
        history, theirs = git.commits(head), git.entries(head)
        # What the folder cannot hold, a .gitignore for example, stays in the repository.
        kept = {name: entry for name, entry in theirs.items() if not _holds(folder, name)}
        tree = git.tree({**git.entries(tree), **kept}) if kept else tree
        if history[0].tree == tree:
            return StagedFolder(folder, repository, git, None, "unchanged")
        sides = compare(_base(git, history, tree), git.entries(tree), theirs)
        if not overwrite and not sides.here:
            return StagedFolder(folder, repository, git, None, _behind(folder, _newer_than(history, tree)))
        if not overwrite and sides.there:
            raise _both_changed(git, folder, repository, _foreign(history), tree)
    text = f"{message or f'Publish {folder}'}\n\n{_TRAILER}\n"
    paths = git.changed(head, tree) if head else None
    return StagedFolder(folder, repository, git, git.commit(tree, head, text), "changed", paths)


def take_over(project: Project, folder: str, git: GitFolder) -> tuple[list[str], list[str]]:
    """Apply the repository's changes to a folder; returns the files' names, and those that had changes here too."""
    git.prepare()
    head = git.fetch(BRANCH)
    if head is None:
        return [], []
    tree, history = git.write_tree(repository_files(project, folder)), git.commits(head)
    theirs = {name: entry for name, entry in git.entries(head).items() if _holds(folder, name)}
    base = {name: entry for name, entry in _base(git, history, tree).items() if _holds(folder, name)}
    sides = compare(base, git.entries(tree), theirs)
    place = project.training_config if folder == "training_config" else project.root
    take(git, head, sides.there, theirs, place)
    return sorted(sides.there), sorted(sides.there & sides.here)


def _base(git: GitFolder, history: list[Commit], tree: str) -> dict[str, str]:
    """Return the common state of folder and repository: the commit that equals the folder, else the last published."""
    if any(commit.tree == tree for commit in history):
        return git.entries(tree)
    own = history[len(_foreign(history)) :]
    return git.entries(own[0].tree) if own else {}


def _holds(folder: str, name: str) -> bool:
    """Tell whether a file of this name in the repository belongs to a folder."""
    parts = name.split("/")
    if any(part.startswith(".") or part == "__pycache__" for part in parts):
        return False
    places = () if folder == "training_config" else (folder, *_ALONGSIDE[folder])
    return not places or any(name == place or name.startswith(f"{place}/") for place in places)


def _behind(folder: str, newer: list[Commit]) -> NextStep:
    ahead = f"{_count(newer)} ahead of the folder: {_named(newer[0])}" if newer else "ahead of the folder"
    return lambda command: (
        f"left alone; the repository is {ahead}. Take it over: {command('publish', folder, '--take-theirs')}"
    )


def repository_files(project: Project, folder: str) -> dict[str, Path]:
    """Map names in the repository to files. Training configs are at the top, code and its tests at their paths here."""
    source = project.root / folder
    if folder == "training_config":
        files = {path.relative_to(source).as_posix(): path for path in _files(source)}
    else:
        names = (folder, *_ALONGSIDE[folder])
        files = {
            path.relative_to(project.root).as_posix(): path for name in names for path in _files(project.root / name)
        }
    if not any(path.is_relative_to(source) for path in files.values()):
        raise SlipwayError(f"{source}: found no files; the repository of {folder} is made of them.")
    return files


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if not child.name.startswith(".") and child.name != "__pycache__":
                yield from _files(child)


def _newer_than(history: list[Commit], tree: str) -> list[Commit]:
    """Return the commits after the one that equals the folder; empty if none does."""
    for age, commit in enumerate(history):
        if commit.tree == tree:
            return history[:age]
    return []


def _foreign(history: list[Commit]) -> list[Commit]:
    """Return the newest commits that were not published from here."""
    for age, commit in enumerate(history):
        if _TRAILER in commit.body:
            return history[:age]
    return history


def _both_changed(git: GitFolder, folder: str, repository: str, foreign: list[Commit], tree: str) -> SlipwayError:
    return SlipwayError(
        f"{folder}/ and the repository {repository} have both changed: the repository has {_count(foreign)} that "
        f"came from elsewhere, the newest {_named(foreign[0])}.",
        lambda command: (
            f"See the difference: git --git-dir {shlex.quote(shown(git.path))} diff {tree[:10]} "
            f"{foreign[0].id[:10]}\nTake it over: {command('publish', folder, '--take-theirs')}\n"
            f"Or publish over it: {command('publish', folder, '--overwrite')}"
        ),
    )


def _count(commits: list[Commit]) -> str:
    return f"{len(commits)} commit" + ("s" if len(commits) > 1 else "")


def _named(commit: Commit) -> str:
    return f"{commit.id[:7]} {commit.subject}"
