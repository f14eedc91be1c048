"""Many executions, signals and engines' threads at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_aws.state.store import Store
from local_aws.stepfunctions.contracts.engine import EngineError
from local_aws.stepfunctions.execution.map_runs import MapRuns
from local_aws.stepfunctions.execution.turns import Live, Turns
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from tests.local_aws.stepfunctions.execution.fakes import FakeTasks, House
from tests.local_aws.stepfunctions.execution.test_engine import TASK, distributed
from tests.local_aws.stepfunctions.interpreter.play import chain


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(None)
    yield made
    made.close()


def test_two_hundred_executions_call_tasks(store: Store) -> None:
    together = threading.Barrier(50)

    def meet(call: TaskCall) -> Done:
        together.wait(15)
        return Done(call.arguments["Payload"])

    house = House(store, FakeTasks({"T": meet}))
    started = [house.start(chain(T=TASK), number, name=f"e{number}") for number in range(200)]
    assert [house.ended(record).output for record in started] == [str(number) for number in range(200)]
    house.engine.close()


def test_as_many_tasks_as_run_at_once_may_wait_for_executions_that_they_start(store: Store) -> None:
    together = threading.Barrier(64)

    def nested(call: TaskCall) -> Done:
        together.wait(15)
        number = call.arguments["Payload"]
        inner = house.new(chain(Inner=TASK), number, f"inner-{number}", kind="EXPRESS")
        return Done(json.loads(house.engine.start_sync(inner).record.output or ""))

    house = House(store, FakeTasks({"Outer": nested, "Inner": lambda call: Done(call.arguments["Payload"])}))
    started = [house.start(chain(Outer=TASK), number, name=f"e{number}") for number in range(128)]
    assert [house.ended(record).output for record in started] == [str(number) for number in range(128)]
    house.engine.close()


def test_time_passes_while_many_tasks_are_called(store: Store) -> None:
    over = threading.Event()

    def hang(_: TaskCall) -> Done:
        over.wait(20)
        return Done(0)

    house = House(store, FakeTasks({"T": hang}))
    for number in range(100):
        house.start(chain(T=TASK), name=f"e{number}")
    waits = house.start(chain(W={"Type": "Wait", "Seconds": 1}), name="waits")
    assert house.ended(waits).status == "SUCCEEDED"
    assert not over.is_set()
    over.set()
    house.engine.close()


def test_an_execution_that_never_waits_times_out(store: Store) -> None:
    again = {"Variable": "$.go", "BooleanEquals": True, "Next": "A"}
    choice = {"Type": "Choice", "Choices": [again], "Default": "B"}
    states = {"A": choice, "B": {"Type": "Succeed"}}
    loop = {"StartAt": "A", "TimeoutSeconds": 1, "States": states}
    house = House(store)
    ended = house.engine.start_sync(house.new(loop, {"go": True}, kind="EXPRESS"))
    assert ended.record.status == "TIMED_OUT"
    house.engine.close()


def test_a_job_that_is_submitted_after_the_stop_is_stopped(store: Store) -> None:
    called, stopped = threading.Event(), threading.Event()

    def submit(_: TaskCall) -> Submitted:
        called.set()
        stopped.wait(20)
        return Submitted({}, job="late")

    tasks = FakeTasks({"T": submit})
    house = House(store, tasks)
    record = house.start(chain(T=TASK))
    called.wait(20)
    assert house.engine.stop(record.arn, None, None).status == "ABORTED"
    stopped.set()
    house.until(lambda: tasks.stopped == ["late"], "the job to be stopped")
    assert "TaskSubmitted" not in house.types(record)
    house.engine.close()


def test_an_answer_after_the_stop_changes_nothing(store: Store) -> None:
    called, stopped = threading.Event(), threading.Event()

    def late(_: TaskCall) -> Done:
        called.set()
        stopped.wait(20)
        return Done(1)

    house = House(store, FakeTasks({"T": late}))
    record = house.start(chain(T=TASK))
    called.wait(20)
    house.engine.stop(record.arn, "E", "C")
    before = house.types(record)
    stopped.set()
    house.engine.close()
    assert house.types(record) == before
    assert house.statuses == ["RUNNING", "ABORTED"]


def test_the_same_request_at_once_starts_one_execution(store: Store) -> None:
    house = House(store)
    new = house.new(chain(W={"Type": "Wait", "Seconds": 1000}), {"x": 1})
    together = threading.Barrier(16)

    def start(_: int) -> float:
        together.wait(10)
        return house.engine.start(new).started

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(start, range(16)))) == 1
    house.engine.close()


def test_a_redrive_at_once_runs_once(store: Store) -> None:
    def fail(_: TaskCall) -> Done:
        raise TaskFailed("Bad", "because")

    tasks = FakeTasks({"T": fail})
    house = House(store, tasks)
    record = house.start(chain(T=TASK))
    house.ended(record)
    tasks.starts["T"] = lambda _: Submitted({}, job="j")
    together = threading.Barrier(8)

    def redrive(_: int) -> int:
        together.wait(10)
        try:
            return house.engine.redrive(record.arn).redrive_count
        except EngineError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redrive, range(8))) == 1
    tasks.jobs["j"] = 1
    assert house.ended(record).output == "1"
    assert len(tasks.calls) == 2
    house.engine.close()


def test_a_child_that_ends_while_another_is_looked_for_is_followed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that starts children finds no room just before the last child ends."""
    original, paused = MapRuns._start_next, threading.Event()

    def slow(self: MapRuns, run: Any) -> bool:
        more = original(self, run)
        if not more and not run.exhausted and not paused.is_set():
            release.wait(5)
            paused.set()
            threading.Event().wait(0.2)
        return more

    release = threading.Event()

    def answer(call: TaskCall) -> Done:
        release.set()
        return Done(call.arguments["Payload"])

    monkeypatch.setattr(MapRuns, "_start_next", slow)
    house = House(store, FakeTasks({"Work": answer}))
    record = house.start(distributed(MaxConcurrency=1), [1, 2, 3])
    assert house.ended(record).output == "[1,2,3]"
    house.engine.close()


