"""Numbers the classes by the folders of the images.

Classes are numbered from 0 without gaps: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workflows.runtime.errors import DataError

_FEWEST = 2
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Folders:
    """The place of the images and the names of the folders in `train` and `test`, of which each is a class."""

    uri: str
    train: Sequence[str]
    test: Sequence[str]

    def of(self, split: str) -> Sequence[str]:
        return self.train if split == "train" else self.test


def number_classes(folders: Folders, wanted: Sequence[str]) -> dict[str, int]:
    """Return the number of each class: in the order of `wanted`, or of their names.

    Raises DataError that names every folder that is no class, and every class without a folder.
    """
    # Only a key such as `train//a.jpg` has a folder without a name.
    classes = list(wanted) or sorted(name for name in folders.train if name)
    problems = [problem for split in ("train", "test") for problem in _problems(folders, split, classes)]
    if problems:
        raise DataError(f"{'; '.join(problems)}.")
    if len(classes) < _FEWEST:
        raise DataError(
            f"{folders.uri}train/: found {len(classes)} folders ({', '.join(classes) or 'none'}); expected a folder "
            "for each of at least 2 classes. Check prefix in the input, and put the images of a class into its folder."
        )
    return {name: number for number, name in enumerate(classes)}


def refuse_empty(uri: str, images: Mapping[tuple[str, str], int]) -> None:
    """Raise DataError that names the classes without images; `images` counts them by split and class."""
    empty = [f"{split}/{name}/" for (split, name), count in images.items() if not count]
    if empty:
        raise DataError(
            f"{uri}: found no images in {_some(empty)}; expected at least one .jpg, .jpeg, .png or .bmp file in each. "
            "Add images, or delete the class from train and test."
        )


def _problems(folders: Folders, split: str, classes: Sequence[str]) -> Iterator[str]:
    found = folders.of(split)
    known = "the classes of the input" if split == "train" else "the classes that are trained on"
    if unknown := sorted(set(found) - set(classes)):
        yield f"{folders.uri}{split}/: found the folders {_some(unknown)}, which are not among {known}"
    if missing := [name for name in classes if name not in set(found)]:
        yield f"{folders.uri}{split}/: found no folder for the classes {_some(missing)}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(name or "''" for name in names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
