"""The container's own check of hyperparameters, before any data is read.

Names, values and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html; a job's log also
begins with the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError
from local_aws.sagemaker.containers.toolkit.kinds import POSITIVE, VALIDATION, Kind, check, integer, one_of, real

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
"""The losses of each predictor_type; `auto` means the first."""
CRITERIA = ("accuracy", "f_beta", "precision_at_target_recall", "recall_at_target_precision", "loss_function")

_AUTO = one_of("auto")
_TRUTH = one_of("true", "false")
_COUNT = integer(1)
_NOT_NEGATIVE = real("a number from 0", lambda number: number >= 0)
_SHARE = real("a number between 0 and 1", lambda number: 0 < number < 1)
_DECAY = real("a number from 0 to below 1", lambda number: 0 <= number < 1)

_KINDS: dict[str, tuple[Kind, str | None]] = {
    "predictor_type": (one_of(REGRESSOR, BINARY, MULTICLASS), None),
    "num_classes": (integer(1, 1_000_000), "1"),
    "feature_dim": (_AUTO | _COUNT, "auto"),
    "epochs": (_COUNT, "15"),
    "loss": (one_of("auto", *(name for names in LOSSES.values() for name in names)), "auto"),
    "binary_classifier_model_selection_criteria": (one_of(*CRITERIA), "accuracy"),
    "target_precision": (_SHARE, "0.8"),
    "target_recall": (_SHARE, "0.8"),
    "positive_example_weight_mult": (one_of("auto", "balanced") | POSITIVE, "1.0"),
    "balance_multiclass_weights": (_TRUTH, "false"),
    "accuracy_top_k": (_COUNT, "3"),
    "f_beta": (POSITIVE, "1.0"),
    "optimizer": (one_of("auto", "sgd", "adam", "rmsprop"), "auto"),
    "learning_rate": (_AUTO | POSITIVE, "auto"),
    "mini_batch_size": (_COUNT, "1000"),
    "l1": (_AUTO | _NOT_NEGATIVE, "auto"),
    "wd": (_AUTO | _NOT_NEGATIVE, "auto"),
    "momentum": (_AUTO | _DECAY, "auto"),
    "beta_1": (_AUTO | _DECAY, "auto"),
    "beta_2": (_AUTO | _DECAY, "auto"),
    "use_bias": (_TRUTH, "true"),
    "bias_lr_mult": (_AUTO | POSITIVE, "auto"),
    "bias_wd_mult": (_AUTO | _NOT_NEGATIVE, "auto"),
    "use_lr_scheduler": (_TRUTH, "true"),
    "lr_scheduler_step": (_AUTO | _COUNT, "auto"),
    "lr_scheduler_factor": (_AUTO | _SHARE, "auto"),
    "lr_scheduler_minimum_lr": (_AUTO | POSITIVE, "auto"),
    "normalize_data": (_AUTO | _TRUTH, "true"),
    "normalize_label": (_AUTO | _TRUTH, "auto"),
    "unbias_data": (_AUTO | _TRUTH, "auto"),
    "unbias_label": (_AUTO | _TRUTH, "auto"),
    "num_point_for_scaler": (_COUNT, "10000"),
    "num_models": (_AUTO | _COUNT, "auto"),
    "num_calibration_samples": (_AUTO | _COUNT, "10000000"),
    "early_stopping_patience": (_COUNT, "3"),
    "early_stopping_tolerance": (POSITIVE, "0.001"),
    "init_method": (one_of("uniform", "normal"), "uniform"),
    "init_scale": (POSITIVE, "0.07"),
    "init_sigma": (POSITIVE, "0.01"),
    "init_bias": (real("a number", lambda _: True), "0.0"),
    "margin": (POSITIVE, "1.0"),
    "quantile": (_SHARE, "0.5"),
    "loss_insensitivity": (POSITIVE, "0.01"),
    "huber_delta": (POSITIVE, "1.0"),
    "_tuning_objective_metric": (Kind("a metric", lambda _: True), ""),
}
"""The kind and the default of each; a hyperparameter with default None is required."""


@dataclass(frozen=True)
class Settings:
    """All hyperparameters as texts, with defaults for those that were not given."""

    texts: Mapping[str, str]

    @property
    def predictor(self) -> str:
        return self.texts["predictor_type"]

    @property
    def loss(self) -> str:
        """The loss, with `auto` resolved."""
        loss = self.texts["loss"]
        return LOSSES[self.predictor][0] if loss == "auto" else loss

    @property
    def classes(self) -> int:
        return self.integer("num_classes") if self.predictor == MULTICLASS else 2

    def integer(self, name: str) -> int:
        return int(float(self.texts[name]))

    def number(self, name: str, auto: float = 0.0) -> float:
        """The value as a number, or `auto`."""
        return auto if self.texts[name] == "auto" else float(self.texts[name])

    def truth(self, name: str, *, auto: bool = False) -> bool:
        return auto if self.texts[name] == "auto" else self.texts[name] == "true"


def validate(given: Mapping[str, str]) -> Settings:
    """Return the hyperparameters; raises CustomerError for the first fault."""
    required = [name for name, (_, default) in _KINDS.items() if default is None]
    if given.get("predictor_type") == MULTICLASS:
        required.append("num_classes")
    check(given, {name: kind for name, (kind, _) in _KINDS.items()}, required)
    settings = Settings({name: default or "" for name, (_, default) in _KINDS.items()} | dict(given))
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    if settings.loss not in LOSSES[settings.predictor]:
        allowed = ", ".join(("auto", *LOSSES[settings.predictor]))
        raise CustomerError(
            f"Hyperparameter loss: {settings.loss!r} does not fit predictor_type {settings.predictor!r}, which takes "
            f"{allowed} {VALIDATION}"
        )
    if settings.predictor == MULTICLASS and settings.classes < 3:
        raise CustomerError(
            f"Hyperparameter num_classes: {settings.classes} is not an integer from 3 to 1000000 {VALIDATION}"
        )
