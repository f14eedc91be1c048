"""The engine: runs what `plan` decides.

One thread makes all decisions; workers run the actions. The thread sleeps until something changes or an action is due,
so an idle pipeline costs nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from local_aws.codepipeline.actions.contract import Failed, Outcome, Provider, Tools, Work
from local_aws.codepipeline.actions.failures import failure_of, is_unreachable
from local_aws.codepipeline.execution import plan
from local_aws.codepipeline.execution.changes import Changes, find_action
from local_aws.codepipeline.execution.events import SOURCE
from local_aws.codepipeline.state import statuses
from local_aws.codepipeline.state.records import START, ActionRecord
from local_aws.codepipeline.state.view import view_pipeline
from local_aws.workers import Workers

log = logging.getLogger(__name__)

_WORKERS = 16
_LONGEST_SLEEP_S = 24 * 60 * 60.0
_PAUSE_AFTER_FAILURE_S = 1.0
_CLOCK_STEP_S = 2.0
_STOP_TIMEOUT_S = 2.0
_CONNECTION_PAUSE_S, _CONNECTION_ATTEMPTS = 0.05, 200
"""While local AWS starts or stops, its port does not respond; this must not fail an action."""

PutEvent = Callable[[str, str, Mapping[str, Any], list[str]], None]
Providers = Mapping[tuple[str, str, str], Provider]


class _UnreachableError(Exception):
    """Local AWS did not respond to its own call."""


class Engine:
    """Runs the executions of all pipelines."""

    def __init__(self, tools: Tools, changes: Changes, providers: Providers, put_event: PutEvent) -> None:
        """Nothing runs before `start`."""
        self._tools, self._state, self._changes = tools, tools.state, changes
        self._providers, self._put_event = providers, put_event
        self._workers = Workers(_WORKERS, "codepipeline-action")
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._stopping = threading.Event()
        self._offset = self._clock_offset()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Continue what was running when the last process ended, and begin to schedule.

        A waiting action is continued by its provider; an action that was not waiting yet runs again.
        """
        for record in self._state.running_actions():
            self._submit(record.id, self._step_after_interruption(record.id))
        for pipeline in self._state.active_pipelines():
            self.wake(pipeline)
        self._woken.set()
        self._thread = threading.Thread(target=self._loop, name="codepipeline", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the threads; what is in progress continues at the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)
        self._workers.stop(_STOP_TIMEOUT_S)

    def wake(self, pipeline: str) -> None:
        """Look at a pipeline again: something in it has changed, and the change is committed."""
        with self._lock:
            self._changed.add(pipeline)
        self._woken.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                pause_s = self._turn()
            except Exception:
                if self._stopping.is_set():
                    return
                log.exception("CodePipeline's engine failed; trying again")
                pause_s = _PAUSE_AFTER_FAILURE_S
            self._tools.runtime.clock.wait(self._woken, pause_s)

    def _turn(self) -> float:
        """Do everything that can be done now; returns the seconds until the next action is due."""
        with self._lock:
            changed, self._changed = self._changed, set()
        failed = [name for name in sorted(changed) if not self._advances(name)]
        self._follow_clock()
        self._wake_due_actions()
        self._publish()
        if failed:
            with self._lock:
                self._changed.update(failed)
            return _PAUSE_AFTER_FAILURE_S
        due = self._state.next_due()
        return _LONGEST_SLEEP_S if due is None else max(0.0, due - self._tools.now())

    def _advances(self, name: str) -> bool:
        """Advance a pipeline; False if that failed: it is tried again later, and the others continue."""
        try:
            self._advance(name)
        except Exception:
            if not self._stopping.is_set():
                log.exception("the pipeline %s could not be advanced; trying again", name)
            return False
        return True

    def _advance(self, name: str) -> None:
        """Take all steps of a pipeline that are possible now, in one transaction, and run its new actions."""
        to_run: list[str] = []
        with self._state.transaction():
            pipeline = self._state.pipeline(name)
            while pipeline is not None:
                steps = plan.next_steps(view_pipeline(self._state, pipeline))
                if not steps:
                    break
                to_run += [action for step in steps if (action := self._changes.apply(step)) is not None]
        for action in to_run:
            self._submit(action, "start")

    def _follow_clock(self) -> None:
        """Adjust the due times to a clock that was set, or that went on while the machine slept.

        Due times are stored as times of that clock, so that they survive a restart. Without this, an action would wait
        for as long as the clock was set back, or time out while the machine slept.
        """
        offset = self._clock_offset()
        moved, self._offset = offset - self._offset, offset
        if abs(moved) > _CLOCK_STEP_S:
            log.warning("the clock was changed by %+.0f s; due times move with it", moved)
            self._state.move_due(moved)

    def _clock_offset(self) -> float:
        return self._tools.now() - self._tools.runtime.clock.monotonic()

    def _wake_due_actions(self) -> None:
        with self._state.transaction():
            due = self._state.due_actions(self._tools.now())
            for record in due:
                self._state.update_action(record.id, due=None)
        for record in due:
            self._submit(record.id, "due")

    def _publish(self) -> None:
        """Send the recorded events, in order, and then delete them: each is sent at least once."""
        events = self._state.events()
        for _, detail_type, detail, resource in events:
            try:
                self._put_event(SOURCE, detail_type, detail, [resource])
            except Exception:
                log.exception("the event %s of %s could not be published", detail_type, detail.get("pipeline"))
        if events:
            self._state.forget_events(events[-1][0])

    def _submit(self, action_id: str, step: str) -> None:
        self._workers.submit(partial(self._run, action_id, step))

    def _run(self, action_id: str, step: str) -> None:
        """Run a step of an action by its provider, and record the result if the action has ended."""
        try:
            for _ in range(_CONNECTION_ATTEMPTS):
                record = self._state.action(action_id)
                if record is None or record.status != statuses.IN_PROGRESS:
                    return
                work = self.work(record)
                try:
                    self._record(work, self._take(work, step))
                except _UnreachableError:
                    if self._stopping.wait(_CONNECTION_PAUSE_S):
                        return
                    step = self._step_after_interruption(action_id)
                else:
                    return
            self._record(work, Failed("SystemUnavailable", f"Local AWS did not respond: {work.action.name}"))
        except Exception:
            # The pipeline has been deleted, or the state is closed; there is nothing left to record.
            log.debug("action %s ended without a record", action_id, exc_info=True)

    def _take(self, work: Work, step: str) -> Outcome:
        provider = self._providers[work.action.type.key]
        try:
            outcome: Outcome = getattr(provider, step)(work)
        except Exception as error:
            if is_unreachable(error):
                raise _UnreachableError from error
            return failure_of(error, work)
        return outcome

    def _record(self, work: Work, outcome: Outcome) -> None:
        if outcome is None:
            self._woken.set()  # the action may be due at a new time
        elif not self._stopping.is_set() and self._changes.end_action(work.action, work.record, outcome):
            self.wake(work.record.pipeline)

    def _step_after_interruption(self, action_id: str) -> str:
        """Return the next step of an action after a kill or an unanswered call, by the phase it had reached."""
        record = self._state.action(action_id)
        return "start" if record is not None and record.phase == START else "resume"

    def work(self, record: ActionRecord) -> Work:
        """Return everything that a provider needs for an attempt. Raises KeyError if its pipeline is gone."""
        definition = self._state.definition(record.pipeline, record.version)
        execution = self._state.execution(record.execution)
        if execution is None:
            raise KeyError(f"execution {record.execution}")
        action = find_action(definition, record.stage, record.action)
        artifacts = self._state.artifacts(record.execution)
        return Work(
            definition,
            execution,
            record.stage,
            action,
            record,
            tuple(artifacts[name] for name in action.inputs),
            tuple(artifacts[name] for name in action.outputs),
        )
