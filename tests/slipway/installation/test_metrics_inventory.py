"""Which processing jobs are of a model's own metrics, and that a removal ends them and takes all that they left."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from slipway.datasets.model_data import find_folders
from slipway.installation.installation import Inventory
from slipway.installation.metrics_inventory import METRICS_LOGS, MetricsJobs, find_metrics_jobs
from slipway.installation.teardown import remove_records, stop_metrics
from slipway.names import Names
from slipway.session import Session

NAMES = Names("local", "wine-quality", "111122223333", "us-east-1")
JOB, SECOND = (f"slipway-local-wine-quality-{end}" for end in ("test-8f3c2a1d-4b5e", "prod-8f3c2a1d-4b5e-2"))
OTHERS = (
    "slipway-local-wine-quality-2-test-8f3c2a1d-4b5e",
    "slipway-local-wine-quality-stage-8f3c2a1d-4b5e",
    "slipway-local-wine-quality-test-mine",
)


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")


def arn(job: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:111122223333:processing-job/{job}"


def described(job: str, status: str) -> dict[str, Any]:
    return {
        "ProcessingJobName": job,
        "ProcessingJobArn": arn(job),
        "ProcessingJobStatus": status,
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "x", "VolumeSizeInGB": 1}},
        "AppSpecification": {"ImageUri": "x"},
        "CreationTime": 0,
    }


def test_jobs_and_streams_are_the_models_by_their_whole_name() -> None:
    sagemaker, logs = client("sagemaker"), client("logs")
    session = cast("Session", SimpleNamespace(client={"sagemaker": sagemaker, "logs": logs}.__getitem__, names=NAMES))
    summaries = [
        {"ProcessingJobName": job, "ProcessingJobArn": arn(job), "ProcessingJobStatus": "Completed", "CreationTime": 0}
        for job in (JOB, *OTHERS, SECOND)
    ]
    streams = [{"logStreamName": f"{job}/algo-1-1"} for job in (JOB, *OTHERS)]
    with Stubber(sagemaker) as jobs, Stubber(logs) as groups:
        jobs.add_response(
            "list_processing_jobs", {"ProcessingJobSummaries": summaries}, {"NameContains": NAMES.pipeline}
        )
        asked = {"logGroupName": METRICS_LOGS, "logStreamNamePrefix": f"{NAMES.pipeline}-"}
        groups.add_response("describe_log_streams", {"logStreams": streams}, asked)
        assert find_metrics_jobs(session, NAMES) == MetricsJobs((SECOND, JOB), (f"{JOB}/algo-1-1",))


def test_an_account_without_such_a_job_has_no_log_group() -> None:
    sagemaker, logs = client("sagemaker"), client("logs")
    session = cast("Session", SimpleNamespace(client={"sagemaker": sagemaker, "logs": logs}.__getitem__, names=NAMES))
    with Stubber(sagemaker) as jobs, Stubber(logs) as groups:
        jobs.add_response("list_processing_jobs", {"ProcessingJobSummaries": []})
        groups.add_client_error("describe_log_streams", "ResourceNotFoundException", "no group")
        assert find_metrics_jobs(session, NAMES) == MetricsJobs()


def test_a_job_that_runs_is_stopped_and_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sagemaker = client("sagemaker")
    shown = SimpleNamespace(waiting=lambda _: nullcontext())
    session = cast(
        "Session", SimpleNamespace(client=lambda _: sagemaker, target=SimpleNamespace(poll_s=0), output=shown)
    )
    with Stubber(sagemaker) as jobs:
        for job, status in ((JOB, "InProgress"), (SECOND, "Failed")):
            jobs.add_response("describe_processing_job", described(job, status), {"ProcessingJobName": job})
        jobs.add_response("stop_processing_job", {}, {"ProcessingJobName": JOB})
        for status in ("Stopping", "Stopped"):
            jobs.add_response("describe_processing_job", described(JOB, status), {"ProcessingJobName": JOB})
        assert stop_metrics(session, Inventory(metrics_jobs=(JOB, SECOND))) == 1
        jobs.assert_no_pending_responses()


def test_jobs_go_with_their_logs() -> None:
    sagemaker, logs = client("sagemaker"), client("logs")
    clients = {"sagemaker": sagemaker, "logs": logs, "s3": None}
    session = cast("Session", SimpleNamespace(client=clients.__getitem__))
    stream = f"{JOB}/algo-1-1"
    with Stubber(sagemaker) as jobs, Stubber(logs) as groups:
        jobs.add_response("delete_processing_job", {}, {"ProcessingJobName": JOB})
        groups.add_response("delete_log_stream", {}, {"logGroupName": METRICS_LOGS, "logStreamName": stream})
        remove_records(session, Inventory(metrics_jobs=(JOB,), metrics_log_streams=(stream,)))
        jobs.assert_no_pending_responses()
        groups.assert_no_pending_responses()


@mock_aws
def test_what_they_computed_goes_with_the_model() -> None:
    s3, bucket = client("s3"), NAMES.bucket("models")
    for name in ("data", "models", "artifacts"):
        s3.create_bucket(Bucket=NAMES.bucket(name))
    for job in (JOB, *OTHERS):
        s3.put_object(Bucket=bucket, Key=f"metrics/{job}/metrics.json", Body=b"{}")
    session = cast("Session", SimpleNamespace(client=lambda _: s3))
    assert list(find_folders(session, NAMES, ())) == [f"s3://{bucket}/metrics/{JOB}/"]
