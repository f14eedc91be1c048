"""What becomes of the training jobs of a release that ended."""

from __future__ import annotations

import json

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.handlers.end_release import handler
from pipeline_lambdas.release.names import MAX_ATTEMPTS, Release
from pipeline_lambdas.runtime.failures import JobError, UnavailableError
from pipeline_lambdas.steps.release_end import CleanUp, end_release
from tests.events import EXECUTION_ID, PREFIX, TRAINING_JOB, event
from tests.pipeline_lambdas.aws_doubles import Context

RELEASE = Release(PREFIX, EXECUTION_ID)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def describes(sagemaker: Stubber, name: str, status: str) -> None:
    described = {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": "Training" if status == "InProgress" else status,
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "CreationTime": 0,
    }
    sagemaker.add_response("describe_training_job", described, {"TrainingJobName": name})


def is_in_status(codepipeline: Stubber, status: str) -> None:
    codepipeline.add_response(
        "get_pipeline_execution",
        {"pipelineExecution": {"status": status}},
        {"pipelineName": PREFIX, "pipelineExecutionId": EXECUTION_ID},
    )


def has_jobs(sagemaker: Stubber, *statuses: str) -> None:
    """The release has made one job per status, and the jobs that are in progress are to be stopped."""
    for attempt, status in enumerate(statuses, start=1):
        name = TRAINING_JOB if attempt == 1 else f"{TRAINING_JOB}-{attempt}"
        describes(sagemaker, name, status)
        if status == "InProgress":
            sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": name})
    for _ in range(2 if not statuses else len(statuses) < MAX_ATTEMPTS):
        sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    has_no_champion(sagemaker)


def asked_for_metrics(sagemaker: Stubber, name: str, status: str | None) -> None:
    asked = {"ProcessingJobName": name}
    if status is None:
        sagemaker.add_client_error(
            "describe_processing_job", "ValidationException", "Could not find it", expected_params=asked
        )
        return
    described = {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"arn:aws:sagemaker:us-east-1:111122223333:processing-job/{name}",
        "ProcessingJobStatus": status,
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "x", "VolumeSizeInGB": 1}},
        "AppSpecification": {"ImageUri": "x"},
        "CreationTime": 0,
    }
    sagemaker.add_response("describe_processing_job", described, asked)
    if status == "InProgress":
        sagemaker.add_response("stop_processing_job", {}, asked)


def has_no_champion(sagemaker: Stubber) -> None:
    """It was not compared with one, or the comparison is over."""
    for operation in ("describe_endpoint", "delete_endpoint_config"):
        sagemaker.add_client_error(operation, "ValidationException", "Could not find it")


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Cancelled", "Superseded"])
@pytest.mark.parametrize(
    ("jobs", "stopped"),
    [
        ((), ()),
        (("InProgress",), (TRAINING_JOB,)),
        (("Failed", "Stopped", "InProgress"), (f"{TRAINING_JOB}-3",)),
        (("Completed",), ()),
        (("Stopping",), ()),
        (("Failed",) * (MAX_ATTEMPTS - 1) + ("InProgress",), (f"{TRAINING_JOB}-{MAX_ATTEMPTS}",)),
    ],
)
def test_what_is_in_progress_is_stopped(
    codepipeline: Stubber, sagemaker: Stubber, status: str, jobs: tuple[str, ...], stopped: tuple[str, ...]
) -> None:
    is_in_status(codepipeline, status)
    has_jobs(sagemaker, *jobs)
    assert end_release(RELEASE, lambda: 900_000) == CleanUp(status, stopped)


