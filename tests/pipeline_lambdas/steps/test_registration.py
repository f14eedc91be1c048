"""What a version in the model registry is made of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from pipeline_lambdas.aws import executions
from pipeline_lambdas.aws import sagemaker as models
from pipeline_lambdas.handlers import register_model
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.release.script_mode import job_hyperparameters, serving_environment
from pipeline_lambdas.runtime.failures import JobFailedError
from pipeline_lambdas.steps import registration
from pipeline_lambdas.steps.registration import Registration, decide, package_request, register
from tests.events import EXECUTION_ID, PREFIX, TRAINING_JOB, event
from tests.pipeline_lambdas import answers
from tests.pipeline_lambdas.aws_doubles import Context

RELEASE = Release(PREFIX, EXECUTION_ID)
REPORT = f"s3://artifacts/releases/wine-quality/{EXECUTION_ID}/test-evaluation.json"
GIVEN = {
    "training_job": TRAINING_JOB,
    "artifact_version": "3sL4kqtJlcpXroDTDmJ+rm",
    "config_commit": "4" * 40,
    "pipeline_commit": "5" * 40,
    "inference_commit": "6" * 40,
    "dataset_version": "hO2s6EJq.vN3x",
    "config_sha256": "c" * 64,
    "dataset_sha256": "d" * 64,
    "report_uri": REPORT,
    "report_version": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
}
REGISTRATION = Registration(**GIVEN)
REQUEST = {
    "ModelPackageGroupName": PREFIX,
    "ModelPackageDescription": f"Release {EXECUTION_ID}",
    "ClientToken": EXECUTION_ID,
    "ModelApprovalStatus": "PendingManualApproval",
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": answers.training_job()["AlgorithmSpecification"]["TrainingImage"],
                "ModelDataUrl": answers.training_job()["ModelArtifacts"]["S3ModelArtifacts"],
            }
        ],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv", "application/json"],
    },
    "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": REPORT}}},
    "CustomerMetadataProperties": {
        "ExecutionId": EXECUTION_ID,
        "TrainingJob": TRAINING_JOB,
        "TrainingConfigRevision": "4" * 40,
        "PipelineLambdasRevision": "5" * 40,
        "InferenceLambdasRevision": "6" * 40,
        "DatasetRevision": "hO2s6EJq.vN3x",
        "ConfigSha256": "c" * 64,
        "DatasetSha256": "d" * 64,
        "EvaluationVersion": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
    },
    "MetadataProperties": {
        "CommitId": "4" * 40,
        "GeneratedBy": f"arn:aws:sagemaker:us-east-1:111122223333:training-job/{TRAINING_JOB}",
    },
}


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions that the bucket has of the artifact."""
    found = [GIVEN["artifact_version"]]
    monkeypatch.setattr(registration, "versions_of", lambda _: found)
    return found


def trained(stub: Stubber, **more: Any) -> None:
    required = {"SecondaryStatus": "Completed", "StoppingCondition": {}, "CreationTime": 0}
    job = answers.training_job(**required, **more)
    job["AlgorithmSpecification"] = {**job["AlgorithmSpecification"], "TrainingInputMode": "File"}
    sources = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/x/"}}
    job["InputDataConfig"] = [{**channel, "DataSource": sources} for channel in job["InputDataConfig"]]
    job["FinalMetricDataList"] = [{**metric, "Timestamp": 0} for metric in job["FinalMetricDataList"]]
    stub.add_response("describe_training_job", job, {"TrainingJobName": TRAINING_JOB})


def registered(stub: Stubber, **found: Any) -> None:
    """The request is answered, and what is there is as it asks for, or as `found`."""
    stub.add_response("create_model_package", {"ModelPackageArn": answers.PACKAGE}, REQUEST)
    said = {key: value for key, value in REQUEST.items() if key != "ClientToken"}
    required = {
        "ModelPackageName": answers.PACKAGE,
        "ModelPackageArn": answers.PACKAGE,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
    }
    stub.add_response("describe_model_package", {**required, **said, **found}, {"ModelPackageName": answers.PACKAGE})


def test_a_version_tells_what_it_was_made_of() -> None:
    assert package_request(RELEASE, REGISTRATION, answers.training_job()) == REQUEST


def test_a_version_of_a_table_serves_with_its_program() -> None:
    values = job_hyperparameters({"num_round": "3"}, "slipway_tabular.py", TRAINING_JOB, "us-east-1")
    request = package_request(RELEASE, REGISTRATION, answers.training_job(HyperParameters=values))
    (container,) = request["InferenceSpecification"]["Containers"]
    assert container["Environment"] == serving_environment("slipway_tabular.py", "us-east-1")