def test_too_many_failures_are_seen_at_the_end(store: Store) -> None:
    def fail(_: TaskCall) -> Done:
        raise TaskFailed("Bad", "each")

    house = House(store, FakeTasks({"Work": fail}))
    record = house.start(distributed(MaxConcurrency=1, ToleratedFailurePercentage=50), [1, 2])
    assert house.ended(record).error == "States.ExceedToleratedFailureThreshold"
    house.engine.close()


def test_the_end_of_an_execution_is_told_once(store: Store) -> None:
    """A signal that changes something returns after another thread's signal has ended the execution."""
    house = House(store, FakeTasks({"T": lambda _: Submitted({})}))
    record = house.start(chain(T=TASK))
    house.until(lambda: "TaskSubmitted" in house.types(record), "the task")
    turns: Turns = house.engine._turns  # no interface shows two signals at once
    live = turns.find(record.arn)
    assert live is not None
    told: list[str] = []
    live.on_end = lambda ended: told.append(ended.status)

    class Between:
        """A lock whose first release lets another thread end the execution before the releasing one goes on."""

        def __init__(self) -> None:
            self.inner, self.first = threading.RLock(), True

        def __enter__(self) -> None:
            self.inner.acquire()

        def __exit__(self, *_: object) -> None:
            self.inner.release()
            if self.first:
                self.first = False
                house.engine.stop(record.arn, None, None)

    live.lock = Between()  # type: ignore[assignment]
    turns.signal(live, lambda _interpreter, _now: True)
    assert told == ["ABORTED"]
    house.engine.close()


def test_a_map_run_whose_state_is_aborted_while_it_begins_runs_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = MapRuns._open

    def aborted_before(self: MapRuns, parent: Any, frame: Any) -> Any:
        house.engine.stop(parent.record.arn, None, None)
        return original(self, parent, frame)

    monkeypatch.setattr(MapRuns, "_open", aborted_before)
    house = House(store, FakeTasks({"Work": lambda call: Done(call.arguments["Payload"])}))
    record = house.ended(house.start(distributed(), [1, 2, 3]))
    assert record.status == "ABORTED"
    house.until(lambda: [run.status for run in house.engine.map_runs(record.arn)] == ["ABORTED"], "the run to end")
    assert house.tasks.calls == []
    house.engine.close()


def test_an_item_that_begins_as_its_run_ends_is_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Turns.begin

    def late(self: Turns, live: Live, *, new: bool) -> None:
        run = live.record.map_run_arn
        if run:
            house.engine.stop(live.record.parent_arn, None, None)
            house.until(lambda: house.engine.map_run(run).status == "ABORTED", "the run to end")  # type: ignore[union-attr]
        original(self, live, new=new)

    monkeypatch.setattr(Turns, "begin", late)
    house = House(store, FakeTasks({"Work": lambda _: Submitted({}, job="j")}))
    record = house.start(distributed(), [1])
    assert house.ended(record).status == "ABORTED"

    def children() -> list[str]:
        (run,) = house.engine.map_runs(record.arn)
        return [child.status for child in house.engine.select(map_run_arn=run.arn)]

    house.until(lambda: children() == ["ABORTED"], "the item to be stopped")
    house.engine.close()
