"""Prepares uploaded reviews for BlazingText, from S3 to S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.runtime.failures import JobError
from workflows.aws.ranged_object import ObjectChangedError, open_object
from workflows.aws.writing import write_chunks
from workflows.runtime.errors import DataError
from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.preparation import SUFFIX, prepare, stem_of
from workflows.text.uploads import Upload

INCOMING = "incoming/"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder: uploads arrive in its `incoming/`, and what is made of them goes to its `train/` and `test/`."""

    prefix: str

    def outputs_of(self, key: str) -> tuple[str, str]:
        """Return the keys of the sentences to train on and to test with.

        Raises DataError for a key elsewhere: the outputs lie elsewhere too, so that none of them is ever prepared.
        """
        incoming = self.prefix + INCOMING
        if not key.startswith(incoming) or not key.endswith(SUFFIX):
            raise DataError(f"{key}: found a key elsewhere; expected {incoming}NAME{SUFFIX}. Upload the zip there.")
        stem = stem_of(key)[len(incoming) :]
        return f"{self.prefix}train/{stem}_train.txt", f"{self.prefix}test/{stem}_test.txt"


def prepare_uploads(uploads: Iterable[Upload], place: Place) -> list[dict[str, Any]]:
    """Prepare every upload, also after one of them has failed, and return for each its counts and where the parts are.

    Raises DataError that names each upload that failed; the others are prepared.
    """
    prepared: list[dict[str, Any]] = []
    failed: list[DataError | JobError] = []
    for upload in uploads:
        try:
            prepared.append(_prepare(upload, place))
        except (DataError, JobError) as error:
            failed.append(error)
    if len(failed) == 1 and not prepared:
        raise failed[0]
    if failed:
        done = f" Prepared: {', '.join(one['uri'] for one in prepared)}." if prepared else ""
        raise DataError(" ".join(str(error) for error in failed) + done)
    return prepared


def _prepare(upload: Upload, place: Place) -> dict[str, Any]:
    train_key, test_key = place.outputs_of(upload.key)

    def writer(key: str) -> Any:
        def write(lines: Iterator[bytes]) -> None:
            write_chunks(upload.bucket, key, lines, _TEXT)

        return write

    archive = open_object(upload.bucket, upload.key)
    if archive is None:
        raise DataError(f"{upload.uri}: found no such object. Upload it, or correct the name.")
    try:
        with archive:
            counts = prepare(archive, upload.uri, writer(train_key), writer(test_key))
    except ReviewsError as error:
        raise DataError(str(error)) from error
    except ObjectChangedError as error:
        raise DataError(
            f"{upload.uri}: was overwritten or deleted while it was read. A new upload is prepared by itself."
        ) from error
    keys = {"train_uri": train_key, "test_uri": test_key}
    return {"uri": upload.uri, **counts, **{name: f"s3://{upload.bucket}/{key}" for name, key in keys.items()}}
