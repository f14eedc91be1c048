"""The container's own check of hyperparameters, before any data is read.

Names, values and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html. The message for a
wrong value is in the form of https://github.com/awsdocs/amazon-sagemaker-developer-guide/issues/44.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError
from local_aws.sagemaker.containers.toolkit.kinds import VALIDATION, Kind, check, integer, one_of, real

DEEP, SHALLOW = ("18", "34", "50", "101", "152", "200"), ("20", "32", "44", "56", "110")
"""The numbers of layers for large images, which pretrained networks have too, and those for small images."""
_PRETRAINED_PIXELS = 224
_SHAPE = re.compile(r" {0,9}[13] {0,9}(, {0,9}[1-9][0-9]{0,4} {0,9}){2}")
_STEPS = re.compile(r" {0,9}[0-9]{1,9} {0,9}(, {0,9}[0-9]{1,9} {0,9})*")


_COUNT = integer(1)
_SHARE = real("a number from 0 to 1", lambda number: 0 <= number <= 1)
_FLAG = one_of("0", "1")

_KINDS: dict[str, tuple[Kind, str | None]] = {
    "num_classes": (_COUNT, None),
    "num_training_samples": (_COUNT, None),
    "use_pretrained_model": (_FLAG, "0"),
    "num_layers": (one_of(*DEEP, *SHALLOW), "152"),
    "image_shape": (
        Kind("channels (1 or 3),height,width, such as '3,224,224'", lambda text: _SHAPE.fullmatch(text) is not None),
        "3,224,224",
    ),
    "resize": (_COUNT, ""),
    "epochs": (_COUNT, "30"),
    "mini_batch_size": (_COUNT, "32"),
    "learning_rate": (_SHARE, "0.1"),
    "lr_scheduler_factor": (_SHARE, "0.1"),
    "lr_scheduler_step": (
        Kind("epochs separated by commas, such as '10,20'", lambda text: _STEPS.fullmatch(text) is not None),
        "",
    ),
    "optimizer": (one_of("sgd", "adam", "rmsprop", "nag"), "sgd"),
    "momentum": (_SHARE, "0.9"),
    "weight_decay": (_SHARE, "0.0001"),
    "beta_1": (_SHARE, "0.9"),
    "beta_2": (_SHARE, "0.999"),
    "eps": (_SHARE, "1e-08"),
    "gamma": (_SHARE, "0.9"),
    "augmentation_type": (one_of("crop", "crop_color", "crop_color_transform"), ""),
    "top_k": (integer(2), ""),
    "early_stopping": (one_of("True", "False"), "False"),
    "early_stopping_min_epochs": (_COUNT, "10"),
    "early_stopping_patience": (_COUNT, "5"),
    "early_stopping_tolerance": (_SHARE, "0.0"),
    "checkpoint_frequency": (_COUNT, ""),
    "multi_label": (_FLAG, "0"),
    "use_weighted_loss": (_FLAG, "0"),
    "kv_store": (one_of("dist_sync", "dist_async"), ""),
    "precision_dtype": (one_of("float32", "float16"), "float32"),
    "_tuning_objective_metric": (Kind("a metric", lambda _: True), ""),
}
"""The kind and the default of each; with None it is required, with an empty text there is no default."""


@dataclass(frozen=True)
class Shape:
    """The hyperparameter image_shape: 1 or 3 channels, height and width in pixels."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels},{self.height},{self.width}"

    @classmethod
    def of(cls, text: str) -> Shape:
        return cls(*map(int, text.split(",")))


@dataclass(frozen=True)
class Settings:
    """All hyperparameters, with defaults for those that were not given."""

    texts: Mapping[str, str]

    @property
    def shape(self) -> Shape:
        return Shape.of(self.texts["image_shape"])

    @property
    def steps(self) -> tuple[int, ...]:
        """The epochs, from 0, before which the learning rate falls."""
        return tuple(int(text) for text in self.texts["lr_scheduler_step"].split(",") if text)

    def integer(self, name: str) -> int:
        return int(float(self.texts[name]))

    def given(self, name: str) -> int | None:
        """Return an integer, None if it was not given and has no default."""
        return self.integer(name) if self.texts[name] else None

    def number(self, name: str) -> float:
        return float(self.texts[name])

    def shown(self) -> dict[str, str]:
        """The configuration as the log shows it, without what has no value."""
        return {name: text for name, text in self.texts.items() if text}


def validate(given: Mapping[str, str]) -> Settings:
    """Return the hyperparameters; raises CustomerError for the first fault."""
    kinds = {name: kind for name, (kind, _) in _KINDS.items()}
    for name, text in given.items():
        if name in kinds and not kinds[name].fits(text):
            raise CustomerError(
                f"The value {text!r} is not valid for the {name!r} hyperparameter which expects one of the following: "
                f"{kinds[name].words} {VALIDATION}"
            )
    check(given, kinds, [name for name, (_, default) in _KINDS.items() if default is None])
    settings = Settings({name: default or "" for name, (_, default) in _KINDS.items()} | dict(given))
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    every, epochs = settings.given("checkpoint_frequency"), settings.integer("epochs")
    if every is not None and every > epochs:
        raise CustomerError(
            f"Hyperparameter checkpoint_frequency is {every}, more than epochs ({epochs}): no checkpoint would be "
            f"stored {VALIDATION}"
        )
    if settings.texts["use_pretrained_model"] == "1":
        _check_pretrained(settings)
    if settings.texts["multi_label"] == "1":
        raise NotEmulatedError("Hyperparameter multi_label is 1: local AWS trains one class per image; train on AWS")


def _check_pretrained(settings: Settings) -> None:
    layers, shape = settings.texts["num_layers"], settings.shape
    if layers not in DEEP:
        raise CustomerError(
            f"Hyperparameter num_layers is {layers}: pretrained models have {', '.join(DEEP)} layers {VALIDATION}"
        )
    if (shape.channels, shape.height, shape.width) != (3, _PRETRAINED_PIXELS, _PRETRAINED_PIXELS):
        raise CustomerError(
            f"Hyperparameter image_shape is {shape}: pretrained models take images of 3,224,224 only {VALIDATION}"
        )
