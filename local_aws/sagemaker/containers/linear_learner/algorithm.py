"""The Linear Learner built-in algorithm: its two entry points, as the registry imports them."""

from local_aws.sagemaker.containers.linear_learner.serve import serve
from local_aws.sagemaker.containers.linear_learner.train import train

__all__ = ["serve", "train"]
