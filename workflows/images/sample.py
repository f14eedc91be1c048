"""The sample of the workflow for images: five patterns, drawn here, of which a model learns to tell the class."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.images.pictures import PATTERNS, SIDE, bmp, draw, png
from workflows.samples import Place, Run, Sample

PREFIX = "workflows/images/patterns"
_SEED = 20191001
_IMAGES = {"train": 24, "test": 8}
"""Of each class."""


def objects() -> Iterator[tuple[str, bytes]]:
    """Yield each image; every fourth is a BMP file, the others are PNG files."""
    draws = random.Random(_SEED)  # noqa: S311 - pictures, no secrets
    for split, count in _IMAGES.items():
        for name in PATTERNS:
            for number in range(count):
                pixels = draw(name, draws)
                written = bmp(pixels) if number % 4 == 3 else png(pixels)
                ending = "bmp" if number % 4 == 3 else "png"
                yield f"{PREFIX}/{split}/{name}/{number:02}.{ending}", written


def _input(_place: Place) -> dict[str, Any]:
    return {"prefix": PREFIX, "image_shape": f"3,{SIDE},{SIDE}", "num_layers": 20, "min_accuracy": 0.9}


def told(output: Mapping[str, Any]) -> list[str]:
    """Return what the execution did."""
    images, metrics, skipped = output["images"], output["metrics"], output["skipped"]
    worst = metrics["worst_class"]
    return [
        f"left out {skipped['hidden']} hidden files and {skipped['other']} that are no images",
        f"trained on {images['train']} images of {output['classes']['count']} classes, tested on {images['test']}",
        f"accuracy {metrics['accuracy']:.3f}; the worst class, {worst['name']}, has {worst['accuracy']:.3f}",
        f"model {output['model']}, lists and metrics below {output['output']}",
    ]


SAMPLE = Sample(
    system="images",
    title="Images: list, train, save the model, predict the test images, judge",
    objects=objects,
    runs=(Run("images", _input, told),),
)
