"""The training job of image-classification, on one host.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html. In place of a ResNet a softmax is trained on
features of the images (`features.py`), so num_layers, use_pretrained_model, precision_dtype, kv_store and
augmentation_type change nothing; the log says so. Log lines are those of jobs on AWS. Not emulated, each refused with a
message of its own: several hosts, multi_label, incremental training.
"""

from __future__ import annotations

import json

import numpy as np

from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.image_classification import channels, fitting, hyperparameters, model
from local_aws.sagemaker.containers.image_classification.channels import TRAIN, VALIDATION, Samples
from local_aws.sagemaker.containers.image_classification.fitting import Accuracy, Epoch
from local_aws.sagemaker.containers.image_classification.hyperparameters import Settings
from local_aws.sagemaker.containers.toolkit import algorithm_log as log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError, exit_code

_ROWS = 4096
_SHOWN = (
    *("num_layers", "epochs", "resize", "optimizer", "momentum", "weight_decay", "learning_rate"),
    *("num_training_samples", "mini_batch_size", "image_shape", "num_classes", "top_k", "checkpoint_frequency"),
)
_GPU_FAMILIES = ("ml.p2.", "ml.p3.", "ml.p3dn.", "ml.g4dn.", "ml.g5.")
_UNUSED = ("num_layers", "use_pretrained_model", "augmentation_type", "precision_dtype", "kv_store")


def train(ml: Ml) -> int:
    """Train by /opt/ml/input and leave the model in /opt/ml/model; return the exit code.

    A failure is logged, written to /opt/ml/output/failure, and returned as 2 if it is the customer's, else as 1.
    """
    return exit_code(ml, _train)


def _train(ml: Ml) -> None:
    given = ml.hyperparameters()
    log.info(f"Merging with provided configuration from /opt/ml/input/config/hyperparameters.json: {json.dumps(given)}")
    settings = hyperparameters.validate(given)
    log.info(f"Final configuration: {json.dumps(settings.shown())}")
    hosts = ml.resource_config().get("hosts", [])
    if len(hosts) > 1:
        raise NotEmulatedError(f"InstanceCount is {len(hosts)}: training locally runs on one host, set it to 1")
    _check_instance(ml)
    samples = channels.load(ml, settings)
    _warn_of_samples(settings, samples[TRAIN])
    _log_parameters(settings, given)
    keeper = _Keeper(ml, settings)
    for epoch in fitting.epochs(settings, samples[TRAIN]):
        if keeper.ends_with(epoch, samples[VALIDATION]):
            break


def _check_instance(ml: Ml) -> None:
    """Refuse what has no GPU; the sentence is local AWS's own.

    https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-instances
    """
    found = ml.resource_config().get("current_instance_type")
    if found is not None and not str(found).startswith(_GPU_FAMILIES):
        raise CustomerError(
            f"InstanceType is {found}: the algorithm trains on instances with a GPU, of the families p2, p3, g4dn or g5"
        )


def _warn_of_samples(settings: Settings, samples: Samples) -> None:
    found, said = len(samples.labels), settings.integer("num_training_samples")
    if found != said:
        log.warning(
            f"num_training_samples is {said}, and channel 'train' has {found} images: on AWS the behavior of "
            "lr_scheduler_step is undefined then. All images are used."
        )
    counts = np.bincount(samples.labels, minlength=settings.integer("num_classes"))
    missing = np.flatnonzero(counts == 0)
    if missing.size:
        log.warning(f"channel 'train' has no image of class {', '.join(map(str, missing.tolist()))}")


def _log_parameters(settings: Settings, given: dict[str, str]) -> None:
    log.info(f"use_pretrained_model: {settings.texts['use_pretrained_model']}")
    log.info(f"multi_label: {settings.texts['multi_label']}")
    log.info("---- Parameters ----")
    for name in _SHOWN:
        if settings.texts[name]:
            log.info(f"{'image resize size' if name == 'resize' else name}: {settings.texts[name]}")
    if settings.given("checkpoint_frequency") is None:
        log.info("checkpoint_frequency not set, will store the best model")
    log.info("--------------------")
    unused = [name for name in _UNUSED if name in given]
    log.warning(
        "Local AWS trains a softmax on gradients and colours, no network"
        + (f"; without effect: {', '.join(unused)}" if unused else "")
    )


class _Keeper:
    """Judges epochs by the validation channel, stores models, and says when training ends early."""

    def __init__(self, ml: Ml, settings: Settings) -> None:
        self._ml, self._settings = ml, settings
        self._best: float | None = None
        self._compared: float | None = None
        self._stale = 0

    def ends_with(self, epoch: Epoch, validation: Samples) -> bool:
        """Log an epoch and store its model if it is due; return whether training stops early."""
        accuracy = Accuracy(self._settings.given("top_k"))
        for start in range(0, len(validation.labels), _ROWS):
            rows = slice(start, start + _ROWS)
            accuracy.add(epoch.model.probabilities(validation.features[rows]), validation.labels[rows])
        for name, share in epoch.accuracy.shares().items():
            log.info(f"Epoch[{epoch.number}] Train-{name}={share}")
        log.info(f"Epoch[{epoch.number}] Time cost={epoch.seconds:.3f}")
        for name, share in accuracy.shares().items():
            log.info(f"Epoch[{epoch.number}] Validation-{name}={share}")
        found = accuracy.right / accuracy.seen
        stops = self._stops(epoch.number + 1, found)
        self._store(epoch, found, last=stops)
        return stops

    def _store(self, epoch: Epoch, found: float, *, last: bool) -> None:
        """Store every n-th epoch, or the best one where checkpoint_frequency is not set."""
        every, number = self._settings.given("checkpoint_frequency"), epoch.number + 1
        if every is None:
            if self._best is not None and found <= self._best:
                return
            self._best = found
            log.info(f"Storing the best model with validation accuracy: {found:.6f}")
        elif number % every and not last:
            return
        path = model.save(epoch.model, number, self._ml.model_dir, alone=every is None)
        log.info(f'Saved checkpoint to "{self._ml.documented(path)}"')

    def _stops(self, done: int, found: float) -> bool:
        """Compare with the best accuracy, as early_stopping_tolerance is documented: relative to it."""
        settings, best = self._settings, self._compared
        if best is None or (found > best and found >= best * (1 + settings.number("early_stopping_tolerance"))):
            self._compared, self._stale = found, 0
        else:
            self._stale += 1
        if settings.texts["early_stopping"] != "True" or done < settings.integer("early_stopping_min_epochs"):
            return False
        if self._stale < settings.integer("early_stopping_patience"):
            return False
        log.info(f"Early stop: no improvement of the validation accuracy in {self._stale} epochs")
        return True
