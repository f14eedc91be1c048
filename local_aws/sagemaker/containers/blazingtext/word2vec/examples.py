"""What word vectors are trained on: words near each other.

https://arxiv.org/abs/1310.4546: frequent words are left out at random, and each word looks at a random number of words,
at most the window, to its left and right. Skip-gram learns one neighbour from the word at a time, CBOW the word from
all of its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary, lists

_BLOCK_WORDS = 100_000

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Lists of words and the word that each tells of; `progress` has the share of the epoch done before and after."""

    inputs: Lists
    targets: Numbers
    progress: tuple[float, float]


@dataclass(frozen=True)
class Sentences:
    """The known words of all lines, one after the other, and the line of each."""

    words: Numbers
    lines: Numbers

    def thinned(self, keep: NDArray[np.float64], draw: np.random.Generator) -> Sentences:
        """Return a part of the words; `keep` has the probability of each word of the vocabulary."""
        stay = draw.random(len(self.words)) < keep[self.words]
        return Sentences(self.words[stay], self.lines[stay])


def probabilities_to_keep(vocabulary: Vocabulary, threshold: float) -> NDArray[np.float64]:
    """Return for each word how likely an occurrence is kept: less for words above the threshold."""
    counts = np.array(vocabulary.word_counts, dtype=np.float64)
    ratio = threshold / (counts / counts.sum())
    return np.asarray(np.sqrt(ratio) + ratio)


def examples(sentences: Sentences, window: int, draw: np.random.Generator, *, together: bool) -> Iterator[Examples]:
    """Yield the examples of an epoch in blocks, in random order within each.

    With `together` the neighbours of a word are the input of one example; otherwise each is the target of one.
    """
    count = len(sentences.words)
    for first in range(0, count, _BLOCK_WORDS):
        part = slice(first, first + _BLOCK_WORDS)
        words = sentences.words[part]
        centers, neighbours = _pairs(sentences.lines[part], window, draw)
        if together:
            inputs = lists(words[neighbours], centers, len(words))
            found = np.flatnonzero(inputs.counts)
            targets = words
        else:
            inputs = Lists(words[centers], np.arange(len(centers) + 1))
            found, targets = np.arange(len(centers)), words[neighbours]
        order = draw.permutation(found)
        yield Examples(inputs.of(order), targets[order], (first / count, min(first + _BLOCK_WORDS, count) / count))


def _pairs(lines: Numbers, window: int, draw: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Return positions of words and of their neighbours."""
    reach = draw.integers(1, window, len(lines), endpoint=True)
    centers: list[Numbers] = []
    neighbours: list[Numbers] = []
    for distance in range(1, min(window, len(lines) - 1) + 1):
        left = np.flatnonzero(lines[distance:] == lines[:-distance])
        right = left + distance
        for center, neighbour in ((left, right), (right, left)):
            near = reach[center] >= distance
            centers.append(center[near])
            neighbours.append(neighbour[near])
    none = np.empty(0, dtype=np.int64)
    return np.concatenate([none, *centers]), np.concatenate([none, *neighbours])
