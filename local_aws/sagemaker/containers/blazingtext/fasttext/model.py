"""A model as fastText has it: vectors of features, and for a text classifier one linear layer on their mean.

https://github.com/facebookresearch/fastText/blob/main/src/model.cc
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import corpus_of
from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats, Matrix
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary

_BLOCK_LINES = 512


@dataclass(frozen=True)
class Arguments:
    """The settings that fastText stores with a model; `sampling` is its `t`. Enumerations are in `binary.py`."""

    dim: int
    window: int
    epochs: int
    min_count: int
    negatives: int
    word_ngrams: int
    loss: int
    kind: int
    buckets: int
    min_char: int = 0
    max_char: int = 0
    update_rate: int = 100
    sampling: float = 0.0001


@dataclass(frozen=True)
class TextModel:
    """`vectors` has a row for each word, then one for each bucket, or for each in `kept` (ascending) if that is given.

    `weights` has a row for each label, or for each word in a model of word vectors. With `exclusive` the probabilities
    of all labels add up to 1.
    """

    arguments: Arguments
    vocabulary: Vocabulary
    kept: NDArray[np.int64] | None
    vectors: Matrix
    weights: Floats
    exclusive: bool = True

    def encoded(self, lines: Sequence[bytes]) -> Lists:
        """Return the features of lines as rows of `vectors`."""
        arguments = self.arguments
        features, _ = self.vocabulary.encoded(corpus_of(lines), arguments.word_ngrams, arguments.buckets)
        return rows_of(features, len(self.vocabulary.words), self.kept)

    def probabilities(self, features: Lists) -> Floats:
        """Return for each line the probabilities of the labels; 0 for all of a line without features."""
        found = np.zeros((len(features.counts), len(self.weights)), dtype=np.float32)
        for first in range(0, len(found), _BLOCK_LINES):
            part = features.of(np.arange(first, min(first + _BLOCK_LINES, len(found))))
            filled = part.counts > 0
            scores = means(self.vectors, part)[filled] @ self.weights.T
            found[first : first + _BLOCK_LINES][filled] = softmax(scores) if self.exclusive else _sigmoid(scores)
        return found

    def best(self, features: Lists, count: int) -> list[tuple[list[bytes], list[float]]]:
        """Return for each line the `count` most likely labels with their probabilities, the likeliest first."""
        probabilities = self.probabilities(features)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
        labels = self.vocabulary.labels
        return [
            ([labels[label] for label in best], row[best].tolist()) if filled else ([], [])
            for best, row, filled in zip(order, probabilities, features.counts > 0, strict=True)
        ]


def rows_of(features: Lists, words: int, kept: NDArray[np.int64] | None) -> Lists:
    """Return features as rows of a matrix in which only `kept` buckets have one; others are left out."""
    if kept is None:
        return features
    values = features.values
    place = np.searchsorted(kept, values - words)
    known = values < words
    found = np.zeros(len(values), dtype=bool)
    if len(kept):
        found = ~known & (kept[np.minimum(place, len(kept) - 1)] == values - words)
    rows = np.where(known, values, words + place)
    stay = known | found
    before = np.concatenate([[0], np.cumsum(stay)])
    return Lists(rows[stay], before[features.offsets])


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _sigmoid(scores: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -80.0, 80.0))))


def means(vectors: Matrix, features: Lists) -> Floats:
    """Return the mean of the rows of each line; 0 for a line without features."""
    counts = features.counts
    found = np.zeros((len(counts), vectors.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(counts)
    if len(filled):
        sums = np.add.reduceat(vectors.rows(features.values), features.offsets[filled], axis=0)
        found[filled] = sums / counts[filled, None]
    return found
