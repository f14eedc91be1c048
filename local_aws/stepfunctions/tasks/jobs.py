"""`.sync` for jobs that have an id: they are started, asked for until they end, and stopped with their state.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from local_aws.stepfunctions.contracts.errors import TASK_FAILED
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from local_aws.stepfunctions.tasks.requesting import Requester
from local_aws.stepfunctions.tasks.sdk.requests import compact

log = logging.getLogger(__name__)

UNREACHABLE = ".SdkClientException"


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands: `succeeded` is None while it runs; `output` describes it."""

    succeeded: bool | None
    output: Any = None


class Job(ABC):
    """A job of one service."""

    def __init__(self, requester: Requester) -> None:
        """Keep the way to the service."""
        self.requester = requester

    def problem(self, arguments: Any) -> str | None:
        """Why the task would not start with these arguments; None if it would."""
        return self.requester.problem(arguments)

    def definition_problems(self, template: Any) -> list[str]:
        """What AWS refuses of Parameters or Arguments as they are declared."""
        return self.requester.definition_problems(template)

    @abstractmethod
    def start(self, call: TaskCall) -> Done | Submitted:
        """Start the job, or find the one that this call has started before."""

    @abstractmethod
    def look(self, call: TaskCall, job: Any) -> State:
        """Ask for the job. Raises TaskFailed."""

    @abstractmethod
    def end(self, call: TaskCall, job: Any) -> None:
        """Ask the service to stop the job. Raises TaskFailed, also for one that has ended."""

    def poll(self, call: TaskCall, job: Any) -> Done | None:
        """The job's end. Raises TaskFailed for a job that failed or was stopped; its cause describes the job."""
        try:
            state = self.look(call, job)
        except TaskFailed as error:
            # Local AWS is starting or stopping: the job is asked for again.
            if error.error.endswith(UNREACHABLE):
                return None
            raise
        if state.succeeded is None:
            return None
        if not state.succeeded:
            raise TaskFailed(TASK_FAILED, compact(state.output))
        return Done(state.output)

    def stop(self, call: TaskCall, job: Any) -> None:
        """Stop the job; one that has ended stays as it is."""
        try:
            self.end(call, job)
        except TaskFailed as error:
            log.info("%s of %s was not stopped: %s", job, call.execution_arn, error)
