"""Where a pipeline's sources come from: CodeCommit or a connection, and for its data a state machine, if any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pipeline_lambdas.release.affected import INFERENCE_LAMBDAS, PIPELINE_LAMBDAS, TRAINING_CONFIG
from slipway.errors import SlipwayError
from slipway.project import REPOSITORY_FOLDERS
from slipway.session import Session
from slipway.stacks.stacks import find_stack

SOURCE_ACTIONS = {
    "training_config": TRAINING_CONFIG,
    "pipeline_lambdas": PIPELINE_LAMBDAS,
    "inference_lambdas": INFERENCE_LAMBDAS,
}
"""Folder to the pipeline's source action that reads its repository."""


def connected_repositories(session: Session) -> dict[str, str]:
    """Map each folder to its repository at the provider; empty if the repositories are in CodeCommit.

    SlipwayError if the setup stack made no repositories and no pipeline names others.
    """
    pipeline = _parameters(session, session.names.pipeline_stack)
    if pipeline.get("ConnectionArn"):
        return {folder: pipeline[f"{SOURCE_ACTIONS[folder]}RepositoryId"] for folder in REPOSITORY_FOLDERS}
    if _parameters(session, session.names.setup_stack).get("CreateRepositories") == "false":
        needed = " ".join(
            f"--parameter {name}=..."
            for name in ("ConnectionArn", *(f"{action}RepositoryId" for action in SOURCE_ACTIONS.values()))
        )
        raise SlipwayError(
            f"stack {session.names.setup_stack} has no repositories (CreateRepositories is false), and no pipeline "
            "has a connection to others.",
            f"Create the pipeline with one: {session.command(f'deploy {needed}')}",
        )
    return {}


def preparing_machine(session: Session) -> str:
    """Return the ARN of the state machine that prepares the model's data in each release; empty if none does."""
    return _parameters(session, session.names.pipeline_stack).get("PrepareMachineArn", "")


def parse_remotes(texts: Sequence[str]) -> dict[str, str]:
    """Map folders to addresses, from FOLDER=ADDRESS of the command line. Raises SlipwayError."""
    remotes = {}
    for text in texts:
        folder, separator, address = text.partition("=")
        if not separator or folder not in REPOSITORY_FOLDERS:
            allowed = ", ".join(REPOSITORY_FOLDERS)
            raise SlipwayError(f"--remote: found {_without_user(text)!r}; expected FOLDER=ADDRESS, of {allowed}.")
        if not address or address.startswith("-"):
            raise SlipwayError(f"--remote {folder}: found {address!r}; expected what `git clone` takes.")
        if address != _without_user(address):
            raise SlipwayError(
                f"--remote {folder}: found a user or a password in {_without_user(address)}.",
                "Leave it out: git asks its credential helper, https://git-scm.com/docs/gitcredentials",
            )
        remotes[folder] = address
    return remotes


def _without_user(address: str) -> str:
    """Return an HTTP address without user and password; any other unchanged, such as git@github.com:acme/model."""
    before, separator, rest = address.partition("://")
    if not separator or not before.endswith(("http", "https")):
        return address
    host = urlsplit(f"//{rest}").netloc
    return f"{before}://{host.rpartition('@')[2]}{rest.removeprefix(host)}"


def _parameters(session: Session, stack: str) -> Mapping[str, str]:
    found = find_stack(session, stack) or {}
    return {item["ParameterKey"]: item["ParameterValue"] for item in found.get("Parameters", [])}
