"""Bayesian search: a Gaussian process of the objective, and the values of the greatest expected improvement on it.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html; AWS's own implementation is
not public. The first training jobs are random. Then candidates, drawn evenly and around the best known values, are
compared. A training job without an objective, running or failed, counts with what the process expects of it, so that
those made together differ.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from local_aws.sagemaker.jobs.tuning.search import gaussian_process, random_search
from local_aws.sagemaker.jobs.tuning.search.gaussian_process import Array
from local_aws.sagemaker.jobs.tuning.search.space import Categorical, Space, Values

_FEWEST = 3
"""Training jobs with an objective before which the search is random; one more than hyperparameters, if that is more."""
_MOST_POINTS = 300
"""Known points that the process takes, the best ones first: its time grows with their cube."""
_CANDIDATES, _NEAR, _STEPS = 400, 60, (0.02, 0.1)
_NEAREST = 3

Known = Sequence[tuple[Values, float]]
"""Values and their cost."""


def suggest(space: Space, seed: int, number: int, known: Known, pending: Sequence[Values]) -> dict[str, str]:
    """The values of training job `number`: the same for the same arguments, and no taken ones while others are left."""
    taken = [*(values for values, _ in known), *pending]
    if len(known) < max(_FEWEST, len(space.ranges) + 1):
        return random_search.suggest(space, seed, number, taken)
    generator = random_search.generator_of(seed, number)
    ranked = _ranked(space, generator, sorted(known, key=lambda pair: pair[1])[:_MOST_POINTS], pending)
    return random_search.untaken(space, taken, generator, ranked)


def _ranked(
    space: Space, generator: random.Random, known: Known, pending: Sequence[Values]
) -> Callable[[], dict[str, str]]:
    """Gives the candidates, the most promising first."""
    points = _features(space, [values for values, _ in known])
    targets = _standard(np.array([cost for _, cost in known]))
    posterior = gaussian_process.fit(points, targets)
    if pending:
        waiting = _features(space, pending)
        points = np.vstack([points, waiting])
        targets = np.concatenate([targets, posterior.predict(waiting)[0]])
        posterior = gaussian_process.fit(points, targets)
    candidates = _candidates(space, generator, [values for values, _ in known[:_NEAREST]])
    gain = gaussian_process.expected_improvement(
        *posterior.predict(_features(space, candidates)), float(np.min(targets))
    )
    order = iter(np.argsort(-gain, kind="stable"))
    return lambda: candidates[int(next(order, 0))]


def _candidates(space: Space, generator: random.Random, best: list[Values]) -> list[dict[str, str]]:
    made = [space.values([generator.random() for _ in space.ranges]) for _ in range(_CANDIDATES)]
    for values in best:
        middle = [one.position(values[one.name]) for one in space.ranges]
        for step in _STEPS:
            made += [space.values([_near(generator, at, step, len(middle)) for at in middle]) for _ in range(_NEAR)]
    return made


def _near(generator: random.Random, middle: float, step: float, dimensions: int) -> float:
    """A position near another; in one of the dimensions, on average, anywhere, so that a category changes too."""
    if generator.random() * dimensions < 1:
        return generator.random()
    return min(max(generator.gauss(middle, step), 0.0), 1.0)


def _features(space: Space, many: Sequence[Values]) -> Array:
    """Positions; a categorical hyperparameter is a column for each of its texts."""
    rows = []
    for values in many:
        row: list[float] = []
        for one in space.ranges:
            if isinstance(one, Categorical):
                row += [float(choice == values[one.name]) / 2**0.5 for choice in one.choices]
            else:
                row.append(one.position(values[one.name]))
        rows.append(row)
    return np.array(rows, dtype=np.float64)


def _standard(costs: Array) -> Array:
    spread = float(np.std(costs))
    centred: Array = costs - np.mean(costs)
    return centred / spread if spread > 0 else centred