def test_a_job_of_own_metrics_is_stopped(
    codepipeline: Stubber, sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline_lambdas.steps.release_end.await_deletion", lambda *_: None)
    is_in_status(codepipeline, "Stopped")
    describes(sagemaker, TRAINING_JOB, "Completed")
    sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    dev, test = (RELEASE.metrics_job(environment) for environment in ("dev", "test"))
    # The API shows the job of the stage that was stopped a moment later.
    asked_for_metrics(sagemaker, dev, "Completed")
    asked_for_metrics(sagemaker, f"{dev}-2", None)
    asked_for_metrics(sagemaker, test, None)
    asked_for_metrics(sagemaker, dev, "Completed")
    asked_for_metrics(sagemaker, f"{dev}-2", None)
    asked_for_metrics(sagemaker, test, "Failed")
    asked_for_metrics(sagemaker, f"{test}-2", "InProgress")
    asked_for_metrics(sagemaker, f"{test}-3", None)
    assert end_release(RELEASE, lambda: 900_000, "", ("dev", "test")) == CleanUp("Stopped", (f"{test}-2",))
    sagemaker.assert_no_pending_responses()


def test_the_endpoint_of_a_comparison_goes_with_its_config(codepipeline: Stubber, sagemaker: Stubber) -> None:
    is_in_status(codepipeline, "Failed")
    for _ in range(2):
        sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    name, config = f"{PREFIX}-champion", f"{PREFIX}-champ-8f3c2a1d-4b5e"
    described = {
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/{name}",
        "EndpointConfigName": config,
        "EndpointStatus": "InService",
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    sagemaker.add_response("describe_endpoint", described, {"EndpointName": name})
    sagemaker.add_response("delete_endpoint", {}, {"EndpointName": name})
    sagemaker.add_response("delete_endpoint_config", {}, {"EndpointConfigName": config})
    assert end_release(RELEASE, lambda: 900_000) == CleanUp("Failed")


def test_a_status_that_is_behind_the_event_is_asked_for_again(codepipeline: Stubber, sagemaker: Stubber) -> None:
    is_in_status(codepipeline, "InProgress")
    is_in_status(codepipeline, "Failed")
    has_jobs(sagemaker, "InProgress")
    assert end_release(RELEASE, lambda: 900_000) == CleanUp("Failed", (TRAINING_JOB,))


@pytest.mark.parametrize("status", ["InProgress", "Stopping", "Succeeded"])
def test_a_release_that_was_retried_since_keeps_its_job(codepipeline: Stubber, sagemaker: Stubber, status: str) -> None:
    for _ in range(1 if status == "Succeeded" else 2):
        is_in_status(codepipeline, status)
    assert end_release(RELEASE, lambda: 900_000) == CleanUp(status)
    sagemaker.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["PipelineExecutionNotFoundException", "PipelineNotFoundException"])
def test_a_pipeline_that_was_deleted_since_leaves_nothing_to_do(codepipeline: Stubber, code: str) -> None:
    codepipeline.add_client_error("get_pipeline_execution", code, "gone")
    assert end_release(RELEASE, lambda: 900_000) == CleanUp(None)


@pytest.mark.parametrize(
    "reason",
    ["The request was rejected because the training job is in status Completed.", "Requested resource not found."],
)
def test_a_job_that_ends_meanwhile_is_no_error(codepipeline: Stubber, sagemaker: Stubber, reason: str) -> None:
    is_in_status(codepipeline, "Failed")
    describes(sagemaker, TRAINING_JOB, "InProgress")
    sagemaker.add_client_error("stop_training_job", "ValidationException", reason)
    describes(sagemaker, TRAINING_JOB, "Completed")
    sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    has_no_champion(sagemaker)
    assert end_release(RELEASE, lambda: 900_000) == CleanUp("Failed")


def test_another_refusal_is_raised_so_that_lambda_tries_again(codepipeline: Stubber, sagemaker: Stubber) -> None:
    is_in_status(codepipeline, "Failed")
    describes(sagemaker, TRAINING_JOB, "InProgress")
    sagemaker.add_client_error("stop_training_job", "ThrottlingException", "Rate exceeded")
    with pytest.raises(UnavailableError, match="Rate exceeded"):
        end_release(RELEASE, lambda: 900_000)
    codepipeline.add_client_error("get_pipeline_execution", "AccessDeniedException", "no")
    with pytest.raises(JobError, match="not allowed"):
        end_release(RELEASE, lambda: 900_000)


def test_the_handler_reads_the_event_and_writes_what_it_did(
    codepipeline: Stubber, sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_NAME", "wine-quality")
    monkeypatch.setenv("NAME_PREFIX", PREFIX)
    monkeypatch.setenv("METRICS_ENVIRONMENTS", "prod")
    monkeypatch.setattr("pipeline_lambdas.steps.release_end.await_deletion", lambda *_: None)
    is_in_status(codepipeline, "Stopped")
    describes(sagemaker, TRAINING_JOB, "InProgress")
    sagemaker.add_response("stop_training_job", {}, {"TrainingJobName": TRAINING_JOB})
    sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    for _ in range(2):
        asked_for_metrics(sagemaker, RELEASE.metrics_job("prod"), None)
    handler(event("release_ended"), Context())
    assert json.loads(capsys.readouterr().out) == {
        "execution_id": EXECUTION_ID,
        "status": "Stopped",
        "stopped": [TRAINING_JOB],
    }
