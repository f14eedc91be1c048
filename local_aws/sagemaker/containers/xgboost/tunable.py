"""Hyperparameters that a tuning job may search, `tunable` in the container's own list; importable without XGBoost.

https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_xgboost_container/algorithm_mode/hyperparameter_validation.py
"""

from __future__ import annotations

TUNABLE = (
    *("num_round", "eta", "gamma", "max_depth", "min_child_weight", "max_delta_step", "subsample"),
    *("colsample_bytree", "colsample_bylevel", "colsample_bynode", "lambda", "alpha"),
)
