"""How a frame leaves its state: with an output, by a retry, to a catcher, or with a failure that ends it.

The order of the events is that of AWS: what a failing branch or item leaves behind follows the event that failed, and
the state around it goes on from there.
"""

from __future__ import annotations

import json
import random
from typing import Any

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, QUERY_EVALUATION, StatesError
from local_aws.stepfunctions.definition.model import Map, Parallel, State, Task, Wait, Working
from local_aws.stepfunctions.interpreter.frames import Frame, Group, Phase
from local_aws.stepfunctions.interpreter.journal import with_error, with_output
from local_aws.stepfunctions.interpreter.run import End, Run, StopMapRun, StopTask
from local_aws.stepfunctions.language import data_flow, map_fields, variables
from local_aws.stepfunctions.language.data_flow import Finished
from local_aws.stepfunctions.language.error_matching import first_match, retry_delay
from local_aws.stepfunctions.language.limits import check_input, check_result
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import TaskCall


def finish(run: Run, frame: Frame, result: Any) -> None:
    """Leave the state with its result. Raises StatesError where the output cannot be made."""
    state = run.state(frame)
    leave(run, frame, data_flow.finish(state, frame.data, result, run.scope(frame)), state.next)


def leave(run: Run, frame: Frame, finished: Finished, next_state: str | None) -> None:
    """Leave the state with an output, for another state or the end of the frame's states."""
    state = run.state(frame)
    text = check_result(finished.output, frame.state)
    details = with_output(text, name=frame.state)
    if finished.assigned:
        details["assignedVariables"] = _assign(run, frame, finished.assigned)
        details["assignedVariablesDetails"] = {"truncated": False}
    run.event(f"{type(state).__name__}StateExited", frame, details)
    clear(run, frame)
    frame.text, frame.data = text, finished.output
    if next_state is None:
        succeed(run, frame)
    else:
        frame.state, frame.retries = next_state, []
        run.enter_soon(frame)


def _assign(run: Run, frame: Frame, assigned: dict[str, Any]) -> dict[str, str]:
    """Set variables of a frame; returns their JSON texts. Raises StatesError if the execution has too much of them."""
    texts = {name: json_text(value) for name, value in assigned.items()}
    sizes = {**frame.sizes, **variables.sizes(texts)}
    others = (other.sizes for other in run.frames.values() if other is not frame and other.phase is not Phase.ENDED)
    variables.check_stored(sum(sum(each.values()) for each in (sizes, *others)))
    frame.variables, frame.sizes = {**frame.variables, **assigned}, sizes
    return texts


def clear(run: Run, frame: Frame) -> None:
    """Forget what belongs to the state that a frame leaves, or to the attempt that is over."""
    for child in list(run.children(frame)):
        run.remove(child)
    frame.attempt, frame.group, frame.due, frame.map_run = None, None, None, ""


def succeed(run: Run, frame: Frame) -> None:
    """End a frame whose last state was left."""
    frame.phase, frame.output = Phase.ENDED, frame.text
    run.changed(frame)
    if frame.parent is None:
        run.event("ExecutionSucceeded", frame, with_output(frame.text))
        run.end = End(records.SUCCEEDED, output=frame.text)
        return
    parent = run.frames[frame.parent]
    if parent.group is not None:
        _child_succeeded(run, parent, parent.group, frame)


def _child_succeeded(run: Run, parent: Frame, group: Group, child: Frame) -> None:
    group.ended += 1
    group.outputs[child.index] = child.data
    state = run.state(parent)
    done = group.ended == group.total
    parent.last = child.last
    if isinstance(state, Map):
        told = run.aside("MapIterationSucceeded", child, {"name": parent.state, "index": child.index})
        parent.last = told if done else child.last
    run.changed(parent)
    if done:
        group_succeeded(run, parent, group)
    elif group.started < group.total:
        start_child(run, parent, group)


def start_child(run: Run, parent: Frame, group: Group) -> None:
    """Start the next item of an inline Map, after the one that has ended or after the Map's start.

    Raises StatesError where its input cannot be made.
    """
    state, index = run.state(parent), group.started
    if not isinstance(state, Map) or group.items is None:
        raise TypeError(f"{parent.state} is not an inline Map")
    group.started += 1
    try:
        data = map_fields.item_input(state, parent.data, group.items[index], index, run.scope(parent))
        text = check_input(data, parent.state)
    except StatesError as error:
        fail_with(run, parent, error)
        return
    started = run.aside("MapIterationStarted", parent, {"name": parent.state, "index": index})
    child = run.add_frame(parent, index, (*parent.where, (parent.state, -1)), text, data)
    child.last = started


def group_succeeded(run: Run, parent: Frame, group: Group) -> None:
    """Leave a Parallel or Map whose children have all ended."""
    kind = type(run.state(parent)).__name__
    run.aside(f"{kind}StateSucceeded", parent)
    attempt(run, parent, lambda: finish(run, parent, [group.outputs[index] for index in range(group.total)]))


def attempt(run: Run, frame: Frame, action: Any) -> None:
    """Do what may raise StatesError, and fail the state with it."""
    try:
        action()
    except StatesError as error:
        fail_with(run, frame, error)


def fail_with(run: Run, frame: Frame, error: StatesError) -> None:
    """Fail the state because something that it evaluates cannot be evaluated."""
    fail(run, frame, error.error, _told(run, frame, error))


