"""The XGBoost built-in algorithm: its two entry points, as the registry imports them."""

from local_aws.sagemaker.containers.xgboost.serve import serve
from local_aws.sagemaker.containers.xgboost.train import train

__all__ = ["serve", "train"]
