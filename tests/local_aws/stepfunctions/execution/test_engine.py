from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local_aws.state.store import Store
from local_aws.stepfunctions.contracts.engine import EngineError
from local_aws.stepfunctions.execution.storage import Storage
from local_aws.stepfunctions.execution.turns import Live
from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskCall, TaskFailed
from tests.local_aws.manual_clock import ManualClock
from tests.local_aws.stepfunctions.execution.fakes import FakeFiles, FakeTasks, House
from tests.local_aws.stepfunctions.interpreter.play import INVOKE, REGION, chain

PASS = {"Type": "Pass"}
TASK = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f", "Payload.$": "$"}}
CALLBACK = {
    "Type": "Task",
    "Resource": f"{INVOKE}.waitForTaskToken",
    "Parameters": {"FunctionName": "f", "Payload": {"T.$": "$$.Task.Token"}},
}
READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket": "data", "Key": "key"},
}
ACTIVITY = {"Type": "Task", "Resource": f"{REGION}:activity:a"}
PROCESSOR = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Work",
    "States": {"Work": {**TASK, "End": True}},
}


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(None)
    yield made
    made.close()


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    made = House(store)
    yield made
    made.engine.close()


def again(house: House, **changes: Any) -> House:
    """Another engine on the same store, as after a kill."""
    house.engine.close()
    return House(house.store, changes.get("tasks", house.tasks), changes.get("files", house.files), house.clock)


def test_an_execution_runs_to_its_end(house: House) -> None:
    done = house.ended(house.start(chain(A=PASS, B=PASS), {"x": 1}))
    assert (done.status, done.output) == ("SUCCEEDED", '{"x":1}')
    assert house.types(done)[-1] == "ExecutionSucceeded"
    assert house.statuses == ["RUNNING", "SUCCEEDED"]
    assert [event["id"] for event in house.events] == list(range(1, 7))


def test_the_same_request_starts_one_execution(house: House) -> None:
    clock_forever = chain(W={"Type": "Wait", "Seconds": 1000})
    first = house.start(clock_forever, {"x": 1})
    assert house.start(clock_forever, {"x": 1}).started == first.started
    with pytest.raises(EngineError, match="ExecutionAlreadyExists"):
        house.start(clock_forever, {"x": 2})


def test_a_task_is_called_with_its_arguments(store: Store) -> None:
    house = House(store, FakeTasks({"T": lambda call: Done({"got": call.arguments["Payload"]})}))
    done = house.ended(house.start(chain(T=TASK), {"a": 1}))
    assert json.loads(done.output or "") == {"got": {"a": 1}}
    house.engine.close()


def test_a_submitted_job_is_looked_at_until_it_ends(store: Store) -> None:
    tasks = FakeTasks({"T": lambda _: Submitted({"Name": "j"}, job="j")})
    house = House(store, tasks)
    record = house.start(chain(T=TASK))
    house.until(lambda: len(tasks.polled) > 2, "polls")
    tasks.jobs["j"] = {"ok": True}
    assert house.ended(record).output == '{"ok":true}'
    assert house.types(record)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    house.engine.close()


def test_a_job_is_stopped_with_its_execution(store: Store) -> None:
    tasks = FakeTasks({"T": lambda _: Submitted({}, job="j")})
    house = House(store, tasks)
    record = house.start(chain(T=TASK))
    house.until(lambda: tasks.polled, "a poll")
    assert house.engine.stop(record.arn, "E", "why").status == "ABORTED"
    house.until(lambda: tasks.stopped == ["j"], "the stop of the job")
    assert house.types(record)[-2:] == ["TaskStateAborted", "ExecutionAborted"]
    house.engine.close()


def test_a_callback_ends_a_task(store: Store) -> None:
    tokens: list[str] = []

    def send(call: TaskCall) -> Submitted:
        tokens.append(call.arguments["Payload"]["T"])
        return Submitted({"sent": True})

    house = House(store, FakeTasks({"T": send}))
    record = house.start(chain(T={**CALLBACK, "HeartbeatSeconds": 60}))
    house.until(lambda: "TaskSubmitted" in house.types(record), "the request")
    with pytest.raises(EngineError, match="InvalidOutput"):
        house.engine.succeed_task(tokens[0], "{")
    with pytest.raises(EngineError, match="InvalidToken"):
        house.engine.succeed_task("other", "{}")
    house.engine.heartbeat(tokens[0])
    house.engine.succeed_task(tokens[0], '{"x": 1}')
    assert house.ended(record).output == '{"x":1}'
    with pytest.raises(EngineError, match="TaskTimedOut"):
        house.engine.succeed_task(tokens[0], "{}")
    house.engine.close()


