"""What every part of SageMaker here is given."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.runtime import Runtime
from local_aws.sagemaker.launcher import Launcher
from local_aws.sagemaker.records import Records
from local_aws.sagemaker.roles import ExecutionRole


@dataclass(frozen=True)
class Platform:
    """The surroundings of jobs and endpoints."""

    runtime: Runtime
    records: Records
    launcher: Launcher
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when local AWS goes down: whatever runs then is continued at the next start."""

    @property
    def folder(self) -> Path:
        """Where jobs and models lie while they are in use."""
        return self.runtime.settings.state / "sagemaker"

    def role(self, role_arn: str, source_arn: str) -> ExecutionRole:
        """An execution role, taken for a resource."""
        return ExecutionRole(self.runtime.clients, role_arn, source_arn)
