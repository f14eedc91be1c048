"""Finds the jobs that computed a model's own metrics, and what they logged: `Release.metrics_job` has their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline_lambdas.release.names import ENVIRONMENTS, SUFFIX_PATTERN
from slipway.installation.log_streams import find_log_streams
from slipway.installation.workflow_inventory import JOB_LOGS, find_in_sagemaker
from slipway.names import Names
from slipway.session import Session

METRICS_LOGS = JOB_LOGS["processing"]
_RUNNING = frozenset(("InProgress", "Stopping"))


@dataclass(frozen=True)
class MetricsJobs:
    """Names of processing jobs, and of their streams in the log group that all of the account's share."""

    jobs: tuple[str, ...] = ()
    log_streams: tuple[str, ...] = ()


def find_metrics_jobs(session: Session, names: Names) -> MetricsJobs:
    """Find what the own metrics of a model have left."""
    is_job = _is_job(names)
    jobs = find_in_sagemaker(session, "processing_jobs", is_job, NameContains=names.pipeline)
    found = find_log_streams(session, METRICS_LOGS, f"{names.pipeline}-")
    return MetricsJobs(tuple(jobs), tuple(sorted(one for one in found if is_job(one.partition("/")[0]))))


def _is_job(names: Names) -> Callable[[str], bool]:
    """Return what tells whether a name is that of a job of a model's own metrics."""
    matches = re.compile(rf"{re.escape(names.pipeline)}-(?:{'|'.join(ENVIRONMENTS)})-{SUFFIX_PATTERN}").fullmatch
    return lambda name: bool(matches(name))


def unfinished_metrics(session: Session, jobs: tuple[str, ...]) -> dict[str, str]:
    """Processing job to its status, of those that have not ended."""
    sagemaker = session.client("sagemaker")
    found = {job: sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] for job in jobs}
    return {job: status for job, status in found.items() if status in _RUNNING}
