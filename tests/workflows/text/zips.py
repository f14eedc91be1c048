"""Zips of reviews, as they are and as they should not be."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

GOOD = {"helpful": [9, 10], "reviewText": "Warm and clear. Stays in tune."}
POOR = {"helpful": [1, 10], "reviewText": "Waste of money."}


def lines(reviews: Iterable[Any]) -> bytes:
    return "".join(json.dumps(review) + "\n" for review in reviews).encode()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped_reviews(reviews: Iterable[Any]) -> bytes:
    return zipped({"reviews.json": lines(reviews)})
