"""The channels of a job: which there must be, and their images as features.

https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-inputoutput. AWS does not document its
messages about bad images; here they name the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.image_classification import features, listing, pictures, recordio
from local_aws.sagemaker.containers.image_classification.features import Features
from local_aws.sagemaker.containers.image_classification.hyperparameters import Settings
from local_aws.sagemaker.containers.image_classification.listing import ListedImages
from local_aws.sagemaker.containers.image_classification.pictures import PictureError
from local_aws.sagemaker.containers.toolkit import algorithm_log as log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError, NotEmulatedError
from local_aws.sagemaker.containers.toolkit.threads import processors

TRAIN, VALIDATION = "train", "validation"
_RECORDIO = "application/x-recordio"
_AT_ONCE = 64


class Images(Protocol):
    """The encoded images of a channel, by index; safe to read in several threads."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each image."""

    def name(self, index: int) -> str:
        """Return how messages name an image."""

    def read(self, index: int) -> bytes:
        """Return the encoded image. Raises OSError."""


@dataclass(frozen=True)
class Samples:
    """A channel: the class of each image, and its features (images x features, 8 KB an image)."""

    labels: NDArray[np.int64]
    features: Features


def load(ml: Ml, settings: Settings) -> dict[str, Samples]:
    """Return the channels train and validation. Raises CustomerError for the first fault.

    Images are decoded last, so that a fault in a list is told at once.
    """
    listed = _check(ml.input_data_config())
    found = {channel: _images(ml, channel, settings, listed=listed) for channel in (TRAIN, VALIDATION)}
    images, size = len(found[TRAIN].labels), settings.integer("mini_batch_size")
    if images < size:
        raise CustomerError(
            "The number of input images must be bigger or equal to the mini_batch_size. Found "
            f"{images} images in channel 'train', mini_batch_size is {size}"
        )
    return {channel: _samples(ml, images, settings) for channel, images in found.items()}


def _check(config: Mapping[str, Mapping[str, str]]) -> bool:
    """Check names and content types; return whether .lst files list the images."""
    if "model" in config:
        raise NotEmulatedError("Channel 'model' (incremental training) is not emulated: remove it, or train on AWS")
    types = {name: given.get("ContentType", "").partition(";")[0].strip() for name, given in config.items()}
    listed = types.get(TRAIN) != _RECORDIO
    wanted = (TRAIN, VALIDATION, "train_lst", "validation_lst") if listed else (TRAIN, VALIDATION)
    allowed = pictures.CONTENT_TYPES if listed else (_RECORDIO,)
    for name in wanted:
        if name not in config:
            raise CustomerError(
                "Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
                f"ValidationError)\n\nCaused by: {name!r} is a required property"
            )
    for name, found in types.items():
        if name not in wanted:
            raise CustomerError(f"Channel {name!r} is unknown: a job with this data has {', '.join(wanted)}")
        if found not in allowed:
            expected = ", ".join(dict.fromkeys((*allowed, _RECORDIO)))
            raise CustomerError(f"Channel {name!r} has ContentType {found!r}: allowed {expected}, the same in all")
    return listed


def _images(ml: Ml, channel: str, settings: Settings, *, listed: bool) -> Images:
    folder, classes = ml.channel_dir(channel), settings.integer("num_classes")
    if not listed:
        return recordio.read(folder, channel, classes)
    return listing.read(listing.find(ml.channel_dir(f"{channel}_lst"), f"{channel}_lst"), channel, folder, classes)


def _samples(ml: Ml, images: Images, settings: Settings) -> Samples:
    if not isinstance(images, ListedImages):
        return Samples(images.labels, _features(images, settings))
    log.info(f"Searching for .lst files in {ml.documented(ml.channel_dir(f'{images.channel}_lst'))}.")
    log.info(f"Creating record files for {images.listing}")
    samples = Samples(images.labels, _features(images, settings))
    log.info("Done creating record files...")
    return samples


def _features(images: Images, settings: Settings) -> Features:
    """Decode all images, a few at a time in as many threads as there are processors."""
    count = len(images.labels)
    shape, resize = settings.shape, settings.given("resize")
    matrix = np.empty((count, features.count(shape.channels)), dtype=np.float32)

    def fill(start: int) -> None:
        for index in range(start, min(start + _AT_ONCE, count)):
            try:
                matrix[index] = features.of(pictures.for_training(images.read(index), shape, resize))
            except PictureError as error:
                raise CustomerError(f"{images.name(index)}: {error}") from None
            except OSError as error:
                raise CustomerError(f"{images.name(index)}: {error.strerror}") from None

    with ThreadPoolExecutor(processors(), thread_name_prefix="features") as pool:
        try:
            list(pool.map(fill, range(0, count, _AT_ONCE)))
        finally:
            pool.shutdown(cancel_futures=True)
    return matrix
