"""Finds the tuning jobs of a model, and the training jobs that they made.

Their names are too short for the model's, so what tells whose they are is the folder that they write to. That folder is
in the model bucket, which has the account's and the Region's in its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.release.names import SUFFIX_PATTERN, TUNING_PATTERN
from slipway.installation.log_streams import find_log_streams
from slipway.names import Names
from slipway.session import Session

_RUNNING = frozenset(("InProgress", "Stopping"))


@dataclass(frozen=True)
class Searches:
    """Names of tuning jobs, of their training jobs, and of the log streams of these."""

    tuning_jobs: tuple[str, ...] = ()
    training_jobs: tuple[str, ...] = ()
    log_streams: tuple[str, ...] = ()


def find_searches(session: Session, names: Names, log_group: str) -> Searches:
    """Find what a model's searches have left."""
    sagemaker = session.client("sagemaker")
    jobs = [name for name in _listed(sagemaker) if _is_of(sagemaker, name, names)]
    trials = sorted(trial for job in jobs for trial in _trials(sagemaker, job))
    streams = sorted(stream for job in jobs for stream in find_log_streams(session, log_group, f"{job}-"))
    return Searches(tuple(jobs), tuple(trials), tuple(streams))


def unfinished_searches(session: Session, jobs: tuple[str, ...]) -> dict[str, str]:
    """Tuning job to its status, of those that have not ended."""
    sagemaker = session.client("sagemaker")
    found = {job: _describe(sagemaker, job)["HyperParameterTuningJobStatus"] for job in jobs}
    return {job: status for job, status in found.items() if status in _RUNNING}


def _listed(sagemaker: Any) -> Iterator[str]:
    pages = sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(NameContains="slipway-")
    found = (one["HyperParameterTuningJobName"] for page in pages for one in page["HyperParameterTuningJobSummaries"])
    yield from sorted(name for name in found if re.fullmatch(TUNING_PATTERN, name))


def _is_of(sagemaker: Any, job: str, names: Names) -> bool:
    definition = _describe(sagemaker, job).get("TrainingJobDefinition") or {}
    folder = definition.get("OutputDataConfig", {}).get("S3OutputPath", "")
    own = re.escape(f"s3://{names.bucket('models')}/training/{names.pipeline}-")
    return re.fullmatch(rf"{own}{SUFFIX_PATTERN}", folder) is not None


def _describe(sagemaker: Any, job: str) -> dict[str, Any]:
    found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
    return found


def _trials(sagemaker: Any, job: str) -> Iterator[str]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    for page in pages.paginate(HyperParameterTuningJobName=job):
        yield from (one["TrainingJobName"] for one in page["TrainingJobSummaries"])
