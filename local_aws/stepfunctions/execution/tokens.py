"""Task tokens: callbacks of tasks, and the work of activities.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial

from local_aws.clock import Clock
from local_aws.stepfunctions.contracts.engine import ActivityWork, EngineError
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.execution.turns import Live, Turns
from local_aws.stepfunctions.interpreter.signals import Interpreter

_PAUSE_S = 1.0


class Tokens:
    """Ends tasks by their tokens."""

    def __init__(self, storage: Storage, turns: Turns, clock: Clock) -> None:
        """`clock` measures how long a worker waits for work."""
        self._storage, self._turns, self._clock = storage, turns, clock
        self._work = threading.Event()

    def keep(self, token: str, number: int, frame: int, attempt: str, activity: str) -> None:
        """Store the token of a task, and tell workers of the activity that there is work."""
        self._turns.keep(partial(self._storage.keep_token, token, number, frame, attempt, activity))
        if activity:
            self._work.set()

    def succeed(self, token: str, output: str) -> None:
        """End a task well. Raises EngineError."""
        try:
            json.loads(output)
        except (ValueError, RecursionError):
            raise EngineError("InvalidOutput", f"Invalid Output: '{output}'") from None
        self._signal(token, lambda run, now, frame, key: run.task_done(frame, key, now, output))

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """Fail a task. Raises EngineError."""
        self._signal(token, lambda run, now, frame, key: run.task_failed(frame, key, now, error, cause))

    def heartbeat(self, token: str) -> None:
        """Say that a task goes on. Raises EngineError."""
        self._signal(token, lambda run, now, frame, key: run.heartbeat(frame, key, now))

    def _signal(self, token: str, signal: Callable[[Interpreter, float, int, str], bool]) -> None:
        live, frame, key = self._find(token)
        if live is None or not self._turns.signal(live, lambda run, now: signal(run, now, frame, key)):
            raise EngineError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")

    def _find(self, token: str) -> tuple[Live | None, int, str]:
        found = self._storage.token(token)
        if found is None:
            raise EngineError("InvalidToken", f"Invalid Token: '{token}'")
        arn, frame, key = found
        return self._turns.find(arn), frame, key

    def activity_work(self, activity: str, worker: str, wait_s: float) -> ActivityWork | None:
        """Return the next work of an activity, waited for at most that long, and not while the engine ends."""
        deadline = self._clock.monotonic() + wait_s
        while True:
            self._work.clear()
            while (token := self._storage.take_work(activity)) is not None:
                work = self._begin(token, worker)
                if work is not None:
                    return work
            left_s = deadline - self._clock.monotonic()
            if left_s <= 0 or self._turns.stopping:
                return None
            self._clock.wait(self._work, min(left_s, _PAUSE_S))

    def _begin(self, token: str, worker: str) -> ActivityWork | None:
        live, frame, key = self._find(token)
        if live is None or not self._turns.signal(live, lambda run, now: run.task_started(frame, key, now, worker)):
            return None
        found = live.interpreter.task(frame, key)
        return None if found is None else ActivityWork(token, found[1].arguments)
