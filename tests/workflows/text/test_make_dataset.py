"""The function that makes a dataset for a release, on moto's S3: from reviews to a manifest that a release takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_lambdas.release.dataset import parse_manifest
from tests.events import DATA_BUCKET
from tests.pipeline_lambdas.aws_doubles import Context, client_of
from tests.workflows.text.zips import GOOD, POOR, zipped, zipped_reviews
from workflows.runtime.errors import DataError, InputError
from workflows.samples import Place
from workflows.text import dataset
from workflows.text.handlers.make_dataset import handler
from workflows.text.rows import LAST_COLUMN, row
from workflows.text.sample import NAME, SAMPLE
from workflows.text.sample import zipped_reviews as sample
from workflows.text.scripts.reviews import HELPFUL, NOT_HELPFUL, labelled_reviews

MODEL = "reviews"
KEY = "workflows/text/reviews.json.zip"
GIVEN = {"model": MODEL, "execution_id": "e", "config_commit": "c", "settings": {"reviews": KEY}}


@pytest.fixture(autouse=True)
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    request.getfixturevalue("buckets")
    monkeypatch.setenv("DATA_BUCKET", DATA_BUCKET)
    monkeypatch.setenv("MODEL_NAME", MODEL)


def put(content: bytes) -> str:
    return str(client_of("s3").put_object(Bucket=DATA_BUCKET, Key=KEY, Body=content)["VersionId"])


def read(key: str) -> bytes:
    body: bytes = client_of("s3").get_object(Bucket=DATA_BUCKET, Key=key)["Body"].read()
    return body


def versions() -> list[str]:
    listed = client_of("s3").list_object_versions(Bucket=DATA_BUCKET, Prefix=f"{MODEL}/")["Versions"]
    return sorted(one["Key"] for one in listed)


def make(**changes: Any) -> dict[str, Any]:
    return handler({**GIVEN, **changes}, Context())


def test_a_row_counts_words_in_columns_and_is_as_wide_as_any_other() -> None:
    label, *cells = row(HELPFUL, ["Warm and WARM", "don't"]).decode().split()
    assert label == "1"
    columns = [int(cell.partition(":")[0]) for cell in cells]
    assert columns == sorted(columns)
    assert sorted(cell.partition(":")[2] for cell in cells[1:-1]) == ["1", "1", "2"]
    assert (cells[0], cells[-1]) == ("0:2", f"{LAST_COLUMN}:4")
    assert row(NOT_HELPFUL, ["!"]) == f"0 0:1 {LAST_COLUMN}:0\n".encode()


def test_a_release_takes_the_dataset() -> None:
    version = put(sample())
    manifest = make()
    found = parse_manifest(json.dumps(manifest).encode(), MODEL)
    assert [file.path for file in found.files] == [f"{c}/reviews.libsvm" for c in ("test", "train", "validation")]
    rows = {}
    for file in found.files:
        content = read(found.key(file))
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256)
        rows[file.channel] = content.splitlines()
    assert {channel: len(lines) for channel, lines in rows.items()} == {"train": 252, "validation": 54, "test": 54}
    assert manifest["source"] == f"s3://{DATA_BUCKET}/{KEY}?versionId={version}"
    counted = {label: sum(line.startswith(label.encode()) for line in rows["test"]) for label in "10"}
    assert manifest["counts"] == {**manifest["counts"], "reviews": 400, "test": counted}
    # A config can pin it: its manifest lies beside it.
    assert parse_manifest(read(f"{found.prefix}manifest.json"), MODEL) == found


def test_the_same_reviews_are_the_same_dataset_and_nothing_is_written_again() -> None:
    put(sample())
    first, written = make(), versions()
    assert len(written) == 4
    put(sample())
    again = make()
    assert versions() == written
    assert again["dataset"] == first["dataset"]
    assert again["source"] != first["source"]


def test_a_file_that_an_upload_broke_off_is_written_whole() -> None:
    put(sample())
    first = make()
    key = f"{first['prefix']}train/reviews.libsvm"
    whole = read(key)
    client_of("s3").put_object(Bucket=DATA_BUCKET, Key=key, Body=whole[:100])
    make()
    assert read(key) == whole


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip", "found no zip"),
        (zipped({"a": b"", "b": b""}), "found 2 files"),
        (zipped_reviews([GOOD] * 20), "have no sentence for __label__2"),
        (zipped_reviews([GOOD, POOR]), "found 0 helpful and 0 other reviews for the channel validation"),
        (zipped({"a": b"not json\n" * 20}), "lines are no reviews"),
    ],
)
def test_reviews_that_make_no_dataset_are_named(content: bytes, said: str) -> None:
    put(content)
    with pytest.raises(DataError, match=f"^s3://{DATA_BUCKET}/{KEY}.*{said}"):
        make()
    assert "Versions" not in client_of("s3").list_object_versions(Bucket=DATA_BUCKET, Prefix=f"{MODEL}/")


def test_the_sample_needs_no_model_and_tells_of_the_rows() -> None:
    put(sample())
    run = SAMPLE.runs[-1]
    client_of("s3").put_object(Bucket=DATA_BUCKET, Key=f"workflows/text/{NAME}.zip", Body=sample())
    manifest = handler(run.input(Place("local", "", "", DATA_BUCKET, "", "", "")), Context())
    assert manifest["prefix"] == f"{MODEL}/datasets/{manifest['dataset'][:16]}/"
    [told] = run.told(manifest)
    assert told == (
        f"dataset {manifest['dataset'][:16]} for a release: 252 train, 54 validation, 54 test rows, "
        f"below {manifest['prefix']}"
    )


def test_a_missing_zip_is_named() -> None:
    with pytest.raises(DataError, match=f"^s3://{DATA_BUCKET}/{KEY}: found no such object"):
        make()


def test_a_zip_that_changes_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    put(sample())

    def overwritten(*arguments: Any) -> Iterator[tuple[str, list[str]]]:
        yield from labelled_reviews(*arguments)
        put(zipped_reviews([GOOD]))

    monkeypatch.setattr(dataset, "labelled_reviews", overwritten)
    with pytest.raises(DataError, match="was overwritten or deleted while it was read"):
        make()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "wine-quality"}, "model: found wine-quality; expected reviews"),
        ({"settings": {}}, "settings lacks reviews"),
        ({"settings": {"reviews": KEY, "seed": 1}}, "settings has the unknown key seed"),
        ({"settings": "reviews"}, "has settings as a text instead of an object"),
        ({"more": 1}, "has the unknown key more"),
    ],
)
def test_a_wrong_input_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make(**changes)


def test_channels_are_read_one_after_the_other(tmp_path: Path) -> None:
    rows = dataset.shuffled(((HELPFUL, [f"word{number}"]) for number in range(100)), tmp_path)
    parts = {channel: list(lines) for channel, lines in dataset.split(rows)}
    assert {channel: len(lines) for channel, lines in parts.items()} == {"train": 70, "validation": 15, "test": 15}
    assert len({line for lines in parts.values() for line in lines}) > 90
