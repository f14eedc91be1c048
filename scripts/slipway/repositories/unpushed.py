"""Predicts what a push of the present state would release, without pushing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import SlipwayError
from slipway.installation.aws_errors import explain
from slipway.project import REPOSITORY_FOLDERS, shown
from slipway.repositories.clones import Clone
from slipway.repositories.effects import ModelPipeline, Push, pipelines_of
from slipway.repositories.git import REDIRECTING
from slipway.repositories.sources import SOURCE_ACTIONS, connected_repositories
from slipway.repositories.staging import stage_published
from slipway.session import Session

_VERB = "a push would release"
_REMOTES = "refs/remotes/"


def print_push(session: Session, clone: Clone | None) -> dict[str, Any]:
    """Print what a push of a clone, or of the folders of this checkout, would release.

    Returns folder to model to reason; None for a folder about which that is not known.
    """
    try:
        pipelines = pipelines_of(session)
        connected = {} if clone else connected_repositories(session)
    except (BotoCoreError, ClientError, SlipwayError) as error:
        session.output.say(f"what a push would release is not known: {_sentence(error)}")
        return dict.fromkeys([clone.folder.name] if clone else REPOSITORY_FOLDERS)
    if not pipelines and not clone:
        session.output.say("there is no pipeline yet that a push could start")
        return {folder: {} for folder in REPOSITORY_FOLDERS}
    return dict(_of_clone(session, clone, pipelines) if clone else _of_checkout(session, pipelines, connected))


def _of_clone(session: Session, clone: Clone, pipelines: tuple[ModelPipeline, ...]) -> Iterator[tuple[str, Any]]:
    try:
        push = unpushed(clone)
    except SlipwayError as error:
        session.output.say(f"{shown(clone.folder)}: what a push would release is not known: {error.message}")
        yield clone.folder.name, None
    else:
        session.output.say(push.sentence(pipelines, _VERB))
        yield clone.folder.name, push.releases(pipelines)


def _of_checkout(
    session: Session, pipelines: tuple[ModelPipeline, ...], connected: Mapping[str, str]
) -> Iterator[tuple[str, Any]]:
    for folder in REPOSITORY_FOLDERS:
        try:
            staged = stage_published(session, folder, connected)
        except (BotoCoreError, ClientError, SlipwayError) as error:
            session.output.say(f"{folder}: what a push would release is not known: {_sentence(error)}")
            yield folder, None
            continue
        said = staged.push.sentence(pipelines, _VERB) if staged.changed else f"{folder}: {staged.why(session.command)}"
        session.output.say(said)
        yield folder, staged.push.releases(pipelines) if staged.changed else {}


def _sentence(error: Exception) -> str:
    told = error if isinstance(error, SlipwayError) else explain(error)
    return told.message if told else str(error)


def unpushed(clone: Clone) -> Push:
    """Return the push of everything that a clone has and its remote branch, as last fetched, lacks: committed or not.

    SlipwayError if the clone is on no branch, has no remote, or is not a repository that git can read.
    """
    git = _Git(clone.folder)
    branch, remote = git.branch(), git.remote_branch()
    if remote is None:
        return Push(f"{shown(clone.folder)}, new branch", _source(clone), None, branch)
    # What others have pushed since is no change of this clone.
    base = (git.ask("merge-base", remote, "HEAD") or remote).strip()
    changed = git.names("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", base, "--")
    new = git.names("ls-files", "-z", "--others", "--exclude-standard")
    tracked = remote.removeprefix(_REMOTES)
    place = f"{shown(clone.folder)}, compared with {tracked}"
    return Push(place, _source(clone), tuple(sorted({*changed, *new})), tracked.partition("/")[2])


def _source(clone: Clone) -> str:
    folders = (folder for folder in SOURCE_ACTIONS if (clone.folder / folder).is_dir())
    return SOURCE_ACTIONS["training_config" if clone.holds == "configs" else next(folders)]


class _Git:
    """Read-only git commands in a clone: they take no lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def branch(self) -> str:
        """The branch that the clone is on."""
        found = self.ask("symbolic-ref", "--short", "HEAD")
        if found is None:
            known = self.ask("rev-parse", "--git-dir") is not None
            raise SlipwayError("the clone is on no branch." if known else "git finds no repository there.")
        return found.strip()

    def remote_branch(self) -> str | None:
        """The reference of the remote branch that a push goes to; None if the push would create it."""
        if not (self.ask("remote") or "").strip():
            raise SlipwayError("the clone has no remote; git remote add origin ADDRESS names one.")
        for name in ("@{push}", "@{upstream}"):
            found = self.ask("rev-parse", "--symbolic-full-name", name)
            if found and found.startswith(_REMOTES):
                return found.strip()
        found = f"{_REMOTES}origin/{self.branch()}"
        return found if self.ask("rev-parse", "--verify", "--quiet", found) else None

    def names(self, *arguments: str) -> list[str]:
        """Yield the file names that a command prints."""
        found = self.ask(*arguments)
        if found is None:
            raise SlipwayError(f"git {arguments[0]} failed there; git status shows why.")
        return [name for name in found.split("\0") if name]

    def ask(self, *arguments: str) -> str | None:
        """Return the output of a command; None if it fails."""
        inherited = {name: value for name, value in os.environ.items() if name not in REDIRECTING}
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                env={**inherited, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise SlipwayError("git was not found.", "Install git: https://git-scm.com/downloads") from None
        return done.stdout if done.returncode == 0 else None
