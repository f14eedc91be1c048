"""A Gaussian process in numpy: what to expect of an unknown function between known points.

Rasmussen and Williams, Gaussian Processes for Machine Learning, algorithm 2.1 (https://gaussianprocess.org/gpml/). The
kernel is Matern 5/2; one length scale and the noise are those of the greatest marginal likelihood on a small grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LENGTHS = (0.1, 0.2, 0.35, 0.6, 1.0, 1.8)
_NOISES = (1e-6, 1e-3, 1e-1)
_TINY = 1e-12


@dataclass(frozen=True)
class Posterior:
    """A process that knows its points."""

    points: Array
    length: float
    lower: Array
    weights: Array

    def predict(self, at: Array) -> tuple[Array, Array]:
        """Mean and standard deviation at each row of `at`."""
        across = _kernel(at, self.points, self.length)
        solved = np.linalg.solve(self.lower, across.T)
        variance = np.maximum(1.0 - np.sum(solved**2, axis=0), _TINY)
        return across @ self.weights, np.sqrt(variance)


def fit(points: Array, targets: Array) -> Posterior:
    """The process of the most likely length scale and noise; `targets` have mean 0 and deviation 1."""
    found = [_conditioned(points, targets, length, noise) for length in _LENGTHS for noise in _NOISES]
    return max(found, key=lambda pair: pair[0])[1]


def expected_improvement(mean: Array, deviation: Array, least: float) -> Array:
    """How far below `least` a value is expected to be; Jones et al. 1998, doi:10.1023/A:1008306431147."""
    standard = (least - mean) / deviation
    density = np.exp(-0.5 * standard**2) / sqrt(2 * pi)
    below = np.array([0.5 * (1 + erf(one / sqrt(2))) for one in standard])
    improved: Array = deviation * (standard * below + density)
    return improved


def _conditioned(points: Array, targets: Array, length: float, noise: float) -> tuple[float, Posterior]:
    """The log marginal likelihood and the process."""
    covariance = _kernel(points, points, length) + noise * np.eye(len(points))
    try:
        lower = _lower(covariance)
    except np.linalg.LinAlgError:  # two points that are nearly the same
        lower = _lower(covariance + 1e-2 * np.eye(len(points)))
    weights: Any = np.linalg.solve(lower.T, np.linalg.solve(lower, targets))
    likelihood = -0.5 * float(targets @ weights) - float(np.sum(np.log(np.diag(lower))))
    return likelihood, Posterior(points, length, lower, weights)


def _lower(covariance: Array) -> Array:
    factor: Any = np.linalg.cholesky(covariance)
    lower: Array = factor
    return lower


def _kernel(left: Array, right: Array, length: float) -> Array:
    squared = np.sum(left**2, axis=1)[:, None] + np.sum(right**2, axis=1)[None, :] - 2 * left @ right.T
    scaled = np.sqrt(5 * np.maximum(squared, 0.0)) / length
    covariance: Array = (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return covariance
