"""Checks names, paths and ids as CodeCommit does.

https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html. Everything that reaches git's command line or
its standard input has passed through here.
"""

from __future__ import annotations

import re

from local_aws.settings import ACCOUNT
from local_aws.wire import AwsError

HEADS, TAGS = "refs/heads/", "refs/tags/"
MAX_FILE_BYTES = 6 * 1024 * 1024
MAX_BRANCH_LENGTH = 256
MAX_PATH_LENGTH, MAX_PATH_FOLDERS = 4096, 20

_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_ARN = re.compile(r"arn:aws:codecommit:([a-z0-9-]+):(\d{12}):([A-Za-z0-9._-]{1,100})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_BRANCH = re.compile(r"[\x00-\x20\x7f?^*\[\\~:]|\.\.|//|@\{|/\.|\.lock/")
_ARN_FORM = "arn:aws:codecommit:REGION:ACCOUNT:REPOSITORY"


def arn(region: str, name: str) -> str:
    """The ARN of a repository."""
    return f"arn:aws:codecommit:{region}:{ACCOUNT}:{name}"


def name_in_arn(resource: str, region: str) -> str:
    """The repository's name in an ARN; raises InvalidResourceArnException."""
    match = _ARN.fullmatch(resource)
    if match is None or match.group(1, 2) != (region, ACCOUNT):
        raise AwsError(
            "InvalidResourceArnException",
            f"The resource ARN '{resource}' is not the ARN of a repository of this account and Region ({_ARN_FORM}).",
        )
    return match.group(3)


def is_repository(name: str) -> bool:
    """Whether a repository may have this name."""
    return bool(_REPOSITORY.fullmatch(name)) and not name.endswith(".git")


def repository(name: str | None) -> str:
    """Return the name; raises RepositoryNameRequiredException or InvalidRepositoryNameException."""
    if not name:
        raise AwsError("RepositoryNameRequiredException", "A repository name is required, but was not specified.")
    if not is_repository(name):
        raise AwsError(
            "InvalidRepositoryNameException",
            f"The repository name '{name[:120]}' is not valid. Allowed are 1 to 100 letters, digits, periods, "
            "underscores and dashes; a name cannot end in .git.",
        )
    return name


def is_branch(name: str) -> bool:
    """Whether a branch may have this name: CodeCommit's rules and git's own."""
    return not (
        not 1 <= len(name) <= MAX_BRANCH_LENGTH
        or name == "@"
        or _OBJECT_ID.fullmatch(name.lower())
        or _NOT_IN_BRANCH.search(name)
        or name[0] in "/."
        or name[-1] in "/."
        or name.endswith(".lock")
    )


def branch(name: str | None) -> str:
    """Return the name; raises BranchNameRequiredException or InvalidBranchNameException."""
    if not name:
        raise AwsError("BranchNameRequiredException", "A branch name is required, but was not specified.")
    if not is_branch(name):
        raise AwsError(
            "InvalidBranchNameException",
            f"The branch name '{name[:260]}' is not valid. See the quotas of AWS CodeCommit for the characters "
            "that a branch name can contain.",
        )
    return name


def is_object_id(text: str) -> bool:
    """Whether this is a full id of a git object."""
    return bool(_OBJECT_ID.fullmatch(text))


def path(text: str | None) -> str:
    """Return a file's path without its leading slash; raises PathRequiredException or InvalidPathException."""
    if not text:
        raise AwsError("PathRequiredException", "A path is required, but was not specified.")
    relative = text.removeprefix("/")
    parts = relative.split("/")
    if (
        len(text) > MAX_PATH_LENGTH
        or len(parts) - 1 > MAX_PATH_FOLDERS
        or any(part in ("", ".", "..") for part in parts)
        or parts[0].lower() == ".git"
        or relative.endswith("\\")
        or _CONTROL.search(relative)
    ):
        raise AwsError(
            "InvalidPathException",
            f"The path '{text[:200]}' is not valid. A path has 1 to {MAX_PATH_LENGTH} characters and at most "
            f"{MAX_PATH_FOLDERS} folders, has no empty, '.' or '..' part and does not end in a slash.",
        )
    return relative


def folder(text: str | None) -> str:
    """Return a folder's path without slashes at its ends; the root (`/` or nothing) is empty."""
    if text is None:
        raise AwsError("PathRequiredException", "A folder path is required, but was not specified.")
    stripped = text.strip("/")
    return path(stripped) if stripped else ""
