from __future__ import annotations

import io
from collections import Counter

from PIL import Image

from workflows.images.pictures import SIDE
from workflows.images.sample import PREFIX, SAMPLE, objects, told


def test_the_sample_is_small_and_always_the_same() -> None:
    first, second = dict(objects()), dict(objects())
    assert first == second
    assert sum(len(content) for content in first.values()) < 2_000_000
    folders = Counter(key.removeprefix(f"{PREFIX}/").rpartition("/")[0] for key in first)
    assert Counter(folders.values()) == {24: 5, 8: 5}


def test_the_images_are_what_their_names_say() -> None:
    kinds = Counter[str | None]()
    for key, content in objects():
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert (image.size, image.mode) == ((SIDE, SIDE), "RGB")
            assert key.endswith(f".{str(image.format).lower()}")
            kinds[image.format] += 1
    assert kinds == {"PNG": 120, "BMP": 40}


def test_both_formats_hold_the_same_picture() -> None:
    images = dict(objects())
    bars = {
        ending: next(content for key, content in images.items() if f"rows/{ending}" in key) for ending in ("00.", "03.")
    }
    for content in bars.values():
        with Image.open(io.BytesIO(content)) as image:
            # Rows: along a row the noise alone differs, down a column light and dark do.
            red = image.getchannel("R").tobytes()
        values = [red[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]
        assert max(max(row) - min(row) for row in values) <= 48
        assert max(row[0] for row in values) - min(row[0] for row in values) > 80


def test_what_is_told() -> None:
    metrics = {"accuracy": 0.975, "worst_class": {"name": "disc", "accuracy": 0.875}}
    output = {
        "images": {"train": 120, "test": 40},
        "classes": {"count": 5},
        "metrics": metrics,
        "skipped": {"hidden": 2, "other": 1},
        "model": "m",
        "output": "s3://b/x/",
    }
    assert told(output) == [
        "left out 2 hidden files and 1 that are no images",
        "trained on 120 images of 5 classes, tested on 40",
        "accuracy 0.975; the worst class, disc, has 0.875",
        "model m, lists and metrics below s3://b/x/",
    ]
    assert SAMPLE.runs[0].expects == "SUCCEEDED"
