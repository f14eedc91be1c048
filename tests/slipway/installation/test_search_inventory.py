"""Which tuning jobs, and which of their training jobs, are a model's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import boto3
from botocore.stub import Stubber
from slipway.installation.search_inventory import Searches, find_searches, unfinished_searches
from slipway.names import Names
from slipway.session import Session

NAMES = Names("local", "wine-quality", "111122223333", "us-east-1")
JOB, OTHERS, FOREIGN = "slipway-1a2b3c4d-8f3c2a1d-4b5e", "slipway-99999999-8f3c2a1d-4b5e-2", "slipway-tuning-of-mine"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/x"
GROUP = "/aws/sagemaker/TrainingJobs"


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")


def described(job: str, folder: str, status: str = "InProgress") -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": job,
        "HyperParameterTuningJobArn": ARN,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::111122223333:role/training",
            "OutputDataConfig": {"S3OutputPath": folder},
            "StoppingCondition": {},
        },
        "HyperParameterTuningJobStatus": status,
        "CreationTime": 0,
        "TrainingJobStatusCounters": {},
        "ObjectiveStatusCounters": {},
    }


def summary(job: str) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": job,
        "HyperParameterTuningJobArn": ARN,
        "HyperParameterTuningJobStatus": "Completed",
        "Strategy": "Random",
        "CreationTime": 0,
        "TrainingJobStatusCounters": {},
        "ObjectiveStatusCounters": {},
    }


def test_a_search_is_the_models_whose_folder_it_writes_to() -> None:
    sagemaker, logs = client("sagemaker"), client("logs")
    session = cast("Session", SimpleNamespace(client={"sagemaker": sagemaker, "logs": logs}.__getitem__))
    bucket = f"s3://{NAMES.bucket('models')}/training/"
    with Stubber(sagemaker) as stub, Stubber(logs) as told:
        listed = {"HyperParameterTuningJobSummaries": [summary(one) for one in (OTHERS, FOREIGN, JOB)]}
        stub.add_response("list_hyper_parameter_tuning_jobs", listed, {"NameContains": "slipway-"})
        for job, model in ((JOB, NAMES.pipeline), (OTHERS, f"{NAMES.pipeline}-dev")):
            folder = f"{bucket}{model}-8f3c2a1d-4b5e"
            asked = {"HyperParameterTuningJobName": job}
            stub.add_response("describe_hyper_parameter_tuning_job", described(job, folder), asked)
        trial = {
            "TrainingJobName": f"{JOB}-001-0a",
            "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/x",
            "CreationTime": 0,
            "TrainingJobStatus": "Completed",
            "TunedHyperParameters": {},
        }
        stub.add_response(
            "list_training_jobs_for_hyper_parameter_tuning_job",
            {"TrainingJobSummaries": [trial]},
            {"HyperParameterTuningJobName": JOB},
        )
        told.add_response(
            "describe_log_streams",
            {"logStreams": [{"logStreamName": f"{JOB}-001-0a/algo-1-1"}]},
            {"logGroupName": GROUP, "logStreamNamePrefix": f"{JOB}-"},
        )
        found = find_searches(session, NAMES, GROUP)
        assert found == Searches((JOB,), (f"{JOB}-001-0a",), (f"{JOB}-001-0a/algo-1-1",))
        stub.add_response("describe_hyper_parameter_tuning_job", described(JOB, bucket))
        stub.add_response("describe_hyper_parameter_tuning_job", described(OTHERS, bucket, "Stopped"))
        assert unfinished_searches(session, (JOB, OTHERS)) == {JOB: "InProgress"}
        stub.assert_no_pending_responses()
