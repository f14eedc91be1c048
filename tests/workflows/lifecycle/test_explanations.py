"""What the state Explain Failure makes of the causes that tasks are caught with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope
from tests.workflows.lifecycle.test_definitions import MACHINES, states_of

JOBS = {"lifecycle-training": "TrainingJob", "lifecycle-inference": "TransformJob"}


def explained(machine: str, cause: Any, **more: str) -> str:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    failure = {"State": "The State", "Error": "The.Error", "Cause": text, **more}
    output = states_of(machine)["Explain Failure"]["Output"]
    return str(query({}, Scope({}, {"failure": failure})).evaluate(output, "Output"))


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ({"errorMessage": "no file", "errorType": "DataError", "stackTrace": ["a"]}, "no file"),
        ("Task timed out (Service: AWSLambda)", "Task timed out (Service: AWSLambda)"),
        ("", "The.Error without a cause; the history of the execution has its input."),
    ],
)
def test_what_functions_and_services_say(machine: str, cause: Any, said: str) -> None:
    assert explained(machine, cause) == f"The State failed: {said}"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"Status": "Failed", "FailureReason": "AlgorithmError: bad rows"}, "job-1 failed: AlgorithmError: bad rows"),
        ({"Status": "Stopped"}, "job-1 stopped."),
    ],
)
def test_a_job_is_named_with_its_reason(machine: str, ended: dict[str, str], said: str) -> None:
    kind = JOBS[machine]
    described = {f"{kind}Name": "job-1", f"{kind}Status": ended["Status"]}
    assert (
        explained(machine, described | {k: v for k, v in ended.items() if k != "Status"}) == f"The State failed: {said}"
    )


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ({"Status": "FAILED", "Error": "DataError", "Cause": "no rows"}, "retrain-1 failed: no rows"),
        ({"Status": "TIMED_OUT"}, "retrain-1 timed_out."),
    ],
)
def test_an_execution_is_named_with_its_cause(ended: dict[str, str], said: str) -> None:
    described = {"ExecutionArn": "arn", "Name": "retrain-1", **ended}
    assert explained("lifecycle-inference", described) == f"The State failed: {said}"


def test_what_is_left_is_told() -> None:
    told = explained("lifecycle-training", "Denied", Left="The model m remains.")
    assert told == "The State failed: Denied The model m remains."
