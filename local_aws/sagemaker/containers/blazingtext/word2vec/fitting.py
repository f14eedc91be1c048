"""Epochs of training word vectors by negative sampling.

https://arxiv.org/abs/1310.4546: beside each target stand a few words drawn by the power 3/4 of their frequency, and the
vectors learn to tell them apart. In mode batch_skipgram the examples of a batch share the words drawn
(https://arxiv.org/abs/1604.04661). AWS trains in several threads at once, so that no two runs are alike; here a step
has 256 examples, drawn from a fixed seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists
from local_aws.sagemaker.containers.blazingtext.usage import usage
from local_aws.sagemaker.containers.blazingtext.word2vec.examples import Examples

_STEP = 256
_POWER = 0.75
_MOST_CHANGES = 16
"""A vector changes by at most this many times the mean of what the examples of a step change in it: with few words, or
very frequent ones, the sum would overshoot.
"""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Weights:
    """A vector for each feature, and one for each word as a target."""

    vectors: Floats
    targets: Floats


@dataclass(frozen=True)
class Sampler:
    """Draws words by their frequency; `sharing` examples in a row get the same `count` words."""

    bounds: NDArray[np.float64]
    count: int
    sharing: int

    def drawn(self, examples: int, draw: np.random.Generator) -> Numbers:
        """Return `count` words for each example."""
        groups = -(-examples // self.sharing)
        found = np.searchsorted(self.bounds, draw.random((groups, self.count)), side="right")
        return np.repeat(found, self.sharing, axis=0)[:examples]


def sampler(counts: list[int], count: int, sharing: int) -> Sampler:
    bounds = np.cumsum(np.array(counts, dtype=np.float64) ** _POWER)
    return Sampler((bounds / bounds[-1])[:-1], count, sharing)


def initial(vectors: int, words: int, dim: int, draw: np.random.Generator) -> Weights:
    """Return the weights before training."""
    small = draw.random((vectors, dim), dtype=np.float32)
    small -= 0.5
    small /= dim
    return Weights(small, np.zeros((words, dim), dtype=np.float32))


def train(
    weights: Weights,
    found: Examples,
    features: Lists,
    negatives: Sampler,
    rates: tuple[float, float],
    draw: np.random.Generator,
) -> None:
    """Train on a block of examples; `features` has the features of each word, and the rate falls between `rates`."""
    count = len(found.targets)
    for first in range(0, count, _STEP):
        part = slice(first, min(first + _STEP, count))
        inputs = _expanded(found.inputs.of(np.arange(part.start, part.stop)), features)
        rate = rates[0] + (rates[1] - rates[0]) * first / count
        drawn = negatives.drawn(part.stop - part.start, draw)
        _step(weights, inputs, found.targets[part], drawn, np.float32(rate))


def _expanded(words: Lists, features: Lists) -> Lists:
    """Return the features of lists of words."""
    found = features.of(words.values)
    return Lists(found.values, found.offsets[words.offsets])


def _step(weights: Weights, inputs: Lists, targets: Numbers, drawn: Numbers, rate: np.float32) -> None:
    rows, times, uses = usage(inputs.values, inputs.offsets, np.ones(len(inputs.values), dtype=np.float32))
    vectors = weights.vectors[rows]
    means = (uses @ vectors) / inputs.counts[:, None].astype(np.float32)
    words = np.concatenate([targets[:, None], drawn], axis=1)
    scores = np.einsum("ed,ewd->ew", means, weights.targets[words])
    error = -1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    error[:, 0] += 1
    error[:, 1:][drawn == targets[:, None]] = 0
    error *= rate
    change = np.einsum("ew,ewd->ed", error, weights.targets[words])
    offsets = np.arange(len(words) + 1) * words.shape[1]
    told, times_told, tells = usage(words.reshape(-1), offsets, error.reshape(-1))
    weights.targets[told] += (tells.T @ means) * _share(times_told)
    vectors += (uses.T @ change) * _share(times)
    weights.vectors[rows] = vectors


def _share(times: Numbers) -> Floats:
    return np.minimum(1, _MOST_CHANGES / times).astype(np.float32)[:, None]
