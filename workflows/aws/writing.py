"""Writes an object to S3 while its content is being made, in parts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from pipeline_lambdas.aws import clients
from pipeline_lambdas.aws.errors import call

PART_BYTES = 5 * 1024 * 1024
"""The least that all parts but the last may have. An object has at most 10,000 parts, so at most 48 GiB:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html."""


def write_chunks(
    bucket: str, key: str, chunks: Iterable[bytes], content_type: str, kms_key_arn: str | None = None
) -> int:
    """Write an object and return its size in bytes; a part at a time is in memory.

    It is encrypted with the customer key, or without one as the bucket says. If the content cannot be made or a part
    not be written, the object stays as it was. Raises JobError.
    """
    parts = _parts(chunks)
    first = next(parts, b"")
    described = {"ContentType": content_type}
    if kms_key_arn is not None:
        described |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_arn}
    if len(first) < PART_BYTES:
        call(clients.client("s3").put_object, Bucket=bucket, Key=key, Body=first, **described)
        return len(first)
    return _write_parts({"Bucket": bucket, "Key": key}, first, parts, described)


def _write_parts(place: dict[str, str], first: bytes, others: Iterator[bytes], described: dict[str, str]) -> int:
    s3 = clients.client("s3")
    upload = {**place, "UploadId": call(s3.create_multipart_upload, **place, **described)["UploadId"]}
    with ExitStack() as undo:
        undo.callback(call, s3.abort_multipart_upload, **upload)
        written, size = [_write_part(upload, 1, first)], len(first)
        for number, part in enumerate(others, 2):
            written.append(_write_part(upload, number, part))
            size += len(part)
        call(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": written})
        undo.pop_all()
    return size


def _write_part(upload: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
    answer = call(clients.client("s3").upload_part, **upload, PartNumber=number, Body=part)
    return {"PartNumber": number, "ETag": answer["ETag"]}


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join chunks to parts of at least PART_BYTES; only the last may be smaller, and there may be none."""
    part = bytearray()
    for chunk in chunks:
        part += chunk
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)
