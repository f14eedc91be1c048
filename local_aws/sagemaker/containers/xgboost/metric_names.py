"""Names of the evaluation metrics of the XGBoost container; importable without numpy and XGBoost.

The lists and their directions:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/constants/xgb_constants.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_aws.sagemaker.containers.contract import MetricDefinitions

MAXIMIZE = (
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
MINIMIZE = (
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
ALL = (*MAXIMIZE, *MINIMIZE)

_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
# The container's own list ends in (\S+), which would take in the rest of a line whose tabs are written #011.
METRIC_DEFINITIONS: MetricDefinitions = [
    (f"{channel}:{name}", rf".*\[[0-9]+\].*#011{channel}-{name}:{_NUMBER}.*")
    for channel in ("train", "validation")
    for name in ALL
]
