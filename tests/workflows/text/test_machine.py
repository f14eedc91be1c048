"""The machine with scripted answers of AWS, and time that passes at once: what the stack's own endpoint never does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.records import FAILED, SUCCEEDED
from local_aws.stepfunctions.tasks.contract import TaskFailed
from tests.local_aws.stepfunctions.interpreter.play import LAMBDA, Play, play
from tests.workflows.text.test_definition import TEXT

INPUT = {"bucket": "data", "prefix": "s3://data/workflows/text/", "dataset": "a.json.zip"}
COUNTS = {"reviews": 3, "sentences": 5}
METRICS = [{"MetricName": "train:accuracy", "Value": 0.9}, {"MetricName": "validation:accuracy", "Value": 0.8}]
ANSWER = [{"label": ["__label__1"], "prob": [0.9]}]
DELETED = ("Delete endpoint", "Delete endpoint config")


def failing(error: str, cause: str) -> Callable[[Any], Any]:
    def answer(_arguments: Any) -> Any:
        raise TaskFailed(error, cause)

    return answer


def run(redrives: int = 0, /, **answers: Any) -> Play:
    """Run with other answers than those of a run without a fault; a list is answered item by item, its last again."""
    usual: dict[str, Any] = {
        "Find dataset": {},
        "Prepare reviews": {"ExitMessage": json.dumps(COUNTS)},
        "Train": {"ModelArtifacts": {"S3ModelArtifacts": "s3://m/a"}, "FinalMetricDataList": METRICS},
        "Create model": {},
        "Create endpoint config": {},
        "Create endpoint": {},
        "Describe endpoint": [{"EndpointStatus": "Creating"}, {"EndpointStatus": "InService"}],
        "Ask endpoint": {"Body": json.dumps(ANSWER)},
        "Look for endpoint": {"EndpointStatus": "InService"},
        "Delete endpoint": {},
        "Delete endpoint config": {},
        "Delete model": {},
        "Transform": {},
        "Stop processing": {},
        "Stop training": {},
        "Stop transform": {},
        "Score predictions": {"accuracy": 0.8},
    }
    definition = json.loads(_with_resources())
    given = {name.replace("_", " "): answer for name, answer in answers.items()}
    scripted = {name: _answering(answer) for name, answer in {**usual, **given}.items()}
    begun = play(definition, INPUT, scripted)
    begun.interpreter.run.record = replace(begun.interpreter.run.record, redrive_count=redrives)
    return begun.run()


def _with_resources() -> str:
    """Any integration will do for the resources, which the answers stand for."""
    states = json.loads(TEXT)

    def fill(machine: Any) -> None:
        for state in machine["States"].values():
            if "Resource" in state:
                state["Resource"] = LAMBDA
            for branch in state.get("Branches", []):
                fill(branch)

    fill(states)
    return json.dumps(states)


def _answering(answer: Any) -> Callable[[Any], Any]:
    if callable(answer):
        failing_or_noting: Callable[[Any], Any] = answer
        return failing_or_noting
    rest = list(answer) if isinstance(answer, list) else [answer]
    return lambda _arguments: rest.pop(0) if len(rest) > 1 else rest[0]


def entered(done: Play) -> Counter[str]:
    return Counter(
        event["stateEnteredEventDetails"]["name"] for event in done.events if "stateEnteredEventDetails" in event
    )


def failure(done: Play) -> tuple[str, str]:
    assert done.end is not None
    assert done.end.status == FAILED
    return str(done.end.error), str(done.end.cause)


def test_a_run_without_a_fault() -> None:
    done = run()
    assert done.output["counts"] == COUNTS
    assert done.output["metrics"] == {"train:accuracy": 0.9, "validation:accuracy": 0.8}
    assert done.output["endpoint"]["answers"] == ANSWER
    assert done.output["scores"] == {"accuracy": 0.8}
    assert done.output["transform"].endswith("/e/transform/a_test.jsonl.out")
    states = entered(done)
    assert all(states[name] == 1 for name in DELETED)
    assert not states["Delete model"]


def test_results_without_counts_and_metrics_are_enough() -> None:
    """What Step Functions makes of SageMaker's events may lack them."""
    artifact = {"ModelArtifacts": {"S3ModelArtifacts": "s3://m/a"}}
    done = run(Prepare_reviews={}, Train={**artifact, "FinalMetricDataList": None}, Transform={})
    assert done.output["counts"] == {}
    assert done.end is not None
    assert done.end.status == SUCCEEDED


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "RollingBack", "UpdateRollbackFailed", "Deleting"])
def test_an_endpoint_that_will_not_be_in_service_is_named_with_its_reason_and_deleted(status: str) -> None:
    looks = [{"EndpointStatus": "Creating"}, {"EndpointStatus": status, "FailureReason": "The container died."}]
    done = run(Describe_endpoint=looks, Look_for_endpoint={"EndpointStatus": "Failed"})
    error, cause = failure(done)
    assert error == "EndpointError"
    assert cause.startswith("Endpoint slipway-${SuffixID}-text-")
    assert cause.endswith(f" failed: its status is {status} after 2 looks: The container died.")
    states = entered(done)
    assert [states[name] for name in (*DELETED, "Delete model", "Ask endpoint")] == [1, 1, 1, 0]


