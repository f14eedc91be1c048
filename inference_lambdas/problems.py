"""Which metrics and predictions belong to a training config's problem and objective."""

from __future__ import annotations

from typing import Any

from inference_lambdas.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from inference_lambdas.predictions import PredictionForm, prediction_form
from pipeline_lambdas.config_model import TrainingConfig


def metrics_of(config: TrainingConfig, state: dict[str, Any] | None = None) -> Metrics:
    """Return an accumulator for the config, empty or continued from `state`."""
    match config.problem:
        case "regression":
            return RegressionMetrics(state)
        case "binary":
            return BinaryMetrics(state, probabilities=config.objective != "binary:hinge")
        case "multiclass":
            probabilities = config.objective == "multi:softprob"
            return MulticlassMetrics(_classes(config), state, probabilities=probabilities)


def form_of(config: TrainingConfig) -> PredictionForm:
    return prediction_form(config.objective, _classes(config))


def _classes(config: TrainingConfig) -> int:
    return int(config.hyperparameters.get("num_class", "2"))
