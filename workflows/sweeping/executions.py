"""Deletes the endpoints that an execution has left.

A state machine deletes its endpoint on every way out that it can catch. An execution that somebody stops, or that runs
out of time, takes none of them, and the endpoint would cost money until somebody sees it. Jobs need no sweeping: Step
Functions stops those that a state waits for
(https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.runtime.failures import UnavailableError
from workflows.aws import leftovers
from workflows.runtime.errors import InputError
from workflows.runtime.names import mark

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
_IN_BETWEEN = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
_UNSUCCESSFUL = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
_PAUSE_S, _MARGIN_S, _STALE_S = 5.0, 15.0, 1.5


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution that has ended, with the number of its redrives."""

    arn: str
    redrives: int


def is_schedule(event: Any) -> bool:
    """Tell whether an event is a schedule's.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
    """
    return isinstance(event, Mapping) and event.get("detail-type") == "Scheduled Event"


def parse_ended(event: Any) -> Ended:
    """The execution of an event of Step Functions; InputError if it is another event.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    detail = event.get("detail") if isinstance(event, Mapping) else None
    arn = detail.get("executionArn") if isinstance(detail, Mapping) else None
    if not isinstance(detail, Mapping) or not isinstance(arn, str):
        raise InputError("The event has no detail.executionArn: only the rule for ended executions may send one.")
    return Ended(arn, int(detail.get("redriveCount") or 0))


def sweep(ended: Ended, prefix: str, remaining_ms: Callable[[], int]) -> list[str]:
    """Delete the endpoints of an execution whose names begin with `prefix`; returns their names.

    An endpoint that is being created can only be deleted afterwards, so this may wait; `remaining_ms` returns how long
    it may. Raises UnavailableError when that time is up, and Lambda repeats the event. An execution that runs again,
    as somebody has redriven it, keeps its endpoints.
    """
    deleted: list[str] = []
    for look in range(2):
        if look:
            # SageMaker may not list an endpoint yet that was created a moment before the execution was stopped.
            time.sleep(_STALE_S)
        for name in _left(ended, prefix):
            if name not in deleted and _delete(name, ended, remaining_ms):
                deleted.append(name)
    return deleted


def sweep_all(prefix: str, remaining_ms: Callable[[], int]) -> list[str]:
    """Delete what executions have left whose event was lost; returns the names of the endpoints.

    Step Functions sends its events as well as it can, and promises none:
    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html. Raises as `sweep` does.
    """
    found = leftovers.endpoints_of_executions(prefix.removeprefix("slipway-"))
    return [
        name
        for name, execution in found
        if leftovers.execution_status(execution) in _UNSUCCESSFUL and _delete(name, Ended(execution, 0), remaining_ms)
    ]


def _left(ended: Ended, prefix: str) -> list[str]:
    if leftovers.execution_status(ended.arn) in _RUNNING:
        return []
    marks = [mark(ended.arn, redrive) for redrive in range(ended.redrives + 1)]
    return [name for one in marks for name in leftovers.endpoints(one) if name.startswith(f"{prefix}-")]


def _delete(name: str, ended: Ended, remaining_ms: Callable[[], int]) -> bool:
    while (status := leftovers.endpoint_status(name)) in _IN_BETWEEN:
        if remaining_ms() / 1000 < _PAUSE_S + _MARGIN_S:
            raise UnavailableError(f"Endpoint {name} is {status} and can only be deleted after that; it costs money.")
        time.sleep(_PAUSE_S)
        if leftovers.execution_status(ended.arn) in _RUNNING:
            return False
    if status is not None and status != "Deleting":
        leftovers.delete_endpoint(name)
    return status is not None