def test_an_endpoint_that_is_created_for_too_long_is_given_up_and_deleted_once_that_is_possible() -> None:
    waits = [{"EndpointStatus": "Creating"}] * 5 + [{"EndpointStatus": "InService"}]
    done = run(Describe_endpoint={"EndpointStatus": "Creating"}, Look_for_endpoint=waits)
    _, cause = failure(done)
    assert cause.endswith("failed: its status is Creating after 80 looks: SageMaker gives no reason")
    states = entered(done)
    assert [states[name] for name in ("Describe endpoint", "Look for endpoint", *DELETED)] == [80, 6, 1, 1]


def test_an_endpoint_that_was_not_created_needs_no_deletion() -> None:
    missing = failing("SageMaker.SageMakerException", 'Could not find endpoint "arn:aws:sagemaker:…".')
    quota = failing("SageMaker.ResourceLimitExceededException", "The account-level service limit is 0 Instances.")
    done = run(Create_endpoint=quota, Look_for_endpoint=missing)
    error, cause = failure(done)
    assert error == "SageMaker.ResourceLimitExceededException"
    assert cause.endswith(" failed: The account-level service limit is 0 Instances.")
    assert [entered(done)[name] for name in DELETED] == [0, 1]


def test_what_cannot_be_deleted_is_told() -> None:
    denied = failing("SageMaker.SageMakerException", "User is not authorized to perform: sagemaker:DeleteEndpoint")
    error, cause = failure(run(Delete_endpoint=denied, Delete_endpoint_config=denied))
    assert error == "CleanUpError"
    assert cause.startswith("Deleting endpoint slipway-")
    assert " and endpoint config slipway-" in cause


def test_both_branches_are_told_and_neither_cuts_the_other_off() -> None:
    description = json.dumps({"TransformJobStatus": "Failed", "FailureReason": 'ClientError: "a" is\nbad'})
    asked = failing("SageMakerRuntime.ModelErrorException", "Received client error (400)")
    done = run(Ask_endpoint=asked, Transform=failing("States.TaskFailed", description))
    error, cause = failure(done)
    assert error == "SageMakerRuntime.ModelErrorException"
    assert cause.startswith("Invoking endpoint slipway-")
    assert " failed: Received client error (400) Transform job slipway-" in cause
    assert cause.endswith('failed: ClientError: "a" is\nbad')
    assert [entered(done)[name] for name in DELETED] == [1, 1]


@pytest.mark.parametrize(
    ("error", "description", "reason"),
    [
        ("States.TaskFailed", '{"ExitMessage":"No \\"b\\".","FailureReason":"AlgorithmError"}', 'No "b".'),
        ("States.TaskFailed", '{"ExitMessage":null,"FailureReason":"AlgorithmError: x"}', "AlgorithmError: x"),
        ("States.TaskFailed", '{"ProcessingJobName":"n","ProcessingJobStatus":"Stopped"}', "Stopped"),
        ("States.TaskFailed", "", "States.TaskFailed"),
    ],
)
def test_the_reason_of_a_job_is_its_message_or_what_there_is(error: str, description: str, reason: str) -> None:
    found = failure(run(Prepare_reviews=failing(error, description)))
    assert found[0] == error
    assert found[1].startswith("Processing job slipway-")
    assert found[1].endswith(f" failed: {reason}")


def test_a_failed_score_deletes_the_model_and_a_failed_deletion_keeps_the_first_reason() -> None:
    denied = failing("SageMaker.SageMakerException", "denied")
    error, cause = failure(run(Score_predictions=failing("DataError", "s3://a: ends"), Delete_model=denied))
    assert (error, cause) == ("DataError", "Scoring the predictions failed: s3://a: ends")


