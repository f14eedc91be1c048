"""What a tuning job may search in XGBoost: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html.

The page lists the common metrics; the container adds every metric that it knows to the log if a tuning job aims at it:
https://github.com/aws/sagemaker-xgboost-container (algorithm_mode/metrics.py, constants/xgb_constants.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.algorithms.tunable import Direction, Tunable, directions

MAXIMIZED = (
    "accuracy",
    "auc",
    "aucpr",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "map",
    "ndcg",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
)
MINIMIZED = (
    "aft-nloglik",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "mse",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
)
_OF_RANKS = ("auc", "aucpr")
"""Metrics of an order of the rows, which only scores of two classes and rankings have."""


def metrics(values: Mapping[str, str]) -> dict[str, Direction]:
    """Return the metrics that fit the objective."""
    ranks = values.get("objective", "").startswith(("binary:", "rank:"))
    return directions(maximized=[name for name in MAXIMIZED if ranks or name not in _OF_RANKS], minimized=MINIMIZED)


TUNABLE = Tunable(
    reference="https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html",
    types={
        "alpha": "continuous",
        "colsample_bylevel": "continuous",
        "colsample_bynode": "continuous",
        "colsample_bytree": "continuous",
        "eta": "continuous",
        "gamma": "continuous",
        "lambda": "continuous",
        "max_delta_step": "integer",
        "max_depth": "integer",
        "min_child_weight": "continuous",
        "num_round": "integer",
        "subsample": "continuous",
    },
    metrics=metrics,
)
