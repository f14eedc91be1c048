"""Executions that a state starts: `states:startExecution`, alone or with `.sync`, `.sync:2` or a task token.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import json
from typing import Any

from local_aws.stepfunctions.tasks.catalog import REQUEST, SYNC2, TOKEN
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.jobs import Job, State
from local_aws.stepfunctions.tasks.tools import derived_id

_RUNNING = ("RUNNING", "PENDING_REDRIVE")
_SUCCEEDED = "SUCCEEDED"
_EXISTS = "StepFunctions.ExecutionAlreadyExistsException"


class NestedExecution(Job):
    """An execution of another state machine."""

    def start(self, call: TaskCall) -> Done | Submitted:
        """Start the execution. Without a name it gets one of the call, so that a repeat finds it."""
        request = self.requester.prepare(call, call.arguments)
        request.setdefault("name", derived_id(call.key))
        output = self._started(call, request)
        if self.requester.target.pattern == REQUEST:
            return Done(output)
        job = None if self.requester.target.pattern == TOKEN else {"arn": output["ExecutionArn"]}
        return Submitted(output, job)

    def look(self, call: TaskCall, job: Any) -> State:
        """Describe the execution; `.sync:2` gives its input and output as JSON, `.sync` as text."""
        raw, described = self.requester.describe(call, "DescribeExecution", {"executionArn": job["arn"]})
        if raw["status"] in _RUNNING:
            return State(None)
        if self.requester.target.pattern == SYNC2:
            described |= {name: json.loads(described[name]) for name in ("Input", "Output") if name in described}
        return State(raw["status"] == _SUCCEEDED, described)

    def end(self, call: TaskCall, job: Any) -> None:
        """Abort the execution."""
        self.requester.invoke(call, "StopExecution", {"executionArn": job["arn"]})

    def _started(self, call: TaskCall, request: dict[str, Any]) -> dict[str, Any]:
        try:
            found = self.requester.send(call, request)
        except TaskFailed as error:
            if not call.again or error.error != _EXISTS:
                raise
            found = self._made(call, request)
            if found is None:
                raise
        return self.requester.output(found)

    def _made(self, call: TaskCall, request: dict[str, Any]) -> Any:
        """The execution that this call started before, once it has ended: the same name and input."""
        found = self.requester.invoke(call, "DescribeExecution", {"executionArn": execution_arn(request)})
        same = json.loads(found.get("input", "{}")) == json.loads(request.get("input", "{}"))
        return found if same else None


def execution_arn(request: dict[str, Any]) -> str:
    """The ARN of the execution that a StartExecution request makes of a standard state machine, version or alias."""
    start, _, rest = request["stateMachineArn"].partition(":stateMachine:")
    return f"{start}:execution:{rest.partition(':')[0]}:{request['name']}"
