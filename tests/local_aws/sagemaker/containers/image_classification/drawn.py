"""Small images made for tests, and the files of a job that is trained on them."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping

from PIL import Image, ImageDraw

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
CLASSES = ("rows", "columns", "plain")
GIVEN = {
    "num_classes": "3",
    "num_training_samples": "24",
    "num_layers": "20",
    "image_shape": "3,32,32",
    "mini_batch_size": "8",
    "epochs": "5",
    "learning_rate": "0.05",
}


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def drawn(kind: str, seed: int = 0, size: tuple[int, int] = (32, 32), form: str = "PNG") -> bytes:
    """An image of one of CLASSES: stripes across, stripes down or none, in a colour and at a place of the seed."""
    draw = random.Random(seed)  # noqa: S311  # data, not a secret
    image = Image.new("RGB", size, tuple(draw.randrange(100) for _ in range(3)))
    canvas, colour = ImageDraw.Draw(image), tuple(draw.randrange(155, 255) for _ in range(3))
    for at in range(draw.randrange(6), max(size), 8):
        if kind == "rows":
            canvas.rectangle((0, at, size[0], at + 3), fill=colour)
        elif kind == "columns":
            canvas.rectangle((at, 0, at + 3, size[1]), fill=colour)
    return encoded(image, form)


def files(changes: Mapping[str, str | bytes] | None = None) -> dict[str, str | bytes]:
    """The four channels, 8 images of each class to train with; `changes` replace or add files."""
    found: dict[str, str | bytes] = {}
    for channel, count, first in (("train", 8, 0), ("validation", 4, 1000)):
        lines = []
        for number in range(count * len(CLASSES)):
            label = number % len(CLASSES)
            path = f"{CLASSES[label]}/{number}.png"
            found[f"{channel}/{path}"] = drawn(CLASSES[label], first + number)
            lines.append(f"{number}\t{label}\t{path}\n")
        found[f"{channel}_lst/{channel}-data.lst"] = "".join(lines)
    return found | dict(changes or {})
