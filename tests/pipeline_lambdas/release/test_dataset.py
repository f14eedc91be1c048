from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline_lambdas.release.dataset import dataset_prefix, dataset_sha256, parse_manifest
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.pipeline_lambdas.aws_doubles import manifest

FILES = {"train/a.csv": b"1,2\n", "train/b.csv": b"3,4\n", "test/test.csv": b"5,6\n"}


def test_a_manifest() -> None:
    document = manifest(FILES, ["quality", "acid"])
    dataset = parse_manifest(json.dumps(document).encode(), "wine-quality")
    assert dataset.sha256 == document["dataset"]
    assert dataset.prefix == f"wine-quality/datasets/{dataset.sha256[:16]}/"
    assert [file.path for file in dataset.channel("train")] == ["train/a.csv", "train/b.csv"]
    assert dataset.key(dataset.channel("test")[0]) == f"{dataset.prefix}test/test.csv"
    assert dataset.channel("validation") == ()
    assert dataset.columns == ("quality", "acid")


def test_the_hash_is_over_sorted_lines() -> None:
    # printf 'test/t.csv bb\ntrain/a.csv aa\n' | sha256sum
    expected = "f14d1b5eb587031ef0a46f9fe8618a6edb0916fa08ffd6ade34f3b9a03ff6031"
    hashes = [("train/a.csv", "aa"), ("test/t.csv", "bb")]
    assert dataset_sha256(hashes) == dataset_sha256(reversed(hashes))
    assert dataset_sha256(hashes) == expected
    assert dataset_prefix("m", "0123456789abcdef00") == "m/datasets/0123456789abcdef/"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "slipway-dataset/2"}, r'schema: found "slipway-dataset/2"; expected slipway-dataset/1'),
        ({"files": []}, r"files: found \[\]; expected a list of at least one file"),
        ({"files": "no"}, r'files: found "no"'),
        ({"dataset": "0" * 64}, r"dataset: found .*the hash of the listed files"),
        ({"prefix": "other/datasets/x/"}, r'prefix: found "other/datasets/x/"; expected wine-quality/datasets/'),
        ({"prefix": None}, r"prefix: missing"),
        ({"columns": [1]}, r"columns: found \[1\]"),
    ],
)
def test_a_bad_manifest_is_refused(change: dict[str, Any], message: str) -> None:
    document = {**manifest(FILES), **change}
    with pytest.raises(ConfigurationError, match=message):
        parse_manifest(json.dumps(document).encode(), "wine-quality")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channel": "holdout"}, r'files\[1\] \("train/a\.csv"\)\.channel: found "holdout"; expected train'),
        ({"path": "../secret"}, r"files\[1\] .*path: found"),
        ({"path": "train/.hidden"}, r"files\[1\] .*path: found"),
        ({"path": "test/other.csv"}, r"files\[1\] .*path: found"),
        ({"path": "train/b.csv"}, r"train/b\.csv a second time"),
        ({"bytes": 0}, r"train/a\.csv.*bytes: found 0; .*empty file"),
        ({"bytes": True}, r"bytes: found true"),
        ({"sha256": "AB"}, r'sha256: found "AB"'),
    ],
)
def test_a_bad_file_is_named(change: dict[str, Any], message: str) -> None:
    document = manifest(FILES)
    document["files"][1].update(change)
    with pytest.raises(ConfigurationError, match=message):
        parse_manifest(json.dumps(document).encode(), "wine-quality")


def test_all_problems_are_reported_together() -> None:
    document = manifest(FILES)
    document["files"] = [{"channel": "x", "path": "x", "bytes": -1, "sha256": ""}, 3]
    with pytest.raises(ConfigurationError) as caught:
        parse_manifest(json.dumps(document).encode(), "wine-quality")
    assert str(caught.value).count("wine-quality/manifest.json: files[") == 5


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'"text"', b"{"])
def test_text_that_is_no_manifest(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"wine-quality/manifest\.json"):
        parse_manifest(content, "wine-quality")