@pytest.mark.parametrize(
    ("state", "stop"),
    [("Prepare reviews", "Stop processing"), ("Train", "Stop training"), ("Transform", "Stop transform")],
)
@pytest.mark.parametrize(
    "error", ["States.Timeout", "SageMaker.ResourceInUseException", "SageMaker.SdkClientException"]
)
def test_a_job_that_may_still_run_is_stopped(state: str, stop: str, error: str) -> None:
    """It took too long, or exists as the answer to its creation was lost."""
    made: list[str] = []
    done = run(**{state: _noting(made, failing(error, "too long")), stop: _noting(made, lambda _arguments: {})})
    assert failure(done)[0] == error
    assert failure(done)[1].endswith(" failed: too long")
    assert entered(done)[stop] == 1
    assert len(set(made)) == 1
    assert made[0].startswith("slipway-")


@pytest.mark.parametrize(
    ("state", "stop"),
    [("Prepare reviews", "Stop processing"), ("Train", "Stop training"), ("Transform", "Stop transform")],
)
def test_a_job_that_cannot_be_stopped_is_told(state: str, stop: str) -> None:
    done = run(**{state: failing("States.Timeout", ""), stop: failing("SageMaker.SageMakerException", "denied")})
    error, cause = failure(done)
    assert error == "States.Timeout"
    assert cause.endswith(" failed: States.Timeout Stopping it failed too: look whether it still runs.")


def test_a_job_that_failed_is_not_stopped() -> None:
    assert not entered(run(Train=failing("States.TaskFailed", "no")))["Stop training"]


def _noting(names: list[str], answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def note(arguments: Any) -> Any:
        names.extend(value for key, value in arguments.items() if key.endswith("JobName"))
        return answer(arguments)

    return note


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "there is no such object. Upload it, or correct bucket, prefix and dataset."),
        (403, "S3 denies it to the role of the state machine."),
    ],
)
def test_a_dataset_that_cannot_be_read_is_told_in_a_sentence(status: int, said: str) -> None:
    """HeadObject has no body, so the SDK's message is null."""
    answered = failing("S3.S3Exception", f"null (Service: S3, Status Code: {status}, Request ID: A)")
    _, cause = failure(run(Find_dataset=answered))
    assert cause == f"Reading the dataset s3://data/workflows/text/a.json.zip failed: {said}"


def test_an_endpoint_whose_creation_was_answered_to_nobody_is_gone_on_with() -> None:
    there = failing("SageMaker.SageMakerException", 'Cannot create already existing endpoint "arn:aws:…".')
    done = run(Create_endpoint=there)
    assert done.output["endpoint"]["answers"] == ANSWER
    assert [entered(done)[name] for name in DELETED] == [1, 1]


def test_an_endpoint_that_vanishes_is_made_again_by_a_redrive_only() -> None:
    missing = failing("SageMaker.SageMakerException", 'Could not find endpoint "arn:aws:…".')
    done = run(Describe_endpoint=missing, Look_for_endpoint=missing)
    assert "Could not find endpoint" in failure(done)[1]
    assert entered(done)["Create endpoint"] == 1


def test_a_redrive_makes_an_endpoint_again_at_most_three_times() -> None:
    """The sweep deleted it when the execution was stopped."""
    missing = failing("SageMaker.SageMakerException", 'Could not find endpoint "arn:aws:…".')
    done = run(1, Describe_endpoint=missing, Look_for_endpoint=missing)
    assert "Could not find endpoint" in failure(done)[1]
    assert entered(done)["Create endpoint"] == 4


def test_a_redrive_waits_until_an_endpoint_is_deleted_and_makes_it_again() -> None:
    gone = [None] * 5  # a look and its four repetitions
    looks = [{"EndpointStatus": "Deleting"}, *gone, {"EndpointStatus": "Creating"}, {"EndpointStatus": "InService"}]

    def look(_arguments: Any) -> Any:
        found = looks.pop(0)
        if found is None:
            raise TaskFailed("SageMaker.SageMakerException", 'Could not find endpoint "arn:aws:…".')
        return found

    done = run(1, Describe_endpoint=look)
    assert done.output["endpoint"]["answers"] == ANSWER
    assert entered(done)["Create endpoint"] == 2
