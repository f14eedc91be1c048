"""Integrations whose answer is the result: `aws-sdk` for any service, and the optimized ones that need no more.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

from typing import Any

from local_aws.stepfunctions.tasks.catalog import TOKEN
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.requesting import Requester
from local_aws.stepfunctions.tasks.sdk.requests import compact


class ServiceCall:
    """One request; with the token pattern, who is given the token ends the task."""

    def __init__(self, requester: Requester) -> None:
        """Keep the way to the service."""
        self.requester = requester

    def problem(self, arguments: Any) -> str | None:
        """Why the task would not start with these arguments; None if it would."""
        return self.requester.problem(arguments)

    def definition_problems(self, template: Any) -> list[str]:
        """What AWS refuses of Parameters or Arguments as they are declared."""
        return self.requester.definition_problems(template)

    def start(self, call: TaskCall) -> Done | Submitted:
        """Make the request."""
        output = self.request(call)
        return Submitted(output) if self.requester.target.pattern == TOKEN else Done(output)

    def request(self, call: TaskCall) -> dict[str, Any]:
        """The output of the request. Raises TaskFailed."""
        return self.requester.output(self.requester.send(call))

    def poll(self, _call: TaskCall, _job: Any) -> Done | None:
        """Only the task token ends it."""
        return None

    def stop(self, _call: TaskCall, _job: Any) -> None:
        """What was asked for cannot be taken back."""


class PutEvents(ServiceCall):
    """EventBridge: events that name the execution, all of which must be taken.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    """

    def request(self, call: TaskCall) -> dict[str, Any]:
        """Send the events. Raises TaskFailed."""
        request = self.requester.prepare(call, call.arguments)
        for entry in request["Entries"]:
            entry["Resources"] = [*entry.get("Resources", []), call.execution_arn, call.state_machine_arn]
        answer = self.requester.send(call, request)
        output = self.requester.output(answer)
        if answer.get("FailedEntryCount", 0):
            raise TaskFailed("EventBridge.FailedEntry", compact(output), phase=self.requester.target.phase)
        return output


class NamedCreation(ServiceCall):
    """A creation of SageMaker that may be made again after a kill: what it has made already is its answer."""

    def request(self, call: TaskCall) -> dict[str, Any]:
        """Create it, or find what this call has created before. Raises TaskFailed."""
        request = self.requester.prepare(call, call.arguments)
        try:
            made = self.requester.send(call, request)
        except TaskFailed as error:
            made = self._made(call, request) if call.again and "already exist" in error.cause else None
            if made is None:
                raise
        return self.requester.output(made)

    def _made(self, call: TaskCall, request: dict[str, Any]) -> Any:
        kind = self.requester.target.operation.removeprefix("Create")
        try:
            return self.requester.invoke(call, f"Describe{kind}", {f"{kind}Name": request[f"{kind}Name"]})
        except TaskFailed:
            return None


class EndpointUpdate(ServiceCall):
    """UpdateEndpoint, which SageMaker refuses while an update runs: one that this call has begun is its answer."""

    def request(self, call: TaskCall) -> dict[str, Any]:
        """Update the endpoint, or find the update under way or done. Raises TaskFailed."""
        request = self.requester.prepare(call, call.arguments)
        begun = self._begun(call, request) if call.again else None
        return self.requester.output(begun or self.requester.send(call, request))

    def _begun(self, call: TaskCall, request: dict[str, Any]) -> Any:
        try:
            found = self.requester.invoke(call, "DescribeEndpoint", {"EndpointName": request["EndpointName"]})
        except TaskFailed:
            return None
        pending = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        return found if request["EndpointConfigName"] in (found.get("EndpointConfigName"), pending) else None
