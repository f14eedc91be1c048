"""What the training job is told, from the input and from what was found."""

from __future__ import annotations

from pipeline_lambdas.aws.instance_types import has_local_storage
from workflows.images.request import ImagesInput

_GIB = 1 << 30
_SYSTEM_GIB = 30
_OPTIONAL = ("augmentation_type", "resize")


def hyperparameters(given: ImagesInput, num_classes: int, num_training_samples: int) -> dict[str, str]:
    """Return the hyperparameters as texts; a batch is no larger than the images, nor top_k than the classes.

    https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
    """
    values = {
        "num_classes": num_classes,
        "num_training_samples": num_training_samples,
        "image_shape": given.image_shape,
        "num_layers": given.num_layers,
        "epochs": given.epochs,
        "mini_batch_size": min(given.mini_batch_size, num_training_samples),
        "learning_rate": given.learning_rate,
        "optimizer": given.optimizer,
        "top_k": min(given.top_k, num_classes),
        "use_pretrained_model": given.use_pretrained_model,
    }
    chosen = {name: getattr(given, name) for name in _OPTIONAL if getattr(given, name)}
    return {name: str(value) for name, value in (values | chosen).items()}


def volume_key(instance_type: str, kms_key_arn: str) -> dict[str, str]:
    """Return the member of ResourceConfig that encrypts the volume; none where the instance brings its own storage.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
    """
    return {} if has_local_storage(instance_type) else {"VolumeKmsKeyId": kms_key_arn}


def volume_gib(image_bytes: int) -> int:
    """Return the size of the volume for the images, the records that the algorithm makes of them, and the models."""
    return _SYSTEM_GIB + 3 * -(-image_bytes // _GIB)
