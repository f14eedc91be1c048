"""What happens when a frame enters a state, by the state's type.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from local_aws.stepfunctions.contracts.errors import RUNTIME, StatesError
from local_aws.stepfunctions.contracts.records import EXPRESS, MAX_EVENTS
from local_aws.stepfunctions.definition import model
from local_aws.stepfunctions.interpreter.frames import Attempt, Frame, Group, Phase
from local_aws.stepfunctions.interpreter.journal import with_input
from local_aws.stepfunctions.interpreter.leaving import (
    attempt,
    break_off,
    fail,
    finish,
    group_succeeded,
    leave,
    start_child,
)
from local_aws.stepfunctions.interpreter.run import Run, StartMapRun, StartTask
from local_aws.stepfunctions.language import data_flow, map_fields, times
from local_aws.stepfunctions.language.limits import check_input
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import Resource


class Catalog(Protocol):
    """What the interpreter knows of tasks."""

    def resource(self, arn: str) -> Resource:
        """Read the `Resource` of a Task state."""

    def problem(self, resource: Resource, arguments: Any) -> str | None:
        """Return why a task with these arguments is refused before it is scheduled; None if it is not."""

    def shown(self, resource: Resource, arguments: Any) -> Any:
        """Return the arguments as the history shows them."""


_ROOM = 10
"""Events that a state may write before the next one is entered."""
MOST_AT_ONCE = 40
"""Items of an inline Map: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html."""


def enter(run: Run, frame: Frame, tasks: Catalog) -> None:
    """Enter the state that the frame is at."""
    if history_is_full(run):
        too_many_events(run)
        return
    state = run.state(frame)
    frame.entered_at, frame.before = run.now, frame.last
    frame.entered = run.event(f"{type(state).__name__}StateEntered", frame, with_input(frame.text, name=frame.state))
    begin(run, frame, tasks)


def begin(run: Run, frame: Frame, tasks: Catalog) -> None:
    """Do what the state does; again after the delay of a retry."""
    state = run.state(frame)
    action = _BY_TYPE.get(type(state))
    if action is not None:
        attempt(run, frame, lambda: action(run, frame, state))
    else:
        attempt(run, frame, lambda: _task(run, frame, state, tasks))


def too_many_events(run: Run) -> None:
    """Fail an execution whose history is full.

    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-history-limit
    """
    break_off(run, RUNTIME, f"The execution reached the maximum number of history events ({MAX_EVENTS}).")


def history_is_full(run: Run, more: int = 0) -> bool:
    """Whether there is no room for a state's events and `more`; the history of an express execution has no end."""
    return run.journal.last_id + more + _ROOM > MAX_EVENTS and run.record.machine.type != EXPRESS


def _hand_on(run: Run, frame: Frame, _state: Any) -> None:
    finish(run, frame, model.ABSENT)


def _fail(run: Run, frame: Frame, state: Any) -> None:
    error, cause = data_flow.failure(state, frame.data, run.scope(frame))
    fail(run, frame, error, cause)


def _choice(run: Run, frame: Frame, state: Any) -> None:
    chosen = data_flow.choose(state, frame.data, run.scope(frame))
    leave(run, frame, data_flow.Finished(chosen.output, chosen.assigned), chosen.next)


def _wait(run: Run, frame: Frame, state: Any) -> None:
    now = datetime.fromtimestamp(run.now, UTC)
    until = times.wait_until(state, frame.data, run.scope(frame), now).timestamp()
    if until <= run.now:
        finish(run, frame, model.ABSENT)
        return
    frame.phase, frame.due = Phase.WAIT, until
    run.changed(frame)


def _parallel(run: Run, frame: Frame, state: Any) -> None:
    data = data_flow.effective_input(state, frame.data, run.scope(frame))
    text = check_input(data, frame.state)
    frame.phase = Phase.CHILDREN
    frame.group = Group(len(state.branches), started=len(state.branches))
    run.event("ParallelStateStarted", frame)
    for index in range(len(state.branches)):
        run.add_frame(frame, index, (*frame.where, (frame.state, index)), text, data).last = frame.last


