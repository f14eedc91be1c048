"""What holds if local AWS is killed, or its store fails, at any moment."""

from __future__ import annotations

import itertools
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from local_aws.state.store import Store
from local_aws.stepfunctions.contracts.engine import EngineError
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.interpreter.run import Turn
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.stepfunctions.execution.fakes import FakeTasks, House
from tests.local_aws.stepfunctions.execution.test_engine import ACTIVITY, CALLBACK, PASS, TASK, again, distributed
from tests.local_aws.stepfunctions.interpreter.play import REGION, chain

DAY_S = 24 * 3600
WAIT = {"Type": "Wait", "Seconds": 3600}


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(None)
    yield made
    made.close()


class Killed(BaseException):
    """The process has ended here."""


def test_an_execution_that_was_accepted_and_not_begun_runs_after_a_kill(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise Killed

    house = House(store)
    monkeypatch.setattr(Storage, "save", killed)
    with pytest.raises(Killed):
        house.start(chain(A=PASS), {"x": 1})
    monkeypatch.undo()
    other = again(house)
    record = other.engine.describe(f"{REGION}:execution:m:e")
    if record is None:  # nothing was acknowledged, so nothing need be kept
        record = other.start(chain(A=PASS), {"x": 1})
    assert other.ended(record).output == '{"x":1}'
    other.engine.close()


def test_work_that_was_taken_and_never_handed_out_is_handed_out_after_a_kill(store: Store) -> None:
    house = House(store)
    record = house.start(chain(T=ACTIVITY), {"x": 1})
    house.until(lambda: "ActivityScheduled" in house.types(record), "the activity")
    house.until(lambda: Storage(store).take_work(f"{REGION}:activity:a"), "the token")
    other = again(house)
    work = other.engine.activity_work(f"{REGION}:activity:a", "w", 10)
    assert work is not None
    other.engine.succeed_task(work.token, "1")
    assert other.ended(record).output == "1"
    assert other.engine.activity_work(f"{REGION}:activity:a", "w", 0) is None
    other.engine.close()


def test_an_item_that_failed_and_is_tolerated_is_not_run_again_after_a_kill(store: Store) -> None:
    def start(call: TaskCall) -> Submitted:
        if call.arguments["Payload"] == 1:
            raise TaskFailed("Bad", "one")
        return Submitted({}, job=call.arguments["Payload"])

    tasks = FakeTasks({"Work": start})
    house = House(store, tasks)
    record = house.start(distributed(MaxConcurrency=2, ToleratedFailureCount=1), [1, 2, 3])
    house.until(lambda: 3 in tasks.polled, "the third item")
    other = again(house)
    tasks.jobs.update({2: "two", 3: "three"})
    assert other.ended(record).output == '["two","three"]'
    (run,) = other.engine.map_runs(record.arn)
    assert (run.executions["failed"], run.executions["succeeded"], run.executions["total"]) == (1, 2, 3)
    assert [child.redrive_count for child in other.engine.select(map_run_arn=run.arn)] == [0, 0, 0]
    other.engine.close()


def test_the_redrive_of_a_map_run_goes_on_after_a_kill(store: Store) -> None:
    def fail(_: TaskCall) -> Done:
        raise TaskFailed("Bad", "all")

    tasks = FakeTasks({"Work": fail})
    house = House(store, tasks)
    record = house.start(distributed(MaxConcurrency=1, ToleratedFailureCount=1), [1, 2, 3])
    assert house.ended(record).error == "States.ExceedToleratedFailureThreshold"
    tasks.starts["Work"] = lambda call: Submitted({}, job=call.arguments["Payload"])
    house.engine.redrive(record.arn)
    house.until(lambda: 1 in tasks.polled, "the first item")
    other = again(house)
    tasks.jobs.update({1: "one", 2: "two", 3: "three"})
    assert other.ended(record).output == '["one","two","three"]'
    (run,) = other.engine.map_runs(record.arn)
    assert (run.redrive_count, run.executions["succeeded"], run.executions["failed"]) == (1, 3, 0)
    other.engine.close()


def test_a_redriven_item_may_fail_at_once(store: Store) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "No",
        "States": {"No": {"Type": "Fail", "Error": "Never"}},
    }
    house = House(store)
    record = house.start(chain(M={"Type": "Map", "ItemProcessor": processor}), [1])
    house.ended(record)
    house.engine.redrive(record.arn)
    assert house.ended(record).error == "States.ExceedToleratedFailureThreshold"
    house.engine.close()


