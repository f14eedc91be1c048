"""Which metrics, comparison and plots belong to a training config's problem and what its model predicts."""

from __future__ import annotations

from inference_lambdas.judging.comparison import (
    BinaryComparison,
    Comparison,
    MulticlassComparison,
    RegressionComparison,
)
from inference_lambdas.judging.plots import BinaryPlots, MulticlassPlots, Plots, RegressionPlots
from inference_lambdas.judging.worst import WorstRows, distances, missing_probabilities, wrong_classes
from inference_lambdas.predicting.rows import RowFormat
from inference_lambdas.statistics.metrics import BinaryMetrics, Metrics, MulticlassMetrics, RegressionMetrics
from pipeline_lambdas.config.model import TrainingConfig


def metrics_of(config: TrainingConfig) -> Metrics:
    """Return an empty accumulator for the config."""
    match config.problem:
        case "regression":
            return RegressionMetrics()
        case "binary":
            return BinaryMetrics(probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassMetrics(probabilities=_probabilities(config))


def comparison_of(config: TrainingConfig) -> Comparison:
    """Return a comparison with the champion for the config."""
    match config.problem:
        case "regression":
            return RegressionComparison()
        case "binary":
            return BinaryComparison(probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassComparison(probabilities=_probabilities(config))


def plots_of(config: TrainingConfig, stride: int) -> Plots:
    """Return plots for the config.

    `stride` is about the number of rows over 1,000, at least 1: a sample takes every stride-th row.
    """
    match config.problem:
        case "regression":
            return RegressionPlots(stride)
        case "binary":
            return BinaryPlots(probabilities=_probabilities(config))
        case "multiclass":
            return MulticlassPlots(config.classes, probabilities=_probabilities(config))


def worst_of(config: TrainingConfig, form: RowFormat) -> WorstRows:
    """Return what looks for the worst rows."""
    if config.problem == "regression" or (config.problem == "binary" and _probabilities(config)):
        return WorstRows(distances, form)
    return WorstRows(missing_probabilities if _probabilities(config) else wrong_classes, form)


def _probabilities(config: TrainingConfig) -> bool:
    """Whether a prediction says how likely a class is, rather than which it is."""
    return not config.prediction_form.names_classes
