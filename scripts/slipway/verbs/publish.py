"""Verb `publish`: the folders of this checkout as the repositories that releases are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from slipway.errors import SlipwayError
from slipway.project import REPOSITORY_FOLDERS
from slipway.repositories.effects import pipelines_of
from slipway.repositories.git import GitFolder
from slipway.repositories.sources import connected_repositories, parse_remotes
from slipway.repositories.staging import git_folder, repository_files, stage_files, take_over
from slipway.session import Session, session_of


def publish(
    context: typer.Context,
    folders: Annotated[list[str] | None, typer.Argument(help=f"Default: {', '.join(REPOSITORY_FOLDERS)}.")] = None,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Commit message.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Publish over commits of others too; they stay in the history.")
    ] = False,
    take_theirs: Annotated[
        bool,
        typer.Option("--take-theirs", help="Take the repository's changes over into the folder; nothing is pushed."),
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

    Only a folder that differs is pushed. A push releases the models whose config changed, or all of them if code did.
    """
    session = session_of(context)
    session.announce()
    unknown = [folder for folder in folders or [] if folder not in REPOSITORY_FOLDERS]
    if unknown:
        raise SlipwayError(f"found {', '.join(unknown)}; expected {', '.join(REPOSITORY_FOLDERS)}.")
    remotes = parse_remotes(remote or [])
    wanted = folders or list(remotes) or list(REPOSITORY_FOLDERS)
    if overwrite and take_theirs:
        raise SlipwayError("--overwrite keeps the folder's files, --take-theirs the repository's; say one of them.")
    _require_addresses(session, [folder for folder in wanted if folder not in remotes])
    gits = {folder: git_folder(session, folder, remotes.get(folder)) for folder in wanted}
    if take_theirs:
        session.output.result({"taken": {folder: _take(session, folder, git) for folder, git in gits.items()}})
        return
    pushed, releases = {}, dict[str, dict[str, str]]()
    pipelines = pipelines_of(session)
    for folder, git in gits.items():
        staged = stage_files(git, folder, repository_files(session.project, folder), message, overwrite=overwrite)
        if staged.changed:
            releases[folder] = staged.push.releases(pipelines)
            session.output.say(staged.push.sentence(pipelines))
            pushed[folder] = staged.publish(session)
        else:
            session.output.say(f"{folder}: {staged.why(session.command)}")
        if folder in remotes:
            git.save_address()
    session.output.result({"pushed": pushed, "releases": releases})
    if any(releases.values()):
        session.output.say(f"Watch a release: {session.command('follow')}")


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


def _take(session: Session, folder: str, git: GitFolder) -> list[str]:
    taken, both = take_over(session.project, folder, git)
    place = "training_config/" if folder == "training_config" else ""
    if not taken:
        session.output.say(f"{folder}: holds all that the repository holds")
        return []
    session.output.say(f"{folder}: taken over: {', '.join(f'{place}{name}' for name in taken)}")
    for name in both:
        session.output.warn(f"{place}{name}: was changed here too, and is now as in the repository: git diff")
    session.output.say(f"Publish what is left of your own: {session.command(f'publish {folder}')}")
    return taken
