from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.runtime.failures import ConfigurationError, UnavailableError
from pipeline_lambdas.runtime.outcome import Continue, Done, Failed
from pipeline_lambdas.steps import status as status_module
from pipeline_lambdas.steps.status import decide_endpoint, decide_training, poll
from tests.pipeline_lambdas.aws_doubles import client_of

JOB = "slipway-local-wine-quality-8f3c2a1d-4b5e"
ENDPOINT = "slipway-local-wine-quality-dev"
CONFIG = "slipway-local-wine-quality-dev-8f3c2a1d-4b5e"
COMPLETED = {
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://models/training/job/output/model.tar.gz"},
    "TrainingTimeInSeconds": 121,
    "BillableTimeInSeconds": 120,
    "FinalMetricDataList": [
        {"MetricName": "validation:rmse", "Value": 0.5, "Timestamp": 0},
        {"MetricName": "train:rmse", "Value": 0.25, "Timestamp": 0},
    ],
}


def documented(shape: str) -> list[str]:
    """Return the values of an enum in AWS's own model of SageMaker."""
    model = client_of("sagemaker").meta.service_model
    values: list[str] = model.shape_for(shape).enum
    return values


@pytest.mark.parametrize(
    ("status", "secondary", "kind", "text"),
    [
        ("InProgress", "Starting", Continue, "InProgress: Starting"),
        ("InProgress", "Pending", Continue, "InProgress: Pending"),
        ("InProgress", "Training", Continue, "InProgress: Training"),
        ("Failed", "Failed", Failed, "failed: AlgorithmError: no rows. Its log has the details."),
        ("Stopping", "Stopping", Failed, "was stopped (Stopping). Retry all actions of the stage"),
        ("Stopped", "Stopped", Failed, "was stopped (Stopped). Retry all actions of the stage"),
        ("Stopped", "MaxRuntimeExceeded", Failed, "ran longer than training.max_runtime_s"),
        ("Stopped", "MaxWaitTimeExceeded", Failed, "waited too long for instances"),
        ("Deleting", "", Failed, "is being deleted"),
        ("Sleeping", "", Failed, "has the status Sleeping, which this function does not know"),
    ],
)
def test_training(status: str, secondary: str, kind: type, text: str) -> None:
    description = {
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "FailureReason": "AlgorithmError: no rows",
    }
    outcome = decide_training(JOB, description)
    assert type(outcome) is kind
    assert text in (outcome.message if isinstance(outcome, Failed) else str(outcome.summary))


def test_training_completed() -> None:
    outcome = decide_training(JOB, COMPLETED)
    assert isinstance(outcome, Done)
    assert outcome.variables == {
        "TrainingJobName": JOB,
        "Status": "Completed",
        "ModelArtifacts": "s3://models/training/job/output/model.tar.gz",
        "TrainingSeconds": "121",
        "BillableSeconds": "120",
        "Metrics": '{"train:rmse":0.25,"validation:rmse":0.5}',
    }


def test_a_message_of_the_last_transition_is_shown() -> None:
    transitions = [{"StatusMessage": "Starting the training job"}, {"StatusMessage": "Downloading input data"}]
    outcome = decide_training(
        JOB,
        {
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Downloading",
            "SecondaryStatusTransitions": transitions,
        },
    )
    assert isinstance(outcome, Continue)
    assert outcome.summary == "InProgress: Downloading (Downloading input data)"
    assert json.loads(outcome.token) == {"waiting_for": JOB}


def test_every_documented_status_of_training_is_known() -> None:
    for status in documented("TrainingJobStatus"):
        for secondary in documented("SecondaryStatus"):
            outcome = decide_training(JOB, COMPLETED | {"TrainingJobStatus": status, "SecondaryStatus": secondary})
            assert isinstance(outcome, Continue) == (status == "InProgress")
            assert isinstance(outcome, Done) == (status == "Completed")
            assert "does not know" not in str(outcome)
            if isinstance(outcome, Continue):
                assert 0 < outcome.percent < 100


