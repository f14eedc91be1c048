"""Vectors of words, known ones and with subwords any others.

https://github.com/facebookresearch/fastText/blob/main/src/dictionary.cc (`computeSubwords`, `getSubwords`) and
fasttext.cc (`getWordVector`) beside it: a word's vector is the mean of its own and those of its character n-grams.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import END
from local_aws.sagemaker.containers.blazingtext.fasttext.hashing import character_ngrams
from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Floats
from local_aws.sagemaker.containers.blazingtext.fasttext.model import Arguments, TextModel, means, rows_of
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary


def word_features(vocabulary: Vocabulary, arguments: Arguments, words: Sequence[bytes]) -> Lists:
    """Return the features of each word: its number if it is known, and the buckets of its character n-grams."""
    values: list[int] = []
    offsets = [0]
    for word in words:
        number = vocabulary.number(word)
        if number is not None:
            values.append(number)
        if arguments.max_char > 0 and word != END:
            first, hashes = len(vocabulary.words), character_ngrams(word, arguments.min_char, arguments.max_char)
            values += [first + each % arguments.buckets for each in hashes]
        offsets.append(len(values))
    return Lists(np.array(values, dtype=np.int64), np.array(offsets, dtype=np.int64))


def word_vectors(model: TextModel, words: Sequence[bytes]) -> Floats:
    """Return a row for each word; zeros for one of which nothing is known."""
    features = word_features(model.vocabulary, model.arguments, words)
    return means(model.vectors, rows_of(features, len(model.vocabulary.words), model.kept))
