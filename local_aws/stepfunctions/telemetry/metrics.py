"""The metrics of executions and of their tasks, in the namespace AWS/States.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import (
    ABORTED,
    BILLED_MB,
    FAILED,
    RUNNING,
    SUCCEEDED,
    TIMED_OUT,
    ExecutionRecord,
    billed_ms,
)

NAMESPACE = "AWS/States"
PutMetric = Callable[[str, str, float, str, Mapping[str, str]], None]
"""Takes the namespace, the name, the value, the unit and the dimensions."""
_COUNT, _MS, _MB = "Count", "Milliseconds", "Megabytes"
_ENDS = {SUCCEEDED: "Succeeded", FAILED: "Failed", ABORTED: "Aborted", TIMED_OUT: "TimedOut"}


def count(put_metric: PutMetric, record: ExecutionRecord) -> None:
    """Count an execution that has started, been redriven or ended, for account, machine, version and alias."""
    end, redriven = _ENDS.get(record.status, ""), record.redrive_count > 0
    if record.status == RUNNING:
        names = ["ExecutionsRedriven" if redriven else "ExecutionsStarted"]
    else:
        names = [f"Executions{end}", *([f"RedrivenExecutions{end}"] if redriven else [])] if end else []
    for dimensions in _dimensions(record):
        for name in names:
            put_metric(NAMESPACE, name, 1, _COUNT, dimensions)
        if end and record.stopped is not None:
            put_metric(NAMESPACE, "ExecutionTime", (record.stopped - record.started) * 1000, _MS, dimensions)


def count_express(put_metric: PutMetric, record: ExecutionRecord) -> None:
    """Count what an express execution that has ended would cost: https://aws.amazon.com/step-functions/pricing/."""
    of_machine = {"StateMachineArn": record.machine.arn}
    for dimensions in ({}, of_machine):
        put_metric(NAMESPACE, "ExpressExecutionBilledDuration", billed_ms(record), _MS, dimensions)
        put_metric(NAMESPACE, "ExpressExecutionBilledMemory", BILLED_MB, _MB, dimensions)
    put_metric(NAMESPACE, "ExpressExecutionMemory", BILLED_MB, _MB, of_machine)


def _dimensions(record: ExecutionRecord) -> list[dict[str, str]]:
    machine = record.machine
    of_machine = {"StateMachineArn": machine.arn}
    found = [{}, of_machine]
    if machine.alias_arn:
        found.append({**of_machine, "Alias": machine.alias_arn.rpartition(":")[2]})
    if machine.version_arn:
        found.append({**of_machine, "Version": machine.version_arn.rpartition(":")[2]})
    return found


@dataclass(frozen=True, slots=True)
class _Kind:
    """The metrics of one kind of task: what their names begin with, and the dimension."""

    plural: str
    singular: str
    dimension: str
    details: str


_KINDS = {
    "LambdaFunction": _Kind(
        "LambdaFunctions", "LambdaFunction", "LambdaFunctionArn", "lambdaFunctionScheduledEventDetails"
    ),
    "Activity": _Kind("Activities", "Activity", "ActivityArn", "activityScheduledEventDetails"),
    "Task": _Kind(
        "ServiceIntegrations", "ServiceIntegration", "ServiceIntegrationResourceArn", "taskScheduledEventDetails"
    ),
}
_OPEN = frozenset({"Scheduled", "Started", "Submitted"})
_CLOSED = frozenset({"Succeeded", "Failed", "TimedOut"})
_STEPS = {f"{kind}{phase}": (kind, phase) for kind in _KINDS for phase in _OPEN | _CLOSED}
_HEARTBEAT = "States.HeartbeatTimeout"


@dataclass(slots=True)
class _Open:
    """A task that was scheduled and has not ended."""

    kind: _Kind
    dimensions: dict[str, str]
    scheduled: float
    started: float | None = None


class TaskCounter:
    """Counts the tasks that events tell of, and how long they take.

    A task that was scheduled in an earlier process is not known, and its end not counted: AWS delivers metrics on a
    best-effort basis.
    """

    def __init__(self, put_metric: PutMetric) -> None:
        self._put_metric = put_metric
        self._open: dict[str, dict[int, _Open]] = {}

    def count(self, arn: str, events: Iterable[Event]) -> None:
        """Count the steps of an execution's tasks, which are linked by previousEventId."""
        for event in events:
            if event["type"] in _STEPS:
                self._count_step(self._open.setdefault(arn, {}), event)

    def forget(self, arn: str) -> None:
        """Drop what is open of an execution that has ended."""
        self._open.pop(arn, None)

    def _count_step(self, tasks: dict[int, _Open], event: Event) -> None:
        name, phase = _STEPS[event["type"]]
        at = float(event["timestamp"])
        if phase == "Scheduled":
            task: _Open | None = _Open(_KINDS[name], _dimensions_of(event, _KINDS[name]), at)
        else:
            task = tasks.pop(event.get("previousEventId", 0), None)
        if task is None:
            return
        if phase not in _CLOSED:
            tasks[event["id"]] = task
        if phase != "Submitted":
            self._put(task, _counted(event, name, phase), 1, _COUNT, task.kind.plural)
        if phase == "Started":
            task.started = at
            self._put(task, "ScheduleTime", (at - task.scheduled) * 1000, _MS, task.kind.singular)
        elif phase in _CLOSED:
            self._put(task, "Time", (at - task.scheduled) * 1000, _MS, task.kind.singular)
            if task.started is not None:
                self._put(task, "RunTime", (at - task.started) * 1000, _MS, task.kind.singular)

    def _put(self, task: _Open, name: str, value: float, unit: str, beginning: str) -> None:
        self._put_metric(NAMESPACE, f"{beginning}{name}", value, unit, task.dimensions)


def _counted(event: Event, name: str, phase: str) -> str:
    """A heartbeat that stays out has a count of its own, except in service integrations."""
    details = event.get(f"{name[:1].lower()}{name[1:]}TimedOutEventDetails", {})
    heartbeat = name != "Task" and phase == "TimedOut" and details.get("error") == _HEARTBEAT
    return "HeartbeatTimedOut" if heartbeat else phase


def _dimensions_of(scheduled: Event, kind: _Kind) -> dict[str, str]:
    """The ARN of what is called, as the definition's `Resource` has it."""
    details = scheduled[kind.details]
    if "resourceType" in details:
        return {kind.dimension: f"arn:aws:states:::{details['resourceType']}:{details['resource']}"}
    return {kind.dimension: str(details["resource"])}
