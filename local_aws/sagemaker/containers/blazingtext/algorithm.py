"""The BlazingText built-in algorithm: its two entry points, as the registry imports them."""

from local_aws.sagemaker.containers.blazingtext.serve import serve
from local_aws.sagemaker.containers.blazingtext.train import train

__all__ = ["serve", "train"]
