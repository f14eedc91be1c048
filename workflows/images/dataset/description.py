"""Makes the dataset of a training job out of folders of images."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.aws import listing
from workflows.images.dataset.classes import Folders, number_classes, refuse_empty
from workflows.images.dataset.lists import list_rows, manifest
from workflows.images.dataset.parts import Tally, sort_objects
from workflows.images.hyperparameters import hyperparameters, volume_gib, volume_key
from workflows.images.place import Place
from workflows.images.request import ImagesInput
from workflows.runtime.errors import DataError

SPLITS = ("train", "test")
_SHOWN_CLASSES = 50
"""An output has at most 256 KiB: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """What was found in the folder of a class; `chunks` gives the paths of its images, each on a line."""

    split: str
    name: str
    number: int
    tally: Tally
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes with their numbers, and what lies beside their folders."""

    numbers: dict[str, int]
    beside: Tally


def find_classes(given: ImagesInput, place: Place) -> Classes:
    """Number the classes by their folders. Raises DataError."""
    uri = f"s3://{place.data_bucket}/{given.folder}"
    beside = Tally()
    names = {split: list(_folders(given, place, split, beside)) for split in SPLITS}
    return Classes(number_classes(Folders(uri, names["train"], names["test"]), given.classes), beside)


def _folders(given: ImagesInput, place: Place, split: str, beside: Tally) -> Iterator[str]:
    folder = f"{given.folder}{split}/"
    for page in listing.list_folder(place.data_bucket, folder):
        loose = [*sort_objects(page.objects, folder, beside)]
        if loose or beside.named:
            name = loose[0] if loose else beside.named[0].removeprefix(folder)
            raise DataError(
                f"s3://{place.data_bucket}/{folder}{name}: found an image outside the folder of a class. Move it into "
                f"the folder of its class, such as {folder}cats/{name}."
            )
        yield from page.folders


def describe(given: ImagesInput, place: Place, classes: Classes, found: Sequence[ClassFolder]) -> dict[str, Any]:
    """Check what was found, write the lists, and return what the jobs of the machine need. Raises DataError."""
    tally = sum((folder.tally for folder in found), classes.beside)
    _refuse(given, place, tally)
    uri = f"s3://{place.data_bucket}/{given.folder}"
    refuse_empty(uri, {(folder.split, folder.name): folder.tally.images for folder in found})
    splits = {split: _write(place, uri, [folder for folder in found if folder.split == split]) for split in SPLITS}
    return {
        **splits,
        "classes": _write_classes(place, classes.numbers),
        "skipped": {"hidden": tally.hidden, "other": tally.other},
        "hyperparameters": hyperparameters(given, len(classes.numbers), splits["train"]["images"]),
        "gates": {"min_accuracy": given.min_accuracy, "min_class_accuracy": given.min_class_accuracy},
        "instance_type": given.instance_type,
        "volume_gib": volume_gib(tally.image_bytes),
        "volume_key": volume_key(given.instance_type, place.kms_key_arn),
        "transform_instance_type": given.transform_instance_type,
        "transform_volume_key": volume_key(given.transform_instance_type, place.kms_key_arn),
        "max_runtime_seconds": given.max_runtime_seconds,
        "output": place.uri,
    }


def _refuse(given: ImagesInput, place: Place, tally: Tally) -> None:
    if not tally.named:
        return
    found = [
        *([f"{tally.empty} without any bytes"] if tally.empty else []),
        *([f"{tally.unlistable} with a tab, the end of a line or // in its key"] if tally.unlistable else []),
    ]
    raise DataError(
        f"s3://{place.data_bucket}/{given.folder}: found images that cannot be trained on, {' and '.join(found)}, such "
        f"as {', '.join(tally.named)}. Upload them again, or delete them."
    )


def _write(place: Place, uri: str, found: Sequence[ClassFolder]) -> dict[str, Any]:
    """Write the list of a split, and for the test images also the manifest."""
    split = found[0].split
    in_order = sorted(found, key=lambda folder: folder.number)
    folder = f"{uri}{split}/"
    described = {
        "images": sum(one.tally.images for one in found),
        "bytes": sum(one.tally.image_bytes for one in found),
        "uri": folder,
        "list": place.write(f"lists/{split}.lst", list_rows(_paths(in_order)), "text/tab-separated-values"),
    }
    if split == "test":
        described["manifest"] = place.write(
            "lists/test.manifest", manifest(folder, _paths(in_order)), "application/json"
        )
    return described


def _paths(found: Iterable[ClassFolder]) -> Iterator[tuple[int, Iterable[bytes]]]:
    return ((folder.number, folder.chunks()) for folder in found)


def _write_classes(place: Place, numbers: dict[str, int]) -> dict[str, Any]:
    content = json.dumps(numbers, ensure_ascii=False, indent=1).encode() + b"\n"
    uri = place.write("lists/classes.json", [content], "application/json")
    return {"count": len(numbers), "first": list(numbers)[:_SHOWN_CLASSES], "uri": uri}