@pytest.mark.parametrize(
    ("description", "kind", "text"),
    [
        ({"EndpointStatus": "Creating"}, Continue, "Creating: SageMaker creates"),
        ({"EndpointStatus": "Updating"}, Continue, "Updating: SageMaker updates"),
        ({"EndpointStatus": "SystemUpdating"}, Continue, "SystemUpdating"),
        ({"EndpointStatus": "RollingBack"}, Continue, "RollingBack"),
        ({"EndpointStatus": "InService"}, Done, f"serves {CONFIG}"),
        (
            {"EndpointStatus": "InService", "EndpointConfigName": "old", "FailureReason": "ping failed"},
            Failed,
            f"serves old, not {CONFIG}: SageMaker rolled the update back (ping failed)",
        ),
        ({"EndpointStatus": "InService", "EndpointConfigName": "old"}, Failed, "(SageMaker gives no reason)"),
        ({"EndpointStatus": "Failed", "FailureReason": "no image"}, Failed, "is Failed: it failed; only its deletion"),
        ({"EndpointStatus": "OutOfService"}, Failed, "is OutOfService: it takes no requests"),
        ({"EndpointStatus": "Deleting"}, Failed, "is being deleted"),
        ({"EndpointStatus": "UpdateRollbackFailed"}, Failed, "serves a mix"),
        ({"EndpointStatus": "Resting"}, Failed, "has the status Resting, which this function does not know"),
        (
            {
                "EndpointStatus": "Updating",
                "EndpointConfigName": "old",
                "PendingDeploymentSummary": {"EndpointConfigName": CONFIG},
            },
            Continue,
            "Updating",
        ),
        (
            {
                "EndpointStatus": "Updating",
                "EndpointConfigName": "old",
                "PendingDeploymentSummary": {
                    "EndpointConfigName": CONFIG,
                    "ProductionVariants": [{"VariantStatus": [{"Status": "Baking", "StatusMessage": "Bakes."}]}],
                },
            },
            Continue,
            "the old model serves until the new one is healthy (Bakes.)",
        ),
        (
            {"EndpointStatus": "Updating", "PendingDeploymentSummary": {"EndpointConfigName": "newer"}},
            Failed,
            f"is being changed to newer, not {CONFIG}",
        ),
        (
            {
                "EndpointStatus": "Creating",
                "PendingDeploymentSummary": {
                    "EndpointConfigName": CONFIG,
                    "ProductionVariants": [
                        {"VariantStatus": [{"Status": "Creating", "StatusMessage": "Launching 1 instance(s)."}]}
                    ],
                },
            },
            Continue,
            "Launching 1 instance(s).",
        ),
    ],
)
def test_endpoint(description: dict[str, Any], kind: type, text: str) -> None:
    outcome = decide_endpoint(ENDPOINT, CONFIG, {"EndpointConfigName": CONFIG, **description})
    assert type(outcome) is kind
    assert text in (outcome.message if isinstance(outcome, Failed) else str(outcome.summary))


def test_every_documented_status_of_an_endpoint_is_known() -> None:
    for status in documented("EndpointStatus"):
        outcome = decide_endpoint(ENDPOINT, CONFIG, {"EndpointStatus": status, "EndpointConfigName": CONFIG})
        assert "does not know" not in str(outcome)
        assert isinstance(outcome, Done) == (status == "InService")


def test_what_does_not_exist_has_failed() -> None:
    assert "does not exist" in str(decide_training(JOB, None))
    assert "does not exist" in str(decide_endpoint(ENDPOINT, CONFIG, None))


@pytest.mark.parametrize("versions", [["3sL4kqtJlcpXroDTDmJ+rm"], [], ["written again", "3sL4kqtJlcpXroDTDmJ+rm"]])
def test_a_completed_job_tells_the_version_of_its_artifact(
    sagemaker: Stubber, monkeypatch: pytest.MonkeyPatch, versions: list[str]
) -> None:
    asked: list[str] = []

    def find(uri: str) -> list[str]:
        asked.append(uri)
        return versions

    monkeypatch.setattr(status_module, "versions_of", find)
    described: dict[str, Any] = {**COMPLETED, "TrainingJobName": JOB, "CreationTime": 0, "StoppingCondition": {}}
    described |= {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/x",
    }
    sagemaker.add_response("describe_training_job", described, {"TrainingJobName": JOB})
    outcome = poll("training-job", JOB, None, "token")
    uri = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert asked == [uri]
    if len(versions) == 1:
        assert isinstance(outcome, Done)
        assert (outcome.variables["ModelArtifacts"], outcome.variables["ArtifactVersion"]) == (uri, versions[0])
    else:
        assert isinstance(outcome, Failed)
        said = f"found {len(versions)} versions; expected one, as" if versions else f"found no artifact of {JOB}"
        assert outcome.message.startswith(f"{uri}: {said}")


def test_poll_asks_once(sagemaker: Stubber) -> None:
    sagemaker.add_client_error(
        "describe_training_job",
        "ValidationException",
        "Requested resource not found.",
        expected_params={"TrainingJobName": JOB},
    )
    assert isinstance(poll("training-job", JOB, None, "token"), Failed)


def test_a_throttled_poll_is_repeated(sagemaker: Stubber) -> None:
    for _ in range(2):
        sagemaker.add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded")
    outcome = poll("endpoint", ENDPOINT, CONFIG, "token")
    assert isinstance(outcome, Continue)
    assert outcome.token == "token"
    with pytest.raises(UnavailableError):
        poll("endpoint", ENDPOINT, CONFIG, None)


@pytest.mark.parametrize(("kind", "text"), [("model", "kind: found 'model'"), ("endpoint", "endpoint_config: missing")])
def test_bad_parameters(kind: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        poll(kind, ENDPOINT, None, None)
