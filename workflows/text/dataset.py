"""Makes a dataset of reviews for a release: rows of libsvm in three channels, and the manifest that names them.

The label of a review is that of the text workflow. A review is one row, in one channel.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline_lambdas.aws import s3
from pipeline_lambdas.release.dataset import (
    CHANNELS,
    DataFile,
    dataset_prefix,
    dataset_sha256,
    manifest_bytes,
    manifest_key,
)
from workflows.aws.dataset_object import upload_once, write_once
from workflows.aws.ranged_object import ObjectChangedError, open_object
from workflows.runtime.errors import DataError
from workflows.text.rows import row
from workflows.text.scripts.archive import open_only_file
from workflows.text.scripts.errors import ReviewsError
from workflows.text.scripts.reviews import Tally, labelled_reviews
from workflows.text.scripts.shuffle import Shuffle

SEED = 20_260
_SHARES = {"validation": 15, "test": 15}
"""Per cent; train has the rest."""
_FILE = "reviews.libsvm"


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of a channel in a file, and how many there are of each label."""

    path: Path
    file: DataFile
    labels: Mapping[str, int]


def make_dataset(bucket: str, reviews: str, model: str) -> dict[str, Any]:
    """Write the dataset of the zip of reviews with this key for the model, and return its manifest.

    What is there already is not written again. Beside the manifest's own keys the answer has `source`, the version of
    the zip, and `counts`. Raises DataError for a zip that is missing, that cannot be read or that changes meanwhile,
    and for one with too few reviews.
    """
    source = f"s3://{bucket}/{reviews}"
    newest = s3.find_newest(bucket, reviews)
    archive = open_object(bucket, reviews)
    if newest is None or archive is None:
        raise DataError(f"{source}: found no such object. Upload the zip of reviews, or correct the key in `settings`.")
    with tempfile.TemporaryDirectory(prefix="dataset-") as folder:
        tally = Tally()
        try:
            with archive, open_only_file(archive, source) as stream:
                rows = shuffled(labelled_reviews(stream, tally), Path(folder))
            tally.check(source)
        except ReviewsError as error:
            raise DataError(str(error)) from error
        except ObjectChangedError as error:
            raise _changed(source) from error
        if s3.find_newest(bucket, reviews) != newest:
            raise _changed(source)
        parts = [_written(channel, lines, Path(folder)) for channel, lines in split(rows)]
        _check(source, parts)
        manifest = _upload(bucket, model, parts)
    return {
        **json.loads(manifest),
        "source": f"{source}?versionId={newest.version_id}",
        "counts": {"reviews": tally.reviews, **{part.file.channel: dict(part.labels) for part in parts}},
    }


def shuffled(reviews: Iterable[tuple[str, list[str]]], folder: Path) -> Shuffle:
    """Return the rows of reviews in an order that is the same each time."""
    rows = Shuffle(folder, SEED)
    for label, sentences in reviews:
        rows.add(row(label, sentences))
    return rows


def split(rows: Shuffle) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each channel with its rows, which are to be read before the next is asked for."""
    count, lines = len(rows), iter(rows)
    sizes = {channel: count * share // 100 for channel, share in _SHARES.items()}
    sizes["train"] = count - sum(sizes.values())
    for channel in CHANNELS:
        yield channel, islice(lines, sizes[channel])


def _written(channel: str, lines: Iterator[bytes], folder: Path) -> Part:
    path, digest, size_bytes = folder / f"{channel}.libsvm", hashlib.sha256(), 0
    labels = {"1": 0, "0": 0}
    with path.open("wb") as file:
        for line in lines:
            file.write(line)
            digest.update(line)
            size_bytes += len(line)
            labels[line[:1].decode()] += 1
    return Part(path, DataFile(channel, f"{channel}/{_FILE}", size_bytes, digest.hexdigest()), labels)


def _check(source: str, parts: Iterable[Part]) -> None:
    """Without both labels a channel can neither train nor judge a classifier."""
    for part in parts:
        if not all(part.labels.values()):
            helpful, other = part.labels["1"], part.labels["0"]
            raise DataError(
                f"{source}: found {helpful} helpful and {other} other reviews for the channel {part.file.channel}; "
                "expected at least one of each. Add reviews."
            )


def _upload(bucket: str, model: str, parts: Iterable[Part]) -> bytes:
    """Write the files, then the manifest beside them: a release that waits for the dataset begins with that."""
    by_file = {part.file: part for part in parts}
    sha256 = dataset_sha256((file.path, file.sha256) for file in by_file)
    prefix = dataset_prefix(model, sha256)
    for file, part in by_file.items():
        upload_once(bucket, prefix + file.path, part.path, file.sha256, sum(part.labels.values()))
    manifest = manifest_bytes(by_file, sha256, prefix)
    write_once(bucket, manifest_key(model, sha256), manifest)
    return manifest


def _changed(source: str) -> DataError:
    return DataError(f"{source}: was overwritten or deleted while it was read. Retry, and it is read anew.")
