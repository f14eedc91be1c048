"""A source in CodeCommit: a clone with the rights of the project's role, which needs `codecommit:GitPull`.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectSource.html. The whole history is cloned, whatever
`gitCloneDepth` says.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.codebuild.faults import PhaseFailedError
from local_aws.codecommit.git_http.signing import SignedPart, signature
from local_aws.settings import HOST

if TYPE_CHECKING:
    from local_aws.base import Credentials
    from local_aws.codebuild.platform import ServiceRole

_LOCATION = re.compile(r"https?://[^/@]+(?P<path>/v1/repos/[\w.-]+)/?")
_TIMEOUT_S = 600.0


def repository_path(location: str) -> str | None:
    """The path of a repository's clone URL, on AWS or here; None if it is none."""
    found = _LOCATION.fullmatch(location)
    return found["path"] if found else None


def clone(role: ServiceRole, location: str, version: str, folder: Path) -> str:
    """Clone the repository into the empty folder, at a commit, branch or tag; returns the commit id.

    Without a version it is the head of the default branch. Raises PhaseFailedError, with the words that CodeBuild has.
    """
    path, shown = repository_path(location), f"for primary source and source version {version}".rstrip()
    if path is None:
        raise PhaseFailedError("CLIENT_ERROR", f"repository not found {shown}: {location} is no clone URL")
    settings = role.platform.runtime.settings
    environment = _environment(role.assume(), SignedPart(path, f"{HOST}:{settings.port}", settings.region), folder)
    cloned = _git(["clone", "--quiet", f"{settings.url}{path}", str(folder)], folder.parent, environment)
    if cloned.returncode:
        raise PhaseFailedError("CLIENT_ERROR", f"{_cause(cloned.stderr)} {shown}: {cloned.stderr.strip()}")
    wanted = version.removeprefix("refs/heads/").removeprefix("refs/tags/") or "HEAD"
    for name in (f"origin/{wanted}", wanted):  # a branch of the repository, before anything that has its name
        if _git(["checkout", "--quiet", "--detach", name, "--"], folder, environment).returncode == 0:
            return _git(["rev-parse", "HEAD"], folder, environment).stdout.strip()
    raise PhaseFailedError("CLIENT_ERROR", f"reference not found {shown}")


def _cause(output: str) -> str:
    if "not found" in output or "404" in output:
        return "repository not found"
    return "authorization failed" if "403" in output or "denied" in output.lower() else "the clone failed"


def _git(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )


def _environment(credentials: Credentials, signed: SignedPart, folder: Path) -> dict[str, str]:
    """Git without the user's configuration; the signature stands in the environment, not in a command line."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    user = f"{credentials.access_key_id}%{credentials.session_token}"
    password = f"{now}Z{signature(credentials.secret_access_key, now, signed)}"
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        "GIT_CONFIG_KEY_1": "http.proxy",
        "GIT_CONFIG_VALUE_1": "",
    }