def _map(run: Run, frame: Frame, state: Any) -> None:
    if state.processor.distributed:
        _distributed(run, frame, state)
        return
    scope = run.scope(frame)
    items = map_fields.items(state, frame.data, scope)
    limit = min(map_fields.max_concurrency(state, frame.data, scope) or MOST_AT_ONCE, MOST_AT_ONCE)
    _check_tolerance(state, frame, scope)
    if history_is_full(run, min(len(items), limit)):
        too_many_events(run)
        return
    frame.phase, frame.group = Phase.CHILDREN, Group(len(items), limit=limit, items=items)
    run.keep_items(frame, items)
    run.event("MapStateStarted", frame, {"length": len(items)})
    if not items:
        group_succeeded(run, frame, frame.group)
    for _ in range(min(len(items), limit)):
        if frame.phase is Phase.CHILDREN:
            start_child(run, frame, frame.group)


def _distributed(run: Run, frame: Frame, state: Any) -> None:
    """Hand the items to a map run; its name follows the label of the Map."""
    scope = run.scope(frame)
    length = 0
    if state.item_reader is None:
        items = map_fields.items(state, frame.data, scope)
        length = len(items)
        run.keep_items(frame, items)
    map_fields.max_concurrency(state, frame.data, scope)
    _check_tolerance(state, frame, scope)
    machine = run.record.machine
    region_and_account = ":".join(machine.arn.split(":")[:5])
    frame.phase = Phase.MAP_RUN
    frame.map_run = f"{region_and_account}:mapRun:{machine.name}/{state.arn_label}:{run.ids.name()}"
    run.event("MapStateStarted", frame, {"length": length})
    run.event("MapRunStarted", frame, {"mapRunArn": frame.map_run})
    run.effects.append(StartMapRun(frame.id))


def _check_tolerance(state: Any, frame: Frame, scope: Scope) -> None:
    """Evaluate what a Map tolerates, so that a mistake in it shows before any item runs. Raises StatesError."""
    map_fields.tolerated_failure_count(state, frame.data, scope)
    map_fields.tolerated_failure_percentage(state, frame.data, scope)


def _task(run: Run, frame: Frame, state: Any, tasks: Catalog) -> None:
    read = tasks.resource(state.resource)
    frame.attempt = Attempt(_key(run, frame), run.ids.token(), state.resource, run.record.machine.role_arn, "null")
    scope = run.scope(frame)
    made = frame.attempt
    arguments = data_flow.effective_input(state, frame.data, scope)
    problem = tasks.problem(read, arguments)
    if problem is not None:
        raise StatesError(RUNTIME, problem)
    made.arguments = check_input(arguments, frame.state)
    made.timeout_s = times.timeout_seconds(state, frame.data, scope)
    made.heartbeat_s = times.heartbeat_seconds(state, frame.data, scope)
    role = data_flow.credentials_role(state, frame.data, scope)
    if role:
        made.machine_role_arn, made.role_arn = made.role_arn, role
    if made.timeout_s is not None and read.kind != "activity":
        made.timeout_at = run.now + made.timeout_s
    shown = json_text(tasks.shown(read, arguments))
    run.event(*_scheduled(frame, made, read, shown, role, run.record.machine.arn.split(":")[3]))
    frame.phase = Phase.TASK
    run.effects.append(StartTask(frame.id, made.key))


def _scheduled(frame: Frame, made: Attempt, read: Resource, shown: str, role: str | None, region: str) -> Any:
    details: dict[str, Any] = {"resource": read.arn}
    if read.kind == "service":
        details = {"resourceType": read.service, "resource": read.action, "region": region}
        details["parameters"] = shown
    else:
        details = with_input(made.arguments, **details)
    if made.timeout_s is not None:
        details["timeoutInSeconds"] = int(made.timeout_s)
    if made.heartbeat_s is not None and read.kind != "lambda":
        details["heartbeatInSeconds"] = int(made.heartbeat_s)
    if role:
        details["taskCredentials"] = {"roleArn": role}
    return SCHEDULED[read.kind], frame, details


def _key(run: Run, frame: Frame) -> str:
    """Return a name for this attempt that no other attempt of any execution has."""
    return f"{run.record.arn}#{frame.entered}#{frame.retry_count}#{run.record.redrive_count}"


SCHEDULED = {"service": "TaskScheduled", "lambda": "LambdaFunctionScheduled", "activity": "ActivityScheduled"}

_BY_TYPE: dict[type, Callable[[Run, Frame, Any], None]] = {
    model.Pass: _hand_on,
    model.Succeed: _hand_on,
    model.Fail: _fail,
    model.Choice: _choice,
    model.Wait: _wait,
    model.Parallel: _parallel,
    model.Map: _map,
}
