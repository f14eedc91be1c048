"""The interpreter: what an execution does at a signal, or when time has passed.

Signals name the attempt that they belong to; one of an attempt that is over changes nothing.
"""

from __future__ import annotations

import json
from typing import Any

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.errors import HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT
from local_aws.stepfunctions.definition.model import ABSENT, StateMachine
from local_aws.stepfunctions.interpreter.entering import Catalog, begin, enter, history_is_full, too_many_events
from local_aws.stepfunctions.interpreter.frames import Attempt, Frame, Phase
from local_aws.stepfunctions.interpreter.journal import with_error, with_input, with_output
from local_aws.stepfunctions.interpreter.leaving import (
    abort,
    attempt,
    break_off,
    fail,
    finish,
    stop_task,
)
from local_aws.stepfunctions.interpreter.run import End, Ids, Run, Turn
from local_aws.stepfunctions.language.limits import too_large, within_limit
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import Resource

STATES_PER_TURN = 250
"""After so many states the turn is stored, and others have theirs."""
_PREFIX = {"service": "Task", "lambda": "LambdaFunction", "activity": "Activity"}
_FAILED = {
    "schedule": "ScheduleFailed",
    "start": "StartFailed",
    "submit": "SubmitFailed",
    "run": "Failed",
    "timeout": "TimedOut",
}


