"""Runs of distributed Maps: items are read as they are needed, and each runs in an execution of its own.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.contracts.errors import EXCEED_TOLERATED, StatesError
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES, ExecutionRecord, MachineSnapshot, MapRunRecord
from local_aws.stepfunctions.definition.model import Map
from local_aws.stepfunctions.execution import map_counts
from local_aws.stepfunctions.execution.map_files import Files, read_request, write_request
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.execution.turns import Live, Turns
from local_aws.stepfunctions.interpreter.frames import Frame, Phase
from local_aws.stepfunctions.interpreter.signals import Interpreter
from local_aws.stepfunctions.language import map_fields
from local_aws.stepfunctions.language.limits import too_large
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text
from local_aws.stepfunctions.tasks.contract import TaskFailed
from local_aws.workers import Workers

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1_000
"""Children of one map run at once, where AWS runs up to 10,000."""


@dataclass(slots=True, eq=False)
class MapRun:
    """A run that goes on. `inputs` yields those of the children, with how many items each holds."""

    record: MapRunRecord
    parent: Live
    frame: int
    state: Map
    machine: MachineSnapshot
    inputs: Iterator[tuple[str, int]]
    revived: Iterator[ExecutionRecord] = field(default_factory=lambda: iter(()))
    active: int = 0
    exhausted: bool = False
    ended: bool = False
    filling: bool = False
    finishing: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def limit(self) -> int:
        """How many children run at once."""
        return min(self.record.max_concurrency or MOST_AT_ONCE, MOST_AT_ONCE)


OnEnd = Callable[[ExecutionRecord], None]


@dataclass(frozen=True, slots=True)
class Children:
    """How children are started, and taken up again after a kill or in a redrive."""

    start: Callable[[MapRun, str, int, OnEnd], None]
    revive: Callable[[ExecutionRecord, OnEnd], None]


class MapRuns:
    """The map runs of all executions."""

    def __init__(self, storage: Storage, turns: Turns, workers: Workers, files: Files, children: Children) -> None:
        """`files` reads items and writes results."""
        self._storage, self._turns, self._workers, self._files = storage, turns, workers, files
        self._children = children
        self._runs: dict[str, MapRun] = {}
        self._lock = threading.Lock()

    def start(self, parent: Live, frame_id: int) -> None:
        """Begin, or go on with, the run of a distributed Map."""
        self._workers.submit(partial(self._start, parent, frame_id))

    def _start(self, parent: Live, frame_id: int) -> None:
        frame = _waiting(parent, frame_id)
        if frame is None:
            return
        arn = frame.map_run
        try:
            run = self._open(parent, frame)
        except (TaskFailed, StatesError) as error:
            self._tell_failed(parent, frame_id, arn, error.error, error.cause)
            return
        with self._lock:
            self._runs[arn] = run
        again = _waiting(parent, frame_id)
        if again is None or again.map_run != arn:
            self._end(run, records.ABORTED)  # the state was aborted before there was a run to abort
            return
        self._fill(run)

    def _open(self, parent: Live, frame: Frame) -> MapRun:
        interpreted = parent.interpreter.run
        state, scope = interpreted.state(frame), interpreted.scope(frame)
        if not isinstance(state, Map):
            raise TypeError(f"{frame.state} is no Map")
        known = self._storage.map_run(frame.map_run)
        record = MapRunRecord(
            frame.map_run,
            parent.record.arn,
            frame.state,
            records.RUNNING,
            known.started if known else self._turns.now(),
            None,
            map_fields.max_concurrency(state, frame.data, scope),
            map_fields.tolerated_failure_count(state, frame.data, scope) or 0,
            map_fields.tolerated_failure_percentage(state, frame.data, scope) or 0.0,
            map_counts.none(),
            map_counts.none(),
        )
        machine = replace(
            parent.record.machine,
            arn=f"{parent.record.machine.arn.partition('/')[0]}/{state.arn_label}",
            type=state.processor.execution_type,
            label=frame.state,
        )
        run = MapRun(record, parent, frame.id, state, machine, iter(()))
        run.inputs = self._inputs(run, frame)
        if known is not None:
            self._take_up(run, known)
        self._save(run)
        return run

    def _save(self, run: MapRun) -> None:
        """Store a run as it is now, and wait for a store that fails."""
        self._turns.keep(lambda: self._storage.save_map_run(run.record))

    def _take_up(self, run: MapRun, known: MapRunRecord) -> None:
        """Go on with the run of before a kill, or with one that failed and is redriven.

        One that has succeeded is met where the kill came before its state was left.
        """
        redriven = known.status not in (records.RUNNING, records.SUCCEEDED)
        run.record = replace(
            run.record,
            redrive_count=known.redrive_count + redriven,
            redriven=self._turns.now() if redriven else known.redriven,
            max_concurrency=known.max_concurrency,
            tolerated_failure_count=known.tolerated_failure_count,
            tolerated_failure_percentage=known.tolerated_failure_percentage,
        )
        started = 0
        for child in self._storage.children(run.record.arn):
            started += 1
            map_counts.count(run.record, "total", child.item_count)
            if not map_counts.is_to_do(child, run.record):
                map_counts.count(run.record, map_counts.ENDED[child.status], child.item_count)
        run.inputs = islice(run.inputs, started, None)
        known_children = islice(self._storage.children(run.record.arn), started)
        run.revived = (child for child in known_children if map_counts.is_to_do(child, run.record))

    def _inputs(self, run: MapRun, frame: Frame) -> Iterator[tuple[str, int]]:
        """Yield the children's inputs, each with how many items it holds."""
        machine = run.parent.record.machine
        self._files.require_start(machine.role_arn, machine.arn)
        scope = run.parent.interpreter.run.scope(frame)
        selected = (
            map_fields.item_input(run.state, frame.data, value, index, scope, key=key, source=source)
            for index, (value, key, source) in enumerate(self._items(run, frame, scope))
        )
        if run.state.item_batcher is None:
            yield from ((json_text(data), 1) for data in selected)
            return
        for batch in map_fields.batches(run.state, selected, frame.data, scope):
            yield json_text(batch), len(batch["Items"])

    def _items(self, run: MapRun, frame: Frame, scope: Scope) -> Iterator[tuple[Any, str | None, str]]:
        reader = run.state.item_reader
        if reader is None:
            stored = self._storage.items(run.parent.number or 0, frame.id) or []
            yield from ((item, None, map_fields.FROM_STATE) for item in stored)
            return
        request = read_request(run.state, reader, frame.data, scope)
        machine = run.parent.record.machine
        for item in self._files.read(reader, *request, machine.role_arn, machine.arn):
            yield item.value, item.key, item.source

    def _fill(self, run: MapRun) -> None:
        """Start children while there is room; end the run when all have ended."""
        with run.lock:
            if run.filling:
                return
            run.filling = True
        try:
            while self._start_next(run):
                pass
        except (TaskFailed, StatesError) as error:
            self._fail(run, error.error, error.cause)
        with run.lock:
            done = run.exhausted and run.active == 0 and not run.ended and not run.finishing
            run.finishing = run.finishing or done
        if done:
            self._finish(run)

    def _start_next(self, run: MapRun) -> bool:
        with run.lock:
            if run.ended or run.exhausted or run.active >= run.limit:
                run.filling = False  # under the lock, so that the next child that ends finds nobody who starts others
                return False
            on_end = partial(self._child_ended, run)
            start = self._revived(run, on_end) or self._new(run, on_end)
            if start is None:
                run.exhausted, run.filling = True, False
                return False
            run.active += 1
        start()
        self._stop_if_ended(run)  # a child that began meanwhile was not among those that were stopped
        return True

    def _revived(self, run: MapRun, on_end: OnEnd) -> Callable[[], None] | None:
        old = next(run.revived, None)
        if old is None:
            return None
        map_counts.count(run.record, "running", old.item_count)
        return partial(self._children.revive, old, on_end)

    def _new(self, run: MapRun, on_end: OnEnd) -> Callable[[], None] | None:
        child = next(run.inputs, None)
        if child is None:
            return None
        text, held = child
        map_counts.count(run.record, "total", held)
        map_counts.count(run.record, "running", held)
        return partial(self._children.start, run, text, held, on_end)

    def _child_ended(self, run: MapRun, child: ExecutionRecord) -> None:
        with run.lock:
            run.active -= 1
            map_counts.count(run.record, "running", child.item_count, by=-1)
            map_counts.count(run.record, map_counts.ENDED[child.status], child.item_count)
            if run.ended:
                self._save_late(run)
            exceeded = not run.ended and map_counts.exceeds(run.record, whole=run.exhausted)
        if exceeded:
            self._fail_exceeded(run)
        else:
            self._workers.submit(partial(self._fill, run))

    def _finish(self, run: MapRun) -> None:
        if map_counts.exceeds(run.record, whole=run.exhausted):  # the last one ended before it was known to be the last
            self._fail_exceeded(run)
            return
        try:
            result = self._result(run)
        except (TaskFailed, StatesError) as error:
            self._fail(run, error.error, error.cause)
            return
        self._end(run, records.SUCCEEDED)
        arn = run.record.arn
        self._turns.signal(run.parent, lambda i, now: i.map_run_done(run.frame, arn, now, result))

    def _result(self, run: MapRun) -> Any:
        """Return what the state results in: the outputs of the children, or where they were written."""
        children = self._storage.children(run.record.arn)
        if run.state.result_writer is not None:
            frame, interpreted = run.parent.interpreter.run.frames[run.frame], run.parent.interpreter.run
            arguments, config = write_request(run.state, frame.data, interpreted.scope(frame))
            if run.state.result_writer.resource is None:
                return self._files.preview(children, config)
            return self._written(run, children, arguments, config)
        outputs, size = [], 2
        for child in children:
            if child.output is not None:
                size += len(child.output.encode()) + 1
                if size > MAX_DATA_BYTES:
                    raise too_large(run.record.state)
                outputs.append(json.loads(child.output))
        map_counts.count(run.record, "resultsWritten", run.record.items["succeeded"], by_executions=len(outputs))
        return outputs

    def _written(
        self, run: MapRun, children: Iterator[ExecutionRecord], arguments: dict[str, Any], config: dict[str, Any]
    ) -> Any:
        machine = run.parent.record.machine
        results = self._files.results(arguments, config, run.record.arn, machine.role_arn, machine.arn)
        try:
            for child in children:
                results.add(child)
            output = results.finish()
        except StatesError:
            results.abort()
            raise
        run.record.items["resultsWritten"] = run.record.items["total"]
        run.record.executions["resultsWritten"] = run.record.executions["total"]
        return output

    def _fail_exceeded(self, run: MapRun) -> None:
        self._fail(run, EXCEED_TOLERATED, "The specified tolerated failure threshold was exceeded")

    def _fail(self, run: MapRun, error: str, cause: str) -> None:
        self._end(run, records.FAILED)
        self._tell_failed(run.parent, run.frame, run.record.arn, error, cause)

    def _tell_failed(self, parent: Live, frame: int, arn: str, error: str, cause: str) -> None:
        self._turns.signal(parent, lambda i, now: i.map_run_failed(frame, arn, now, error, cause))

    def abort(self, arn: str) -> None:
        """Abort a run whose state was aborted."""
        with self._lock:
            run = self._runs.get(arn)
        if run is not None:
            self._workers.submit(partial(self._end, run, records.ABORTED))

    def _end(self, run: MapRun, status: str) -> None:
        """End a run, with the children that are still on their way."""
        with run.lock:
            if run.ended:
                return
            run.ended = True
            run.record = replace(run.record, status=status, stopped=self._turns.now())
            self._save(run)
        with self._lock:
            self._runs.pop(run.record.arn, None)
        self._stop_if_ended(run)

    def _stop_if_ended(self, run: MapRun) -> None:
        for live in self._turns.all() if run.ended else ():
            if live.record.map_run_arn == run.record.arn:
                self._turns.signal(live, _stop)

    def _save_late(self, run: MapRun) -> None:
        """Store how the children of a run ended that was over before them, unless a redrive has taken it up."""
        with self._lock:
            taken_up = self._runs.get(run.record.arn) not in (None, run)
        if not taken_up:
            self._save(run)

    def abandon(self, wanted: set[str]) -> None:
        """End the stored runs whose states were aborted just before a kill; `wanted` are those that go on."""
        for record in self._storage.running_map_runs():
            if record.arn not in wanted:
                self._storage.save_map_run(replace(record, status=records.ABORTED, stopped=self._turns.now()))

    def find(self, arn: str) -> MapRunRecord | None:
        """Return a run as it is now; None if there is none."""
        with self._lock:
            run = self._runs.get(arn)
        return run.record if run is not None else self._storage.map_run(arn)

    def update(self, arn: str, **changes: Any) -> bool:
        """Change the limits of a run that goes on; False if it does not."""
        with self._lock:
            run = self._runs.get(arn)
        if run is None:
            return False
        with run.lock:
            run.record = replace(run.record, **changes)
            self._save(run)
        self._workers.submit(partial(self._fill, run))
        return True


def _waiting(parent: Live, frame_id: int) -> Frame | None:
    """Return the frame of a distributed Map that waits for its run; None if it does not wait any more."""
    with parent.lock:
        frame = parent.interpreter.run.frames.get(frame_id)
        waits = frame is not None and frame.phase is Phase.MAP_RUN and not parent.ended.is_set()
        return frame if waits else None


def _stop(interpreter: Interpreter, now: float) -> bool:
    interpreter.stop(now, None, None)
    return True
