"""The container's own check of hyperparameters, before any data is read.

Names, values and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html; the defaults also
stand in the first lines of a job's log. AWS's texts of what is missing and of what is unknown are known from
https://github.com/aws/sagemaker-python-sdk/issues/132 and the like. Of a wrong value AWS shows the schema that it does
not meet; here it is named with what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers.linear_learner.errors import CustomerError

if TYPE_CHECKING:
    from collections.abc import Mapping

REGRESSOR, BINARY, MULTICLASS = "regressor", "binary_classifier", "multiclass_classifier"
LOSSES = {
    REGRESSOR: (
        *("squared_loss", "absolute_loss", "eps_insensitive_squared_loss", "eps_insensitive_absolute_loss"),
        *("quantile_loss", "huber_loss"),
    ),
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss",),
}
"""Those of each predictor_type, the first of which `auto` stands for."""
CRITERIA = ("accuracy", "f_beta", "precision_at_target_recall", "recall_at_target_precision", "loss_function")

_VALIDATION = "(caused by ValidationError)"


@dataclass(frozen=True)
class Kind:
    """One kind of value: the words for it, and whether a text is one."""

    words: str
    fits: Callable[[str], bool]

    def __or__(self, other: Kind) -> Kind:
        return Kind(f"{self.words} or {other.words}", lambda text: self.fits(text) or other.fits(text))


def _one_of(*names: str) -> Kind:
    return Kind(", ".join(map(repr, names)), lambda text: text in names)


def _integer(low: int, high: int | None = None) -> Kind:
    def fits(text: str) -> bool:
        number = _number(text)
        return number is not None and number.is_integer() and low <= number and (high is None or number <= high)

    return Kind(f"an integer from {low}" + ("" if high is None else f" to {high}"), fits)


def _float(words: str, holds: Callable[[float], bool]) -> Kind:
    def fits(text: str) -> bool:
        number = _number(text)
        return number is not None and holds(number)

    return Kind(words, fits)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) != float("inf") and number == number else None  # noqa: PLR0124 - NaN alone differs


_AUTO = _one_of("auto")
_TRUTH = _one_of("true", "false")
_COUNT = _integer(1)
_POSITIVE = _float("a number above 0", lambda number: number > 0)
_NOT_NEGATIVE = _float("a number from 0", lambda number: number >= 0)
_SHARE = _float("a number between 0 and 1", lambda number: 0 < number < 1)
_DECAY = _float("a number from 0 to below 1", lambda number: 0 <= number < 1)

_KINDS: dict[str, tuple[Kind, str | None]] = {
    "predictor_type": (_one_of(REGRESSOR, BINARY, MULTICLASS), None),
    "num_classes": (_integer(1, 1_000_000), "1"),
    "feature_dim": (_AUTO | _COUNT, "auto"),
    "epochs": (_COUNT, "15"),
    "loss": (_one_of("auto", *(name for names in LOSSES.values() for name in names)), "auto"),
    "binary_classifier_model_selection_criteria": (_one_of(*CRITERIA), "accuracy"),
    "target_precision": (_SHARE, "0.8"),
    "target_recall": (_SHARE, "0.8"),
    "positive_example_weight_mult": (_one_of("auto", "balanced") | _POSITIVE, "1.0"),
    "balance_multiclass_weights": (_TRUTH, "false"),
    "accuracy_top_k": (_COUNT, "3"),
    "f_beta": (_POSITIVE, "1.0"),
    "optimizer": (_one_of("auto", "sgd", "adam", "rmsprop"), "auto"),
    "learning_rate": (_AUTO | _POSITIVE, "auto"),
    "mini_batch_size": (_COUNT, "1000"),
    "l1": (_AUTO | _NOT_NEGATIVE, "auto"),
    "wd": (_AUTO | _NOT_NEGATIVE, "auto"),
    "momentum": (_AUTO | _DECAY, "auto"),
    "beta_1": (_AUTO | _DECAY, "auto"),
    "beta_2": (_AUTO | _DECAY, "auto"),
    "use_bias": (_TRUTH, "true"),
    "bias_lr_mult": (_AUTO | _POSITIVE, "auto"),
    "bias_wd_mult": (_AUTO | _NOT_NEGATIVE, "auto"),
    "use_lr_scheduler": (_TRUTH, "true"),
    "lr_scheduler_step": (_AUTO | _COUNT, "auto"),
    "lr_scheduler_factor": (_AUTO | _SHARE, "auto"),
    "lr_scheduler_minimum_lr": (_AUTO | _POSITIVE, "auto"),
    "normalize_data": (_AUTO | _TRUTH, "true"),
    "normalize_label": (_AUTO | _TRUTH, "auto"),
    "unbias_data": (_AUTO | _TRUTH, "auto"),
    "unbias_label": (_AUTO | _TRUTH, "auto"),
    "num_point_for_scaler": (_COUNT, "10000"),
    "num_models": (_AUTO | _COUNT, "auto"),
    "num_calibration_samples": (_AUTO | _COUNT, "10000000"),
    "early_stopping_patience": (_COUNT, "3"),
    "early_stopping_tolerance": (_POSITIVE, "0.001"),
    "init_method": (_one_of("uniform", "normal"), "uniform"),
    "init_scale": (_POSITIVE, "0.07"),
    "init_sigma": (_POSITIVE, "0.01"),
    "init_bias": (_float("a number", lambda _: True), "0.0"),
    "margin": (_POSITIVE, "1.0"),
    "quantile": (_SHARE, "0.5"),
    "loss_insensitivity": (_POSITIVE, "0.01"),
    "huber_delta": (_POSITIVE, "1.0"),
    "_tuning_objective_metric": (Kind("a metric", lambda _: True), ""),
}
"""The kind of each, and its default; None: it is required."""


@dataclass(frozen=True)
class Settings:
    """All hyperparameters, with the defaults of those that were not given, as texts."""

    texts: Mapping[str, str]

    @property
    def predictor(self) -> str:
        return self.texts["predictor_type"]

    @property
    def loss(self) -> str:
        """The loss, with `auto` taken for what it means."""
        loss = self.texts["loss"]
        return LOSSES[self.predictor][0] if loss == "auto" else loss

    @property
    def classes(self) -> int:
        return self.integer("num_classes") if self.predictor == MULTICLASS else 2

    def integer(self, name: str) -> int:
        return int(float(self.texts[name]))

    def number(self, name: str, auto: float = 0.0) -> float:
        """The value, or `auto` for that word."""
        return auto if self.texts[name] == "auto" else float(self.texts[name])

    def truth(self, name: str, *, auto: bool = False) -> bool:
        return auto if self.texts[name] == "auto" else self.texts[name] == "true"


def validate(given: Mapping[str, str]) -> Settings:
    """Return the hyperparameters; raises CustomerError for the first fault."""
    for name in given:
        if name not in _KINDS:
            raise CustomerError(f"Additional hyperparameters are not allowed ({name!r} was unexpected) {_VALIDATION}")
    required = [name for name, (_, default) in _KINDS.items() if default is None]
    if given.get("predictor_type") == MULTICLASS:
        required.append("num_classes")
    missing = ", ".join(repr(name) for name in required if name not in given)
    if missing:
        raise CustomerError(
            f"No value(s) were specified for {missing} which are required hyperparameter(s) {_VALIDATION}"
        )
    for name, text in given.items():
        kind, _ = _KINDS[name]
        if not kind.fits(text):
            raise CustomerError(f"Hyperparameter {name}: {text!r} is not {kind.words} {_VALIDATION}")
    settings = Settings({name: default or "" for name, (_, default) in _KINDS.items()} | dict(given))
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if settings.loss not in LOSSES[settings.predictor]:
        allowed = ", ".join(("auto", *LOSSES[settings.predictor]))
        raise CustomerError(
            f"Hyperparameter loss: {settings.loss!r} does not fit predictor_type {settings.predictor!r}, which takes "
            f"{allowed} {_VALIDATION}"
        )
    if settings.predictor == MULTICLASS and settings.classes < 3:
        raise CustomerError(
            f"Hyperparameter num_classes: {settings.classes} is not an integer from 3 to 1000000 {_VALIDATION}"
        )
