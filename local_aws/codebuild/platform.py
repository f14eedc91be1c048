"""What the parts of CodeBuild share: runtime, records, folders, and the role of a build."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws import base
from local_aws.codebuild.names import project_arn
from local_aws.codebuild.records import Document, Records
from local_aws.runtime import Runtime

_LONGEST_BUILD_S = 36 * 60 * 60.0
"""https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html. On AWS, SDKs renew the credentials themselves."""
SERVICE = "codebuild.amazonaws.com"
RevisionOf = Callable[[str, str], str | None]
"""The source revision that CodePipeline knows of the artifact with that bucket and key."""


@dataclass
class Platform:
    """One CodeBuild."""

    runtime: Runtime
    records: Records
    revision_of: RevisionOf
    stopping: threading.Event = field(default_factory=threading.Event)
    _begun: dict[str, float] = field(default_factory=dict)
    _turns: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    @property
    def region(self) -> str:
        return self.runtime.settings.region

    @property
    def folder(self) -> Path:
        """The folder of builds and of the projects' virtual environments."""
        return self.runtime.settings.state / "codebuild"

    def begin_phase(self, build_id: str) -> None:
        """Note when a build's phase begins, by the monotonic clock."""
        self._begun[build_id] = self.runtime.clock.monotonic()

    def phase_s(self, build_id: str) -> int:
        """How long the phase has lasted, in seconds; 0 for one of an earlier process."""
        now = self.runtime.clock.monotonic()
        return int(now - self._begun.pop(build_id, now))

    def now(self) -> float:
        """Unix time, seconds."""
        return self.runtime.clock.now().timestamp()

    def turn(self, project: str) -> threading.Lock:
        """Held by the running build of a project, as its builds share a virtual environment."""
        return self._turns[project]


@dataclass(frozen=True)
class ServiceRole:
    """The role that a build runs with; its session is named after the build."""

    platform: Platform
    arn: str
    build: Document

    def assume(self) -> base.Credentials:
        """Credentials of the role. Raises base.RoleNotAssumableError."""
        source = project_arn(self.platform.region, self.build["projectName"])
        return base.assume_role(self.arn, SERVICE, self._session, source, lasts_s=_LONGEST_BUILD_S)

    def end(self) -> None:
        """End the session, which would last for 36 hours; the build's processes have ended."""
        base.end_session(self.arn, SERVICE, self._session)

    @property
    def _session(self) -> str:
        return f"AWSCodeBuild-{self.build['id'].rpartition(':')[2]}"

    def client(self, service: str) -> Any:
        """A client of another service that acts as the role. Raises base.RoleNotAssumableError."""
        return self.platform.runtime.clients.get(service, self.assume())
