"""Executions that run, and their turns: a signal, what follows from it, and the store.

A turn is stored before its effects begin and before anybody is told.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import sqlite3
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from local_aws.clock import Clock
from local_aws.stepfunctions.contracts.engine import Event
from local_aws.stepfunctions.contracts.records import ExecutionRecord
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.interpreter.frames import Attempt, Frame
from local_aws.stepfunctions.interpreter.run import Effect, End, Turn
from local_aws.stepfunctions.interpreter.signals import Interpreter
from local_aws.workers import Workers

log = logging.getLogger(__name__)

_LONGEST_SLEEP_S = 60.0
_STORE_AGAIN_S = 1.0
BROKEN = "Local AWS failed; its log says more."


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is told, after it is stored, of a status that has changed and of events. They must not raise or wait."""

    status: Callable[[ExecutionRecord], None] = lambda _: None
    events: Callable[[ExecutionRecord, list[Event]], None] = lambda _record, _events: None


@dataclass(slots=True, eq=False, weakref_slot=True)
class Live:
    """An execution that runs. `number` is that of its row, None for an express one, which is not stored.

    `history` tells whether its events are stored. `on_end` is called when it has ended, outside its lock.
    """

    interpreter: Interpreter
    number: int | None
    history: bool = True
    on_end: Callable[[ExecutionRecord], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    ended: threading.Event = field(default_factory=threading.Event)
    due: float | None = None

    @property
    def record(self) -> ExecutionRecord:
        """The execution as it is now."""
        return self.interpreter.run.record


class Turns:
    """The executions that run, by ARN, and the thread that waits for what is due."""

    def __init__(self, storage: Storage, clock: Clock, workers: Workers, observers: Observers) -> None:
        """Nothing runs before `start`; `on_effect` and `on_poll` are set by who makes the calls."""
        self._storage, self._clock, self._workers, self._observers = storage, clock, workers, observers
        self.on_effect: Callable[[Live, Effect], None] = lambda _live, _effect: None
        self.on_poll: Callable[[Live, Frame, Attempt], None] = lambda _live, _frame, _attempt: None
        self._live: dict[str, Live] = {}
        # Weak, as an execution may have a deadline long after its end.
        self._due: list[tuple[float, int, weakref.ref[Live]]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        return self._clock.now().timestamp()

    def start(self) -> None:
        """Begin to wait for what is due."""
        self._thread = threading.Thread(target=self._loop, name="stepfunctions", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread; what runs goes on at the next start."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def find(self, arn: str) -> Live | None:
        """Return an execution that runs; None if it does not."""
        with self._lock:
            return self._live.get(arn)

    def all(self) -> list[Live]:
        """Return all executions that run."""
        with self._lock:
            return list(self._live.values())

    def add(self, live: Live) -> None:
        """Take up an execution, whose first turn `go` gives it."""
        with self._lock:
            self._live[live.record.arn] = live

    @property
    def stopping(self) -> bool:
        """Whether the engine ends: signals change nothing any more."""
        return self._stopping.is_set()

    def begin(self, live: Live, *, new: bool) -> None:
        """Take up an execution that begins: store it, tell of it, and give it its first turn.

        A `new` one is given its row; one without is not stored. Nothing is taken up if the store fails, which raises.
        """
        turn = live.interpreter.take()
        if new:
            live.number = self._storage.add(live.record, turn if live.history else None)
        self.add(live)
        self._observers.status(live.record)
        self._observers.events(live.record, turn.events)
        self.go(live)

    def settle(self, arn: str) -> None:
        """Wait for the turn that an execution has at the moment, if any."""
        live = self.find(arn)
        if live is not None:
            with live.lock:
                return

    def go(self, live: Live) -> None:
        """Give an execution a turn on a worker."""
        self._workers.submit(partial(self._go, live))

    def _go(self, live: Live) -> None:
        self.signal(live, lambda _interpreter, _now: True)

    def signal(self, live: Live, action: Callable[[Interpreter, float], bool]) -> bool:
        """Give an execution a signal and its turn; False if it has ended or the signal changes nothing."""
        with live.lock:
            if live.ended.is_set() or self._stopping.is_set():
                return False
            more = self._act(live, action)
            if more is None:
                return False
            self._turn(live, more)
            ended = live.ended.is_set()
        if ended and live.on_end is not None:
            live.on_end(live.record)
        return True

    def _act(self, live: Live, action: Callable[[Interpreter, float], bool]) -> bool | None:
        """Do what a signal asks for; returns whether more is to be done, None if it changes nothing."""
        try:
            return live.interpreter.advance(self.now()) if action(live.interpreter, self.now()) else None
        except Exception:
            log.exception("the execution %s failed within local AWS", live.record.name)
            live.interpreter.give_up(self.now(), BROKEN)
            return False

    def _turn(self, live: Live, more: bool) -> None:
        interpreter = live.interpreter
        turn = interpreter.take()
        if turn.end is not None:
            interpreter.run.record = _ended(live.record, turn.end, self.now())
        self._store(live, turn)
        if turn.events:
            self._observers.events(live.record, turn.events)
        for effect in turn.effects:
            self.on_effect(live, effect)
        if turn.end is not None:
            self._end(live)
        else:
            self._schedule(live)
            if more:
                self.go(live)

    def _store(self, live: Live, turn: Turn) -> None:
        self.keep(partial(self._save, live, turn))

    def keep(self, save: Callable[[], None]) -> None:
        """Store something, and wait for a store that fails: no signal is lost, and nothing begins before.

        Raises sqlite3.OperationalError if the engine ends meanwhile.
        """
        while True:
            try:
                save()
            except sqlite3.OperationalError:
                log.exception("the store fails; it is tried again in %s s", _STORE_AGAIN_S)
                if self._clock.wait(self._stopping, _STORE_AGAIN_S):
                    raise
            else:
                return

    def _save(self, live: Live, turn: Turn) -> None:
        if live.number is None:
            return
        if live.history:
            self._storage.save(live.number, live.record, turn, live.interpreter.run.journal.last_id)
        elif turn.end is not None:
            self._storage.save_outcome(live.number, live.record)

    def _end(self, live: Live) -> None:
        with self._lock:
            self._live.pop(live.record.arn, None)
        live.ended.set()
        self._observers.status(live.record)

    def _schedule(self, live: Live) -> None:
        due = live.interpreter.next_moment()
        if due is None or due == live.due:
            live.due = due
            return
        live.due = due
        with self._lock:
            heapq.heappush(self._due, (due, next(self._order), weakref.ref(live)))
        self._woken.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._clock.wait(self._woken, min(self._pass_time(), _LONGEST_SLEEP_S))

    def _pass_time(self) -> float:
        """Hand what is due to workers; returns the seconds until the next is."""
        while True:
            with self._lock:
                if not self._due:
                    return _LONGEST_SLEEP_S
                wait_s = self._due[0][0] - self.now()
                if wait_s > 0:
                    return wait_s
                due, _, reference = heapq.heappop(self._due)
            live = reference()
            if live is not None and live.due == due:
                self._workers.submit(partial(self._time, live))

    def _time(self, live: Live) -> None:
        polls: list[tuple[Frame, Attempt]] = []

        def pass_time(interpreter: Interpreter, now: float) -> bool:
            live.due = None
            polls.extend(interpreter.pass_time(now))
            return True

        self.signal(live, pass_time)
        for frame, attempt in polls:
            self.on_poll(live, frame, attempt)


def _ended(record: ExecutionRecord, end: End, now: float) -> ExecutionRecord:
    return replace(record, status=end.status, stopped=now, output=end.output, error=end.error, cause=end.cause)
