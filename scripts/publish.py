"""Verb `publish`: the folders of this checkout as the repositories that releases are made from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from scripts.errors import SlipwayError
from scripts.git import Commit, GitFolder, Remote
from scripts.names import BRANCH
from scripts.project import REPOSITORY_FOLDERS, Project, shown
from scripts.session import Session, session_of
from scripts.sources import SOURCE_ACTIONS, connected_repositories, parse_remotes

_TRAILER = "Published-By: slipway"
_ALONGSIDE = {
    "pipeline_lambdas": (
        "buildspec.yml",
        "pyproject.toml",
        "requirements/build.txt",
        "requirements/checks.txt",
        "scripts/__init__.py",
        "scripts/build.py",
        "scripts/checks.py",
        "scripts/errors.py",
        "scripts/installed.py",
        "scripts/packages.py",
        "cloudformation",
        "tests/__init__.py",
        "tests/events",
        "tests/pipeline_lambdas",
    ),
    "inference_lambdas": ("tests/inference_lambdas",),
}
"""What buildspec.yml needs besides a folder's code, as far as it is there: a team's tests are pushed with its code.

A change of anything else starts no release.
"""


@dataclass(frozen=True)
class StagedFolder:
    """A folder compared with its repository: the commit to push, or none and why."""

    folder: str
    repository: str
    git: GitFolder
    commit: str | None
    reason: str

    @property
    def changed(self) -> bool:
        return self.commit is not None

    @property
    def source_action(self) -> str:
        return SOURCE_ACTIONS[self.folder]

    def publish(self, session: Session) -> str:
        """Push the commit; returns its id, which is the revision that a release shows."""
        if self.commit is None:
            raise ValueError(f"{self.folder} has nothing to publish")
        with session.output.step(f"push {self.folder}") as step:
            self.git.push(self.commit, BRANCH)
            step.outcome = f"{self.commit[:7]} to {self.repository}"
        return self.commit


def publish(
    context: typer.Context,
    folders: Annotated[list[str] | None, typer.Argument(help=f"Default: {', '.join(REPOSITORY_FOLDERS)}.")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Commit message.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Publish over commits of others too; they stay in the history.")
    ] = False,
    remote: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FOLDER=ADDRESS",
            help="Repository at GitHub, GitLab or Bitbucket, as `git clone` takes it; instead of CodeCommit's.",
        ),
    ] = None,
) -> None:
    """Push the folders to their repositories.

    Only a folder that differs is pushed; every push starts a release.
    """
    session = session_of(context)
    session.announce()
    unknown = [folder for folder in folders or [] if folder not in REPOSITORY_FOLDERS]
    if unknown:
        raise SlipwayError(f"found {', '.join(unknown)}; allowed are {', '.join(REPOSITORY_FOLDERS)}.")
    remotes = parse_remotes(remote or [])
    wanted = folders or list(remotes) or list(REPOSITORY_FOLDERS)
    _require_addresses(session, [folder for folder in wanted if folder not in remotes])
    pushed = {}
    for folder in wanted:
        if folder in remotes:
            staged = _stage_elsewhere(session, folder, remotes[folder], message, overwrite=overwrite)
        else:
            staged = stage(session, folder, message, overwrite=overwrite)
        if staged.changed:
            pushed[folder] = staged.publish(session)
        else:
            session.output.say(f"{folder}: {staged.reason}")
    session.output.result({"pushed": pushed})
    if pushed:
        session.output.say("Each push starts a release. Watch it: slipway follow")


def _require_addresses(session: Session, folders: Sequence[str]) -> None:
    """Raise SlipwayError for folders whose repositories lie behind a connection: their address is not known."""
    connected = connected_repositories(session) if folders else {}
    if connected:
        named = ", ".join(f"{folder} ({connected[folder]})" for folder in folders)
        remotes = " ".join(f"--remote {folder}=ADDRESS" for folder in folders)
        raise SlipwayError(
            f"Behind the pipeline's connection: {named}. Only git can push there, with credentials of your own.",
            f"Push to it with git, or say its address: {session.command(f'publish {remotes}')}",
        )


def _stage_elsewhere(
    session: Session, folder: str, address: str, message: str | None, *, overwrite: bool
) -> StagedFolder:
    """As `stage`, for a repository that git alone signs in to."""
    path = session.project.work / "publish" / session.names.repository(folder)
    git = GitFolder(path, Remote(address), address)
    return stage_files(git, folder, repository_files(session.project, folder), message, overwrite=overwrite)


def stage(session: Session, folder: str, message: str | None = None, *, overwrite: bool = False) -> StagedFolder:
    """Compare a folder with its repository and make the commit to push.

    A repository that is ahead of the folder is left alone. SlipwayError if both have changed, unless `overwrite`.
    """
    repository = session.names.repository(folder)
    found = session.client("codecommit").get_repository(repositoryName=repository)["repositoryMetadata"]
    target = session.target
    if not target.is_local and not shutil.which("aws"):
        raise SlipwayError(
            "The AWS CLI was not found; it signs git in to CodeCommit.",
            "Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        )
    remote = Remote(found["cloneUrlHttp"], target.git_credential_helper, proxied=not target.is_local)
    git = GitFolder(session.project.work / "publish" / repository, remote)
    return stage_files(git, folder, repository_files(session.project, folder), message, overwrite=overwrite)


def stage_files(
    git: GitFolder, folder: str, files: dict[str, Path], message: str | None = None, *, overwrite: bool = False
) -> StagedFolder:
    """As `stage`, for given files and a given repository."""
    repository = git.name or git.path.name
    git.prepare()
    head = git.fetch(BRANCH)
    tree = git.write_tree(files)
    if head:
        history = git.commits(head)
        if history[0].tree == tree:
            return StagedFolder(folder, repository, git, None, "unchanged")
        newer = _newer_than(history, tree)
        if newer and not overwrite:
            reason = f"left alone; the repository is {_count(newer)} ahead of the folder: {_named(newer[0])}"
            return StagedFolder(folder, repository, git, None, reason)
        foreign = _foreign(history)
        if foreign and not overwrite:
            raise _both_changed(git, folder, repository, foreign, tree)
    text = f"{message or f'Publish {folder}'}\n\n{_TRAILER}\n"
    return StagedFolder(folder, repository, git, git.commit(tree, head, text), "changed")


def repository_files(project: Project, folder: str) -> dict[str, Path]:
    """Name in the repository to file. Training configs lie at the top, code and its tests where they are here."""
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
    """The commits made after the folder was as it is now; empty if it never was."""
    for age, commit in enumerate(history):
        if commit.tree == tree:
            return history[:age]
    return []


def _foreign(history: list[Commit]) -> list[Commit]:
    """The commits on top that did not come from here."""
    for age, commit in enumerate(history):
        if _TRAILER in commit.body:
            return history[:age]
    return history


def _both_changed(git: GitFolder, folder: str, repository: str, foreign: list[Commit], tree: str) -> SlipwayError:
    return SlipwayError(
        f"{folder}/ and the repository {repository} have both changed: the repository has {_count(foreign)} that "
        f"came from elsewhere, the newest {_named(foreign[0])}.",
        f"See the difference: git --git-dir {shown(git.path)} diff {tree[:10]} {foreign[0].id[:10]}. Take it over into "
        f"{folder}/, or publish over it: slipway publish {folder} --overwrite",
    )


def _count(commits: list[Commit]) -> str:
    return f"{len(commits)} commit" + ("s" if len(commits) > 1 else "")


def _named(commit: Commit) -> str:
    return f"{commit.id[:7]} {commit.subject}"
