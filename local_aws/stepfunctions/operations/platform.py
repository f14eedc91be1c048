"""What all operations share: the registry, the engine, the time, and the ways to IAM, Logs and the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local_aws.stepfunctions.contracts.engine import Executions
from local_aws.stepfunctions.operations.definitions import Definitions
from local_aws.stepfunctions.operations.roles import Roles
from local_aws.stepfunctions.registry.registry import Registry

SyncPermissions = Callable[[str], Iterable[tuple[str, str]]]
"""The actions and resources that a Task's `Resource` needs of the role when its state machine is made."""


@dataclass(frozen=True)
class Platform:
    """One Step Functions."""

    registry: Registry
    executions: Executions
    definitions: Definitions
    roles: Roles
    region: str
    now: Callable[[], float]
    """Unix time, seconds."""
    new_id: Callable[[], str]
    """A new UUID."""
    draw: Callable[[], float]
    """A random number from 0 up to 1, by which an alias chooses a version."""
    has_log_group: Callable[[str], bool]
    """Whether CloudWatch Logs has a group of that name."""
    sync_permissions: SyncPermissions
