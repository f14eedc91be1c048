"""Decides from its description whether a tuning job is in progress, done or failed, and which model is its best.

Statuses: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline_lambdas.release.retries import RETRY_ALL, START_NEW
from pipeline_lambdas.runtime.outcome import Continue, Failed

Description = Mapping[str, Any]
_MOST_REASONS = 3
_LONGEST_REASON = 300
_LONGEST_VARIABLE = 1000


def has_winner(description: Description) -> bool:
    """Tell whether a tuning job goes on, or ended with a model: no other attempt is made then.

    The best job may be one that was stopped, and has no model; without one that completed there is none at all.
    """
    completed = (description.get("TrainingJobStatusCounters") or {}).get("Completed", 0)
    if description["HyperParameterTuningJobStatus"] == "InProgress":
        return True
    return _ended_well(description) and "BestTrainingJob" in description and completed > 0


def decide_tuning(name: str, description: Description | None, trials: Iterable[Description]) -> Continue | Failed | str:
    """Decide about a tuning job; return the name of its best training job once it has ended with one.

    `trials` are looked at only if the job has failed, or names as its best one that did not complete.
    """
    if description is None:
        return Failed("JobFailed", f"Tuning job {name} does not exist. {START_NEW}.", name)
    status = description["HyperParameterTuningJobStatus"]
    if status == "InProgress":
        return Continue(json.dumps({"waiting_for": name}), progress(description), _percent(description), name)
    if _ended_well(description):
        best = description.get("BestTrainingJob") or {}
        if best.get("TrainingJobStatus") == "Completed":
            return str(best["TrainingJobName"])
        found = list(trials)
        winner = _best_completed(found, description)
        reason = f"ended without a training job that completed with {_metric(description)}. {_reasons(found)}"
        return winner or Failed("JobFailed", f"Tuning job {name} {reason}", name)
    return Failed("JobFailed", f"Tuning job {name} {_failure(description, trials)}", name)


def progress(description: Description) -> str:
    """Say how many training jobs there are, how many failed, and what the best has reached."""
    counts = description.get("TrainingJobStatusCounters") or {}
    failed = counts.get("NonRetryableError", 0) + counts.get("RetryableError", 0)
    ended = counts.get("Completed", 0) + counts.get("Stopped", 0) + failed
    told = [f"{ended} of {_jobs(description)} training jobs ended"]
    if failed:
        told.append(f"{failed} failed")
    best = description.get("BestTrainingJob") or {}
    value = (best.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value")
    if value is not None:
        told.append(f"the best has {_metric(description)} {value:.6g}")
    return ", ".join(told)


def tuned_variables(description: Description, winner: str) -> dict[str, str]:
    """Return output variables for what the search has found; none for hyperparameters that are too long for one."""
    best = description.get("BestTrainingJob") or {}
    if best.get("TrainingJobName") != winner:
        return {}
    found = json.dumps(best.get("TunedHyperParameters") or {}, sort_keys=True, separators=(",", ":"))
    return {"TunedHyperparameters": found} if len(found) <= _LONGEST_VARIABLE else {}


def _jobs(description: Description) -> str:
    config = description.get("HyperParameterTuningJobConfig") or {}
    return str((config.get("ResourceLimits") or {}).get("MaxNumberOfTrainingJobs", "all"))


def _percent(description: Description) -> int:
    """Return how far the job is, in percent; half where the number of its training jobs is not known."""
    counts = description.get("TrainingJobStatusCounters") or {}
    ended, jobs = sum(counts.values()) - counts.get("InProgress", 0), _jobs(description)
    return min(95, max(5, 100 * ended // int(jobs))) if jobs.isdecimal() else 50


def _ended_well(description: Description) -> bool:
    """Tell whether the job is over as it should be: also one that ran as long as it may.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceLimits.html
    """
    status = description["HyperParameterTuningJobStatus"]
    limits = (description.get("HyperParameterTuningJobConfig") or {}).get("ResourceLimits") or {}
    most_s = limits.get("MaxRuntimeInSeconds")
    ran_s = (description.get("ConsumedResources") or {}).get("RuntimeInSeconds", 0)
    return status == "Completed" or (status == "Stopped" and most_s is not None and ran_s >= most_s)


def _best_completed(trials: Iterable[Description], description: Description) -> str | None:
    maximize = _objective(description).get("Type") == "Maximize"
    values = {
        trial["TrainingJobName"]: trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for trial in trials
        if trial["TrainingJobStatus"] == "Completed" and "FinalHyperParameterTuningJobObjectiveMetric" in trial
    }
    if not values:
        return None
    return str(max(values, key=values.__getitem__) if maximize else min(values, key=values.__getitem__))


def _objective(description: Description) -> Description:
    return (description.get("HyperParameterTuningJobConfig") or {}).get("HyperParameterTuningJobObjective") or {}


def _metric(description: Description) -> str:
    return str(_objective(description).get("MetricName", "its metric"))


def _failure(description: Description, trials: Iterable[Description]) -> str:
    match status := description["HyperParameterTuningJobStatus"]:
        case "Failed":
            reason = description.get("FailureReason") or "SageMaker gives no reason"
            return f"failed: {reason} {_reasons(trials)}".rstrip()
        case "Stopping" | "Stopped":
            return f"was stopped ({status}). {RETRY_ALL} to tune again."
        case "Deleting" | "DeleteFailed":
            return f"is being deleted ({status}). {START_NEW}."
        case _:
            return f"has the status {status}, which this function does not know. Look at it in SageMaker."


def _reasons(trials: Iterable[Description]) -> str:
    """Name the training jobs that failed, with their reasons, each reason once."""
    found: dict[str, str] = {}
    for trial in trials:
        if trial["TrainingJobStatus"] == "Failed":
            reason = " ".join((trial.get("FailureReason") or "SageMaker gives no reason").split())
            found.setdefault(reason, trial["TrainingJobName"])
    told = [f"{name}: {reason[:_LONGEST_REASON]}" for reason, name in found.items()]
    more = f" and {len(told) - _MOST_REASONS} other reasons" if len(told) > _MOST_REASONS else ""
    return "; ".join(told[:_MOST_REASONS]) + more
