"""When a tuning job has found enough, or will find nothing.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-progress.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker.jobs.lifecycle import FAILED
from local_aws.sagemaker.jobs.tuning.search.trial import Trial, cost

_IMPROVEMENT = 0.01
"""A training job improves on those before it if it is better by this part of their best value."""
_ATTEMPTS = 5
"""Training jobs without an objective after which a tuning job gives up.

Observed on AWS where all of them failed (https://github.com/aws/amazon-sagemaker-examples/issues/2436); where they
logged no objective, number and message are not documented.
"""


def not_improving(trials: list[Trial], *, maximize: bool) -> int:
    """How many training jobs have ended since the last that improved on those before it, in the order of their ends."""
    count, least = 0, float("inf")
    for trial in sorted((one for one in trials if one.ended), key=lambda one: (one.ended_at, one.number)):
        found = cost(trial, maximize=maximize)
        improves = found < least and (least == float("inf") or least - found >= _IMPROVEMENT * abs(least))
        count = 0 if improves else count + 1
        least = min(least, found)
    return count


def satisfied(criteria: Mapping[str, Any], trials: list[Trial], *, maximize: bool) -> bool:
    """Whether a completion criterion is met."""
    target = criteria.get("TargetObjectiveMetricValue")
    if target is not None:
        wanted = -target if maximize else target
        if any(trial.ended and cost(trial, maximize=maximize) <= wanted for trial in trials):
            return True
    most = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    return most is not None and not_improving(trials, maximize=maximize) >= most


def failure(trials: list[Trial], limit: int) -> str | None:
    """The FailureReason of a tuning job none of whose training jobs has an objective."""
    ended = [trial for trial in trials if trial.ended]
    if len(ended) < min(_ATTEMPTS, limit) or any(trial.objective is not None for trial in ended):
        return None
    if all(trial.status == FAILED for trial in ended):
        return (
            f"No training job succeeded after {len(ended)} attempts. Please take a look at the training job failures "
            "to get more details."
        )
    return (
        f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom algorithm "
        "is emitting the objective metric as defined by the regular expression provided."
    )