def test_items_of_an_execution_that_was_stopped_end_after_a_kill(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = FakeTasks({"Work": lambda call: Submitted({}, job=call.arguments["Payload"])})
    house = House(store, tasks)
    record = house.start(distributed(), [1, 2])
    house.until(lambda: {1, 2} <= set(tasks.polled), "the items")
    monkeypatch.setattr("local_aws.stepfunctions.execution.map_runs.MapRuns.abort", lambda *_: None)
    house.engine.stop(record.arn, None, None)
    monkeypatch.undo()
    other = again(house)
    (run,) = other.engine.map_runs(record.arn)
    other.until(lambda: _ended_children(other, run.arn) == {"ABORTED"}, "the items to end")
    assert other.engine.map_run(run.arn).status == "ABORTED"  # type: ignore[union-attr]
    other.until(lambda: sorted(tasks.stopped) == [1, 2], "the jobs to be stopped")
    other.engine.close()


def _ended_children(house: House, run: str) -> set[str]:
    return {child.status for child in house.engine.select(map_run_arn=run)}


def test_maps_in_maps_go_on_after_a_kill(store: Store) -> None:
    inner = distributed(MaxConcurrency=2)
    outer = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner}
    tasks = FakeTasks({"Work": lambda call: Submitted({}, job=call.arguments["Payload"])})
    house = House(store, tasks)
    record = house.start(chain(O={"Type": "Map", "ItemProcessor": outer}), [[1, 2], [3]])
    house.until(lambda: {1, 2, 3} <= set(tasks.polled), "the items")
    other = again(house)
    tasks.jobs.update({1: "one", 2: "two", 3: "three"})
    assert other.ended(record).output == '[["one","two"],["three"]]'
    assert len(tasks.calls) == 3
    other.engine.close()


class Breaking:
    """A store that fails at the nth turn of all, as often as it is told."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, times: int = 1) -> None:
        self.turns, self.at, self.times = 0, at, times
        self._save, self._lock = Storage.save, threading.Lock()

        def save(storage: Storage, *given: Any) -> None:
            self._break_or_save(storage, *given)

        patch.setattr(Storage, "save", save)

    def _break_or_save(self, storage: Storage, number: int, record: Any, turn: Turn, last_event: int) -> None:
        with self._lock:
            self.turns += 1
            fails = self.at <= self.turns < self.at + self.times
        if fails:
            raise sqlite3.OperationalError("database or disk is full")
        self._save(storage, number, record, turn, last_event)


@pytest.mark.parametrize("at", range(2, 6))
def test_a_store_that_fails_loses_no_signal(store: Store, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    Breaking(monkeypatch, at, times=2)
    clock = ManualClock()
    tasks = FakeTasks({"T": lambda _: Done(1), "U": lambda _: Done(2)})
    house = House(store, tasks, clock=clock)
    record = house.start(chain(T=TASK, U=TASK))
    house.until(lambda: _later(clock) and house.engine.describe(record.arn).status != "RUNNING", "the end")  # type: ignore[union-attr]
    assert house.engine.describe(record.arn).output == "2"  # type: ignore[union-attr]
    assert [call.state for call in tasks.calls] == ["T", "U"]
    history = house.engine.history(record.arn, reverse=False, after=0, limit=100)
    assert [event["id"] for event in history] == list(range(1, 13))
    assert [event["id"] for event in house.events] == list(range(1, 13))
    assert house.statuses == ["RUNNING", "SUCCEEDED"]
    house.engine.close()


def _later(clock: ManualClock) -> bool:
    clock.advance(1)
    return True


@pytest.mark.parametrize("method", ["add", "save_map_run"])
def test_a_store_that_fails_loses_no_item_of_a_map_run(
    store: Store, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original, calls = getattr(Storage, method), itertools.count()

    def failing(storage: Storage, *given: Any) -> Any:
        if next(calls) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        return original(storage, *given)

    monkeypatch.setattr(Storage, method, failing)
    clock = ManualClock()
    house = House(store, FakeTasks({"Work": lambda call: Done(call.arguments["Payload"])}), clock=clock)
    record = house.start(distributed(MaxConcurrency=1), [1, 2])
    house.until(lambda: _later(clock) and house.engine.describe(record.arn).status != "RUNNING", "the end")  # type: ignore[union-attr]
    assert house.engine.describe(record.arn).output == "[1,2]"  # type: ignore[union-attr]
    assert [run.status for run in house.engine.map_runs(record.arn)] == ["SUCCEEDED"]
    house.engine.close()


def test_no_task_starts_before_the_store_knows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = FakeTasks({"T": lambda _: Done(1)})
    house = House(store, tasks, clock=ManualClock())
    Breaking(monkeypatch, 2, times=1_000_000)
    record = house.start(chain(T=TASK))
    monkeypatch.undo()
    other = again(house)
    assert other.ended(record).output == "1"
    assert [call.again for call in tasks.calls] == [False]
    other.engine.close()


BIG = chain(
    P={
        "Type": "Parallel",
        "ResultPath": "$.p",
        "Branches": [
            chain(T={**TASK, "Retry": [{"ErrorEquals": ["Bad"], "IntervalSeconds": 5}]}),
            chain(
                M={
                    "Type": "Map",
                    "ItemsPath": "$.items",
                    "MaxConcurrency": 2,
                    "ItemProcessor": chain(I=TASK, W={"Type": "Wait", "Seconds": 3}),
                }
            ),
            chain(C=CALLBACK),
        ],
    },
    Last={"Type": "Wait", "Seconds": 7},
)


class FinishedJobs(FakeTasks):
    """Tasks whose jobs have ended when they are looked at."""

    def poll(self, call: TaskCall, _job: Any) -> Done | None:
        return Done(call.state)


class World:
    """What is outside: it remembers which jobs were begun, and sends every token back until that is accepted."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tasks = FinishedJobs({"T": self.third_time, "I": self.job, "C": self.callback})
        self.tried: set[str] = set()
        self.begun: list[str] = []
        self.tokens: list[str] = []
        self.senders: list[threading.Thread] = []

    def third_time(self, call: TaskCall) -> Submitted:
        self.tried.add(call.key)
        if len(self.tried) < 3:
            raise TaskFailed("Bad", "again")
        return self.job(call)

    def job(self, call: TaskCall) -> Submitted:
        if not call.again:
            self.begun.append(call.key)
        return Submitted({}, job=call.key)

    def callback(self, call: TaskCall) -> Submitted:
        self.tokens.append(call.arguments["Payload"]["T"])
        return Submitted({})

    def send(self, house: House) -> None:
        for token in list(self.tokens):
            with suppress(EngineError, sqlite3.OperationalError):
                house.engine.succeed_task(token, '"called"')

    def goes_on(self, house: House, arn: str) -> bool:
        """Let a second pass; False once the execution has ended."""
        self.clock.advance(1)
        sender = threading.Thread(target=self.send, args=(house,))
        self.senders.append(sender)
        sender.start()
        sender.join(0.02)  # a caller waits for a store that fails
        record = house.engine.describe(arn)
        return record is not None and record.status == "RUNNING"


