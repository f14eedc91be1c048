"""Trains a softmax by mini-batches, epoch by epoch.

As in the logs of jobs on AWS, an epoch has as many full batches as there are, in a new random order, and its accuracy
is that of each batch before its step. AWS has no seed for the order; here it is fixed, so that the same job gives the
same model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.image_classification.channels import Samples
from local_aws.sagemaker.containers.image_classification.features import Features
from local_aws.sagemaker.containers.image_classification.hyperparameters import Settings
from local_aws.sagemaker.containers.image_classification.model import Softmax
from local_aws.sagemaker.containers.image_classification.optimizers import step_of
from local_aws.sagemaker.containers.toolkit import algorithm_log as log

_SEED = 0
_NORM = 4.0
"""The mean length of an image's features in training, for which the usual learning rates converge."""
_LOGGED_BATCHES = 20


@dataclass
class Accuracy:
    """Counts images whose class has the highest probability, or one of the `top_k` highest."""

    top_k: int | None
    seen: int = 0
    right: int = 0
    in_top: int = 0

    def add(self, probabilities: Features, labels: NDArray[np.int64]) -> None:
        """Count the rows of images x classes; of equal probabilities that of the first class is the higher one."""
        own, place = probabilities[np.arange(len(labels)), labels][:, np.newaxis], labels[:, np.newaxis]
        before = np.arange(probabilities.shape[1]) < place
        better = ((probabilities > own) | ((probabilities == own) & before)).sum(axis=1)
        self.seen += len(labels)
        self.right += int((better == 0).sum())
        self.in_top += int((better < (self.top_k or 1)).sum())

    def shares(self) -> dict[str, str]:
        """Return the shares by the names of MXNet's metrics."""
        shares = {"accuracy": f"{self.right / self.seen:.6f}"}
        return (
            shares
            if self.top_k is None
            else shares | {f"top_k_accuracy_{self.top_k}": f"{self.in_top / self.seen:.6f}"}
        )


@dataclass(frozen=True)
class Epoch:
    """An epoch: its number from 0, the accuracy while it was trained, and the model at its end."""

    number: int
    accuracy: Accuracy
    seconds: float
    model: Softmax


def epochs(settings: Settings, samples: Samples) -> Iterator[Epoch]:
    """Yield all epochs; `samples` must have at least one full batch."""
    trainer = _Trainer(settings, samples)
    rate, order = settings.number("learning_rate"), np.random.default_rng(_SEED)
    for number in range(settings.integer("epochs")):
        if number in settings.steps:
            rate *= settings.number("lr_scheduler_factor")
            log.info(f"Epoch[{number}] Change learning rate to {rate:.5e}")
        started = time.monotonic()
        accuracy = trainer.train(number, rate, order.permutation(len(samples.labels)))
        yield Epoch(number, accuracy, time.monotonic() - started, trainer.model())


class _Trainer:
    """The parameters, for features that are centred and scaled to a mean length of _NORM."""

    def __init__(self, settings: Settings, samples: Samples) -> None:
        self._settings, self._samples = settings, samples
        self._size, self._top_k = settings.integer("mini_batch_size"), settings.given("top_k")
        self._decay = settings.number("weight_decay") if settings.texts["optimizer"] in ("sgd", "nag") else 0.0
        self._mean = samples.features.mean(axis=0, dtype=np.float64).astype(np.float32)
        squares = np.einsum("ij,ij->", samples.features, samples.features, dtype=np.float64) / len(samples.labels)
        spread = max(float(squares - (self._mean.astype(np.float64) ** 2).sum()), 1e-12)
        self._scale = np.float32(_NORM / spread**0.5)
        count, classes = samples.features.shape[1], settings.integer("num_classes")
        self._weights, self._bias = np.zeros((count, classes), np.float32), np.zeros(classes, np.float32)
        self._weights_step, self._bias_step = step_of(settings, (count, classes)), step_of(settings, (classes,))

    def model(self) -> Softmax:
        """Return the model for features as they are."""
        weights = self._weights * self._scale
        return Softmax(self._settings.shape, weights, self._bias - self._mean @ weights)

    def train(self, epoch: int, rate: float, order: NDArray[np.int64]) -> Accuracy:
        """Train one epoch, and log every 20 batches."""
        whole, recent = Accuracy(self._top_k), _Recent(Accuracy(self._top_k))
        for batch in range(len(order) // self._size):
            rows = order[batch * self._size : (batch + 1) * self._size]
            labels, probabilities = self._samples.labels[rows], self._step(rows, rate)
            whole.add(probabilities, labels)
            recent.accuracy.add(probabilities, labels)
            if batch and batch % _LOGGED_BATCHES == 0:
                recent.write(epoch, batch)
                recent = _Recent(Accuracy(self._top_k))
        return whole

    def _step(self, rows: NDArray[np.int64], rate: float) -> Features:
        """Change the parameters by one batch; return the probabilities from before."""
        found = (self._samples.features[rows] - self._mean) * self._scale
        probabilities = Softmax(self._settings.shape, self._weights, self._bias).probabilities(found)
        slopes = probabilities.copy()
        slopes[np.arange(len(rows)), self._samples.labels[rows]] -= 1
        slopes /= len(rows)
        decayed = found.T @ slopes + np.float32(self._decay) * self._weights
        self._weights += self._weights_step(decayed, rate)
        self._bias += self._bias_step(slopes.sum(axis=0), rate)
        return probabilities


@dataclass
class _Recent:
    """What was trained since the line before."""

    accuracy: Accuracy
    started: float = field(default_factory=time.monotonic)

    def write(self, epoch: int, batch: int) -> None:
        speed = self.accuracy.seen / max(time.monotonic() - self.started, 1e-6)
        shares = "\t".join(f"{name}={share}" for name, share in self.accuracy.shares().items())
        log.info(f"Epoch[{epoch}] Batch [{batch}]\tSpeed: {speed:.3f} samples/sec\t{shares}")