class Interpreter:
    """Runs one execution. All methods but `take` and `next_moment` are given the time, in seconds since 1970."""

    def __init__(self, run: Run, tasks: Catalog) -> None:
        """`tasks` reads the resources of Task states."""
        self.run, self._tasks = run, tasks

    @classmethod
    def begin(cls, record: records.ExecutionRecord, machine: StateMachine, ids: Ids, tasks: Catalog) -> Interpreter:
        """Start a new execution."""
        run = Run(record, machine, ids)
        frame = run.add_frame(None, 0, (), record.input, run.input)
        details = with_input(record.input, roleArn=record.machine.role_arn)
        if record.machine.version_arn:
            details["stateMachineVersionArn"] = record.machine.version_arn
        if record.machine.alias_arn:
            details["stateMachineAliasArn"] = record.machine.alias_arn
        run.aside("ExecutionStarted", frame, details)
        return cls(run, tasks)

    def advance(self, now: float) -> bool:
        """Enter states until all wait, the execution has ended, or the turn is long; True if there is more to do."""
        run = self.run
        run.now = now
        if run.end is None and history_is_full(run):
            too_many_events(run)
        for _ in range(STATES_PER_TURN):
            if run.end is not None or not run.ready:
                return False
            frame = run.frames.get(run.ready.popleft())
            if frame is not None and frame.phase is Phase.ENTER:
                enter(run, frame, self._tasks)
        return run.end is None and bool(run.ready)

    def take(self) -> Turn:
        """Hand over what has changed."""
        return self.run.take()

    def next_moment(self) -> float | None:
        """Return when time alone changes something; None if it does not."""
        return None if self.run.end is not None else self.run.next_moment()

    def pass_time(self, now: float) -> list[tuple[Frame, Attempt]]:
        """Do what is due. Returns the submitted jobs that are to be looked at."""
        run = self.run
        run.now = now
        if run.deadline is not None and now >= run.deadline:
            self._time_out()
            return []
        polls = []
        for frame in list(run.frames.values()):
            at = frame.next_moment()
            if at is None or at > now or frame.id not in run.frames or run.end is not None:
                continue
            if frame.attempt is not None and frame.phase is Phase.TASK:
                if self._task_due(frame, frame.attempt, now):
                    polls.append((frame, frame.attempt))
            elif frame.phase in (Phase.WAIT, Phase.RETRY):
                self._due(frame)
        return polls

    def _due(self, frame: Frame) -> None:
        run = self.run
        waited, frame.due = frame.phase is Phase.WAIT, None
        run.changed(frame)
        if waited:
            attempt(run, frame, lambda: finish(run, frame, ABSENT))
        else:
            begin(run, frame, self._tasks)

    def _task_due(self, frame: Frame, made: Attempt, now: float) -> bool:
        for at, matched in ((made.timeout_at, TIMEOUT), (made.heartbeat_at, HEARTBEAT_TIMEOUT)):
            if at is not None and now >= at:
                self._fail_task(frame, made, TIMEOUT, None, "timeout", matched)  # the history has one name for both
                return False
        made.poll_at = None
        return True

    def _time_out(self) -> None:
        run, root = self.run, self.run.frames[0]
        abort(run, root, root.last)
        run.event("ExecutionTimedOut", root, {})
        run.end = End(records.TIMED_OUT)

    def stop(self, now: float, error: str | None, cause: str | None) -> None:
        """Abort the execution."""
        run, root = self.run, self.run.frames[0]
        run.now = now
        abort(run, root, root.last)
        run.event("ExecutionAborted", root, with_error(error, cause))
        run.end = End(records.ABORTED, error=error, cause=cause)

    def give_up(self, now: float, cause: str) -> None:
        """Fail an execution that cannot go on, whatever it does."""
        self.run.now = now
        break_off(self.run, RUNTIME, cause)

    # Tasks

    def task(self, frame: int, key: str) -> tuple[Frame, Attempt] | None:
        """Return a frame and its attempt; None if that attempt is over."""
        found = self.run.frames.get(frame)
        if found is None or found.phase is not Phase.TASK or found.attempt is None or found.attempt.key != key:
            return None
        return found, found.attempt

    def task_started(self, frame: int, key: str, now: float, worker: str | None = None) -> bool:
        """Note that the call begins, or that a worker has taken the activity; False if the attempt is over.

        The time of an activity begins here: https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
        """
        found = self.task(frame, key)
        if found is None:
            return False
        at, made = found
        self.run.now = now
        if made.started:
            return True
        made.started = True
        resource = self._tasks.resource(made.resource)
        details = _of(resource)
        if resource.kind == "activity" and worker:
            details = {"workerName": worker}
        if made.timeout_s is not None and made.timeout_at is None:
            made.timeout_at = now + made.timeout_s
        # LambdaFunctionStarted is the one of them that has no details.
        self.run.event(f"{_PREFIX[resource.kind]}Started", at, None if resource.kind == "lambda" else details)
        self._beat(made, now)
        return True

    def task_submitted(self, frame: int, key: str, now: float, output: Any, job: Any) -> bool:
        """Note that the request has succeeded and the work goes on; False if the attempt is over."""
        found = self.task(frame, key)
        if found is None:
            return False
        at, made = found
        self.run.now = now
        made.job = job
        if not made.submitted:
            made.submitted = True
            resource = self._tasks.resource(made.resource)
            self.run.event("TaskSubmitted", at, with_output(json_text(output), **_of(resource)))
        self._beat(made, now)
        self.run.changed(at)
        return True

    def poll_again(self, frame: int, key: str, at: float) -> None:
        """Look at a submitted job again at that time."""
        found = self.task(frame, key)
        if found is not None:
            found[1].polls += 1
            found[1].poll_at = at

    def task_done(self, frame: int, key: str, now: float, output: str) -> bool:
        """End a task with its output, JSON text; False if the attempt is over."""
        found = self.task(frame, key)
        if found is None:
            return False
        at, made = found
        self.run.now = now
        resource = self._tasks.resource(made.resource)
        made.job = None
        if not within_limit(output):
            large = too_large(resource.service if resource.kind == "service" else resource.arn)
            self._fail_task(at, made, large.error, large.cause, "run")
            return True
        self.run.event(f"{_PREFIX[resource.kind]}Succeeded", at, with_output(output, **_of(resource)))
        attempt(self.run, at, lambda: finish(self.run, at, json.loads(output)))
        return True

    def task_failed(
        self, frame: int, key: str, now: float, error: str | None, cause: str | None, phase: str = "run"
    ) -> bool:
        """Fail a task; False if the attempt is over."""
        found = self.task(frame, key)
        if found is None:
            return False
        self.run.now = now
        found[1].job = None
        self._fail_task(*found, error, cause, phase)
        return True

    def heartbeat(self, frame: int, key: str, now: float) -> bool:
        """Begin the time of a heartbeat anew; False if the attempt is over."""
        found = self.task(frame, key)
        if found is None:
            return False
        self._beat(found[1], now)
        self.run.changed(found[0])
        return True

    def _beat(self, made: Attempt, now: float) -> None:
        if made.heartbeat_s is not None:
            made.heartbeat_at = now + made.heartbeat_s

    def _fail_task(
        self, frame: Frame, made: Attempt, error: str | None, cause: str | None, phase: str, matched: str = ""
    ) -> None:
        resource = self._tasks.resource(made.resource)
        stop_task(self.run, frame)
        made.job = None
        event = f"{_PREFIX[resource.kind]}{_FAILED[phase]}"
        self.run.event(event, frame, with_error(error, cause, **_of(resource)))
        fail(self.run, frame, error, cause, of_task=True, matched=matched)

    # Distributed Maps

    def map_run_done(self, frame: int, arn: str, now: float, result: Any) -> bool:
        """End a distributed Map with the outputs of its children, or where they were written."""
        found = self._map_run(frame, arn)
        if found is None:
            return False
        run = self.run
        run.now = now
        run.event("MapRunSucceeded", found)
        run.aside("MapStateSucceeded", found)
        attempt(run, found, lambda: finish(run, found, result))
        return True

    def map_run_failed(self, frame: int, arn: str, now: float, error: str, cause: str | None) -> bool:
        """Fail a distributed Map."""
        found = self._map_run(frame, arn)
        if found is None:
            return False
        self.run.now = now
        self.run.event("MapRunFailed", found, with_error(error, cause))
        fail(self.run, found, error, cause)
        return True

    def _map_run(self, frame: int, arn: str) -> Frame | None:
        found = self.run.frames.get(frame)
        return found if found is not None and found.phase is Phase.MAP_RUN and found.map_run == arn else None


def _of(resource: Resource) -> dict[str, Any]:
    if resource.kind == "service":
        return {"resourceType": resource.service, "resource": resource.action}
    return {}