class Killer:
    """A store that no turn reaches any more after the nth."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.turns, self.at, self.dead = 0, at, threading.Event()
        save = Storage.save

        def counted(storage: Storage, number: int, record: Any, turn: Turn, last_event: int) -> None:
            self.turns += not self.dead.is_set()
            if not self.dead.is_set():
                save(storage, number, record, turn, last_event)
            if self.turns == self.at:
                self.dead.set()
            if self.dead.is_set():
                raise sqlite3.OperationalError("killed")

        patch.setattr(Storage, "save", counted)


@pytest.mark.parametrize("at", range(2, 42))
def test_a_kill_after_any_turn_changes_no_output(store: Store, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    world, killer = World(), Killer(monkeypatch, at)
    house = House(store, world.tasks, clock=world.clock)
    arn = house.start(BIG, {"items": [1, 2, 3]}).arn
    house.until(lambda: killer.dead.is_set() or not world.goes_on(house, arn), "a kill or the end")
    house.engine.close()
    monkeypatch.undo()
    other = House(store, world.tasks, clock=world.clock)
    other.until(lambda: not world.goes_on(other, arn), "the end")
    done = other.engine.describe(arn)
    assert done is not None
    assert done.status == "SUCCEEDED"
    assert json.loads(done.output or "")["p"] == ["T", ["I", "I", "I"], "called"]
    history = other.engine.history(arn, reverse=False, after=0, limit=1000)
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert len(world.begun) == len(set(world.begun))
    other.engine.close()
    for sender in world.senders:
        sender.join(20)


def test_what_an_execution_kept_of_its_machine_is_forgotten_with_it(store: Store) -> None:
    clock = ManualClock()
    house = House(store, clock=clock)
    house.ended(house.start(chain(Old=PASS), name="old"))
    house.engine.close()
    clock.advance(60 * DAY_S)
    house = House(store, clock=clock)
    house.ended(house.start(chain(New=PASS), name="new"))
    house.engine.close()
    clock.advance(31 * DAY_S)
    House(store, clock=clock).engine.close()
    (row,) = store.rows("SELECT body FROM sfn_snapshots")
    assert '\\"New\\"' in row["body"]
    assert [row["arn"].rpartition(":")[2] for row in store.rows("SELECT arn FROM sfn_executions")] == ["new"]