def test_a_worker_takes_the_work_of_an_activity(house: House) -> None:
    assert house.engine.activity_work(f"{REGION}:activity:a", "w", 0) is None
    record = house.start(chain(T=ACTIVITY), {"x": 1})
    work = house.engine.activity_work(f"{REGION}:activity:a", "w", 10)
    assert work is not None
    assert work.input == '{"x":1}'
    house.engine.fail_task(work.token, "Bad", "because")
    done = house.ended(record)
    assert (done.status, done.error, done.cause) == ("FAILED", "Bad", "because")
    assert house.types(record)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivityFailed"]


def test_an_express_execution_is_answered_and_not_kept(house: House) -> None:
    ended = house.engine.start_sync(house.new(chain(A=PASS), {"x": 1}, kind="EXPRESS"))
    assert (ended.record.status, ended.record.output) == ("SUCCEEDED", '{"x":1}')
    assert ended.billed_ms == 100
    assert house.engine.describe(ended.record.arn) is None


def test_who_waits_does_not_wait_for_an_engine_that_closes(store: Store) -> None:
    house = House(store)
    new = house.new(chain(W={"Type": "Wait", "Seconds": 250}), kind="EXPRESS")
    told: list[object] = []

    def run() -> None:
        try:
            house.engine.start_sync(new)
        except EngineError as error:
            told.append(error.code)

    def work() -> None:
        told.append(house.engine.activity_work(f"{REGION}:activity:a", "w", 60))

    waiting = [threading.Thread(target=target, daemon=True) for target in (run, work)]
    for thread in waiting:
        thread.start()
    house.until(lambda: house.statuses == ["RUNNING"], "the execution to start")
    house.engine.close()
    for thread in waiting:
        thread.join(10)
    assert not any(thread.is_alive() for thread in waiting)
    assert set(told) == {"ServiceUnavailable", None}


def test_a_hundred_executions_have_no_threads_of_their_own(store: Store) -> None:
    clock = ManualClock()
    house = House(store, clock=clock)
    started = [house.start(chain(W={"Type": "Wait", "Seconds": 3600}), name=f"e{n}") for n in range(100)]
    house.until(lambda: all("WaitStateEntered" in house.types(record) for record in started), "all to wait")
    assert sum(thread.name.startswith("stepfunctions") for thread in threading.enumerate()) <= 65
    clock.advance(3600)
    assert {house.ended(record).status for record in started} == {"SUCCEEDED"}
    house.engine.close()


def test_waits_keep_their_time_over_a_kill(store: Store) -> None:
    clock = ManualClock()
    house = House(store, clock=clock)
    record = house.start(chain(W={"Type": "Wait", "Seconds": 31_536_000}, B=PASS))
    house.until(lambda: "WaitStateEntered" in house.types(record), "the wait")
    clock.advance(31_535_000)
    other = again(house)
    assert other.engine.describe(record.arn).status == "RUNNING"  # type: ignore[union-attr]
    clock.advance(1_000)
    assert other.ended(record).status == "SUCCEEDED"
    other.engine.close()


def test_a_submitted_job_is_found_again_after_a_kill(store: Store) -> None:
    tasks = FakeTasks({"T": lambda _: Submitted({}, job="j")})
    house = House(store, tasks)
    record = house.start(chain(T=TASK))
    house.until(lambda: tasks.polled, "a poll")
    other = again(house)
    tasks.jobs["j"] = 7
    assert other.ended(record).output == "7"
    assert len(tasks.calls) == 1
    other.engine.close()


def test_a_call_that_was_interrupted_is_made_again_and_says_so(store: Store) -> None:
    hangs = threading.Event()

    def hang(_: TaskCall) -> Done:
        hangs.wait(20)
        return Done(0)

    house = House(store, FakeTasks({"T": hang}))
    record = house.start(chain(T=TASK))
    house.until(lambda: house.tasks.calls, "the call")
    tasks = FakeTasks({"T": lambda call: Done(call.again)})
    other = again(house, tasks=tasks)
    assert other.ended(record).output == "true"
    assert tasks.calls[0].key == house.tasks.calls[0].key
    assert other.types(record).count("TaskStarted") == 1
    hangs.set()
    other.engine.close()


