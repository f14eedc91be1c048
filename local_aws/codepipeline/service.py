"""CodePipeline of local AWS: what the server registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws import base, ids
from local_aws.codeconnections.links import Push
from local_aws.codepipeline.actions import PROVIDERS
from local_aws.codepipeline.actions.contract import Archives, AssumeRole, Connections, Tools
from local_aws.codepipeline.cloudformation import TYPE, PipelineResource
from local_aws.codepipeline.execution.changes import Changes
from local_aws.codepipeline.execution.engine import Engine, PutEvent
from local_aws.codepipeline.execution.events import Events
from local_aws.codepipeline.execution.metrics import with_metrics
from local_aws.codepipeline.operations.answers import Answers
from local_aws.codepipeline.operations.executions import Executions
from local_aws.codepipeline.operations.history import History
from local_aws.codepipeline.operations.permissions import permissions
from local_aws.codepipeline.operations.pipelines import Pipelines
from local_aws.codepipeline.polls import SourcePolls
from local_aws.codepipeline.state.state import State
from local_aws.codepipeline.targets import ConnectionTarget, Enforce, EventTarget
from local_aws.runtime import Runtime
from local_aws.wire import Behaviour, Operation

_HISTORY_S = 365 * 24 * 3600.0
"""12 months from the start of an execution."""


class CodePipelineService:
    """The operations of CodePipeline, its engine, and pipelines as event targets and as stack resources."""

    def __init__(
        self,
        runtime: Runtime,
        archives: Archives,
        connections: Connections,
        *,
        assume_role: AssumeRole = base.assume_role,
        enforce: Enforce = base.enforce,
        put_event: PutEvent | None = None,
        new_id: Callable[[], str] = ids.new_uuid,
        new_suffix: Callable[[], str] = ids.new_key_suffix,
    ) -> None:
        """`archives` is CodeCommit, `connections` CodeConnections. Nothing runs before `resume`.

        `put_event` replaces EventBridge and CloudWatch's metrics.
        """
        region = runtime.settings.region
        self._state = State(runtime.store, region)
        self._now = runtime.clock.now
        tools = Tools(runtime, self._state, archives, connections, assume_role, new_id)
        changes = Changes(self._state, Events(self._state, region), tools.now, new_id, new_suffix)
        providers = {key: provider(tools) for key, provider in PROVIDERS.items()}
        put_event = put_event or with_metrics(base.put_event, base.put_metric, tools.now)
        self._engine = Engine(tools, changes, providers, put_event)
        self._executions = Executions(self._state, changes, self._engine)
        self._polls = SourcePolls(self._state, self._executions, providers)
        self._pipelines = Pipelines(self._state, self._engine, self._executions, region, assume_role, tools.now)
        self._answers = Answers(tools, changes, self._engine)
        self._history = History(self._state, region)
        self._target = EventTarget(self._state, self._executions, region, assume_role, enforce)
        self._connection_target = ConnectionTarget(self._state, self._executions)
        self._region = region

    def revision_of(self, bucket: str, key: str) -> str | None:
        """The source revision of an artifact; None if it does not come from a source action."""
        return self._state.revision_of(bucket, key)

    def operations(self) -> dict[str, Operation]:
        """Every operation that is emulated, with the permissions that it requires."""
        return {
            name: Operation(behaviour, permissions(name, self._region))
            for name, behaviour in self._behaviours().items()
        }

    def _behaviours(self) -> dict[str, Behaviour]:
        pipelines, executions, answers = self._pipelines, self._executions, self._answers
        return {
            "CreatePipeline": pipelines.create,
            "UpdatePipeline": pipelines.update,
            "GetPipeline": pipelines.get,
            "DeletePipeline": pipelines.delete,
            "ListPipelines": pipelines.list,
            "EnableStageTransition": pipelines.enable_transition,
            "DisableStageTransition": pipelines.disable_transition,
            "TagResource": pipelines.tag,
            "UntagResource": pipelines.untag,
            "ListTagsForResource": pipelines.list_tags,
            "StartPipelineExecution": executions.start,
            "StopPipelineExecution": executions.stop,
            "RetryStageExecution": executions.retry,
            "RollbackStage": executions.roll_back,
            "GetPipelineExecution": executions.get,
            "ListPipelineExecutions": executions.list,
            "GetPipelineState": self._history.pipeline_state,
            "ListActionExecutions": self._history.actions,
            "PutJobSuccessResult": answers.job_success,
            "PutJobFailureResult": answers.job_failure,
            "GetJobDetails": answers.job_details,
            "PutApprovalResult": answers.approval,
        }

    def resource_types(self) -> dict[str, Any]:
        """The CloudFormation types of this service."""
        resource = PipelineResource(self._state, self._pipelines, self._executions, self._region)
        return {TYPE: resource.resource_type()}

    def start_from_event(self, pipeline_arn: str, payload: str, role_arn: str, rule_arn: str) -> None:
        """Start the pipeline that is a rule's target: record an execution and return. A refusal is only logged."""
        self._target.start(pipeline_arn, payload, role_arn, rule_arn)

    def start_from_push(self, push: Push) -> None:
        """Start the pipelines whose source is the connection's repository."""
        self._connection_target.start(push)

    def resume(self) -> None:
        """Delete old executions, continue what was running when the last process ended, and begin to schedule.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html
        """
        self._state.forget_executions(self._now().timestamp() - _HISTORY_S)
        self._engine.start()
        self._polls.start()

    def stop(self) -> None:
        """End the threads."""
        self._polls.stop()
        self._engine.stop()
