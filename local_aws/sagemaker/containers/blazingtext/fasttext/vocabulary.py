"""The words and labels that a model knows, and the features of lines by them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import Corpus
from local_aws.sagemaker.containers.blazingtext.fasttext.hashing import ngrams, signed, word_hash

LABEL_PREFIX = b"__label__"


@dataclass(frozen=True)
class Lists:
    """Several numbers a line: line i holds `values[offsets[i]:offsets[i + 1]]`."""

    values: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def of(self, lines: NDArray[np.int64]) -> Lists:
        """Return the lists of some lines, in their order."""
        counts = self.counts[lines]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        positions = np.arange(offsets[-1]) + np.repeat(self.offsets[lines] - offsets[:-1], counts)
        return Lists(self.values[positions], offsets)


def lists(values: NDArray[np.int64], lines: NDArray[np.int64], count: int) -> Lists:
    """Return values by line; `lines` has the line of each value."""
    order = np.argsort(lines, kind="stable")
    return Lists(values[order], np.concatenate([[0], np.cumsum(np.bincount(lines, minlength=count))]))


@dataclass(frozen=True)
class Vocabulary:
    """Words and labels in the order of their rows, with the number of times that each occurred."""

    words: list[bytes]
    labels: list[bytes]
    word_counts: list[int]
    label_counts: list[int]
    tokens: int

    @cached_property
    def _word_ids(self) -> dict[bytes, int]:
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def _label_ids(self) -> dict[bytes, int]:
        return {label: number for number, label in enumerate(self.labels)}

    def number(self, word: bytes) -> int | None:
        """Return the number of a word, None if it is unknown."""
        return self._word_ids.get(word)

    def buckets_in(self, features: Lists) -> NDArray[np.int64]:
        """Return the buckets that occur in features, ascending."""
        seen = np.unique(features.values)
        return seen[seen >= len(self.words)] - len(self.words)

    def encoded(self, corpus: Corpus, word_ngrams: int, buckets: int) -> tuple[Lists, Lists]:
        """Return the features and the labels of lines; unknown words and labels are left out.

        A feature is the number of a word, or the number of words plus the bucket of an n-gram.
        """
        label = np.array([token.startswith(LABEL_PREFIX) for token in corpus.tokens], dtype=bool)
        word_ids = np.array([self._word_ids.get(token, -1) for token in corpus.tokens], dtype=np.int64)
        label_ids = np.array([self._label_ids.get(token, -1) for token in corpus.tokens], dtype=np.int64)
        line = np.repeat(np.arange(corpus.lines), np.diff(corpus.offsets))
        is_label = label[corpus.codes]
        label_of, label_line = label_ids[corpus.codes[is_label]], line[is_label]
        words, word_line = corpus.codes[~is_label], line[~is_label]
        ids = word_ids[words]
        features, where = ids[ids >= 0], word_line[ids >= 0]
        if word_ngrams > 1:
            hashes = signed(np.array([word_hash(token) for token in corpus.tokens], dtype=np.uint32))
            found, found_line = ngrams(hashes[words], word_line, word_ngrams, buckets)
            features = np.concatenate([features, found + len(self.words)])
            where = np.concatenate([where, found_line])
        known = label_of >= 0
        return lists(features, where, corpus.lines), lists(label_of[known], label_line[known], corpus.lines)


def vocabulary_of(corpus: Corpus, min_count: int, *, labelled: bool = True) -> Vocabulary:
    """Return the words that occur at least `min_count` times, and all labels, the most frequent first.

    Without `labelled` labels are words like others.
    """
    counts = np.bincount(corpus.codes, minlength=len(corpus.tokens))
    words: list[tuple[bytes, int]] = []
    labels: list[tuple[bytes, int]] = []
    for code in np.argsort(-counts, kind="stable").tolist():
        token, count = corpus.tokens[code], int(counts[code])
        if labelled and token.startswith(LABEL_PREFIX):
            labels.append((token, count))
        elif count >= min_count:
            words.append((token, count))
    return Vocabulary(
        [word for word, _ in words],
        [label for label, _ in labels],
        [count for _, count in words],
        [count for _, count in labels],
        len(corpus.codes),
    )
