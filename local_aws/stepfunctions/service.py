"""Step Functions of local AWS: what the server registers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from local_aws import base, ids
from local_aws.runtime import Runtime
from local_aws.stepfunctions import cloudformation
from local_aws.stepfunctions.contracts.engine import Executions as Engine
from local_aws.stepfunctions.operations.activities import Activities
from local_aws.stepfunctions.operations.aliases import Aliases
from local_aws.stepfunctions.operations.definitions import Definitions
from local_aws.stepfunctions.operations.executions import Executions
from local_aws.stepfunctions.operations.listings import Listings
from local_aws.stepfunctions.operations.machines import Machines
from local_aws.stepfunctions.operations.map_runs import MapRuns
from local_aws.stepfunctions.operations.permissions import Permissions
from local_aws.stepfunctions.operations.platform import Platform, SyncPermissions
from local_aws.stepfunctions.operations.roles import AssumeRole, Enforce, Roles
from local_aws.stepfunctions.operations.tagging import Tagging
from local_aws.stepfunctions.operations.validation import Validation
from local_aws.stepfunctions.operations.versions import Versions
from local_aws.stepfunctions.registry.registry import Registry
from local_aws.stepfunctions.state_tests.requests import RunStateTest, StateTests
from local_aws.stepfunctions.targets import MachineTarget
from local_aws.wire import Behaviour, Operation


@dataclass(frozen=True)
class Surroundings:
    """The language, and IAM, Logs and chance around the service."""

    definitions: Definitions
    assume_role: AssumeRole = base.assume_role
    enforce: Enforce = base.enforce
    has_log_group: Callable[[str], bool] = base.has_log_group
    new_id: Callable[[], str] = ids.new_uuid
    draw: Callable[[], float] = random.random


class StepFunctionsService:
    """The operations of Step Functions, and state machines as targets of events and as resources of stacks."""

    def __init__(
        self,
        runtime: Runtime,
        executions: Engine,
        run_state_test: RunStateTest,
        sync_permissions: SyncPermissions,
        around: Surroundings,
    ) -> None:
        """`executions` is the engine. Nothing runs here by itself."""
        region = runtime.settings.region
        self._registry = Registry(runtime.store)
        self._platform = Platform(
            registry=self._registry,
            executions=executions,
            definitions=around.definitions,
            roles=Roles(around.assume_role, around.enforce, region),
            region=region,
            now=lambda: runtime.clock.now().timestamp(),
            new_id=around.new_id,
            draw=around.draw,
            has_log_group=around.has_log_group,
            sync_permissions=sync_permissions,
        )
        self._permissions = Permissions(self._registry, region)
        self._versions = Versions(self._platform)
        self._machines = Machines(self._platform, self._versions)
        self._aliases = Aliases(self._platform)
        self._executions = Executions(self._platform, self._machines, self._aliases)
        self._activities, self._map_runs = Activities(self._platform), MapRuns(self._platform)
        self._listings, self._tagging = Listings(self._platform, self._machines), Tagging(self._platform)
        self._validation, self._state_tests = Validation(self._platform), StateTests(run_state_test)
        starting = self._permissions.of("StartExecution")
        self._target = MachineTarget(self._executions, starting, around.assume_role, around.enforce, region)

    def operations(self) -> dict[str, Operation]:
        """Every operation of the service model, with the permissions that it asks for."""
        behaviours = {**self._on_machines(), **self._on_executions(), **self._on_tasks()}
        return {name: Operation(behaviour, self._permissions.of(name)) for name, behaviour in behaviours.items()}

    def _on_machines(self) -> dict[str, Behaviour]:
        machines, versions, aliases = self._machines, self._versions, self._aliases
        return {
            "CreateStateMachine": machines.create,
            "UpdateStateMachine": machines.update,
            "DeleteStateMachine": machines.delete,
            "DescribeStateMachine": machines.describe,
            "ListStateMachines": machines.list_machines,
            "ValidateStateMachineDefinition": self._validation.validate,
            "PublishStateMachineVersion": versions.publish_version,
            "DeleteStateMachineVersion": versions.delete,
            "ListStateMachineVersions": versions.list_versions,
            "CreateStateMachineAlias": aliases.create,
            "UpdateStateMachineAlias": aliases.update,
            "DescribeStateMachineAlias": aliases.describe,
            "DeleteStateMachineAlias": aliases.delete,
            "ListStateMachineAliases": aliases.list_aliases,
            "TagResource": self._tagging.tag,
            "UntagResource": self._tagging.untag,
            "ListTagsForResource": self._tagging.list_tags,
        }

    def _on_executions(self) -> dict[str, Behaviour]:
        executions, map_runs = self._executions, self._map_runs
        return {
            "StartExecution": executions.start,
            "StartSyncExecution": executions.start_sync,
            "StopExecution": executions.stop,
            "RedriveExecution": executions.redrive,
            "DescribeExecution": executions.describe,
            "DescribeStateMachineForExecution": executions.machine_for,
            "ListExecutions": self._listings.executions,
            "GetExecutionHistory": self._listings.history,
            "DescribeMapRun": map_runs.describe,
            "ListMapRuns": map_runs.list_runs,
            "UpdateMapRun": map_runs.update,
        }

    def _on_tasks(self) -> dict[str, Behaviour]:
        activities = self._activities
        return {
            "CreateActivity": activities.create,
            "DescribeActivity": activities.describe,
            "ListActivities": activities.list_activities,
            "DeleteActivity": activities.delete,
            "GetActivityTask": activities.task,
            "SendTaskSuccess": activities.succeed,
            "SendTaskFailure": activities.fail,
            "SendTaskHeartbeat": activities.heartbeat,
            "TestState": self._state_tests.test,
        }

    def resource_types(self) -> dict[str, base.ResourceType]:
        """The CloudFormation types of this service."""
        return cloudformation.resource_types(self._platform.region, self._on_machines() | self._on_tasks())

    def start_from_event(self, arn: str, payload: str, role_arn: str, source_arn: str) -> bool:
        """The target of a rule, a schedule or a pipe is a state machine: start an execution. Never raises.

        Returns whether it was started.
        """
        return self._target.start(arn, payload, role_arn, source_arn)
