"""Optimizers, each by the rule and with the hyperparameters of MXNet's of that name.

https://mxnet.apache.org/versions/1.4.1/api/python/optimization/optimization.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.image_classification.hyperparameters import Settings

_TINY = 1e-30
"""Keeps settings such as an eps of 0 or a beta_1 of 1 from dividing by zero."""

Numbers = NDArray[np.floating[Any]]
Step = Callable[[Numbers, float], Numbers]
"""From a gradient and a learning rate to what is added to the parameters; one keeps the state of one array."""


def step_of(settings: Settings, size: tuple[int, ...]) -> Step:
    """Return a new optimizer for one array of parameters of this size."""
    name, zeros = settings.texts["optimizer"], np.zeros(size, dtype=np.float32)
    if name in ("sgd", "nag"):
        return _momentum(zeros, settings.number("momentum"), ahead=name == "nag")
    if name == "adam":
        return _adam(zeros, settings.number("beta_1"), settings.number("beta_2"), settings.number("eps"))
    return _rmsprop(zeros, settings.number("gamma"), settings.number("eps"))


def _momentum(zeros: Numbers, momentum: float, *, ahead: bool) -> Step:
    speed = zeros

    def step(gradient: Numbers, rate: float) -> Numbers:
        nonlocal speed
        speed = momentum * speed - rate * gradient
        return momentum * speed - rate * gradient if ahead else speed

    return step


def _adam(zeros: Numbers, beta_1: float, beta_2: float, eps: float) -> Step:
    mean = square = zeros
    mean_left = square_left = 1.0  # the share of the zeros at the beginning in mean and square

    def step(gradient: Numbers, rate: float) -> Numbers:
        nonlocal mean, square, mean_left, square_left
        mean, mean_left = beta_1 * mean + (1 - beta_1) * gradient, mean_left * beta_1
        square, square_left = beta_2 * square + (1 - beta_2) * gradient**2, square_left * beta_2
        unbiased = rate * (1 - square_left) ** 0.5 / max(1 - mean_left, _TINY)
        return np.asarray(-unbiased * mean / np.maximum(np.sqrt(square) + eps, _TINY))

    return step


def _rmsprop(zeros: Numbers, gamma: float, eps: float) -> Step:
    square = zeros

    def step(gradient: Numbers, rate: float) -> Numbers:
        nonlocal square
        square = gamma * square + (1 - gamma) * gradient**2
        return np.asarray(-rate * gradient / np.maximum(np.sqrt(square + eps), _TINY))

    return step
