"""The input of the machine `images`: which images, how they are trained on, and the gate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from workflows.runtime.errors import InputError
from workflows.runtime.task_input import read_input

HOME = "workflows/images/"
"""Where the machine's roles may read and write."""

_LAYERS = (18, 20, 32, 34, 44, 50, 56, 101, 110, 152, 200)
_PRETRAINED_LAYERS = (18, 34, 50, 101, 152, 200)
_OPTIMIZERS = ("sgd", "adam", "rmsprop", "nag")
_AUGMENTATIONS = ("", "crop", "crop_color", "crop_color_transform")
_SHAPE = re.compile(r"([1-9]\d{0,3}),([1-9]\d{0,4}),([1-9]\d{0,4})")
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_GPU_TYPE = re.compile(r"ml\.(?:p2|p3|p3dn|g4dn|g5)\.[a-z0-9]+")
"""https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html#IC-instances"""
_LONGEST_RUN_S = 432_000
LISTINGS = ("function", "map")


@dataclass(frozen=True, slots=True)
class ImagesInput:
    """The input, which is checked by `parse`.

    `prefix` holds the folders `train` and `test` with a folder for each class. `classes` numbers the classes by their
    order, without it their names do. `listing` is `map` for more images than one function lists in 15 minutes.
    Without `transform_instance_type` the test images are predicted on the stack's InstanceType; training needs a GPU.
    Hyperparameters have the names that https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html gives.
    """

    prefix: str
    classes: list[str] = field(default_factory=list)
    image_shape: str = "3,224,224"
    num_layers: int = 18
    epochs: int = 30
    mini_batch_size: int = 32
    learning_rate: float = 0.01
    optimizer: str = "sgd"
    top_k: int = 2
    augmentation_type: str = ""
    resize: int = 0
    use_pretrained_model: int = 0
    min_accuracy: float = 0.8
    min_class_accuracy: float = 0.0
    instance_type: str = "ml.g4dn.xlarge"
    transform_instance_type: str = ""
    max_runtime_seconds: int = 43_200
    listing: str = "function"

    @property
    def folder(self) -> str:
        """The prefix with one slash at its end."""
        return self.prefix.rstrip("/") + "/"


def parse(value: Any, transform_instance_type: str) -> ImagesInput:
    """Check the input, with the type that stands for none given. Raises InputError that tells every problem."""
    read = read_input(ImagesInput, value)
    given = replace(read, transform_instance_type=read.transform_instance_type or transform_instance_type)
    problems = list(_problems(given))
    if problems:
        raise InputError(f"The input {'; '.join(problems)}.")
    return given


def _problems(given: ImagesInput) -> Iterator[str]:
    yield from _problems_of_place(given)
    yield from _problems_of_shape(given)
    yield from _problems_of_ranges(given)
    yield from _problems_of_choices(given)


def _problems_of_place(given: ImagesInput) -> Iterator[str]:
    if not given.folder.startswith(HOME) or given.folder == HOME or "//" in given.folder:
        yield (
            f"has prefix {given.prefix!r}; expected a folder below {HOME} in the data bucket, such as {HOME}resize, "
            "with the folders train and test in it"
        )
    twice = sorted({name for name in given.classes if given.classes.count(name) > 1})
    if twice:
        yield f"has {', '.join(twice)} more than once in classes; name each class once"


def _problems_of_shape(given: ImagesInput) -> Iterator[str]:
    shape = _SHAPE.fullmatch(given.image_shape)
    if shape is None:
        yield f"has image_shape {given.image_shape!r}; expected channels,height,width, such as 3,224,224"
        return
    if given.resize and given.resize <= max(int(shape[2]), int(shape[3])):
        yield f"has resize {given.resize}; expected more than the height and width of image_shape {given.image_shape}"
    if given.use_pretrained_model and given.image_shape != "3,224,224":
        yield f"has image_shape {given.image_shape}; expected 3,224,224 with use_pretrained_model"


def _problems_of_ranges(given: ImagesInput) -> Iterator[str]:
    for name in ("learning_rate", "min_accuracy", "min_class_accuracy"):
        if not 0 <= getattr(given, name) <= 1:
            yield f"has {name} {getattr(given, name)}; expected 0 to 1"
    for name, least, most in (
        ("epochs", 1, 100_000),
        ("mini_batch_size", 1, 1_000_000),
        ("top_k", 2, 1_000_000),
        ("resize", 0, 100_000),
        ("max_runtime_seconds", 60, _LONGEST_RUN_S),
    ):
        if not least <= getattr(given, name) <= most:
            yield f"has {name} {getattr(given, name)}; expected {least:,} to {most:,}"


def _problems_of_choices(given: ImagesInput) -> Iterator[str]:
    layers = _PRETRAINED_LAYERS if given.use_pretrained_model else _LAYERS
    for name, allowed in (
        ("num_layers", layers),
        ("optimizer", _OPTIMIZERS),
        ("augmentation_type", _AUGMENTATIONS),
        ("use_pretrained_model", (0, 1)),
        ("listing", LISTINGS),
    ):
        if getattr(given, name) not in allowed:
            shown = ", ".join(str(value) for value in allowed if value != "")
            yield f"has {name} {getattr(given, name)!r}; expected one of {shown}"
    if _GPU_TYPE.fullmatch(given.instance_type) is None:
        yield (
            f"has instance_type {given.instance_type!r}; expected a type with a GPU on which the algorithm trains, of "
            "the families p2, p3, g4dn and g5, such as ml.g4dn.xlarge"
        )
    if _INSTANCE_TYPE.fullmatch(given.transform_instance_type) is None:
        yield f"has transform_instance_type {given.transform_instance_type!r}; expected a type such as ml.m5.large"
