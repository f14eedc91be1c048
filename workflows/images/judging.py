"""Judges predictions of the test images by the gates of the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Gates:
    """The least accuracy of all images, and of the images of each class; both from 0 to 1."""

    min_accuracy: float
    min_class_accuracy: float


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How many images of a class there are, and how many are predicted right."""

    name: str
    images: int
    right: int

    @property
    def accuracy(self) -> float:
        return self.right / self.images


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of all classes in the order of their numbers; each class has an image."""

    classes: tuple[ClassScore, ...]

    @property
    def images(self) -> int:
        return sum(found.images for found in self.classes)

    @property
    def right(self) -> int:
        return sum(found.right for found in self.classes)

    @property
    def accuracy(self) -> float:
        return self.right / self.images

    @property
    def worst(self) -> ClassScore:
        return min(self.classes, key=lambda found: found.accuracy)

    def document(self) -> dict[str, Any]:
        classes = {
            found.name: {"images": found.images, "right": found.right, "accuracy": found.accuracy}
            for found in self.classes
        }
        return {"images": self.images, "right": self.right, "accuracy": self.accuracy, "classes": classes}


def score(pairs: Iterable[tuple[int, int]], names: Sequence[str]) -> Score:
    """Count pairs of an image's class and its predicted class; `names` has each class at its number."""
    images, right = Counter[int](), Counter[int]()
    for actual, predicted in pairs:
        images[actual] += 1
        right[actual] += actual == predicted
    return Score(tuple(ClassScore(name, images[number], right[number]) for number, name in enumerate(names)))


def judge(found: Score, gates: Gates) -> Mapping[str, Any]:
    """Return whether the gates are passed, and a sentence for each that is not."""
    worst = found.worst
    failures = []
    if found.accuracy < gates.min_accuracy:
        failures.append(
            f"accuracy is {found.accuracy:.4f} ({found.right:,} of {found.images:,} test images), the gate "
            f"min_accuracy wants at least {gates.min_accuracy:g}"
        )
    if worst.accuracy < gates.min_class_accuracy:
        failures.append(
            f"accuracy of the class {worst.name} is {worst.accuracy:.4f} ({worst.right:,} of {worst.images:,} test "
            f"images), the gate min_class_accuracy wants at least {gates.min_class_accuracy:g}"
        )
    return {"passed": not failures, "failures": "; ".join(failures)}
