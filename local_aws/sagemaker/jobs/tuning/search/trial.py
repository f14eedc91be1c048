"""What the search knows of a training job that a tuning job made."""

from __future__ import annotations

from dataclasses import dataclass

from local_aws.sagemaker.jobs.lifecycle import COMPLETED, TERMINAL
from local_aws.sagemaker.jobs.tuning.search.space import Values


@dataclass(frozen=True)
class Trial:
    """One training job; `number` counts from 0 in the order in which they were made."""

    number: int
    name: str
    values: Values
    status: str
    objective: float | None = None
    """The last value of the objective metric, None without one or before the end."""
    ended_at: float = 0.0
    """Unix time, seconds; 0 before the end."""
    curve: tuple[float, ...] = ()
    """The objective metric as the training job logged it, one value an epoch."""
    has_model: bool = False
    """Whether it left a model: one that was stopped may have saved none."""

    @property
    def ended(self) -> bool:
        """Whether the training job has ended, in whatever way."""
        return self.status in TERMINAL


def best(trials: list[Trial], *, maximize: bool) -> Trial | None:
    """The best of those that completed; where none did, of those that were stopped and left a model.

    The first of equals. AWS's is "the training job that completed with the best current objective"; what an algorithm
    saves when it is stopped "is a valid model artifact":
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
    """
    measured = [trial for trial in trials if trial.ended and trial.objective is not None]
    completed = [trial for trial in measured if trial.status == COMPLETED]
    found = completed or [trial for trial in measured if trial.has_model]
    return min(found, key=lambda trial: (cost(trial, maximize=maximize), trial.number), default=None)


def cost(trial: Trial, *, maximize: bool) -> float:
    """The objective as something to be made small; infinite without one."""
    if trial.objective is None:
        return float("inf")
    return -trial.objective if maximize else trial.objective
