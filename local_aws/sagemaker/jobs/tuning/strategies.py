"""The next hyperparameters by the strategy of a tuning job: a pure function of space, seed and known training jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local_aws.sagemaker.jobs.tuning.search import random_search
from local_aws.sagemaker.jobs.tuning.search.space import Space, Values
from local_aws.sagemaker.jobs.tuning.search.trial import Trial, cost
from local_aws.sagemaker.jobs.tuning.settings import BAYESIAN, GRID, HYPERBAND, RANDOM


@dataclass(frozen=True)
class Knowledge:
    """What a strategy may use."""

    space: Space
    seed: int
    maximize: bool
    trials: list[Trial]
    before: list[tuple[Values, float]]
    """Values and cost that other tuning jobs have found."""


Strategy = Callable[[Knowledge], dict[str, str]]


def suggest(strategy: str, knowledge: Knowledge) -> dict[str, str]:
    """The values of the training job after those that are known."""
    return _STRATEGIES[strategy](knowledge)


def _random(knowledge: Knowledge) -> dict[str, str]:
    trials = knowledge.trials
    return random_search.suggest(knowledge.space, knowledge.seed, len(trials), [trial.values for trial in trials])


def _grid(knowledge: Knowledge) -> dict[str, str]:
    return knowledge.space.nth(len(knowledge.trials))


def _bayesian(knowledge: Knowledge) -> dict[str, str]:
    from local_aws.sagemaker.jobs.tuning.search import bayesian  # noqa: PLC0415 - numpy, which an idle server saves

    costs = [(trial.values, cost(trial, maximize=knowledge.maximize)) for trial in knowledge.trials]
    known = [*knowledge.before, *(pair for pair in costs if pair[1] < float("inf"))]
    pending = [values for values, price in costs if price == float("inf")]
    return bayesian.suggest(knowledge.space, knowledge.seed, len(knowledge.trials), known, pending)


_STRATEGIES: dict[str, Strategy] = {RANDOM: _random, GRID: _grid, BAYESIAN: _bayesian, HYPERBAND: _random}
