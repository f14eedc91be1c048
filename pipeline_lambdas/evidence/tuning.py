"""The search for hyperparameters in a release record: the tuning job's settings and all of its training jobs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pipeline_lambdas.aws import tuning_jobs

Document = dict[str, Any]
MOST_TRIALS = 500
"""Of a longer search the record has the first ones, and the best."""
_LISTS = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
_KINDS = {"IntegerParameterRanges": "integer", "ContinuousParameterRanges": "continuous"}
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Search:
    """AWS's answers about a tuning job; `trials` are those of its training jobs that a record has, the oldest first.

    `further_s` is how long the others ran, seconds.
    """

    description: Mapping[str, Any]
    trials: Sequence[Mapping[str, Any]]
    further_s: float = 0.0


def read_search(name: str, best: str) -> Search | None:
    """Return what AWS tells of a tuning job, whose training job `best` may be; None if it does not exist."""
    description = tuning_jobs.describe_tuning_job(name)
    if description is None:
        return None
    trials = tuning_jobs.list_trials(name)
    recorded = list(islice(trials, MOST_TRIALS))
    further_s = 0.0
    for one in trials:
        if one["TrainingJobName"] == best:
            recorded.append(one)
        else:
            further_s += _seconds(one) or 0.0
    return Search(description, recorded, further_s)


def tuning_document(search: Search, best: str | None) -> Document:
    """Return a record's `training.tuning`; `best` is the training job whose model the release has."""
    found, config = search.description, search.description["HyperParameterTuningJobConfig"]
    objective, limits = config.get("HyperParameterTuningJobObjective") or {}, config["ResourceLimits"]
    return {
        "job": found["HyperParameterTuningJobName"],
        "status": found["HyperParameterTuningJobStatus"],
        "failure_reason": found.get("FailureReason"),
        "strategy": config["Strategy"],
        "objective": {"metric": objective.get("MetricName", ""), "type": objective.get("Type", "")},
        "early_stopping": config.get("TrainingJobEarlyStoppingType", "Off"),
        "seed": config.get("RandomSeed"),
        "max_jobs": limits.get("MaxNumberOfTrainingJobs"),
        "max_parallel_jobs": limits.get("MaxParallelTrainingJobs"),
        "ranges": _ranges(config.get("ParameterRanges") or {}),
        "best": best,
        "counts": _counts(found),
        "trials": [_trial(one) for one in search.trials],
    }


def trial_seconds(search: Search) -> float:
    """Return how long all training jobs ran, seconds."""
    return sum((_seconds(one) or 0.0 for one in search.trials), search.further_s)


def _ranges(ranges: Mapping[str, Any]) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for kind in _LISTS:
        for one in ranges.get(kind) or ():
            if "Values" in one:
                found[one["Name"]] = {"type": "categorical", "values": [_plain(value) for value in one["Values"]]}
            else:
                low, high = float(one["MinValue"]), float(one["MaxValue"])
                scaling = one.get("ScalingType", "Auto")
                found[one["Name"]] = {"type": _KINDS[kind], "min": low, "max": high, "scaling": scaling}
    return found


def _counts(description: Mapping[str, Any]) -> Document:
    counts = description.get("TrainingJobStatusCounters") or {}
    failed = counts.get("NonRetryableError", 0) + counts.get("RetryableError", 0)
    return {"completed": counts.get("Completed", 0), "stopped": counts.get("Stopped", 0), "failed": failed}


def _trial(one: Mapping[str, Any]) -> Document:
    value = (one.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value")
    return {
        "job": one["TrainingJobName"],
        "status": one["TrainingJobStatus"],
        "hyperparameters": {name: _plain(text) for name, text in (one.get("TunedHyperParameters") or {}).items()},
        "objective": float(value) if value is not None and math.isfinite(value) else None,
        "seconds": _seconds(one),
        "failure_reason": (one.get("FailureReason") or "")[:_LONGEST_REASON] or None,
    }


def _seconds(one: Mapping[str, Any]) -> float | None:
    started, ended = one.get("TrainingStartTime"), one.get("TrainingEndTime")
    return round((ended - started).total_seconds(), 3) if started and ended else None


def _plain(text: str) -> str:
    """Return a value as the config gives it: that of a program is JSON."""
    if text[:1] != '"':
        return text
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, str) else text