def test_branches_go_on_after_a_kill(store: Store) -> None:
    branch = {"StartAt": "T", "States": {"T": {**TASK, "End": True}}}
    quick = {"StartAt": "Q", "States": {"Q": {**PASS, "Result": 1, "End": True}}}
    tasks = FakeTasks({"T": lambda _: Submitted({}, job="j")})
    house = House(store, tasks)
    record = house.start(chain(P={"Type": "Parallel", "Branches": [quick, branch]}))
    house.until(lambda: tasks.polled, "a poll")
    other = again(house)
    tasks.jobs["j"] = 2
    assert other.ended(record).output == "[1,2]"
    other.engine.close()


def test_a_redrive_goes_on_from_what_failed(store: Store) -> None:
    def fail_after_the_other(_: TaskCall) -> Done:
        house.until(lambda: "TaskSucceeded" in house.types(record), "the other branch")
        raise TaskFailed("Bad", "because")

    first = {"StartAt": "A", "States": {"A": {**TASK, "End": True}}}
    second = {"StartAt": "B", "States": {"B": {**TASK, "End": True}}}
    tasks = FakeTasks({"A": lambda _: Done(1), "B": fail_after_the_other})
    house = House(store, tasks)
    record = house.start(chain(P={"Type": "Parallel", "Branches": [first, second]}))
    assert house.ended(record).error == "Bad"
    tasks.starts["B"] = lambda _: Done(2)
    again_started = house.engine.redrive(record.arn)
    assert again_started.redrive_count == 1
    done = house.ended(record)
    assert (done.status, done.output) == ("SUCCEEDED", "[1,2]")
    assert [call.state for call in tasks.calls].count("A") == 1
    assert "ExecutionRedriven" in house.types(record)
    house.engine.close()


def distributed(**more: Any) -> dict[str, Any]:
    return chain(M={"Type": "Map", "ItemProcessor": PROCESSOR, **more})


def test_a_failed_map_run_counts_how_its_other_children_ended(store: Store) -> None:
    def work(call: TaskCall) -> Done | Submitted:
        if call.arguments["Payload"] != 3:
            return Submitted({}, job=str(call.arguments["Payload"]))
        raise TaskFailed("Bad", "because")

    house = House(store, FakeTasks({"Work": work}))
    record = house.start(distributed(MaxConcurrency=3), [1, 2, 3])
    assert house.ended(record).error == "States.ExceedToleratedFailureThreshold"
    (run,) = house.engine.map_runs(record.arn)

    def settled() -> Any:
        now = house.engine.map_run(run.arn)
        return now if now and now.executions["running"] == 0 else None

    counts = house.until(settled, "the children to be counted").executions
    assert (counts["failed"], counts["aborted"]) == (1, counts["total"] - 1)
    house.engine.close()


def test_a_distributed_map_runs_each_item_in_an_execution(store: Store) -> None:
    house = House(store, FakeTasks({"Work": lambda call: Done(call.arguments["Payload"] * 2)}))
    record = house.start(distributed(MaxConcurrency=2), [1, 2, 3])
    assert house.ended(record).output == "[2,4,6]"
    (run,) = house.engine.map_runs(record.arn)
    assert run.status == "SUCCEEDED"
    assert (run.items["total"], run.items["succeeded"], run.executions["succeeded"]) == (3, 3, 3)
    assert len(list(house.engine.select(map_run_arn=run.arn))) == 3
    assert house.types(record)[2:6] == ["MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded"]
    house.engine.close()


@pytest.mark.parametrize(
    ("reader", "source"),
    [({}, "STATE_DATA"), ({"ItemReader": READER}, "s3://data/key")],
)
def test_an_item_of_a_distributed_map_knows_where_it_comes_from(
    store: Store, reader: dict[str, Any], source: str
) -> None:
    house = House(store, FakeTasks({"Work": lambda call: Done(call.arguments["Payload"])}), FakeFiles(["x"]))
    selector = {"from.$": "$$.Map.Item.Source", "value.$": "$$.Map.Item.Value"}
    done = house.ended(house.start(distributed(ItemSelector=selector, **reader), ["x"]))
    assert json.loads(done.output or "") == [{"from": source, "value": "x"}]
    house.engine.close()


def test_a_distributed_map_tolerates_what_it_says(store: Store) -> None:
    def odd_fails(call: TaskCall) -> Done:
        number = call.arguments["Payload"]
        if number % 2:
            raise TaskFailed("Odd", str(number))
        return Done(number)

    house = House(store, FakeTasks({"Work": odd_fails}))
    assert house.ended(house.start(distributed(ToleratedFailureCount=1), [1, 2, 4])).status == "SUCCEEDED"
    failed = house.ended(house.start(distributed(ToleratedFailureCount=1), [1, 2, 3], name="f"))
    assert failed.error == "States.ExceedToleratedFailureThreshold"
    house.engine.close()