def test_what_a_container_answers_is_its_algorithms() -> None:
    job = answers.training_job()
    job["AlgorithmSpecification"] = {"TrainingImage": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"}
    specification = package_request(RELEASE, REGISTRATION, job)["InferenceSpecification"]
    assert specification["SupportedResponseMIMETypes"] == ["application/json", "application/jsonlines"]


def test_the_function(
    sagemaker: Stubber, codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODEL_NAME", "wine-quality")
    monkeypatch.setenv("NAME_PREFIX", PREFIX)
    trained(sagemaker)
    registered(sagemaker)
    variables = {"ModelPackageArn": answers.PACKAGE, "ModelPackageVersion": "7"}
    codepipeline.add_response(
        "put_job_success_result", {}, {"jobId": ANY, "executionDetails": ANY, "outputVariables": variables}
    )
    document = event("deploy_model")
    configuration = document["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    configuration["UserParameters"] = json.dumps({"execution_id": EXECUTION_ID, **GIVEN})
    register_model.handler(document, Context())
    assert json.loads(capsys.readouterr().out)["summary"] == f"Version 7 of {PREFIX} waits for approval"


@pytest.mark.parametrize("there", [["another's", GIVEN["artifact_version"]], ["another's"], []])
def test_an_artifact_that_was_written_again_is_not_registered(
    sagemaker: Stubber, versions: list[str], there: list[str]
) -> None:
    """Dev and Test may have served what is newest."""
    versions[:] = there
    trained(sagemaker)
    with pytest.raises(JobFailedError, match=rf"found {len(there)} versions; expected 3sL4kqtJlcpXroDTDmJ\+rm alone"):
        register(RELEASE, REGISTRATION)


def test_a_job_without_a_model_is_not_registered(sagemaker: Stubber) -> None:
    trained(sagemaker, TrainingJobStatus="Stopped")
    with pytest.raises(JobFailedError, match="is Stopped; only a Completed one"):
        register(RELEASE, REGISTRATION)
    sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    with pytest.raises(JobFailedError, match="is missing"):
        register(RELEASE, REGISTRATION)


@pytest.mark.parametrize(
    "found",
    [
        {"CustomerMetadataProperties": {"ExecutionId": "another"}},
        {"InferenceSpecification": {"Containers": [{"Image": "another", "ModelDataUrl": "s3://another"}]}},
        {"ModelApprovalStatus": "Approved"},
        {"AdditionalInferenceSpecifications": [{"Name": "another", "Containers": [{"Image": "another"}]}]},
    ],
)
def test_a_version_that_another_has_made_with_the_releases_token_is_refused(
    sagemaker: Stubber, found: dict[str, Any]
) -> None:
    trained(sagemaker)
    registered(sagemaker, **found)
    (field,) = found
    with pytest.raises(JobFailedError, match=rf"under this release's token with other settings \({field}\)"):
        register(RELEASE, REGISTRATION)


def test_a_version_is_described_once_it_is_visible(sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    trained(sagemaker)
    sagemaker.add_response("create_model_package", {"ModelPackageArn": answers.PACKAGE}, REQUEST)
    sagemaker.add_client_error("describe_model_package", "ValidationException", "ModelPackage does not exist.")
    required = {"ModelPackageName": "n", "ModelPackageArn": "a", "CreationTime": 0, "ModelPackageStatus": "Completed"}
    said = {key: value for key, value in REQUEST.items() if key != "ClientToken"}
    sagemaker.add_response(
        "describe_model_package",
        {**required, **said, "ModelPackageStatusDetails": {"ValidationStatuses": []}},
        {"ModelPackageName": answers.PACKAGE},
    )
    assert register(RELEASE, REGISTRATION).variables["ModelPackageVersion"] == "7"


def test_a_version_of_another_release_is_not_decided_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output variable that names the version comes from code of the release."""
    monkeypatch.setattr(executions, "list_actions", lambda *_: answers.approved(by=answers.APPROVER))
    monkeypatch.setattr(
        models,
        "describe_model_package",
        lambda _: {
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": {"ExecutionId": "11111111-1111-4111-8111-111111111111"},
        },
    )
    with pytest.raises(JobFailedError, match=rf"is of release 11111111.*, not of {EXECUTION_ID}; it was not approved"):
        decide(RELEASE)