def _told(run: Run, frame: Frame, error: StatesError) -> str:
    """Write an event about what cannot be evaluated, where AWS does; returns the cause for whoever sees the error.

    Observed on AWS: the event follows the one before the state was entered if the state has not begun its work.
    """
    if error.error == DATA_LIMIT:
        return error.cause
    where = f"An error occurred while executing the state '{frame.state}' (entered at the event id #{frame.entered})."
    cause = f"{where} {error.cause}"
    if error.error == QUERY_EVALUATION:
        details = with_error(error.error, cause, state=frame.state)
        if error.location:
            details["location"] = error.location
        if frame.last == frame.entered:
            frame.last = frame.before
        run.event("EvaluationFailed", frame, details)
    return cause


def fail(
    run: Run, frame: Frame, error: str | None, cause: str | None, *, of_task: bool = False, matched: str = ""
) -> None:
    """Retry the state, or go on at its catcher, or end the frame; `of_task` if the task itself has reported it.

    `matched` is what Retry and Catch match where the history has another name.
    """
    state = run.state(frame)
    abort_children(run, frame)
    if isinstance(state, Working):
        name = matched or error or ""
        if _retries(run, frame, state, first_match(state.retry, name, of_task=of_task)):
            return
        if _caught(run, frame, state, first_match(state.catch, name, of_task=of_task), error, cause):
            return
    _group_failed(run, frame, state)
    _end_failed(run, frame, error, cause, matched)


def _group_failed(run: Run, frame: Frame, state: State) -> None:
    if isinstance(state, Parallel | Map):
        run.event(f"{type(state).__name__}StateFailed", frame)


def _retries(run: Run, frame: Frame, state: Working, index: int | None) -> bool:
    if index is None:
        return False
    retrier = state.retry[index]
    frame.retries += [0] * (len(state.retry) - len(frame.retries))
    if frame.retries[index] >= retrier.max_attempts:
        return False
    delay_s = retry_delay(retrier, frame.retries[index], random.random)
    frame.retries[index] += 1
    clear(run, frame)
    frame.phase, frame.due = Phase.RETRY, run.now + delay_s
    run.changed(frame)
    return True


def _caught(run: Run, frame: Frame, state: Working, index: int | None, error: str | None, cause: str | None) -> bool:
    if index is None:
        return False
    catcher = state.catch[index]
    _group_failed(run, frame, state)
    output = {name: value for name, value in (("Error", error), ("Cause", cause)) if value is not None}
    try:
        leave(run, frame, data_flow.caught(state, catcher, frame.data, output, run.scope(frame)), catcher.next)
    except StatesError as failed:
        _end_failed(run, frame, failed.error, _told(run, frame, failed))
    return True


def _end_failed(run: Run, frame: Frame, error: str | None, cause: str | None, matched: str = "") -> None:
    frame.phase = Phase.FAILED
    run.changed(frame)
    if frame.parent is None:
        run.event("ExecutionFailed", frame, with_error(error, cause))
        run.end = End(records.FAILED, error=error, cause=cause)
        return
    parent = run.frames[frame.parent]
    if isinstance(run.state(parent), Map):
        run.aside("MapIterationFailed", frame, {"name": parent.state, "index": frame.index})
    if isinstance(run.state(frame), Task):
        run.aside("TaskStateAborted", frame)
    parent.last = frame.last
    fail(run, parent, error, cause, matched=matched)


def abort_children(run: Run, frame: Frame) -> None:
    """End the other branches or items of a state that fails, and what they have submitted."""
    if frame.map_run:
        run.effects.append(StopMapRun(frame.map_run))
    in_map = isinstance(run.state(frame), Map)
    for child in run.children(frame):
        if child.phase not in (Phase.ENDED, Phase.FAILED):
            if in_map:
                run.journal.add("MapIterationAborted", run.now, frame.last, {"name": frame.state, "index": child.index})
            abort(run, child, frame.last)


def abort(run: Run, frame: Frame, previous: int) -> None:
    """End what a frame does, and say so after the event `previous`."""
    frame.last = previous
    abort_children(run, frame)
    stop_task(run, frame)
    state = run.state(frame)
    if frame.entered and isinstance(state, Task | Wait | Parallel | Map):
        run.journal.add(f"{type(state).__name__}StateAborted", run.now, previous)
    frame.phase = Phase.FAILED
    run.changed(frame)


def break_off(run: Run, error: str, cause: str) -> None:
    """Fail the execution where it stands; what its states have begun outside is stopped."""
    for frame in run.frames.values():
        if frame.phase is Phase.TASK:
            stop_task(run, frame)
        elif frame.phase is Phase.MAP_RUN:
            run.effects.append(StopMapRun(frame.map_run))
    run.event("ExecutionFailed", run.frames[0], with_error(error, cause))
    run.end = End(records.FAILED, error=error, cause=cause)


def stop_task(run: Run, frame: Frame) -> None:
    """Stop the job that the state has submitted, if any."""
    if frame.attempt is not None and frame.attempt.job is not None:
        run.effects.append(StopTask(call_of(run, frame), frame.attempt.job))


def call_of(run: Run, frame: Frame, *, again: bool = False) -> TaskCall:
    """Return the call that the attempt of a frame makes."""
    made = frame.attempt
    if made is None:
        raise ValueError(f"{frame.state} has no attempt")
    return TaskCall(
        execution_arn=run.record.arn,
        state_machine_arn=run.record.machine.arn,
        state=frame.state,
        resource=made.resource,
        arguments=json.loads(made.arguments),
        role_arn=made.role_arn,
        machine_role_arn=made.machine_role_arn,
        token=made.token,
        key=made.key,
        timeout_s=made.timeout_s,
        trace_header=run.record.trace_header,
        again=again,
    )
