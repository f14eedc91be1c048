"""Order, ids and previous events of histories, as observed on AWS."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.contracts import records
from local_aws.stepfunctions.interpreter.run import StopTask
from local_aws.stepfunctions.tasks.contract import TaskFailed
from tests.local_aws.stepfunctions.interpreter.play import INVOKE, LAMBDA, chain, play

PASS = {"Type": "Pass"}
TASK = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}}
ITEM = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
FAILING = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}}


def failed(error: str = "Broken", cause: str = "on purpose") -> Any:
    def answer(_: Any) -> Any:
        raise TaskFailed(error, cause)

    return answer


@pytest.mark.parametrize(
    ("fields", "name", "caught"),
    [
        ({"HeartbeatSeconds": 5}, "States.HeartbeatTimeout", True),
        ({"HeartbeatSeconds": 5}, "States.Timeout", True),
        ({"TimeoutSeconds": 5}, "States.Timeout", True),
        ({"TimeoutSeconds": 5}, "States.HeartbeatTimeout", False),
    ],
)
@pytest.mark.parametrize("inner", [False, True])
def test_a_missed_heartbeat_has_a_name_of_its_own_for_a_catcher(
    fields: dict[str, Any], name: str, caught: bool, inner: bool
) -> None:
    task: dict[str, Any] = {**TASK, "Resource": f"{INVOKE}.waitForTaskToken", **fields}
    task["Parameters"] = {"FunctionName": "f", "Payload": {"T.$": "$$.Task.Token"}}
    branch = {"StartAt": "T", "States": {"T": {**task, "End": True}}}
    state = {"Type": "Parallel", "Branches": [branch]} if inner else task
    catch = [{"ErrorEquals": [name], "Next": "Caught"}]
    done = play(chain(S={**state, "Catch": catch, "Next": "Caught"}, Caught=PASS)).run()
    assert done.details("TaskTimedOut")[0]["error"] == "States.Timeout"
    assert done.end is not None
    if caught:
        assert done.output == {"Error": "States.Timeout"}
    else:
        assert (done.end.status, done.end.error) == (records.FAILED, "States.Timeout")


def test_states_follow_one_another() -> None:
    done = play(chain(A=PASS, B=PASS)).run()
    assert done.history() == [
        ("ExecutionStarted", 0),
        ("PassStateEntered", 0),
        ("PassStateExited", 2),
        ("PassStateEntered", 3),
        ("PassStateExited", 4),
        ("ExecutionSucceeded", 5),
    ]
    assert done.output == {}


def test_the_input_stands_as_it_was_given() -> None:
    done = play(chain(A=PASS), ["a", "b"]).run()
    assert done.details("ExecutionStarted")[0]["input"] == '["a", "b"]'
    assert done.details("PassStateEntered")[0]["input"] == '["a", "b"]'
    assert done.details("PassStateExited")[0]["output"] == '["a","b"]'


def test_a_task_of_a_service() -> None:
    task = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "TimeoutSeconds": 9}
    done = play(chain(T=task), answers={"T": lambda given: given}).run()
    assert done.history() == [
        ("ExecutionStarted", 0),
        ("TaskStateEntered", 0),
        ("TaskScheduled", 2),
        ("TaskStarted", 3),
        ("TaskSucceeded", 4),
        ("TaskStateExited", 5),
        ("ExecutionSucceeded", 6),
    ]
    assert done.details("TaskScheduled") == [
        {
            "resourceType": "lambda",
            "resource": "invoke",
            "region": "us-east-1",
            "parameters": '{"FunctionName":"f"}',
            "timeoutInSeconds": 9,
        }
    ]


def test_a_function_by_its_own_name() -> None:
    done = play(chain(T={"Type": "Task", "Resource": LAMBDA}), answers={"T": failed()}).run()
    assert [name for name, _ in done.history()[2:]] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "ExecutionFailed",
    ]
    assert done.details("ExecutionFailed") == [{"error": "Broken", "cause": "on purpose"}]


def test_a_retry_follows_the_failure() -> None:
    attempts = iter([failed(), failed(), lambda _: 1])

    def answer(given: Any) -> Any:
        return next(attempts)(given)

    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 10, "BackoffRate": 3}]
    task = {**TASK, "Retry": retry}
    done = play(chain(T=task), answers={"T": answer}).run()
    assert done.history()[2:9] == [
        ("TaskScheduled", 2),
        ("TaskStarted", 3),
        ("TaskFailed", 4),
        ("TaskScheduled", 5),
        ("TaskStarted", 6),
        ("TaskFailed", 7),
        ("TaskScheduled", 8),
    ]
    times = [event["timestamp"] for event in done.events if event["type"] == "TaskScheduled"]
    assert [later - times[0] for later in times] == [0, 10, 40]


def test_the_branches_of_a_parallel() -> None:
    branch = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}}
    other = {"StartAt": "C", "States": {"C": {"Type": "Pass", "Result": 3, "End": True}}}
    done = play(chain(P={"Type": "Parallel", "Branches": [branch, other]}), {"x": 1}).run()
    assert done.output == [{"x": 1}, 3]
    history = done.history()
    assert history[2] == ("ParallelStateStarted", 2)
    assert [previous for name, previous in history if name == "PassStateEntered"][:2] == [3, 3]
    last = max(number for number, (name, _) in enumerate(history, 1) if name == "PassStateExited")
    assert history[-3:] == [
        ("ParallelStateSucceeded", last),
        ("ParallelStateExited", last),
        ("ExecutionSucceeded", len(history) - 1),
    ]


def test_items_one_at_a_time() -> None:
    state = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": ITEM}
    done = play(chain(M=state), [1, 2]).run()
    assert done.history()[2:] == [
        ("MapStateStarted", 2),
        ("MapIterationStarted", 3),
        ("PassStateEntered", 4),
        ("PassStateExited", 5),
        ("MapIterationSucceeded", 6),
        ("MapIterationStarted", 6),
        ("PassStateEntered", 8),
        ("PassStateExited", 9),
        ("MapIterationSucceeded", 10),
        ("MapStateSucceeded", 11),
        ("MapStateExited", 11),
        ("ExecutionSucceeded", 13),
    ]
    assert done.output == [1, 2]


def test_a_map_without_items() -> None:
    done = play(chain(M={"Type": "Map", "ItemProcessor": ITEM}), []).run()
    assert done.output == []
    assert done.details("MapStateStarted") == [{"length": 0}]


@pytest.mark.parametrize(
    ("more", "after", "status"),
    [
        ({}, [("MapStateFailed", 5), ("ExecutionFailed", 7)], records.FAILED),
        (
            {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]},
            [("MapStateFailed", 5), ("MapStateExited", 7), ("PassStateEntered", 8)],
            records.SUCCEEDED,
        ),
    ],
)
def test_a_failing_item(more: dict[str, Any], after: list[tuple[str, int]], status: str) -> None:
    states = {"M": {"Type": "Map", "ItemProcessor": FAILING, "Next": "Caught", **more}, "Caught": PASS}
    done = play(chain(**states), [1]).run()
    assert done.history()[3:6] == [("MapIterationStarted", 3), ("FailStateEntered", 4), ("MapIterationFailed", 5)]
    assert done.history()[6 : 6 + len(after)] == after
    assert done.end is not None
    assert done.end.status == status


def test_a_map_that_is_retried_begins_anew() -> None:
    retry = [{"ErrorEquals": ["Broken"], "MaxAttempts": 1}]
    done = play(chain(M={"Type": "Map", "ItemProcessor": FAILING, "Retry": retry}), [1]).run()
    assert done.history()[5:] == [
        ("MapIterationFailed", 5),
        ("MapStateStarted", 5),
        ("MapIterationStarted", 7),
        ("FailStateEntered", 8),
        ("MapIterationFailed", 9),
        ("MapStateFailed", 9),
        ("ExecutionFailed", 11),
    ]


def test_items_that_a_failure_ends() -> None:
    """Each item that ends so is followed by its state, and all of it by the event that failed."""
    item = {"StartAt": "T", "States": {"T": {**TASK, "TimeoutSeconds": 5, "End": True}}}
    done = play(chain(M={"Type": "Map", "ItemProcessor": item}), [1, 2]).run()
    failing = next(number for number, (name, _) in enumerate(done.history(), 1) if name == "TaskTimedOut")
    assert done.history()[failing:] == [
        ("MapIterationFailed", failing),
        ("TaskStateAborted", failing),
        ("MapIterationAborted", failing),
        ("TaskStateAborted", failing),
        ("MapStateFailed", failing),
        ("ExecutionFailed", failing + 5),
    ]
    assert done.details("ExecutionFailed") == [{"error": "States.Timeout"}]


def test_a_year_passes() -> None:
    done = play(chain(W={"Type": "Wait", "Seconds": 31_536_000}, B=PASS)).run()
    assert [event["timestamp"] for event in done.events if event["type"] == "WaitStateExited"] == [
        1_900_000_000.0 + 31_536_000
    ]


def test_an_execution_that_takes_too_long() -> None:
    definition = {**chain(W={"Type": "Wait", "Seconds": 100}), "TimeoutSeconds": 10}
    done = play(definition).run()
    assert done.end is not None
    assert done.end.status == records.TIMED_OUT
    assert done.history()[-1][0] == "ExecutionTimedOut"


def test_a_history_has_an_end() -> None:
    again = {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 0, "Next": "End"}], "Default": "A"}
    states = {"A": {**PASS, "Next": "B"}, "B": again, "End": {"Type": "Succeed"}}
    done = play({"StartAt": "A", "States": states}, {"x": 1}).run()
    assert done.end is not None
    assert done.end.error == "States.Runtime"
    assert len(done.events) <= 25_000
    assert done.end.cause == "The execution reached the maximum number of history events (25000)."


def test_a_map_without_a_limit_runs_forty_items_at_once() -> None:
    item = {"StartAt": "T", "States": {"T": {**TASK, "End": True}}}
    begun = play(chain(M={"Type": "Map", "ItemProcessor": item}), list(range(50))).run()
    assert begun.end is None
    assert len(begun.details("TaskStarted")) == 40


def test_the_items_of_a_map_fill_a_history() -> None:
    item = {"StartAt": "T", "States": {"T": {**PASS, "End": True}}}
    done = play(chain(M={"Type": "Map", "ItemProcessor": item}), list(range(7000))).run()
    assert done.end is not None
    assert done.end.error == "States.Runtime"
    assert len(done.events) <= 25_000


def test_the_jobs_of_a_history_that_is_full_are_stopped() -> None:
    first = {"StartAt": "T", "States": {"T": {**TASK, "End": True}}}
    item = {"StartAt": "I", "States": {"I": {**PASS, "End": True}}}
    second = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": item, "End": True}}}
    begun = play(chain(P={"Type": "Parallel", "Branches": [first, second]}), list(range(7000)))
    begun.interpreter.advance(begun.now)
    task = next(frame for frame in begun.interpreter.run.frames.values() if frame.state == "T")
    assert task.attempt is not None
    begun.interpreter.task_submitted(task.id, task.attempt.key, begun.now, {}, "job")
    begun.run()
    assert begun.end is not None
    assert [effect.job for effect in begun.effects if isinstance(effect, StopTask)] == ["job"]


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({**PASS, "Output": "{% $nothing %}"}, "Output"),
        ({**PASS, "Assign": {"x": "{% $nothing %}"}}, "Assign/x"),
        (
            {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "{% $nothing %}"}},
            "Arguments/FunctionName",
        ),
        ({"Type": "Map", "Items": "{% $nothing %}", "ItemProcessor": ITEM}, "Items"),
    ],
)
def test_what_cannot_be_evaluated_follows_the_event_before_the_state(state: dict[str, Any], location: str) -> None:
    done = play({"QueryLanguage": "JSONata", **chain(A=PASS, B=state)}).run()
    assert done.history()[3:5] == [(f"{state['Type']}StateEntered", 3), ("EvaluationFailed", 3)]
    cause = (
        "An error occurred while executing the state 'B' (entered at the event id #4). "
        f"The JSONata expression '$nothing' specified for the field '{location}' returned nothing (undefined)."
    )
    details = {"error": "States.QueryEvaluationError", "cause": cause, "location": location, "state": "B"}
    assert done.details("EvaluationFailed") == [details]


HALF = "x" * 140_000


@pytest.mark.parametrize(
    "state",
    [
        {**TASK, "Parameters": {"FunctionName": "f", "Payload": {"a.$": "$", "b.$": "$"}}},
        {"Type": "Parallel", "Parameters": {"a.$": "$", "b.$": "$"}, "Branches": [ITEM]},
        {"Type": "Map", "ItemsPath": "$$.State", "ItemSelector": {"a.$": "$", "b.$": "$"}, "ItemProcessor": ITEM},
    ],
)
def test_an_input_may_not_exceed_the_limit_after_parameters(state: dict[str, Any]) -> None:
    done = play(chain(S={**state, "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B"}]}, B=PASS), HALF)
    assert done.run().output["Error"] == "States.DataLimitExceeded"
    assert "TaskScheduled" not in [name for name, _ in done.history()]


def test_the_variables_of_an_execution_have_at_most_ten_mebibytes() -> None:
    states = {f"S{number}": {**PASS, "Assign": {f"v{number}.$": "$"}} for number in range(41)}
    done = play(chain(**states), "x" * 262_000).run()
    assert done.end is not None
    assert done.end.error == "States.DataLimitExceeded"
    assert len(done.details("PassStateExited")) == 40


def test_variables_that_are_set_again_and_those_of_branches_that_have_ended_count_once() -> None:
    branch = {"StartAt": "In", "States": {"In": {**PASS, "Assign": {"b.$": "$"}, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$$.Execution.Input.items", "ItemProcessor": branch, "ResultPath": None}
    each["ItemSelector"] = {"text.$": "$.text"}
    states = {f"S{number}": {**PASS, "Assign": {"v.$": "$.text"}} for number in range(41)}
    done = play(chain(**states, M=each), {"text": "x" * 250_000, "items": list(range(50))}).run()
    assert done.end is not None
    assert done.end.status == records.SUCCEEDED


def test_a_job_whose_result_is_too_large_has_ended_and_is_not_stopped() -> None:
    begun = play(chain(T=TASK))
    begun.turn()
    frame = begun.interpreter.run.frames[0]
    assert frame.attempt is not None
    begun.interpreter.task_submitted(frame.id, frame.attempt.key, begun.now, {}, "job")
    begun.interpreter.task_done(frame.id, frame.attempt.key, begun.now, f'"{HALF + HALF}"')
    begun.run()
    assert begun.end is not None
    assert begun.end.error == "States.DataLimitExceeded"
    assert not [effect for effect in begun.effects if isinstance(effect, StopTask)]


def test_a_result_that_is_too_large_can_be_caught_with_all_errors() -> None:
    task = {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]}
    done = play(chain(T=task, B=PASS), answers={"T": lambda _: HALF + HALF}).run()
    assert done.output["Error"] == "States.DataLimitExceeded"
    assert [name for name, _ in done.history()[4:6]] == ["TaskFailed", "TaskStateExited"]
