"""Steps that call SageMaker, and what they do with what it answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local_server import LocalServer
from tests.workflows.compose.machines import composed, findings, states, tried
from workflows.compose import Algorithm, Chain, caught, fail, in_service, sentence, undo

XGBOOST = Algorithm("image", "role", "s3://models/a/", "key", tags={"team": "a"})
FAILED = fail("Failed", "WorkflowError")


def test_every_job_has_a_key_a_bound_and_tags() -> None:
    train = XGBOOST.training("Train", "job", {"eta": "0.1"}, {"train": "s3://d/t/"}, "text/csv")
    transform = XGBOOST.transform("Transform", "job", "model", "s3://d/in/", "s3://m/out/", "text/csv")
    found = states(Chain([train, transform]))
    for state in (found["Train"], found["Transform"]):
        assert state["Resource"].endswith(".sync")
        assert state["TimeoutSeconds"] == 7200
        assert state["Arguments"]["Tags"] == [{"Key": "team", "Value": "a"}]
    arguments = found["Train"]["Arguments"]
    assert arguments["EnableNetworkIsolation"] is True
    assert arguments["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert arguments["ResourceConfig"]["VolumeKmsKeyId"] == arguments["OutputDataConfig"]["KmsKeyId"] == "key"
    assert arguments["InputDataConfig"][0]["ContentType"] == "text/csv"
    assert found["Transform"]["Arguments"]["TransformOutput"]["KmsKeyId"] == "key"
    assert found["Transform"]["Arguments"]["TransformInput"]["SplitType"] == "Line"


@pytest.mark.parametrize("kind", ["Training", "Transform"])
@pytest.mark.parametrize("own_names", [False, True])
def test_a_job_that_its_step_gives_up_is_stopped(kind: str, own_names: bool) -> None:
    """A job of a name that others may give is only stopped if this execution has waited for it."""
    algorithm = Algorithm("image", "role", "s3://models/a/", "key", own_names=own_names)
    undone = undo("Undo", "deleteModel", {"ModelName": "m"}, FAILED)
    for catch, then in (([caught("Run", Chain([undone, FAILED]))], "Undo"), ([], "Run Failed")):
        step = (
            algorithm.training("Run", "job", {}, {}, "text/csv", catch=catch)
            if kind == "Training"
            else algorithm.transform("Run", "job", "m", "s3://d/in/", "s3://m/out/", "text/csv", catch=catch)
        )
        found = states(step)
        first, *others = found["Run"]["Catch"]
        assert first["Next"] == "Stop Run"
        assert first["ErrorEquals"] == ["States.Timeout", *(["SageMaker.ResourceInUseException"] if own_names else [])]
        assert [one["Next"] for one in others] == [then] * len(catch)
        stop = found["Stop Run"]
        assert stop["Resource"].endswith(f":aws-sdk:sagemaker:stop{kind}Job")
        assert stop["Arguments"] == {f"{kind}JobName": "job"}
        assert {stop["Next"], *(one["Next"] for one in stop["Catch"])} == {then}
        assert findings(composed(step)) == []


def test_a_job_that_its_step_gives_up_is_told(local_aws: LocalServer) -> None:
    found = states(XGBOOST.training("Train", "job", {}, {}, "text/csv"))
    told = found["Train"]["Catch"][0]["Assign"]["failure"].replace("$states.errorOutput", "$states.input")
    answer = tried(local_aws, {"Type": "Pass", "Output": told, "End": True}, {"Error": "States.Timeout"})
    assert json.loads(answer["output"]) == (
        "Train failed: States.Timeout. Its job job is told to stop; look whether it has."
    )


def test_models_and_endpoints_are_bounded_and_encrypted() -> None:
    steps = [
        XGBOOST.model("Model", "m", "s3://m/model.tar.gz"),
        XGBOOST.endpoint_config("Config", "c", "m"),
        XGBOOST.endpoint("Endpoint", "e", "c"),
    ]
    found = states(Chain(steps))
    assert [state["TimeoutSeconds"] for state in found.values()] == [60, 60, 60]
    assert found["Config"]["Arguments"]["KmsKeyId"] == "key"
    assert found["Model"]["Arguments"]["EnableNetworkIsolation"] is True
    assert findings(composed(*steps)) == []


@pytest.mark.parametrize(
    ("status", "following"),
    [("InService", "End"), ("Creating", "Wait For Endpoint"), ("Failed", "Undo"), ("OutOfService", "Undo")],
)
def test_where_the_state_of_an_endpoint_leads(local_aws: LocalServer, status: str, following: str) -> None:
    remove = undo("Undo", "deleteEndpoint", {"EndpointName": "e"}, FAILED)
    found = states(Chain([*in_service("e", Chain([remove, FAILED])), fail("End", "E")]))
    variables = json.dumps({"endpointStatus": status, "endpointReason": ["It has no disk."]})
    answer = tried(local_aws, found["Is Endpoint In Service"], {}, variables=variables)
    assert (answer["status"], answer["nextState"]) == ("SUCCEEDED", following)
    told = json.loads(answer["inspectionData"].get("variables", "{}")).get("failure")
    if following == "Undo":
        assert told == f"Create Endpoint failed: the endpoint is {status}. It has no disk."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"Error": "States.TaskFailed", "Cause": '{"FailureReason": "No rows.", "A": 1}'}, "Train failed: No rows."),
        (
            {"Error": "States.TaskFailed", "Cause": '{"TrainingJobStatus": "Stopped"}'},
            "Train failed: its job was stopped",
        ),
        ({"Error": "SageMaker.X", "Cause": "Busy (Service: A)"}, "Train failed: Busy (Service: A)"),
        ({"Error": "States.Timeout"}, "Train failed: States.Timeout"),
    ],
)
def test_a_failure_in_a_sentence(local_aws: LocalServer, error: dict[str, Any], said: str) -> None:
    """The expression is evaluated by a Pass whose input is what a Catch is given."""
    text = str(sentence("Train")).replace("$states.errorOutput", "$states.input")
    answer = tried(local_aws, {"Type": "Pass", "Output": f"{{% {text} %}}", "End": True}, error)
    assert json.loads(answer["output"]) == said
    assert caught("Train", FAILED).asl()["Next"] == "Failed"
