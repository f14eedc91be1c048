"""Trains word vectors: the modes skipgram, cbow and batch_skipgram.

Not emulated: the evaluation by WordSimilarity-353, whose data is not part of local AWS; the log says so.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from local_aws.sagemaker.containers.blazingtext import data
from local_aws.sagemaker.containers.blazingtext.data import TRAIN
from local_aws.sagemaker.containers.blazingtext.fasttext import binary
from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import Corpus
from local_aws.sagemaker.containers.blazingtext.fasttext.model import Arguments, TextModel, rows_of
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary
from local_aws.sagemaker.containers.blazingtext.fasttext.words import word_features, word_vectors
from local_aws.sagemaker.containers.blazingtext.hyperparameters import BATCH_SKIPGRAM, CBOW, Settings
from local_aws.sagemaker.containers.blazingtext.word2vec import fitting
from local_aws.sagemaker.containers.blazingtext.word2vec.examples import (
    Sentences,
    examples,
    probabilities_to_keep,
)
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

TEXT_NAME = "vectors.txt"
_SEED = 0
_BLOCK_WORDS = 1000


def train(ml: Ml, settings: Settings) -> None:
    """Train, and write the vectors. Raises CustomerError."""
    data.check_channels(ml.input_data_config(), (TRAIN,))
    arguments = _arguments(settings)
    corpus = data.load(ml, TRAIN)
    vocabulary = data.known_words(corpus, settings.integer("min_count"), labelled=False)
    if len(vocabulary.words) < 2:
        raise CustomerError("Channel 'train' has one word that occurs often enough: vectors need two or more")
    features = word_features(vocabulary, arguments, vocabulary.words)
    kept = vocabulary.buckets_in(features) if arguments.max_char > 0 else None
    rows = rows_of(features, len(vocabulary.words), kept)
    weights = _trained(settings, vocabulary, rows, _sentences(corpus, vocabulary))
    model = TextModel(arguments, vocabulary, kept, binary.stored(weights.vectors, kept), weights.targets)
    ml.model_dir.mkdir(parents=True, exist_ok=True)
    binary.write(model, ml.model_dir / binary.VECTORS_NAME)
    _write_text(model, ml.model_dir / TEXT_NAME)
    if settings.truth("evaluation"):
        algorithm_log.warning("evaluation: WordSimilarity-353 is not part of local AWS, so there is no #mean_rho")


def _arguments(settings: Settings) -> Arguments:
    subwords = settings.mode != BATCH_SKIPGRAM and settings.truth("subwords")
    shortest, longest = (settings.integer(name) if subwords else 0 for name in ("min_char", "max_char"))
    if shortest > longest:
        raise CustomerError(f"Hyperparameter min_char: {shortest} is above max_char, which is {longest}")
    return Arguments(
        dim=settings.integer("vector_dim"),
        window=settings.integer("window_size"),
        epochs=settings.integer("epochs"),
        min_count=settings.integer("min_count"),
        negatives=settings.integer("negative_samples"),
        word_ngrams=1,
        loss=binary.NEGATIVE_SAMPLING,
        kind=binary.CBOW if settings.mode == CBOW else binary.SKIPGRAM,
        buckets=settings.integer("buckets") if subwords else 0,
        min_char=shortest,
        max_char=longest,
        sampling=settings.number("sampling_threshold"),
    )


def _sentences(corpus: Corpus, vocabulary: Vocabulary) -> Sentences:
    numbers = np.array([-1 if (number := vocabulary.number(token)) is None else number for token in corpus.tokens])
    words = numbers[corpus.codes]
    lines = np.repeat(np.arange(corpus.lines), np.diff(corpus.offsets))
    return Sentences(words[words >= 0], lines[words >= 0])


def _trained(settings: Settings, vocabulary: Vocabulary, rows: Lists, sentences: Sentences) -> fitting.Weights:
    """Train epoch by epoch; `rows` has the rows of the vectors that each word uses."""
    draw, started = np.random.default_rng(_SEED), time.monotonic()
    epochs, first_rate = settings.integer("epochs"), settings.number("learning_rate")
    sharing = settings.integer("batch_size") if settings.mode == BATCH_SKIPGRAM else 1
    negatives = fitting.sampler(vocabulary.word_counts, settings.integer("negative_samples"), sharing)
    keep = probabilities_to_keep(vocabulary, settings.number("sampling_threshold"))
    vectors = int(rows.values.max()) + 1
    weights = fitting.initial(vectors, len(vocabulary.words), settings.integer("vector_dim"), draw)
    speed = 0.0
    for epoch in range(epochs):
        thinned = sentences.thinned(keep, draw)
        for block in examples(thinned, settings.integer("window_size"), draw, together=settings.mode == CBOW):
            high, low = (first_rate * (1 - (epoch + share) / epochs) for share in block.progress)
            fitting.train(weights, block, rows, negatives, (high, low), draw)
        if not np.isfinite(weights.targets).all():
            raise CustomerError(f"Training diverged in epoch {epoch + 1}: lower learning_rate, which is {first_rate}")
        speed = vocabulary.tokens * (epoch + 1) / max(time.monotonic() - started, 1e-6) / 1e6
        algorithm_log.plain(
            f"##### Alpha: {first_rate * (1 - (epoch + 1) / epochs):.4f}  Progress: {100 * (epoch + 1) / epochs:.2f}%  "
            f"Million Words/sec: {speed:.2f} #####"
        )
    algorithm_log.plain("Training finished!")
    algorithm_log.plain(f"Average throughput in Million words/sec: {speed:.2f}")
    algorithm_log.plain(f"Total training time in seconds: {time.monotonic() - started:.2f}")
    return weights


def _write_text(model: TextModel, path: Path) -> None:
    """Write the vectors as word2vec writes them as text: their number and size, then a word and its vector a line."""
    words = model.vocabulary.words
    with path.open("wb") as file:
        file.write(f"{len(words)} {model.arguments.dim}\n".encode())
        for first in range(0, len(words), _BLOCK_WORDS):
            block = words[first : first + _BLOCK_WORDS]
            for word, vector in zip(block, word_vectors(model, block).tolist(), strict=True):
                file.write(word + " ".join(["", *(f"{number:.6g}" for number in vector)]).encode() + b"\n")
