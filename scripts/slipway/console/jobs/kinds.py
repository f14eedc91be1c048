"""SageMaker's kinds of jobs: how each is listed, described and stopped.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html and its siblings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from slipway.console.kept import kept
from slipway.errors import SlipwayError
from slipway.installation.workflow_inventory import JOB_LOGS
from slipway.session import Session

Job = Mapping[str, Any]
PAGE_ROWS = 20
STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
_RUNNING = frozenset(("InProgress", "Stopping"))
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job; `member` begins the members that have its name and its status, `operation` ends its operations."""

    key: str
    title: str
    member: str
    operation: str
    log_group: str = ""

    @property
    def name(self) -> str:
        return f"{self.member}Name"

    @property
    def status(self) -> str:
        return f"{self.member}Status"


KINDS: Mapping[str, Kind] = {
    one.key: one
    for one in (
        Kind("training", "Training jobs", "TrainingJob", "training_job", JOB_LOGS["training"]),
        Kind("tuning", "Tuning jobs", "HyperParameterTuningJob", "hyper_parameter_tuning_job", JOB_LOGS["training"]),
        Kind("processing", "Processing jobs", "ProcessingJob", "processing_job", JOB_LOGS["processing"]),
        Kind("transform", "Transform jobs", "TransformJob", "transform_job", JOB_LOGS["transform"]),
    )
}


def kind_of(key: str) -> Kind:
    """Return a kind by its name in an address; raises SlipwayError for any other."""
    if key not in KINDS:
        raise SlipwayError(f"jobs: found {key!r}; expected {', '.join(KINDS)}.")
    return KINDS[key]


def list_page(session: Session, kind: Kind, asked: Mapping[str, str]) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of summaries, newest first, and the token of the next page."""
    answer = getattr(session.client("sagemaker"), f"list_{kind.operation}s")(
        SortBy="CreationTime", SortOrder="Descending", MaxResults=PAGE_ROWS, **asked
    )
    return answer[f"{kind.member}Summaries"], answer.get("NextToken")


def describe(session: Session, kind: Kind, name: str) -> dict[str, Any]:
    """Return a job as it is now."""
    found: dict[str, Any] = getattr(session.client("sagemaker"), f"describe_{kind.operation}")(**{kind.name: name})
    return found


def describe_listed(session: Session, kind: Kind, summaries: Sequence[Job]) -> list[dict[str, Any]]:
    """Return the jobs of a list; those that have ended are asked for once."""

    def load(summary: Job) -> dict[str, Any]:
        key = (summary[f"{kind.member}Arn"], summary["CreationTime"])
        return kept(key, partial(describe, session, kind, summary[kind.name]), lambda job: not is_running(kind, job))

    if not summaries:
        return []
    with ThreadPoolExecutor(min(_AT_ONCE, len(summaries))) as pool:
        return list(pool.map(load, summaries))


def stop(session: Session, kind: Kind, name: str) -> None:
    """Ask a job to stop."""
    getattr(session.client("sagemaker"), f"stop_{kind.operation}")(**{kind.name: name})


def is_running(kind: Kind, job: Job) -> bool:
    """Tell whether a job has not ended; one that is stopping runs on until its container has ended."""
    return job[kind.status] in _RUNNING


def started(job: Job) -> datetime | None:
    """Return when a job's container began, or its first training job's."""
    found = job.get("TrainingStartTime") or job.get("ProcessingStartTime") or job.get("TransformStartTime")
    return found or job.get("CreationTime")


def ended(job: Job) -> datetime | None:
    names = ("TrainingEndTime", "ProcessingEndTime", "TransformEndTime", "HyperParameterTuningEndTime")
    return next((job[name] for name in names if job.get(name)), None)


def seconds(kind: Kind, job: Job, now: datetime) -> float | None:
    """Return how long a job took, or has been running."""
    first, last = started(job), now if is_running(kind, job) else ended(job)
    return max((last - first).total_seconds(), 0.0) if first and last else None
