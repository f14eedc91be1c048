"""What the configuration of a CloudFormation action may say.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from local_aws.codepipeline.actions.contract import ActionError

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class Mode(StrEnum):
    """ActionMode: what the action does to its stack or change set."""

    CREATE_UPDATE = "CREATE_UPDATE"
    REPLACE_ON_FAILURE = "REPLACE_ON_FAILURE"
    DELETE_ONLY = "DELETE_ONLY"
    CHANGE_SET_REPLACE = "CHANGE_SET_REPLACE"
    CHANGE_SET_EXECUTE = "CHANGE_SET_EXECUTE"


_DEPLOYS = ("RoleArn", "TemplatePath")
_REQUIRED: Mapping[Mode, tuple[str, ...]] = {
    Mode.CREATE_UPDATE: _DEPLOYS,
    Mode.REPLACE_ON_FAILURE: _DEPLOYS,
    Mode.DELETE_ONLY: ("RoleArn",),
    Mode.CHANGE_SET_REPLACE: ("ChangeSetName", *_DEPLOYS),
    Mode.CHANGE_SET_EXECUTE: ("ChangeSetName",),
}


@dataclass(frozen=True)
class FilePlace:
    """A file of an input artifact, written `Artifact::path/in/the/archive`."""

    artifact: str
    path: str


def file_place(name: str, text: str) -> FilePlace:
    """The place that a configuration value names. Raises ActionError."""
    artifact, separator, path = text.partition("::")
    if not (artifact and separator and path):
        raise ActionError("ConfigurationError", f"{name} is '{text}'; expected ArtifactName::FileName.")
    return FilePlace(artifact, path)


def refusal(configuration: Mapping[str, str]) -> str | None:
    """What is wrong with a declared configuration, whose variables have no values yet; None if nothing is."""
    mode = configuration["ActionMode"]
    if mode not in list(Mode):
        return f"ActionMode is '{mode}'; {', '.join(Mode)} are allowed"
    missing = [name for name in _REQUIRED[Mode(mode)] if name not in configuration]
    if missing:
        return f"ActionMode {mode} requires {', '.join(missing)}"
    unknown = [one for one in capabilities(configuration) if one not in CAPABILITIES and "#{" not in one]
    if unknown:
        return f"Capabilities has {', '.join(unknown)}; {', '.join(CAPABILITIES)} are allowed, with commas between them"
    return None


def capabilities(configuration: Mapping[str, str]) -> list[str]:
    """The capabilities that the action acknowledges."""
    return [one for one in configuration.get("Capabilities", "").split(",") if one]
