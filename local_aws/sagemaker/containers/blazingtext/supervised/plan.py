"""What a classifier will be like, known before it is trained: its words, its n-grams, its sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext import binary
from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats, Matrix
from local_aws.sagemaker.containers.blazingtext.fasttext.model import Arguments, TextModel, rows_of
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary
from local_aws.sagemaker.containers.blazingtext.hyperparameters import Settings
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

# Settings of fastText that a classifier does not use, at their defaults.
_WINDOW = 5
_NEGATIVES = 5


@dataclass(frozen=True)
class Plan:
    """`kept` has the buckets of the n-grams that occur in the training data; None without n-grams."""

    settings: Settings
    vocabulary: Vocabulary
    kept: NDArray[np.int64] | None

    @property
    def rows(self) -> int:
        return len(self.vocabulary.words) + (0 if self.kept is None else len(self.kept))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The numbers of vectors, labels and dimensions."""
        return self.rows, len(self.vocabulary.labels), self.settings.integer("vector_dim")

    def rows_of(self, features: Lists) -> Lists:
        return rows_of(features, len(self.vocabulary.words), self.kept)

    def model(self, vectors: Matrix, output: Floats) -> TextModel:
        settings = self.settings
        arguments = Arguments(
            dim=settings.integer("vector_dim"),
            window=_WINDOW,
            epochs=settings.integer("epochs"),
            min_count=settings.integer("min_count"),
            negatives=_NEGATIVES,
            word_ngrams=settings.integer("word_ngrams"),
            loss=binary.SOFTMAX,
            kind=binary.SUPERVISED,
            buckets=0 if self.kept is None else settings.integer("buckets"),
        )
        return TextModel(arguments, self.vocabulary, self.kept, vectors, output)


def plan(settings: Settings, vocabulary: Vocabulary, features: Lists) -> Plan:
    """Return the plan for training data. Raises CustomerError for a model too large for its file."""
    kept = vocabulary.buckets_in(features) if settings.integer("word_ngrams") > 1 else None
    found = Plan(settings, vocabulary, kept)
    dim = settings.integer("vector_dim")
    if found.rows * dim > binary.MAX_NUMBERS:
        raise CustomerError(
            f"Hyperparameter vector_dim: {found.rows} words and n-grams of {dim} numbers each are more than the "
            f"{binary.MAX_NUMBERS} numbers that a model holds; lower vector_dim, buckets or word_ngrams"
        )
    return found
