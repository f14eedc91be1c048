"""Pages of jobs from answers that a test plays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from slipway.console.jobs.batch import processing_job, transform_job
from slipway.console.jobs.listing import training_jobs
from slipway.console.jobs.tuning import tuning_job
from slipway.console.shell import drawn
from slipway.session import Session

from tests.slipway.console.drawing import NOW, asked, links_of, session_with, text_of

ARN = "arn:aws:sagemaker:us-east-1:111122223333"


class SageMaker:
    """Answers as it was told, and notes what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.calls = answers, list[tuple[str, dict[str, Any]]]()

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((operation, request))
            answer = self.answers[operation]
            return answer(request) if callable(answer) else answer

        return call

    def get_paginator(self, operation: str) -> Any:
        sagemaker = self

        class Pages:
            def paginate(self, **request: Any) -> list[Any]:
                return [getattr(sagemaker, operation)(**request)]

        return Pages()


class Logs:
    """Has no streams."""

    def describe_log_streams(self, **_request: Any) -> dict[str, Any]:
        return {"logStreams": []}


def session_of(sagemaker: SageMaker) -> Session:
    return session_with(sagemaker=sagemaker, logs=Logs())


def training(name: str, status: str = "Completed") -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "CreationTime": NOW,
        "AlgorithmSpecification": {"TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/own:1"},
    }


def test_a_page_of_the_list_is_one_request_and_ended_jobs_are_described_once() -> None:
    found = [training("listed-1"), training("listed-2", "InProgress")]
    sagemaker = SageMaker(
        list_training_jobs={"TrainingJobSummaries": found, "NextToken": "t/2"},
        describe_training_job=lambda request: next(
            j for j in found if j["TrainingJobName"] == request["TrainingJobName"]
        ),
    )
    for _ in range(2):
        page = training_jobs(asked(session_of(sagemaker), NOW, query={"status": "Nonsense", "name": "listed"}))
    described = [request["TrainingJobName"] for operation, request in sagemaker.calls if operation.startswith("desc")]
    assert sorted(described) == ["listed-1", "listed-2", "listed-2"]
    listed = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 20, "NameContains": "listed"}
    assert [request for operation, request in sagemaker.calls if operation.startswith("list")] == [listed, listed]
    assert "/_console/jobs/training?name=listed&token=t/2" in links_of(page)
    assert page.again_s == 1.0


def tuned(number: int, value: float) -> dict[str, Any]:
    return {
        "TrainingJobName": f"search-{number:03d}-abc",
        "TrainingJobArn": f"{ARN}:training-job/search-{number:03d}-abc",
        "TrainingJobStatus": "Completed",
        "CreationTime": NOW,
        "TrainingStartTime": NOW,
        "TrainingEndTime": NOW + timedelta(seconds=5),
        "TunedHyperParameters": {"eta": "0.1234567", "booster": '"<b>"'},
        "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:rmse", "Value": value},
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("CreationTime", "Descending")),
        ({"sort": "objective"}, ("FinalObjectiveMetricValue", "Descending")),
        ({"sort": "objective", "order": "Ascending"}, ("FinalObjectiveMetricValue", "Ascending")),
        ({"sort": "rm -rf", "order": "Upwards"}, ("CreationTime", "Descending")),
    ],
)
def test_the_trials_of_a_search_are_sorted_by_sagemaker(query: dict[str, str], expected: tuple[str, str]) -> None:
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:rmse"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.1", "MaxValue": "1"}]},
    }
    sagemaker = SageMaker(
        describe_hyper_parameter_tuning_job={
            "HyperParameterTuningJobName": "search",
            "HyperParameterTuningJobArn": f"{ARN}:hyper-parameter-tuning-job/search",
            "HyperParameterTuningJobStatus": "InProgress",
            "HyperParameterTuningJobConfig": config,
            "CreationTime": NOW,
            "BestTrainingJob": {"TrainingJobName": "search-002-abc"},
        },
        list_training_jobs_for_hyper_parameter_tuning_job={
            "TrainingJobSummaries": [tuned(1, 0.7), tuned(2, 0.6)],
            "NextToken": "t",
        },
    )
    page = tuning_job(asked(session_of(sagemaker), NOW, query=query, name="search"))
    _, request = sagemaker.calls[-1]
    assert (request["SortBy"], request["SortOrder"], request["MaxResults"]) == (*expected, 50)
    told = text_of(page)
    assert "The best value is 0.6000, reached first by job 2" in told
    assert "0.1235" in told
    assert "<b>" not in drawn(page)
    other = {"Ascending": "Descending", "Descending": "Ascending"}[expected[1]]
    assert any(f"order={other}" in link for link in links_of(page))
    assert any(link.endswith(f"order={expected[1]}&token=t") for link in links_of(page))


def test_a_processing_job_with_what_it_reads_and_writes() -> None:
    name, place = "sums", {"S3Uri": "s3://data/in/a.csv", "LocalPath": "/opt/ml/processing/input"}
    job = {
        "ProcessingJobName": name,
        "ProcessingJobStatus": "Failed",
        "CreationTime": NOW,
        "ProcessingEndTime": NOW + timedelta(seconds=61),
        "AppSpecification": {"ImageUri": "own:1", "ContainerArguments": ["--a b"]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [{"InputName": "in", "S3Input": place}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": {**place, "S3Uri": "s3://data/out"}}]},
        "FailureReason": "AlgorithmError: <b>",
        "ExitMessage": "bye",
        "Environment": {"A": "1"},
    }
    page = processing_job(asked(session_of(SageMaker(describe_processing_job=job)), NOW, name=name))
    told = text_of(page)
    for expected in ("1 min 01 s", "2 ml.t3.medium, 1 GB each", "bye", "'--a b'", "Nothing has been logged."):
        assert expected in told
    assert "AlgorithmError: &lt;b&gt;" in drawn(page)
    addresses = {"/_console/buckets/data/object?key=in/a.csv", "/_console/buckets/data?prefix=out"}
    assert addresses <= set(links_of(page))


def test_a_transform_job() -> None:
    job = {
        "TransformJobName": "batch",
        "TransformJobStatus": "InProgress",
        "CreationTime": NOW,
        "TransformStartTime": NOW - timedelta(seconds=30),
        "ModelName": "own",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://data/in/"}}, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://data/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "MaxPayloadInMB": 6,
    }
    page = transform_job(asked(session_of(SageMaker(describe_transform_job=job)), NOW, name="batch"))
    for expected in ("30 s", "1 ml.m5.large", "at most 6 MB", "Stop the job"):
        assert expected in text_of(page)
