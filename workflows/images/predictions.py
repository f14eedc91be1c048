"""Reads what a transform job predicted for each test image.

The job writes one object an image: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workflows.aws import reading
from workflows.aws.connections import THREADS
from workflows.images.dataset.lists import lines
from workflows.runtime.errors import DataError

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list: the number of the image's class, and its path."""

    number: int
    path: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a transform job; `folders` are where SageMaker may have put them, in the order of trying.

    SageMaker keeps the path behind the manifest's prefix; its documentation shows the last folder of the prefix, too:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html
    """

    bucket: str
    folders: tuple[str, ...]

    def place_of(self, row: Row) -> Outputs:
        """Return the outputs with the one folder that has the row's. Raises DataError."""
        for folder in self.folders:
            if self._read(folder, row) is not None:
                return Outputs(self.bucket, (folder,))
        raise self._missing(row)

    def predicted(self, row: Row, classes: int) -> int:
        """Return the number of the most probable class. Raises DataError."""
        content = self._read(self.folders[0], row)
        if content is None:
            raise self._missing(row)
        return _most_probable(content, classes, row.path)

    def _read(self, folder: str, row: Row) -> bytes | None:
        return reading.read_small(self.bucket, f"{folder}{row.path}.out")

    def _missing(self, row: Row) -> DataError:
        return DataError(
            f"s3://{self.bucket}/{self.folders[0]}{row.path}.out: found no prediction for the test image {row.path}; "
            "see the log of the transform job in /aws/sagemaker/TransformJobs."
        )


def read_rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of an LST file."""
    for line in lines(chunks):
        _, number, path = line.decode().split("\t")
        yield Row(int(number), path)


def predicted_rows(rows: Iterable[Row], outputs: Outputs, classes: int) -> Iterator[tuple[int, int]]:
    """Yield the number of the class of each image and the number of the predicted one. Raises DataError."""
    rest = iter(rows)
    found: Outputs | None = None
    with ThreadPoolExecutor(THREADS) as pool:
        while some := list(islice(rest, _AT_ONCE)):
            found = found or outputs.place_of(some[0])
            yield from pool.map(lambda row, place=found: (row.number, place.predicted(row, classes)), some)


def _most_probable(content: bytes, classes: int, path: str) -> int:
    """Read `[0.1, 0.9]`, or `{"prediction": [0.1, 0.9]}` as the media type application/jsonlines has it."""
    probabilities = _probabilities(content)
    if probabilities is None or len(probabilities) != classes:
        raise DataError(
            f"{path}: found the prediction {content[:80].decode(errors='replace')!r}; expected {classes} "
            "probabilities, one for each class."
        )
    return max(range(classes), key=probabilities.__getitem__)


def _probabilities(content: bytes) -> Sequence[float] | None:
    try:
        value: Any = json.loads(content)
    except ValueError:
        return None
    found = value.get("prediction") if isinstance(value, dict) else value
    is_list = isinstance(found, list) and all(isinstance(one, int | float) for one in found)
    return found if is_list else None
