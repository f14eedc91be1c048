"""Divides an object into records, and records into the bodies of requests.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_aws.archive_limits import BoundedGzip
from local_aws.sagemaker.transform.data_processing import DataProcessing, RecordError

MIB = 1 << 20


@dataclass(frozen=True)
class Payload:
    """The body of one request, and the records in it as they were in S3."""

    body: bytes
    records: tuple[bytes, ...]


def read(path: Path, *, compressed: bool) -> bytes:
    """An object's content. Raises RecordError if it is not gzip as said."""
    if not compressed:
        return path.read_bytes()
    try:
        with BoundedGzip(path) as plain:
            return plain.read()
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise RecordError(f"the object is not gzip: {error}") from None


def payloads(
    content: bytes, processing: DataProcessing, *, lines: bool, several: bool, limit: int
) -> Iterator[Payload]:
    """The requests for an object of at most `limit` bytes each. Raises RecordError for a record that is larger.

    Without `lines` the object is one record; with `several` a request has as many records as fit.
    """
    bodies: list[bytes] = []
    records: list[bytes] = []
    size = 0
    for number, record in enumerate(_records(content) if lines else [content], start=1):
        body = processing.sent(record)
        if len(body) > limit:
            raise RecordError(f"record {number} has {len(body)} bytes; MaxPayloadInMB allows {limit}")
        if bodies and (not several or size + 1 + len(body) > limit):
            yield Payload(b"\n".join(bodies), tuple(records))
            bodies, records, size = [], [], 0
        size += len(body) + (1 if bodies else 0)
        bodies.append(body)
        records.append(record)
    if bodies:
        yield Payload(b"\n".join(bodies), tuple(records))


def assembled(payload: Payload, answer: bytes, processing: DataProcessing, *, lines: bool, split: bool) -> bytes:
    """What of an answer is stored; with `lines` each record ends with a newline. Raises RecordError."""
    if processing.changes_answers:
        predictions = answer.rstrip(b"\r\n").split(b"\n") if split else [answer]
        if len(predictions) != len(payload.records):
            raise RecordError(f"the model answered {len(payload.records)} records with {len(predictions)} predictions")
        stored = [processing.stored(*pair) for pair in zip(payload.records, predictions, strict=True)]
        answer = b"\n".join(stored)
    return answer if not lines or answer.endswith(b"\n") else answer + b"\n"


def _records(content: bytes) -> Iterator[bytes]:
    """The lines with something in them."""
    for line in content.split(b"\n"):
        record = line.rstrip(b"\r")
        if record:
            yield record
