from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from slipway.cli import run
from slipway.verbs import check, data

from pipeline_lambdas.release.dataset import parse_manifest

ROOT = Path(__file__).resolve().parents[3]
BUCKET = "slipway-t-data-123456789012-us-east-1"
MANIFEST = "wine-quality/manifest.json"
COMMON = ["--aws", "--suffix", "t", "--region", "us-east-1"]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # moto's CloudFormation needs packages that are not installed.
    monkeypatch.setattr(data, "preparing_machine", lambda _session: "")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("training_config", "data", "cloudformation"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def versions(s3: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        counts[item["Key"]] = counts.get(item["Key"], 0) + 1
    return counts


@pytest.mark.usefixtures("checkout")
def test_the_sample_data_becomes_a_dataset(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "upload", *COMMON]) == 0
    dataset = parse_manifest(s3.get_object(Bucket=BUCKET, Key=MANIFEST)["Body"].read(), "wine-quality")
    beside = f"{dataset.prefix}manifest.json"
    assert keys(s3) == sorted([*(dataset.key(file) for file in dataset.files), beside, MANIFEST])
    assert (
        s3.get_object(Bucket=BUCKET, Key=beside)["Body"].read()
        == s3.get_object(Bucket=BUCKET, Key=MANIFEST)["Body"].read()
    )
    assert dataset.columns[:2] == ("quality", "fixed acidity")
    for file in dataset.files:
        found = s3.get_object(Bucket=BUCKET, Key=dataset.key(file))
        assert hashlib.sha256(found["Body"].read()).hexdigest() == file.sha256 == found["Metadata"]["sha256"]
    assert found["Metadata"]["rows"] == "240"
    assert "The new manifest starts a release." in capsys.readouterr().out


@pytest.mark.usefixtures("checkout")
def test_the_same_data_again_writes_nothing(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "upload", *COMMON]) == 0
    capsys.readouterr()
    assert run(["data", "upload", *COMMON, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["changed"] is False
    assert "names this dataset already, so no release starts" in captured.err
    assert set(versions(s3).values()) == {1}


def test_new_data_leaves_the_old_files_alone(s3: Any, checkout: Path) -> None:
    assert run(["data", "upload", *COMMON]) == 0
    path = checkout / "data" / "wine-quality" / "train" / "train.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:500]))
    assert run(["data", "upload", *COMMON]) == 0
    counts = versions(s3)
    assert counts.pop(MANIFEST) == 2
    assert set(counts.values()) == {1}
    assert len(counts) == 8


def test_bad_data_is_not_uploaded(s3: Any, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "data" / "wine-quality" / "test" / "test.csv").write_text("5,1\n")
    assert run(["data", "upload", *COMMON]) == 1
    said = capsys.readouterr().out
    assert "test.csv: line 1: found 2 columns; expected 12" in said
    assert "Nothing was uploaded." in said
    assert not keys(s3)


@pytest.mark.usefixtures("checkout")
def test_dropped_files_are_adopted(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for channel in ("train", "validation", "test"):
        body = (ROOT / "data" / "wine-quality" / channel / f"{channel}.csv").read_bytes()
        s3.put_object(Bucket=BUCKET, Key=f"wine-quality/{channel}/{channel}.csv", Body=body)
    s3.put_object(Bucket=BUCKET, Key="wine-quality/train/", Body=b"")  # what a console makes as a folder
    assert run(["data", "adopt", *COMMON]) == 0
    dataset = parse_manifest(s3.get_object(Bucket=BUCKET, Key=MANIFEST)["Body"].read(), "wine-quality")
    for file in dataset.files:
        found = s3.get_object(Bucket=BUCKET, Key=dataset.key(file))
        assert hashlib.sha256(found["Body"].read()).hexdigest() == file.sha256
    assert found["Metadata"]["rows"] == "240"
    assert dataset.columns == ()
    names = (ROOT / "data" / "wine-quality" / "columns.json").read_bytes()
    s3.put_object(Bucket=BUCKET, Key="wine-quality/columns.json", Body=names)
    assert run(["data", "adopt", *COMMON]) == 0
    named = parse_manifest(s3.get_object(Bucket=BUCKET, Key=MANIFEST)["Body"].read(), "wine-quality")
    assert (named.sha256, list(named.columns)) == (dataset.sha256, json.loads(names))
    s3.put_object(Bucket=BUCKET, Key="wine-quality/columns.json", Body=b'{"quality": 1}')
    assert run(["data", "adopt", *COMMON]) == 1
    assert "columns.json: found no list of names" in capsys.readouterr().err
    capsys.readouterr()
    assert run(["data", "upload", *COMMON, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["dataset"] == dataset.sha256  # the same content is the same dataset, however it came


@pytest.mark.usefixtures("checkout")
def test_dropped_files_are_checked(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    s3.put_object(Bucket=BUCKET, Key="wine-quality/train/a.csv", Body=b"1,2\n3,red\n")
    assert run(["data", "adopt", *COMMON]) == 1
    assert "found no file under validation/, test/" in capsys.readouterr().err
    for channel in ("validation", "test"):
        s3.put_object(Bucket=BUCKET, Key=f"wine-quality/{channel}/a.csv", Body=b"1,2\n3,4")
    assert run(["data", "adopt", *COMMON]) == 1
    assert "train/a.csv: line 2, column 2: found 'red'; expected a number" in capsys.readouterr().out
    assert MANIFEST not in keys(s3)


@pytest.mark.usefixtures("checkout", "s3")
def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "upload", "nowhere", *COMMON]) == 1
    assert "error: nowhere: found no such folder" in capsys.readouterr().err


def pin(checkout: Path, dataset: str) -> None:
    config = checkout / "training_config" / "wine-quality.yml"
    config.write_text(f'{config.read_text(encoding="utf-8")}\ndata: {{dataset: "{dataset}"}}\n', encoding="utf-8")


@pytest.mark.usefixtures("s3")
def test_an_upload_says_whether_it_starts_a_release_and_how_to_pin_it(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin(checkout, "0123456789abcdef")
    assert run(["data", "upload", *COMMON]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The config pins dataset 0123456789abcdef, so no release starts." in said
    assert 'pin it in wine-quality.yml: data: {dataset: "113581d844c2272e"}' in said


@pytest.mark.usefixtures("s3", "checkout")
def test_an_upload_says_that_a_state_machine_prepares_the_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:slipway-t-text-dataset"
    monkeypatch.setattr(data, "preparing_machine", lambda _session: machine)
    assert run(["data", "upload", *COMMON]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "slipway-t-text-dataset prepares the data of releases, so no release starts." in said
    assert "starts a release" not in said


@pytest.mark.parametrize("pinned", ["here", "uploaded", "nowhere"])
@pytest.mark.usefixtures("s3")
def test_a_check_finds_a_pinned_dataset_here_or_uploaded(
    checkout: Path, pinned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "find_stack", lambda *_: None)
    monkeypatch.setattr(check, "print_push", lambda *_: {})
    if pinned == "uploaded":
        assert run(["data", "upload", *COMMON]) == 0
        path = checkout / "data" / "wine-quality" / "train" / "train.csv"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:500]))
    pin(checkout, "0123456789abcdef" if pinned == "nowhere" else "113581d844c2272e")
    capsys.readouterr()
    assert run(["check", *COMMON]) == (1 if pinned == "nowhere" else 0)
    said = " ".join(capsys.readouterr().out.split())
    assert ("which is not uploaded" in said) is (pinned == "nowhere")
    assert ("which is uploaded" in said) is (pinned == "uploaded")
