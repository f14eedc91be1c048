from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local_aws.stepfunctions.tasks.contract import Done, Submitted, TaskFailed
from tests.local_aws.stepfunctions.tasks.fakes import EXECUTION, World, call, refused

TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
BUILD = "arn:aws:states:::codebuild:startBuild.sync"
BATCH = "arn:aws:states:::codebuild:startBuildBatch.sync"
WHEN = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
ARGUMENTS = {
    "TrainingJobName": "job",
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "RoleArn": "r",
    "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}
OURS = [
    {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
    {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": EXECUTION},
]
DOWN = EndpointConnectionError(endpoint_url="http://down")


def job(status: str, **more: Any) -> dict[str, Any]:
    return {"TrainingJobName": "job", "TrainingJobArn": "arn:job", "TrainingJobStatus": status} | more


def prepared(world: World, *answers: Any) -> World:
    world.clients.answer("sagemaker", "create_training_job", {"TrainingJobArn": "arn:job"})
    world.clients.answer("sagemaker", "describe_training_job", *answers)
    world.clients.answer("sagemaker", "list_tags", {"Tags": OURS})
    return world


def submitted(world: World, arn: str, arguments: Any, **changes: Any) -> Submitted:
    found = world.start(arn, arguments, **changes)
    assert isinstance(found, Submitted)
    return found


def poll(world: World, arn: str, job_: Any) -> Done | None:
    return world.of(arn).poll(call(arn, {}), job_)


def test_a_training_job_to_its_end(world: World) -> None:
    prepared(world, job("InProgress"), DOWN, job("Completed", CreationTime=WHEN))
    found = submitted(world, TRAIN, ARGUMENTS | {"Tags": [{"Key": "a", "Value": "b"}]})
    assert found.job == {"name": "job"}
    assert found.output["TrainingJobArn"] == "arn:job"
    assert found.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    [request] = world.clients.requests("create_training_job")
    assert request["Tags"] == [{"Key": "a", "Value": "b"}, *OURS]
    assert poll(world, TRAIN, found.job) is None
    assert poll(world, TRAIN, found.job) is None, "local AWS that is out of reach is asked again"
    done = poll(world, TRAIN, found.job)
    assert done == Done(
        {
            "TrainingJobName": "job",
            "TrainingJobArn": "arn:job",
            "TrainingJobStatus": "Completed",
            "CreationTime": 1769860800000,
            "Tags": {tag["Key"]: tag["Value"] for tag in OURS},
        }
    )


def test_the_parameters_that_the_history_shows(world: World) -> None:
    def shown(arn: str) -> Any:
        return world.integrations.shown(world.integrations.resource(arn), {"Tags": [{"Key": "a", "Value": "b"}]})

    assert shown(TRAIN) == {"Tags": [{"Key": "a", "Value": "b"}, OURS[0]]}
    for arn in (TRAIN.removesuffix(".sync"), BUILD, "arn:aws:states:us-east-1:111122223333:activity:a"):
        assert shown(arn) == {"Tags": [{"Key": "a", "Value": "b"}]}


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_training_job_that_does_not_complete(world: World, status: str) -> None:
    prepared(world, job(status, FailureReason="AlgorithmError: no"))
    with pytest.raises(TaskFailed) as failed:
        poll(world, TRAIN, {"name": "job"})
    assert (failed.value.error, failed.value.phase) == ("States.TaskFailed", "run")
    cause = json.loads(failed.value.cause)
    assert (cause["TrainingJobStatus"], cause["FailureReason"]) == (status, "AlgorithmError: no")


def test_a_job_that_may_not_be_described(world: World) -> None:
    prepared(world, refused("AccessDeniedException", "no", 403))
    with pytest.raises(TaskFailed) as failed:
        poll(world, TRAIN, {"name": "job"})
    assert (failed.value.error, failed.value.phase) == ("SageMaker.AmazonSageMakerException", "run")


def test_a_job_of_that_name_is_found_again(world: World) -> None:
    prepared(world, job("InProgress"))
    found = submitted(world, TRAIN, ARGUMENTS, again=True)
    assert (found.output["TrainingJobArn"], found.job) == ("arn:job", {"name": "job"})
    assert world.clients.requests("create_training_job") == []


def test_another_executions_job_of_that_name_is_an_error(world: World) -> None:
    prepared(world, job("InProgress"))
    world.clients.answer("sagemaker", "list_tags", {"Tags": [OURS[0], {**OURS[1], "Value": "another"}]})
    world.clients.answer("sagemaker", "create_training_job", refused("ResourceInUse", "It exists."))
    error, cause, phase = world.failure(TRAIN, ARGUMENTS, again=True)
    assert (error, phase) == ("SageMaker.ResourceInUseException", "submit")
    assert cause.startswith("It exists. (Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse;")


def test_a_repeat_that_finds_no_job_makes_it(world: World) -> None:
    prepared(world, refused("ValidationException", "Requested resource not found."))
    submitted(world, TRAIN, ARGUMENTS, again=True)
    assert len(world.clients.requests("create_training_job")) == 1


def test_a_job_is_stopped(world: World) -> None:
    world.clients.answer(
        "sagemaker", "stop_training_job", {}, refused("ValidationException", "It is in status Stopped.")
    )
    for _ in range(2):
        world.of(TRAIN).stop(call(TRAIN, {}), {"name": "job"})
    assert world.clients.requests("stop_training_job") == [{"TrainingJobName": "job"}] * 2


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("createProcessingJob", "processing_job"),
        ("createTransformJob", "transform_job"),
        ("createHyperParameterTuningJob", "hyper_parameter_tuning_job"),
        ("createLabelingJob", "labeling_job"),
    ],
)
def test_every_kind_of_job(world: World, kind: str, operation: str) -> None:
    name = kind.removeprefix("create")
    answer = {f"{name}Status": "Completed", f"{name}Arn": "arn:j"}
    world.clients.answer("sagemaker", f"describe_{operation}", answer)
    world.clients.answer("sagemaker", "list_tags", {"Tags": []})
    done = poll(world, f"arn:aws:states:::sagemaker:{kind}.sync", {"name": "j"})
    assert done == Done(answer | {"Tags": {}})


def test_request_response_has_no_tags(world: World) -> None:
    prepared(world)
    output = world.output("arn:aws:states:::sagemaker:createTrainingJob", ARGUMENTS)
    assert output["TrainingJobArn"] == "arn:job"
    assert world.clients.requests("create_training_job") == [ARGUMENTS]


def test_a_build_to_its_end(world: World) -> None:
    build = {"id": "p:1", "buildStatus": "IN_PROGRESS", "startTime": WHEN}
    world.clients.answer("codebuild", "start_build", {"build": build})
    ended = build | {"buildStatus": "SUCCEEDED", "environment": {"environmentVariables": [{"name": "a", "value": "b"}]}}
    world.clients.answer("codebuild", "batch_get_builds", {"builds": [build]}, {"builds": [ended]})
    found = submitted(world, BUILD, {"ProjectName": "p"})
    assert found.output["Build"] == {"Id": "p:1", "BuildStatus": "IN_PROGRESS", "StartTime": 1769860800000}
    assert poll(world, BUILD, found.job) is None
    done = poll(world, BUILD, found.job)
    assert done is not None
    assert done.output["Build"]["BuildStatus"] == "SUCCEEDED"
    assert done.output["Build"]["Environment"] == {"EnvironmentVariables": [{"Name": "a", "Value": "b"}]}
    submitted(world, BUILD, {"ProjectName": "p"}, again=True)
    first, again = (request["idempotencyToken"] for request in world.clients.requests("start_build"))
    assert first == again


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "TIMED_OUT", "STOPPED"])
def test_a_build_that_does_not_succeed(world: World, status: str) -> None:
    world.clients.answer("codebuild", "batch_get_builds", {"builds": [{"id": "p:1", "buildStatus": status}]})
    with pytest.raises(TaskFailed) as failed:
        poll(world, BUILD, {"id": "p:1"})
    assert failed.value.error == "States.TaskFailed"
    assert json.loads(failed.value.cause) == {"Build": {"Id": "p:1", "BuildStatus": status}}


def test_a_build_that_was_deleted(world: World) -> None:
    world.clients.answer("codebuild", "batch_get_builds", {"builds": [], "buildsNotFound": ["p:1"]})
    with pytest.raises(TaskFailed, match="p:1 does not exist any more") as failed:
        poll(world, BUILD, {"id": "p:1"})
    assert failed.value.error == "CodeBuild.AWSCodeBuildException"


def test_a_batch(world: World) -> None:
    batch = {"id": "p:2", "buildBatchStatus": "SUCCEEDED"}
    world.clients.answer("codebuild", "start_build_batch", {"buildBatch": batch})
    world.clients.answer("codebuild", "batch_get_build_batches", {"buildBatches": [batch]})
    world.clients.answer("codebuild", "stop_build_batch", {})
    found = submitted(world, BATCH, {"ProjectName": "p"})
    assert poll(world, BATCH, found.job) == Done({"BuildBatch": {"Id": "p:2", "BuildBatchStatus": "SUCCEEDED"}})
    world.of(BATCH).stop(call(BATCH, {}), found.job)
    assert world.clients.requests("stop_build_batch") == [{"id": "p:2"}]
