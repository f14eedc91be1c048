"""Which running training jobs are not worth their time: early stopping, and Hyperband's successive halving.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html. How its Hyperband decides
is not documented; here it is successive halving that waits for nobody (Li et al. 2020, arXiv:1810.05934): at each
rung, a multiple of the resource, only the best third of those that have come so far goes on. Brackets, which begin at
different rungs, take turns (Li et al. 2018, arXiv:1603.06560).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, median

from local_aws.sagemaker.jobs.lifecycle import COMPLETED, IN_PROGRESS
from local_aws.sagemaker.jobs.tuning.search.trial import Trial

_REDUCTION = 3
"""One in so many goes on at a rung."""


@dataclass(frozen=True)
class Resource:
    """Hyperband's range: epochs, which are values of the objective metric in the log."""

    least: int
    most: int


def hopeless(trials: list[Trial], *, maximize: bool) -> list[str]:
    """Names of the running training jobs that early stopping ends.

    One whose latest value is worse than the median of the running averages that completed ones had at the same epoch.
    """
    completed = [trial.curve for trial in trials if trial.status == COMPLETED and trial.curve]
    return [trial.name for trial in _measured(trials) if _is_worse(trial.curve, completed, maximize=maximize)]


def halved(trials: list[Trial], resource: Resource, *, maximize: bool) -> list[str]:
    """Names of the running training jobs that Hyperband ends: beyond the largest resource, or not in the best third.

    One that ends by itself at the largest resource is left to save its model. Each is judged at the rung that it came
    to last, so that others that come to an earlier one later do not end it.
    """
    return [
        trial.name
        for trial in _measured(trials)
        if len(trial.curve) > resource.most or _falls(trial, trials, resource, maximize=maximize)
    ]


def rungs(number: int, resource: Resource) -> list[int]:
    """The epochs at which a training job is judged: all rungs, or only later ones, by its bracket."""
    found, at = [], resource.least
    while at < resource.most:
        found.append(at)
        at *= _REDUCTION
    return found[number % (len(found) + 1) :]


def _measured(trials: list[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.status == IN_PROGRESS and trial.curve]


def _is_worse(curve: tuple[float, ...], others: list[tuple[float, ...]], *, maximize: bool) -> bool:
    epoch = len(curve)
    averages = [mean(other[:epoch]) for other in others if len(other) >= epoch]
    if not averages:
        return False
    return curve[-1] < median(averages) if maximize else curve[-1] > median(averages)


def _falls(trial: Trial, trials: list[Trial], resource: Resource, *, maximize: bool) -> bool:
    at = max((rung for rung in rungs(trial.number, resource) if rung <= len(trial.curve)), default=None)
    if at is None:
        return False
    came = sorted((other.curve[at - 1] for other in trials if len(other.curve) >= at), reverse=maximize)
    if len(came) < _REDUCTION:
        return False
    worst_kept = came[len(came) // _REDUCTION - 1]
    value = trial.curve[at - 1]
    return value < worst_kept if maximize else value > worst_kept
