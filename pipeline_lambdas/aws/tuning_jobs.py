"""The calls of SageMaker's automatic model tuning. Look-ups return None for what does not exist.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_lambdas.aws.pages import pages
from pipeline_lambdas.aws.sagemaker import Description, create, look_up, stop

_NAME = "HyperParameterTuningJobName"


def describe_tuning_job(name: str) -> Description | None:
    return look_up("describe_hyper_parameter_tuning_job", **{_NAME: name})


def create_tuning_job(request: Mapping[str, Any]) -> bool:
    """Create the job; False if a job of that name already exists."""
    return create("create_hyper_parameter_tuning_job", request, lambda: describe_tuning_job(request[_NAME]))


def stop_tuning_job(name: str) -> bool:
    """Ask the job, and so its training jobs, to stop; False if it has already ended."""

    def status() -> str | None:
        return (describe_tuning_job(name) or {}).get("HyperParameterTuningJobStatus")

    return stop("stop_hyper_parameter_tuning_job", status, **{_NAME: name})


def list_trials(name: str) -> Iterator[Description]:
    """Yield the job's training jobs, in the order in which they were made.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html
    """
    oldest_first = {"SortBy": "CreationTime", "SortOrder": "Ascending", "MaxResults": 100}
    for page in pages(
        "sagemaker", "list_training_jobs_for_hyper_parameter_tuning_job", **{_NAME: name}, **oldest_first
    ):
        yield from page["TrainingJobSummaries"]