def test_a_map_run_goes_on_after_a_kill(store: Store) -> None:
    tasks = FakeTasks({"Work": lambda call: Submitted({}, job=call.arguments["Payload"])})
    tasks.jobs[1] = "one"
    house = House(store, tasks, FakeFiles())
    record = house.start(distributed(MaxConcurrency=2), [1, 2, 3])
    house.until(lambda: 3 in tasks.polled, "the third item")
    other = again(house)
    tasks.jobs.update({2: "two", 3: "three"})
    assert other.ended(record).output == '["one","two","three"]'
    assert len(tasks.calls) == 3
    other.engine.close()


def test_arguments_that_no_service_takes_fail_before_the_task_is_scheduled(house: House) -> None:
    done = house.ended(house.start(chain(T=TASK), "refuse"))
    assert done.error == "States.Runtime"
    assert done.cause == "An error occurred while executing the state 'T' (entered at the event id #2). refused"
    assert house.types(done) == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_an_output_that_is_nested_too_deeply_is_refused(store: Store) -> None:
    house = House(store, FakeTasks({"T": lambda _: Submitted({})}))
    record = house.start(chain(T=CALLBACK))
    house.until(lambda: "TaskSubmitted" in house.types(record), "the request")
    with pytest.raises(EngineError, match="InvalidOutput"):
        house.engine.succeed_task(house.tasks.calls[0].token, "[" * 100_000 + "]" * 100_000)
    house.engine.close()


def test_a_result_that_is_nested_too_deeply_fails_the_task(store: Store) -> None:
    def deep(_: TaskCall) -> Done:
        result: list[Any] = []
        for _depth in range(20_000):
            result = [result]
        return Done(result)

    house = House(store, FakeTasks({"T": deep}))
    assert house.ended(house.start(chain(T=TASK))).error == "States.Runtime"
    house.engine.close()


def test_an_interpreter_that_breaks_fails_the_execution(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("broken")

    house = House(store)
    monkeypatch.setattr("local_aws.stepfunctions.interpreter.signals.enter", broken)
    done = house.ended(house.start(chain(A=PASS)))
    assert (done.status, done.error) == ("FAILED", "States.Runtime")
    house.engine.close()


def test_an_execution_that_has_ended_is_not_kept_until_its_deadline(store: Store) -> None:
    house = House(store, FakeTasks({"T": lambda _: Done(1)}), watched=False)
    record = house.start({**chain(T=TASK), "TimeoutSeconds": 31_536_000}, name="forgotten")
    house.ended(record)

    def kept() -> bool:
        return any(isinstance(found, Live) and found.record.name == "forgotten" for found in gc.get_objects())

    house.until(lambda: not kept(), "the execution to be forgotten")
    house.engine.close()


def test_the_time_of_an_activity_begins_when_a_worker_takes_it(store: Store) -> None:
    clock = ManualClock()
    house = House(store, clock=clock)
    record = house.start(chain(T={**ACTIVITY, "TimeoutSeconds": 10}))
    house.until(lambda: "ActivityScheduled" in house.types(record), "the activity to be scheduled")
    clock.advance(1000)
    work = house.engine.activity_work(f"{REGION}:activity:a", "w", 10)
    assert work is not None
    clock.advance(9)
    house.engine.heartbeat(work.token)
    clock.advance(1)
    assert house.ended(record).error == "States.Timeout"
    assert house.types(record)[-2:] == ["ActivityTimedOut", "ExecutionFailed"]
    house.engine.close()


def test_a_map_run_whose_end_a_kill_kept_from_its_state_is_not_redriven(store: Store) -> None:
    tasks = FakeTasks({"Work": lambda call: Submitted({}, job=call.arguments["Payload"])})
    house = House(store, tasks)
    record = house.start(distributed(), [1])
    house.until(lambda: 1 in tasks.polled, "the item")
    (run,) = house.engine.map_runs(record.arn)
    house.engine.close()
    Storage(store).save_map_run(replace(run, status="SUCCEEDED"))
    tasks.jobs[1] = "one"
    other = House(store, tasks)
    assert other.ended(record).output == '["one"]'
    assert other.engine.map_runs(record.arn)[0].redrive_count == 0
    other.engine.close()
