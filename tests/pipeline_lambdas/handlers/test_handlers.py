"""Each function from its recorded event to the result that CodePipeline gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from pipeline_lambdas.handlers import deploy_model, get_status, train_model
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.outcome import Done
from pipeline_lambdas.steps.deployment import Deployment, HostingSite
from tests.events import (
    DATA_BUCKET,
    EXECUTION_ID,
    KMS_KEY_ARN,
    MODEL_BUCKET,
    PREFIX,
    REGISTRY,
    ROLE_ARN,
    SECRETS,
    TRAINING_JOB,
    event,
)
from tests.pipeline_lambdas.aws_doubles import Context, published, sample_text, upload_config, upload_dataset

ENVIRONMENT = {
    "MODEL_NAME": "wine-quality",
    "NAME_PREFIX": PREFIX,
    "DATA_BUCKET": DATA_BUCKET,
    "MODEL_BUCKET": MODEL_BUCKET,
    "TRAINING_ROLE_ARN": ROLE_ARN,
    "HOSTING_ROLE_ARN": ROLE_ARN,
    "KMS_KEY_ARN": KMS_KEY_ARN,
    "IMAGE_REGISTRIES": f"xgboost={REGISTRY},linear-learner=another.registry",
}
FILES = {"train/train.csv": b"5,1\n6,2\n", "validation/validation.csv": b"5,1\n", "test/test.csv": b"5,1\n"}
ARN = "arn:aws:sagemaker:us-east-1:111122223333:x/y"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def job(name: str) -> str:
    return str(event(name)["CodePipeline.job"]["id"])


def expect_failure(stub: Stubber, name: str, kind: str) -> None:
    """Expect a failure of this type; the log holds its message afterwards."""
    details = {"type": kind, "message": ANY}
    stub.add_response("put_job_failure_result", {}, {"jobId": job(name), "failureDetails": details})


def message(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = lines(capsys)
    return str(line["message"])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    output = capsys.readouterr()
    assert not any(secret in output.out + output.err for secret in SECRETS)
    return [json.loads(line) for line in output.out.splitlines()]


@pytest.mark.usefixtures("buckets")
def test_train_model(sagemaker: Stubber, codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    upload_config(sample_text())
    document = upload_dataset(FILES, ["quality", "alcohol"])
    sagemaker.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
    sagemaker.add_response("create_training_job", {"TrainingJobArn": ARN})
    codepipeline.add_response(
        "put_job_success_result",
        {},
        {
            "jobId": job("train_model"),
            "outputVariables": {
                "TrainingJobName": TRAINING_JOB,
                "ImageUri": f"{REGISTRY}/sagemaker-xgboost:3.2-0",
                "ConfigSha256": ANY,
                "DatasetSha256": document["dataset"],
                "DatasetPrefix": document["prefix"],
            },
            "executionDetails": {"summary": f"Training job {TRAINING_JOB}", "externalExecutionId": TRAINING_JOB},
        },
    )
    train_model.handler(published("train_model"), Context())
    assert [line["outcome"] for line in lines(capsys)] == ["succeeded"]


@pytest.mark.usefixtures("buckets")
@pytest.mark.parametrize("rewritten", ["TrainingConfig", "Dataset"])
def test_train_model_with_a_source_that_was_written_again(
    codepipeline: Stubber, capsys: pytest.CaptureFixture[str], rewritten: str
) -> None:
    upload_config(sample_text())
    upload_dataset(FILES, ["quality", "alcohol"])
    given = published("train_model")
    if rewritten == "Dataset":
        upload_dataset({**FILES, "train/b.csv": b"5,1\n"}, ["quality", "alcohol"])
    else:
        upload_config(sample_text(("eta: 0.1", "eta: 0.2")))
    expect_failure(codepipeline, "train_model", "JobFailed")
    train_model.handler(given, Context())
    assert f"which {rewritten} had when the release was published" in message(capsys)


@pytest.mark.usefixtures("buckets")
def test_train_model_with_a_bad_config(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    upload_config(sample_text(("max_runtime_s: 3600", "max_runtime_s: an hour"), ("eta: 0.1", "eta: 2")))
    expect_failure(codepipeline, "train_model", "ConfigurationError")
    train_model.handler(published("train_model"), Context())
    assert message(capsys) == (
        "wine-quality.yml: hyperparameters.eta: found 2; expected a number in [0, 1]\n"
        "wine-quality.yml: training.max_runtime_s: found 'an hour'; expected an integer from 1 to 2419200"
    )


def test_train_model_without_parameters(codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    expect_failure(codepipeline, "without_user_parameters", "ConfigurationError")
    train_model.handler(event("without_user_parameters"), Context())
    assert message(capsys).startswith(
        "UserParameters lacks execution_id, lacks config_artifact, lacks dataset_artifact; allowed: execution_id, "
    )


def test_missing_variables_of_the_environment(
    codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATA_BUCKET", "IMAGE_REGISTRIES"):
        monkeypatch.delenv(name)
    expect_failure(codepipeline, "train_model", "ConfigurationError")
    train_model.handler(event("train_model"), Context())
    assert message(capsys).startswith("The function's environment lacks DATA_BUCKET, IMAGE_REGISTRIES.")


def test_get_status_goes_on(sagemaker: Stubber, codepipeline: Stubber) -> None:
    sagemaker.add_response(
        "describe_training_job",
        {
            "TrainingJobName": TRAINING_JOB,
            "TrainingJobArn": ARN,
            "ModelArtifacts": {"S3ModelArtifacts": ""},
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Training",
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "StoppingCondition": {},
            "CreationTime": 0,
        },
        {"TrainingJobName": TRAINING_JOB},
    )
    codepipeline.add_response(
        "put_job_success_result",
        {},
        {
            "jobId": job("get_status_continued"),
            "continuationToken": json.dumps({"waiting_for": TRAINING_JOB}),
            "executionDetails": {
                "summary": "InProgress: Training",
                "externalExecutionId": TRAINING_JOB,
                "percentComplete": 50,
            },
        },
    )
    get_status.handler(event("get_status_continued"), Context())


def test_get_status_of_an_endpoint_that_was_rolled_back(sagemaker: Stubber, codepipeline: Stubber) -> None:
    name = "get_status_endpoint"
    sagemaker.add_response(
        "describe_endpoint",
        {
            "EndpointName": f"{PREFIX}-dev",
            "EndpointArn": ARN,
            "EndpointConfigName": f"{PREFIX}-dev-00000000-1111",
            "EndpointStatus": "InService",
            "FailureReason": "The primary container did not pass the ping health check.",
            "CreationTime": 0,
            "LastModifiedTime": 0,
        },
    )
    codepipeline.add_response(
        "put_job_failure_result",
        {},
        {
            "jobId": job(name),
            "failureDetails": {
                "type": "JobFailed",
                "message": f"Endpoint {PREFIX}-dev serves {PREFIX}-dev-00000000-1111, not {PREFIX}-dev-8f3c2a1d-4b5e: "
                "SageMaker rolled the update back (The primary container did not pass the ping health check.).",
                "externalExecutionId": f"{PREFIX}-dev",
            },
        },
    )
    get_status.handler(event(name), Context())


@pytest.mark.usefixtures("buckets")
def test_deploy_model_is_denied(sagemaker: Stubber, codepipeline: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    upload_config(sample_text())
    sagemaker.add_client_error(
        "describe_training_job",
        "AccessDeniedException",
        "User: arn:aws:sts::111122223333:assumed-role/deploy is not authorized to perform: "
        "sagemaker:DescribeTrainingJob on resource: x",
    )
    expect_failure(codepipeline, "deploy_model", "PermissionError")
    deploy_model.handler(event("deploy_model"), Context())
    assert message(capsys).startswith("The role of the call is not allowed sagemaker:DescribeTrainingJob")


@pytest.mark.usefixtures("buckets")
def test_deploy_prod_is_told_what_was_trained(codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_config(sample_text())
    given, asked = event("deploy_model"), {"artifact_version": "3sL4kqtJlcpXroDTDmJ", "config_sha256": "ab" * 32}
    configuration = given["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]
    configuration["UserParameters"] = json.dumps(
        {"execution_id": EXECUTION_ID, "environment": "prod", "training_job": TRAINING_JOB, **asked}
    )
    wanted: list[Deployment] = []

    def deploy(deployment: Deployment, _config: object, _site: object) -> Done:
        wanted.append(deployment)
        return Done()

    monkeypatch.setattr(deploy_model, "deploy", deploy)
    codepipeline.add_response("put_job_success_result", {}, {"jobId": job("deploy_model")})
    deploy_model.handler(given, Context())
    assert wanted == [Deployment(Release(PREFIX, EXECUTION_ID), "prod", TRAINING_JOB, **asked)]


@pytest.mark.usefixtures("buckets")
def test_deploy_prod_takes_its_alarms_from_the_environment(
    codepipeline: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_config(sample_text())
    monkeypatch.setenv("ROLLBACK_ALARMS", "prod-errors, prod-latency")
    sites: list[HostingSite] = []

    def deploy(_deployment: object, _config: object, site: HostingSite) -> Done:
        sites.append(site)
        return Done()

    monkeypatch.setattr(deploy_model, "deploy", deploy)
    codepipeline.add_response("put_job_success_result", {}, {"jobId": job("deploy_model")})
    deploy_model.handler(event("deploy_model"), Context())
    monkeypatch.setenv("ROLLBACK_ALARMS", "")
    codepipeline.add_response("put_job_success_result", {}, {"jobId": job("deploy_model")})
    deploy_model.handler(event("deploy_model"), Context())
    assert [site.rollback_alarms for site in sites] == [("prod-errors", "prod-latency"), ()]
