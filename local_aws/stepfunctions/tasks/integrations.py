"""All integrations: one table from a resource to what runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws.stepfunctions.contracts.errors import TASK_FAILED
from local_aws.stepfunctions.tasks.builds import Build
from local_aws.stepfunctions.tasks.catalog import OPTIMIZED, REQUEST, TOKEN
from local_aws.stepfunctions.tasks.contract import Done, Integration, Resource, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.executions import NestedExecution
from local_aws.stepfunctions.tasks.http_tasks.invoke import HttpInvoke
from local_aws.stepfunctions.tasks.lambda_calls import LambdaFunction, LambdaInvoke
from local_aws.stepfunctions.tasks.requesting import Requester, Target
from local_aws.stepfunctions.tasks.resources import parse, plain_action
from local_aws.stepfunctions.tasks.sagemaker_jobs import SageMakerJob
from local_aws.stepfunctions.tasks.sdk.dialect import sdk_dialect
from local_aws.stepfunctions.tasks.sdk.models import actions, botocore_service
from local_aws.stepfunctions.tasks.service_calls import EndpointUpdate, NamedCreation, PutEvents, ServiceCall
from local_aws.stepfunctions.tasks.tools import Tools

_SDK = "aws-sdk:"
_SPECIAL: dict[str, Callable[[Requester], Integration]] = {
    "lambda": LambdaInvoke,
    "events": PutEvents,
    "states": NestedExecution,
}
_JOBS: dict[str, Callable[[Requester], Integration]] = {"sagemaker": SageMakerJob, "codebuild": Build}
_MOST = 512


class Missing:
    """An integration that AWS has and local AWS has not."""

    def __init__(self, resource: Resource) -> None:
        """Keep what is missing."""
        self._resource = resource

    def start(self, call: TaskCall) -> Done | Submitted:
        """Say what is missing. Always raises TaskFailed."""
        phase = "submit" if self._resource.pattern else "run"
        raise TaskFailed(
            TASK_FAILED,
            f"State {call.state}: local AWS has no integration {self._resource.arn}, as it lacks the service "
            f"{self._resource.service}; docs/local-aws.md names the services that it has.",
            phase=phase,
        )

    def poll(self, _call: TaskCall, _job: Any) -> Done | None:
        """Nothing is submitted."""
        return None

    def stop(self, _call: TaskCall, _job: Any) -> None:
        """Nothing runs."""


class Integrations:
    """`contract.Tasks` over the services of local AWS."""

    def __init__(self, tools: Tools) -> None:
        """Keep the surroundings; integrations are made as they are asked for."""
        self.tools = tools
        self._made: dict[str, Integration] = {}

    def resource(self, arn: str) -> Resource:
        """Read a Resource. Raises ValueError, with what AWS says, for one that AWS does not know."""
        return parse(arn)

    def integration(self, resource: Resource) -> Integration:
        """The integration of a resource. Raises KeyError for an activity: its workers ask for the work."""
        found = self._made.get(resource.arn)
        if found is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            found = self._made[resource.arn] = self._make(resource)
        return found

    def problem(self, resource: Resource, arguments: Any) -> str | None:
        """Why AWS would refuse to start a task with these arguments: the cause of States.Runtime, or None.

        It is to be asked before the task is scheduled, as AWS writes no event of the task then.
        """
        if resource.kind == "activity":
            return None
        ask = getattr(self.integration(resource), "problem", None)
        return ask(arguments) if ask else None

    def shown(self, resource: Resource, arguments: Any) -> Any:
        """The parameters that the event TaskScheduled is to tell; they are those given but for jobs of SageMaker."""
        if resource.kind != "service" or not isinstance(arguments, dict):
            return arguments
        ask = getattr(self.integration(resource), "shown", None)
        return ask(arguments) if ask else arguments

    def definition_problems(self, resource: Resource, template: Any) -> list[str]:
        """What AWS refuses of Parameters or Arguments when a state machine is made; no values are known then."""
        if resource.kind == "activity":
            return []
        ask = getattr(self.integration(resource), "definition_problems", None)
        return ask(template) if ask else []

    def _make(self, resource: Resource) -> Integration:
        if resource.kind == "lambda":
            return LambdaFunction(self._requester("lambda", "Invoke", resource))
        if resource.kind == "activity":
            raise KeyError(f"{resource.arn} is an activity, which no integration calls")
        if resource.service == "http":
            return HttpInvoke(self.tools)
        if resource.service.startswith(_SDK):
            return self._sdk(resource)
        return self._optimized(resource)

    def _sdk(self, resource: Resource) -> Integration:
        service = botocore_service(resource.service.removeprefix(_SDK))
        if service is None:
            return Missing(resource)
        operation = actions(service)[plain_action(resource)]
        dialect = sdk_dialect(self.tools.model(service).service_id)
        return ServiceCall(Requester(self.tools, Target(service, operation, dialect, resource.pattern)))

    def _optimized(self, resource: Resource) -> Integration:
        service, action = resource.service, plain_action(resource)
        if not OPTIMIZED[service].sdk:
            return Missing(resource)
        requester = self._requester(service, action[:1].upper() + action[1:], resource)
        if service in _SPECIAL:
            return _SPECIAL[service](requester)
        if resource.pattern not in (REQUEST, TOKEN):
            return _JOBS[service](requester)
        if service == "sagemaker":
            return EndpointUpdate(requester) if action == "updateEndpoint" else NamedCreation(requester)
        return ServiceCall(requester)

    def _requester(self, service: str, operation: str, resource: Resource) -> Requester:
        found = OPTIMIZED[service]
        if found.dialect is None:
            raise KeyError(f"{service} is no service that local AWS calls")
        return Requester(self.tools, Target(found.sdk, operation, found.dialect, resource.pattern))
