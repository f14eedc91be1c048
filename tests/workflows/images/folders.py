"""Folders of images in S3, and S3 as a sorted list of keys."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import boto3

from workflows.aws.listing import Page
from workflows.images.place import Place
from workflows.images.request import ImagesInput, parse

DATA, MODELS = "images-data", "images-models"
KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666"
PREFIX = "workflows/images/animals"
PLACE = Place(DATA, MODELS, KEY, "run-1")
CATS_AND_DOGS = {
    "train/cats/a.png": b"image",
    "train/cats/indoors/B.JPEG": b"image",
    "train/dogs/c.jpg": b"image",
    "test/cats/d.bmp": b"image",
    "test/dogs/e.png": b"image",
}


def given(**more: Any) -> ImagesInput:
    return parse({"prefix": PREFIX, **more}, "ml.m5.large")


def put(files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        boto3.client("s3").put_object(Bucket=DATA, Key=f"{PREFIX}/{name}", Body=content)


def text(name: str, bucket: str = MODELS) -> str:
    """A file that the execution of PLACE wrote."""
    body = boto3.client("s3").get_object(Bucket=bucket, Key=PLACE.folder + name)["Body"]
    return str(body.read().decode())


def time_left() -> int:
    return 900_000


class Keys:
    """Lists keys as S3 does; counts the pages of at most `size` keys."""

    def __init__(self, keys: Iterable[str], size: int = 10) -> None:
        self.keys, self.size = sorted(keys), size
        self.pages = 0
        self.at_once = 0
        self._now = 0
        self._lock = threading.Lock()

    def page(self, prefix: str, after: str, limit: int) -> Page:
        with self._lock:
            self.pages += 1
            self._now += 1
            self.at_once = max(self.at_once, self._now)
        try:
            return self._page(prefix, after, min(limit, self.size))
        finally:
            with self._lock:
                self._now -= 1

    def _page(self, prefix: str, after: str, limit: int) -> Page:
        found = [key for key in self.keys if key.startswith(prefix) and key > after]
        return Page([(key, 1) for key in found[:limit]], len(found) <= limit)
