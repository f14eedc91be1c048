"""The training jobs of a tuning job, as its record and theirs tell.

A tuning job's state has an entry for each, written before the training job is made, and completed once it has ended,
so that deleting a training job loses nothing that the search needs.
"""

from __future__ import annotations

from local_aws.sagemaker import names
from local_aws.sagemaker.jobs.lifecycle import COMPLETED, FAILED, IN_PROGRESS, STOPPED, TERMINAL
from local_aws.sagemaker.jobs.tuning.search.trial import Trial
from local_aws.sagemaker.jobs.tuning.settings import Tuning
from local_aws.sagemaker.records import Record, Records
from local_aws.wire import Document

Found = tuple[Trial, Record | None]
"""A trial, and its training job if there is one."""


def read(records: Records, tuning_job: Record) -> list[Found]:
    """All of a tuning job, in the order in which they were made; without curves."""
    metric = Tuning(tuning_job.request).metric
    return [_read(records, number, entry, metric) for number, entry in enumerate(tuning_job.state["trials"])]


def settled(trial: Trial) -> Document:
    """What an entry gets at the training job's end."""
    return {
        "status": trial.status,
        "objective": trial.objective,
        "ended_at": trial.ended_at,
        "has_model": trial.has_model,
    }


def training_counters(found: list[Found]) -> Document:
    """TrainingJobStatusCounters."""
    statuses = [trial.status for trial, _ in found]
    retryable = sum(trial.status == FAILED and _is_internal(record) for trial, record in found)
    return {
        "Completed": statuses.count(COMPLETED),
        "InProgress": sum(status not in TERMINAL for status in statuses),
        "RetryableError": retryable,
        "NonRetryableError": statuses.count(FAILED) - retryable,
        "Stopped": statuses.count(STOPPED),
    }


def objective_counters(found: list[Found]) -> Document:
    """ObjectiveStatusCounters."""
    statuses = [objective_status(trial) for trial, _ in found]
    return {status: statuses.count(status) for status in ("Succeeded", "Pending", "Failed")}


def objective_status(trial: Trial) -> str:
    """ObjectiveStatus of a training job."""
    if not trial.ended:
        return "Pending"
    return "Failed" if trial.objective is None else "Succeeded"


def _read(records: Records, number: int, entry: Document, metric: str) -> Found:
    record = records.find(names.TRAINING_JOB, entry["name"])
    if "status" in entry:
        # State of earlier versions does not tell of models.
        has_model = entry.get("has_model", entry["status"] == COMPLETED)
        known = (entry["status"], entry["objective"], entry["ended_at"])
        return Trial(number, entry["name"], entry["values"], *known, has_model=has_model), record
    status = record.status if record else IN_PROGRESS
    if record is None or status not in TERMINAL:
        return Trial(number, entry["name"], entry["values"], status), record
    value = None if status == FAILED else _final(record, metric)
    has_model = "artifacts" in record.state
    found = Trial(number, entry["name"], entry["values"], status, value, record.state["end"], has_model=has_model)
    return found, record


def _final(record: Record, metric: str) -> float | None:
    """The last value of the objective metric."""
    found = (one["Value"] for one in record.state.get("metrics", []) if one["MetricName"] == metric)
    return next(found, None)


def _is_internal(record: Record | None) -> bool:
    return record is not None and str(record.state.get("failure", "")).startswith("InternalServerError")
