"""The engine of Step Functions: what the operations ask for, on turns, calls, tokens and map runs.

After a kill of local AWS executions go on: waits keep their time, jobs that were submitted are looked for, and a call
that had begun is made again, since whether it had an effect is not known. So a Lambda function may run twice.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial

from local_aws.clock import Clock
from local_aws.state.store import Store
from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.engine import ActivityWork, Ended, EngineError, Event, NewExecution
from local_aws.stepfunctions.contracts.records import EXPRESS, ExecutionRecord, MachineSnapshot, MapRunRecord
from local_aws.stepfunctions.definition.model import Map, StateMachine
from local_aws.stepfunctions.definition.parser import parse
from local_aws.stepfunctions.definition.walk import state_named
from local_aws.stepfunctions.execution.calls import Calls
from local_aws.stepfunctions.execution.map_files import Files
from local_aws.stepfunctions.execution.map_runs import Children, MapRun, MapRuns, OnEnd
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.execution.threads import Threads
from local_aws.stepfunctions.execution.tokens import Tokens
from local_aws.stepfunctions.execution.turns import Live, Observers, Turns
from local_aws.stepfunctions.interpreter import redrive
from local_aws.stepfunctions.interpreter.frames import Phase
from local_aws.stepfunctions.interpreter.run import Effect, Ids, Run, StartMapRun, StartTask, StopMapRun, StopTask
from local_aws.stepfunctions.interpreter.signals import Interpreter
from local_aws.stepfunctions.tasks.contract import Tasks

_WORKERS, _CALLERS, _EXPRESS_CALLERS = 32, 64, 256
"""Threads for turns, and for calls: a call may take as long as its function, and time passes meanwhile."""
_STOP_TIMEOUT_S = 2.0
_LOOK_S = 0.5
"""How often who waits for an execution looks whether the engine ends."""
_UNAVAILABLE = 503
"""https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html"""
_KEPT_S = 90 * 24 * 3600.0
_EXPRESS_S = 300
"""https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html"""


class Engine:
    """Runs all executions. See `Executions` for what each method promises."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tasks: Tasks,
        files: Files,
        ids: Ids,
        observers: Observers | None = None,
    ) -> None:
        """Nothing runs before `resume`."""
        self._storage, self._ids = Storage(store), ids
        self._tasks = tasks
        self._workers, self._callers, self._express_callers = (
            Threads(size, "stepfunctions") for size in (_WORKERS, _CALLERS, _EXPRESS_CALLERS)
        )
        self._starting = threading.RLock()
        self._observers = observers or Observers()
        self._turns = Turns(self._storage, clock, self._workers, self._observers)
        self._tokens = Tokens(self._storage, self._turns, clock)
        self._calls = Calls(tasks, self._turns, self._tokens, self._callers, self._express_callers)
        self._map_runs = MapRuns(
            self._storage, self._turns, self._workers, files, Children(self._start_child, self._revive_child)
        )
        self._turns.on_effect, self._turns.on_poll = self._do, self._calls.poll

    # Start and stop of the engine

    def resume(self) -> None:
        """Continue what was running when the last process ended; forget what is too old."""
        self._storage.forget(self._turns.now() - _KEPT_S)
        wanted: set[str] = set()
        restored = [live for arn in self._storage.running() if (live := self._restore(arn, wanted)) is not None]
        self._map_runs.abandon(wanted)
        for live in restored:
            self._go_on_from(live)
        self._turns.start()

    def close(self) -> None:
        """End the threads; what runs goes on at the next start."""
        self._turns.stop(_STOP_TIMEOUT_S)
        for workers in (self._workers, self._callers, self._express_callers):
            workers.stop(_STOP_TIMEOUT_S)

    def _restore(self, arn: str, wanted: set[str]) -> Live | None:
        """Take up an execution that was running; adds to `wanted` the map runs that it waits for.

        A child whose map run nobody waits for any more is aborted; any other is taken up by its map run.
        """
        found = self._storage.find(arn)
        if found is None:
            return None
        number, record, last_event = found
        if record.map_run_arn and record.map_run_arn not in wanted:
            self._abandon(number, record, last_event)
            return None
        wanted.update(frame.map_run for frame in self._storage.frames(number) if frame.phase is Phase.MAP_RUN)
        return None if record.map_run_arn else self._live(number, record, last_event)

    def _abandon(self, number: int, record: ExecutionRecord, last_event: int) -> None:
        if record.machine.type == EXPRESS:
            self._storage.save_outcome(number, replace(record, status=records.ABORTED, stopped=self._turns.now()))
        else:
            self._turns.signal(self._live(number, record, last_event), partial(_stop, None, None))

    def _live(self, number: int, record: ExecutionRecord, last_event: int, on_end: OnEnd | None = None) -> Live:
        run = Run(record, machine_of(record.machine), self._ids, last_event)
        run.restore(self._storage.frames(number))
        live = Live(Interpreter(run, self._tasks), number, on_end=on_end)
        self._turns.add(live)
        return live

    def _go_on_from(self, live: Live) -> None:
        """Go on from the stored frames after a kill."""
        run = live.interpreter.run
        for frame in list(run.frames.values()):
            if frame.phase is Phase.MAP_RUN:
                self._map_runs.start(live, frame.id)
            elif frame.phase is Phase.TASK and frame.attempt is not None and not frame.attempt.submitted:
                self._calls.start(live, StartTask(frame.id, frame.attempt.key), again=True)
            elif frame.phase is Phase.TASK and frame.attempt is not None and frame.attempt.job is not None:
                frame.attempt.poll_at = self._turns.now()
        self._turns.go(live)

    # Executions

    def start(self, new: NewExecution) -> ExecutionRecord:
        """Start an execution."""
        if new.machine.type == EXPRESS:
            return self._begin(new).record
        with self._starting:
            found = self._storage.find(new.arn)
            return self._begin(new).record if found is None else _same(found[1], new)

    def _begin(self, new: NewExecution) -> Live:
        record = ExecutionRecord(
            new.arn, new.machine, new.name, records.RUNNING, new.input, self._turns.now(), trace_header=new.trace_header
        )
        interpreter = Interpreter.begin(record, machine_of(new.machine), self._ids, self._tasks)
        live = Live(interpreter, None)
        self._turns.begin(live, new=new.machine.type != EXPRESS)
        return live

    def start_sync(self, new: NewExecution) -> Ended:
        """Run an express execution to its end."""
        live = self._begin(new)
        while not live.ended.wait(_LOOK_S):
            if self._turns.stopping:
                raise EngineError("ServiceUnavailable", f"Local AWS stops before the end of '{new.arn}'", _UNAVAILABLE)
        return Ended(live.record, records.billed_ms(live.record), records.BILLED_MB)

    def stop(self, arn: str, error: str | None, cause: str | None) -> ExecutionRecord:
        """Abort an execution."""
        live = self._turns.find(arn)
        if live is not None:
            self._turns.signal(live, partial(_stop, error, cause))
            return live.record
        found = self._storage.find(arn)
        if found is None:
            raise EngineError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found[1]

    def redrive(self, arn: str) -> ExecutionRecord:
        """Run an execution again from what failed; whether it may be is checked by who calls."""
        self._turns.settle(arn)
        with self._starting:
            found = self._storage.find(arn)
            if found is None:
                raise EngineError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
            if self._turns.find(arn) is not None:
                raise EngineError("ExecutionNotRedrivable", f"Execution is RUNNING and cannot be redriven: '{arn}'")
            live = self._redriven(*found)
        return self._go_on_redriven(live)

    def _redriven(self, number: int, old: ExecutionRecord, last_event: int, on_end: OnEnd | None = None) -> Live:
        return self._live(number, redrive.redriven(old, self._turns.now()), last_event, on_end)

    def _go_on_redriven(self, live: Live) -> ExecutionRecord:
        redriven = live.record
        self._turns.signal(live, self._go_on)
        self._observers.status(redriven)
        return redriven

    def _go_on(self, interpreter: Interpreter, now: float) -> bool:
        redrive.go_on(interpreter.run, now, self._tasks)
        return True

    def describe(self, arn: str) -> ExecutionRecord | None:
        """Return a standard execution, or a child of a map run."""
        found = self._storage.find(arn)
        return None if found is None else found[1]

    def select(self, machine_arn: str = "", map_run_arn: str = "", status: str = "") -> Iterator[ExecutionRecord]:
        """Yield executions, newest first."""
        if map_run_arn:
            return self._storage.select("map_run", map_run_arn, status)
        qualifier = machine_arn.split(":")[7:]
        column = "machine" if not qualifier else "version" if qualifier[0].isdigit() else "alias"
        return self._storage.select(column, machine_arn, status)

    def history(self, arn: str, *, reverse: bool, after: int, limit: int) -> list[Event]:
        """Return events of a standard execution."""
        found = self._storage.find(arn)
        return [] if found is None else self._storage.history(found[0], reverse=reverse, after=after, limit=limit)

    def machine_deleted(self, machine_arn: str) -> None:
        """Abort the executions of a machine."""
        for live in self._turns.all():
            if live.record.machine.arn == machine_arn:
                self._turns.signal(live, partial(_stop, None, None))

    def running(self, machine_arn: str) -> bool:
        """Whether an execution of the machine runs."""
        return any(live.record.machine.arn == machine_arn for live in self._turns.all())

    # Tokens

    def succeed_task(self, token: str, output: str) -> None:
        """End a task well."""
        self._tokens.succeed(token, output)

    def fail_task(self, token: str, error: str | None, cause: str | None) -> None:
        """Fail a task."""
        self._tokens.fail(token, error, cause)

    def heartbeat(self, token: str) -> None:
        """Say that a task goes on."""
        self._tokens.heartbeat(token)

    def activity_work(self, activity_arn: str, worker: str, wait_s: float) -> ActivityWork | None:
        """Return the next work of an activity."""
        return self._tokens.activity_work(activity_arn, worker, wait_s)

    # Map runs

    def map_run(self, arn: str) -> MapRunRecord | None:
        """Return a map run."""
        return self._map_runs.find(arn)

    def map_runs(self, execution_arn: str) -> list[MapRunRecord]:
        """Return the map runs of an execution."""
        return [self._map_runs.find(run.arn) or run for run in self._storage.map_runs(execution_arn)]

    def update_map_run(self, arn: str, **changes: float) -> None:
        """Change the limits of a map run."""
        if not self._map_runs.update(arn, **changes):
            raise EngineError("ResourceNotFound", f"Map Run does not exist or has ended: '{arn}'")

    def _start_child(self, run: MapRun, text: str, items: int, on_end: OnEnd) -> None:
        name = self._ids.name()
        machine = run.machine
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        record = ExecutionRecord(
            arn,
            machine,
            name,
            records.RUNNING,
            text,
            self._turns.now(),
            map_run_arn=run.record.arn,
            parent_arn=run.record.execution_arn,
            item_count=items,
        )
        self._begin_child(record, None, on_end)

    def _begin_child(self, record: ExecutionRecord, number: int | None, on_end: OnEnd) -> None:
        """Begin a child, and wait for a store that fails: nobody would ask for it again."""
        machine = record.machine

        def begin() -> None:
            interpreter = Interpreter.begin(record, machine_of(machine), self._ids, self._tasks)
            self._turns.begin(Live(interpreter, number, machine.type != EXPRESS, on_end), new=number is None)

        self._turns.keep(begin)

    def _revive_child(self, record: ExecutionRecord, on_end: OnEnd) -> None:
        """Go on with a child after a kill or in a redrive; an express one begins again, as nothing of it is kept."""
        found = self._storage.find(record.arn)
        if found is None:
            raise KeyError(record.arn)
        number, old, last_event = found
        if old.machine.type == EXPRESS:
            self._begin_child(
                replace(old, status=records.RUNNING, stopped=None, error=None, cause=None), number, on_end
            )
        elif old.status == records.RUNNING:
            self._go_on_from(self._live(number, old, last_event, on_end))
        else:
            self._turns.settle(old.arn)
            self._go_on_redriven(self._redriven(number, old, last_event, on_end))

    # What turns ask for

    def _do(self, live: Live, effect: Effect) -> None:
        if isinstance(effect, StartTask):
            self._calls.start(live, effect)
        elif isinstance(effect, StopTask):
            self._calls.stop(effect)
        elif isinstance(effect, StartMapRun):
            self._map_runs.start(live, effect.frame)
        elif isinstance(effect, StopMapRun):
            self._map_runs.abort(effect.arn)


@lru_cache(maxsize=64)
def machine_of(snapshot: MachineSnapshot) -> StateMachine:
    """Return what an execution runs: its machine, or the processor of the Map whose child it is."""
    whole = parse(snapshot.definition)
    if snapshot.label:
        found = state_named(whole.states, snapshot.label)
        if not isinstance(found, Map):
            raise KeyError(f"the definition has no Map state {snapshot.label}")
        whole = StateMachine(found.processor.states, whole.query_language)
    if snapshot.type == EXPRESS:
        return replace(whole, timeout_s=min(whole.timeout_s or _EXPRESS_S, _EXPRESS_S))
    return whole


def _same(old: ExecutionRecord, new: NewExecution) -> ExecutionRecord:
    """Return the execution that runs under the name, if the request is the same."""
    if old.status == records.RUNNING and json.loads(old.input) == json.loads(new.input):
        return old
    raise EngineError("ExecutionAlreadyExists", f"Execution Already Exists: '{old.arn}'")


def _stop(error: str | None, cause: str | None, interpreter: Interpreter, now: float) -> bool:
    interpreter.stop(now, error, cause)
    return True
