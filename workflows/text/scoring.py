"""Compares the labels of test sentences with those that a batch transform gave them.

Accuracy alone says little where one label is much more frequent: a model that always gives that label has its share.
The recall of each label says how many of its sentences are found.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, BinaryIO

from workflows.aws.ranged_object import ObjectChangedError, open_object
from workflows.runtime.errors import DataError, InputError


@dataclass(frozen=True, slots=True)
class Request:
    """Addresses in S3: lines `__label__N sentence`, and for each a line of BlazingText's response."""

    test: str
    predictions: str


def score_predictions(request: Request) -> dict[str, Any]:
    """Return the number of sentences, accuracy, the recall of each label, and the share of the most frequent one.

    Raises DataError for objects that are missing or do not belong together, InputError for what is no address.
    """
    with _open(request.test) as test, _open(request.predictions) as predictions:
        try:
            return score(_labels(test), _predicted(predictions, request.predictions), request)
        except ObjectChangedError as error:
            raise DataError(f"{request.test} or {request.predictions}: was overwritten while it was read.") from error


def score(labels: Iterable[str], predicted: Iterable[str], request: Request) -> dict[str, Any]:
    there, found = Counter[str](), Counter[str]()
    for number, (label, given) in enumerate(zip_longest(labels, predicted), 1):
        if label is None or given is None:
            short, other = (request.test, request.predictions) if label is None else (request.predictions, request.test)
            raise DataError(f"{short}: ends after {number - 1:,} lines; expected as many as {other} has.")
        there[label] += 1
        found[label] += label == given
    if not there:
        raise DataError(f"{request.test}: found no sentence; expected lines of a label and a sentence.")
    sentences = there.total()
    return {
        "sentences": sentences,
        "accuracy": found.total() / sentences,
        "recall": {label: found[label] / count for label, count in sorted(there.items())},
        "largest_share": max(there.values()) / sentences,
    }


def _labels(test: BinaryIO) -> Iterator[str]:
    return (line.partition(b" ")[0].decode() for line in test)


def _predicted(predictions: BinaryIO, uri: str) -> Iterator[str]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html."""
    for number, line in enumerate(predictions, 1):
        try:
            yield json.loads(line)["label"][0]
        except (ValueError, LookupError, TypeError):
            raise DataError(
                f'{uri}: line {number} is no prediction; expected {{"label": ["__label__N"], "prob": [...]}}.'
            ) from None


def _open(uri: str) -> BinaryIO:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise InputError(f"{uri}: is no address of an object; expected s3://BUCKET/KEY.")
    opened = open_object(bucket, key)
    if opened is None:
        raise DataError(f"{uri}: found no such object.")
    return opened
