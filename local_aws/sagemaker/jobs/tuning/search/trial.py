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

    @property
    def ended(self) -> bool:
        """Whether the training job has ended, in whatever way."""
        return self.status in TERMINAL


def best(trials: list[Trial], *, maximize: bool) -> Trial | None:
    """The best of those that completed; where none did, of those that were stopped. The first of equals."""
    measured = [trial for trial in trials if trial.ended and trial.objective is not None]
    found = [trial for trial in measured if trial.status == COMPLETED] or measured
    return min(found, key=lambda trial: (cost(trial, maximize=maximize), trial.number), default=None)


def cost(trial: Trial, *, maximize: bool) -> float:
    """The objective as something to be made small; infinite without one."""
    if trial.objective is None:
        return float("inf")
    return -trial.objective if maximize else trial.objective
