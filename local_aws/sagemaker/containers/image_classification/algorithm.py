"""The image-classification built-in algorithm: its two entry points, as the registry imports them."""

from local_aws.sagemaker.containers.image_classification.serve import serve
from local_aws.sagemaker.containers.image_classification.train import train

__all__ = ["serve", "train"]
