"""Epochs of training a text classifier: stochastic gradient descent, a few lines a step.

https://github.com/facebookresearch/fastText/blob/main/src/fasttext.cc (`supervised`, `trainThread`): the rate falls
evenly to 0, vectors begin as small random numbers and the linear layer at 0, and of a line's labels one is drawn each
time. fastText and AWS take one line a step, in several threads at once, so that no two runs are alike; here a step has
eight lines, in an order drawn once from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats
from local_aws.sagemaker.containers.blazingtext.fasttext.model import softmax
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists
from local_aws.sagemaker.containers.blazingtext.usage import usage
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

_SEED = 0
_LINES = 8
"""More lines are faster; with high rates they no longer follow what single lines would do."""


@dataclass(frozen=True)
class Batch:
    """Some lines: `rows` are the vectors that they use, `uses` (lines, rows) counts how often each does.

    `users` is the transpose of `uses`, and `shares` has 1 through the number of features of each line.
    """

    lines: slice
    rows: NDArray[np.int32]
    uses: Any
    users: Any
    shares: Floats


@dataclass(frozen=True)
class Weights:
    """What is learned: a vector for each feature, and the linear layer with a row for each label."""

    vectors: Floats
    output: Floats

    def copy(self) -> Weights:
        return Weights(self.vectors.copy(), self.output.copy())


def initial(vectors: int, labels: int, dim: int) -> Weights:
    """Return the weights before training."""
    small = np.random.default_rng(_SEED).random((vectors, dim), dtype=np.float32)
    small -= 0.5
    small *= 2 / dim
    return Weights(small, np.zeros((labels, dim), dtype=np.float32))


def epochs(weights: Weights, features: Lists, labels: Lists, count: int, first_rate: float) -> Iterator[int]:
    """Train weights in place, and yield the number of each epoch, from 1, at its end.

    Each line has at least one feature, a row of `weights.vectors`, and one label. Raises CustomerError if the weights
    grow beyond all bounds.
    """
    draw = np.random.default_rng(_SEED)
    order = draw.permutation(len(features.counts))
    batches, ordered = _batches(features.of(order)), labels.of(order)
    for epoch in range(count):
        drawn = _drawn(ordered, draw)
        for number, batch in enumerate(batches):
            rate = first_rate * (1 - (epoch + number / len(batches)) / count)
            _step(batch, drawn[batch.lines], weights, np.float32(rate))
        if not np.isfinite(weights.output).all():
            raise CustomerError(f"Training diverged in epoch {epoch + 1}: lower learning_rate, which is {first_rate}")
        yield epoch + 1


def _batches(features: Lists) -> list[Batch]:
    ones = np.ones(int(features.counts.max(initial=0)) * _LINES, dtype=np.float32)
    return [_batch(features, first, ones) for first in range(0, len(features.counts), _LINES)]


def _batch(features: Lists, first: int, ones: Floats) -> Batch:
    offsets = features.offsets[first : first + _LINES + 1]
    values = features.values[offsets[0] : offsets[-1]]
    rows, _, uses = usage(values, offsets, ones[: len(values)])
    shares = (1 / np.diff(offsets)).astype(np.float32)[:, None]
    return Batch(slice(first, first + len(shares)), rows, uses, uses.T, shares)


def _drawn(labels: Lists, draw: np.random.Generator) -> NDArray[np.int64]:
    """Return one label of each line."""
    return labels.values[labels.offsets[:-1] + (draw.random(len(labels.counts)) * labels.counts).astype(np.int64)]


def _step(batch: Batch, labels: NDArray[np.int64], weights: Weights, rate: np.float32) -> None:
    vectors = weights.vectors[batch.rows]
    means = (batch.uses @ vectors) * batch.shares
    error = -softmax(means @ weights.output.T)
    error[np.arange(len(labels)), labels] += 1
    error *= rate
    change = (error @ weights.output) * batch.shares
    weights.output[:] += error.T @ means
    vectors += batch.users @ change
    weights.vectors[batch.rows] = vectors
