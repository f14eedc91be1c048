"""Trains a text classifier: mode supervised."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from local_aws.sagemaker.containers.blazingtext import data
from local_aws.sagemaker.containers.blazingtext.data import TRAIN, VALIDATION
from local_aws.sagemaker.containers.blazingtext.fasttext import binary
from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import Corpus
from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Dense
from local_aws.sagemaker.containers.blazingtext.fasttext.model import TextModel
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, Vocabulary
from local_aws.sagemaker.containers.blazingtext.hyperparameters import Settings
from local_aws.sagemaker.containers.blazingtext.supervised import fitting
from local_aws.sagemaker.containers.blazingtext.supervised.early_stopping import EarlyStopping
from local_aws.sagemaker.containers.blazingtext.supervised.fitting import Weights
from local_aws.sagemaker.containers.blazingtext.supervised.plan import Plan, plan
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError


@dataclass(frozen=True)
class Examples:
    """The usable lines of a channel."""

    features: Lists
    labels: Lists

    @property
    def count(self) -> int:
        return len(self.labels.counts)


def train(ml: Ml, settings: Settings) -> None:
    """Train, and write the model. Raises CustomerError."""
    config = ml.input_data_config()
    data.check_channels(config, (TRAIN, VALIDATION))
    if settings.truth("early_stopping") and VALIDATION not in config:
        raise CustomerError(
            f"Hyperparameter early_stopping: {settings.texts['early_stopping']} needs a validation "
            f"channel, found the channels {', '.join(config)}"
        )
    corpus = data.load(ml, TRAIN)
    vocabulary = data.known_words(corpus, settings.integer("min_count"))
    found = _examples(TRAIN, corpus, vocabulary, settings)
    planned = plan(settings, vocabulary, found.features)
    examples = {TRAIN: Examples(planned.rows_of(found.features), found.labels)}
    if VALIDATION in config:
        algorithm_log.plain(f"Loading validation data from {ml.documented(data.file_of(ml, VALIDATION))}")
        judged = _examples(VALIDATION, data.load(ml, VALIDATION), vocabulary, settings)
        examples[VALIDATION] = Examples(planned.rows_of(judged.features), judged.labels)
        algorithm_log.plain("Loaded validation data.")
    model = _trained(planned, examples)
    for channel, lines in examples.items():
        algorithm_log.plain(f"#{channel}_accuracy: {accuracy(model, lines):.4f}")
        algorithm_log.plain(f"Number of {channel} examples: {lines.count}")
    ml.model_dir.mkdir(parents=True, exist_ok=True)
    binary.write(model, ml.model_dir / binary.MODEL_NAME)


def _examples(channel: str, corpus: Corpus, vocabulary: Vocabulary, settings: Settings) -> Examples:
    features, labels = vocabulary.encoded(corpus, settings.integer("word_ngrams"), settings.integer("buckets"))
    lines = data.usable(channel, corpus, features, labels)
    return Examples(features.of(lines), labels.of(lines))


def accuracy(model: TextModel, examples: Examples) -> float:
    """Return the share of lines whose likeliest label is one of theirs."""
    best = model.probabilities(examples.features).argmax(axis=1)
    line = np.repeat(np.arange(examples.count), examples.labels.counts)
    return len(np.unique(line[examples.labels.values == best[line]])) / examples.count


def _trained(planned: Plan, examples: dict[str, Examples]) -> TextModel:
    """Train epoch by epoch, and return the last model, or with early stopping the best."""
    settings, lines, started = planned.settings, examples[TRAIN], time.monotonic()
    count, rate = settings.integer("epochs"), settings.number("learning_rate")
    stopping = EarlyStopping(settings.integer("min_epochs"), settings.integer("patience"))
    weights, speed = fitting.initial(*planned.shape), 0.0
    for epoch in fitting.epochs(weights, lines.features, lines.labels, count, rate):
        algorithm_log.plain(f"-------------- End of epoch: {epoch}")
        if settings.truth("early_stopping") and stopping.begins(epoch):
            stopping.judge(epoch, weights, _judged(planned, weights, examples[VALIDATION]))
        speed = planned.vocabulary.tokens * epoch / max(time.monotonic() - started, 1e-6) / 1e6
        algorithm_log.plain(
            f"##### Alpha: {rate * (1 - epoch / count):.4f}  Progress: {100 * epoch / count:.2f}%  "
            f"Million Words/sec: {speed:.2f} #####"
        )
        if stopping.ended:
            break
    algorithm_log.plain("Training finished.")
    algorithm_log.plain(f"Average throughput in Million words/sec: {speed:.2f}")
    algorithm_log.plain(f"Total training time in seconds: {time.monotonic() - started:.2f}\n")
    final = stopping.best or weights
    return planned.model(binary.stored(final.vectors, planned.kept), final.output)


def _judged(planned: Plan, weights: Weights, examples: Examples) -> float:
    return accuracy(planned.model(Dense(weights.vectors), weights.output), examples)
