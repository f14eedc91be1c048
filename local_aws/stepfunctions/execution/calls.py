"""Calls of integrations, on workers: starts tasks, looks at submitted jobs, and stops them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from functools import partial

from local_aws.stepfunctions.contracts.errors import RUNTIME
from local_aws.stepfunctions.contracts.records import EXPRESS
from local_aws.stepfunctions.execution.tokens import Tokens
from local_aws.stepfunctions.execution.turns import BROKEN, Live, Turns
from local_aws.stepfunctions.interpreter.frames import Attempt, Frame
from local_aws.stepfunctions.interpreter.leaving import call_of
from local_aws.stepfunctions.interpreter.run import StartTask, StopTask
from local_aws.stepfunctions.interpreter.signals import Interpreter
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed, Tasks
from local_aws.workers import Workers

log = logging.getLogger(__name__)

_FIRST_POLL_S, _POLL_GROWTH, _LAST_POLL_S = 0.05, 1.5, 2.0
_CALLBACK = "waitForTaskToken"


class Calls:
    """What the effects of turns come to, outside."""

    def __init__(self, tasks: Tasks, turns: Turns, tokens: Tokens, workers: Workers, express: Workers) -> None:
        """`tasks` are the integrations; the calls of express executions have workers of their own.

        A task may wait for an express execution that it has started, so that one must not wait for the task.
        """
        self._tasks, self._turns, self._tokens, self._workers, self._express = tasks, turns, tokens, workers, express

    def start(self, live: Live, effect: StartTask, *, again: bool = False) -> None:
        """Start the task of a frame; `again` after local AWS was killed meanwhile."""
        found = live.interpreter.task(effect.frame, effect.key)
        if found is None:
            return
        resource = self._tasks.resource(found[1].resource)
        if live.number is not None and (resource.kind == "activity" or resource.pattern == _CALLBACK):
            activity = resource.arn if resource.kind == "activity" else ""
            if activity and found[1].started:
                return  # a worker has it
            self._tokens.keep(found[1].token, live.number, effect.frame, effect.key, activity)
        if resource.kind != "activity":
            call = call_of(live.interpreter.run, found[0], again=again)
            self._of(live).submit(partial(self._start, live, effect, call))

    def _of(self, live: Live) -> Workers:
        return self._express if live.record.machine.type == EXPRESS else self._workers

    def _start(self, live: Live, effect: StartTask, call: TaskCall) -> None:
        frame, key = effect.frame, effect.key
        if not self._turns.signal(live, lambda run, now: run.task_started(frame, key, now)):
            return
        self._ends(live, frame, key, partial(self._begun, live, effect, call))

    def _begun(self, live: Live, effect: StartTask, call: TaskCall) -> Done | None:
        outcome = self._tasks.integration(self._tasks.resource(call.resource)).start(call)
        if isinstance(outcome, Done):
            return outcome
        noted = self._turns.signal(live, partial(_submitted, effect.frame, effect.key, outcome))
        if not noted and outcome.job is not None and not self._turns.stopping:
            self._stop(StopTask(call, outcome.job))  # the attempt was over before the job was known
        return None

    def poll(self, live: Live, frame: Frame, attempt: Attempt) -> None:
        """Look at a submitted job."""
        call = call_of(live.interpreter.run, frame)
        self._of(live).submit(partial(self._poll, live, frame.id, attempt, call))

    def _poll(self, live: Live, frame: int, attempt: Attempt, call: TaskCall) -> None:
        integration = self._tasks.integration(self._tasks.resource(call.resource))

        def look() -> Done | None:
            outcome = integration.poll(call, attempt.job)
            if outcome is None:
                self._turns.signal(live, partial(_poll_again, frame, attempt))
            return outcome

        self._ends(live, frame, attempt.key, look)

    def stop(self, effect: StopTask) -> None:
        """Stop a submitted job."""
        self._workers.submit(partial(self._stop, effect))

    def _stop(self, effect: StopTask) -> None:
        try:
            self._tasks.integration(self._tasks.resource(effect.call.resource)).stop(effect.call, effect.job)
        except Exception:
            log.exception("the job of %s could not be stopped", effect.call.state)

    def _ends(self, live: Live, frame: int, key: str, work: Callable[[], Done | None]) -> None:
        """Do the work, and signal how the task ended if it did."""
        try:
            outcome = work()
            text = "" if outcome is None else json_text(outcome.output)
        except TaskFailed as failed:
            told = failed.error, failed.cause, failed.phase
            self._turns.signal(live, lambda run, now: run.task_failed(frame, key, now, *told))
        except sqlite3.Error:
            raise  # the engine ends; the task is looked for when it begins again
        except Exception:
            log.exception("a task of %s failed within local AWS", live.record.name)
            self._turns.signal(live, lambda run, now: run.task_failed(frame, key, now, RUNTIME, BROKEN))
        else:
            if outcome is not None:
                self._turns.signal(live, lambda run, now: run.task_done(frame, key, now, text))


def _submitted(frame: int, key: str, outcome: Submitted, run: Interpreter, now: float) -> bool:
    if not run.task_submitted(frame, key, now, outcome.output, outcome.job):
        return False
    if outcome.job is not None:
        run.poll_again(frame, key, now + _FIRST_POLL_S)
    return True


def _poll_again(frame: int, attempt: Attempt, run: Interpreter, now: float) -> bool:
    delay_s = min(_FIRST_POLL_S * _POLL_GROWTH ** min(attempt.polls, 20), _LAST_POLL_S)
    run.poll_again(frame, attempt.key, now + delay_s)
    return True
