"""What an integration is: it starts the work of a Task state, and says how it ended.

The engine calls integrations on worker threads, so they may block. Whatever they raise but `TaskFailed` is a fault of
local AWS. https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One attempt of a Task state.

    `arguments` is the effective input. `role_arn` is the state machine's role, or that of the state's Credentials,
    which `machine_role_arn`, then the state machine's role, assumes. The latter is "" where there are no Credentials.
    `token` is the task token, also where the pattern needs none. `key` is the same when the call is made again after
    local AWS was killed, and differs in another attempt: names and idempotency tokens are made of it. `again` is
    True for such a repeat, when what has a name is to be looked for before it is made.
    """

    execution_arn: str
    state_machine_arn: str
    state: str
    resource: str
    arguments: Any
    role_arn: str
    token: str
    key: str
    timeout_s: float | None = None
    trace_header: str = ""
    again: bool = False
    machine_role_arn: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The work has ended well; `output` is JSON."""

    output: Any


@dataclass(frozen=True, slots=True)
class Submitted:
    """The work goes on elsewhere. `output` is the answer to the request.

    `job` is what `poll` and `stop` need, as JSON: it is stored. None where only the task token ends the task.
    """

    output: Any
    job: Any = None


class TaskFailed(Exception):  # noqa: N818 - the name of AWS's event
    """The work, or the request for it, has failed, with the error that Retry and Catch match.

    `phase` is that of the history: "schedule" (LambdaFunctionScheduleFailed), "start" (TaskStartFailed), "submit"
    (TaskSubmitFailed), "run" (TaskFailed), "timeout" (TaskTimedOut).
    """

    def __init__(self, error: str, cause: str = "", *, phase: str = "run") -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause, self.phase = error, cause, phase


class Integration(Protocol):
    """A resource that Task states call."""

    def start(self, call: TaskCall) -> Done | Submitted:
        """Make the request; returns `Done` where its answer is the result. Raises TaskFailed."""

    def poll(self, call: TaskCall, job: Any) -> Done | None:
        """Look for the end of a job that `start` submitted; None while it runs. Raises TaskFailed."""

    def stop(self, call: TaskCall, job: Any) -> None:
        """Stop a job whose state was aborted or timed out; never raises for one that has ended."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What the `Resource` of a Task state says.

    `service` is that of the history's resourceType (`sagemaker`, `lambda`, `aws-sdk:s3`, `states`); `action` that of
    its `resource`, with the pattern (`createTrainingJob.sync`). `pattern` is "", "sync", "sync:2" or
    "waitForTaskToken". `kind` is "lambda" or "activity" for plain ARNs of these, else "service".
    """

    arn: str
    kind: str
    service: str = ""
    action: str = ""
    pattern: str = ""


class Tasks(Protocol):
    """All integrations, as the interpreter and the engine see them."""

    def resource(self, arn: str) -> Resource:
        """Read a Resource. Raises ValueError, with what AWS says, for one that AWS does not know."""

    def problem(self, resource: Resource, arguments: Any) -> str | None:
        """Return why AWS would refuse a task with these arguments before it is scheduled; None if it would not."""

    def shown(self, resource: Resource, arguments: Any) -> Any:
        """Return the arguments as the history shows them."""

    def integration(self, resource: Resource) -> Integration:
        """The integration of a resource."""
