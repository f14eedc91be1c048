"""Which metrics, comparison and plots belong to a training config's problem and what its model predicts."""

from __future__ import annotations

from typing import Any

from inference_lambdas.judging.comparison import (
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
)
from inference_lambdas.judging.plots import BinaryPlots, MulticlassPlots, Plots, RegressionPlots
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from pipeline_lambdas.config.model import TrainingConfig


def metrics_of(config: TrainingConfig, state: dict[str, Any] | None = None) -> Metrics:
    """Return an accumulator for the config, empty or continued from `state`."""
    match config.problem:
        case "regression":
            return RegressionMetrics(state)
        case "binary":
            return BinaryMetrics(state, probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassMetrics(config.classes, state, probabilities=_probabilities(config))


def comparison_of(config: TrainingConfig, state: dict[str, Any] | None = None) -> Comparison:
    """Return a comparison with the champion for the config, empty or continued from `state`."""
    match config.problem:
        case "regression":
            return RegressionComparison(state)
        case "binary":
            return BinaryComparison(state, probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassComparison(config.classes, state, probabilities=_probabilities(config))


def plots_of(config: TrainingConfig, stride: int, state: dict[str, Any] | None = None) -> Plots:
    """Return plots for the config, empty or continued from `state`.

    `stride` is about the number of rows over 1,000, at least 1: a sample takes every stride-th row.
    """
    match config.problem:
        case "regression":
            return RegressionPlots(stride, state)
        case "binary":
            return BinaryPlots(state, probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassPlots(config.classes, state, probabilities=_probabilities(config))


def _probabilities(config: TrainingConfig) -> bool:
    """Whether a prediction says how likely a class is, rather than which it is."""
    return not config.prediction_form.names_classes
