"""The source of the program that trains on a table, and the job that gets it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from pipeline_lambdas.config.features import features_document
from pipeline_lambdas.release.dataset import parse_manifest
from pipeline_lambdas.release.names import Release
from pipeline_lambdas.runtime.failures import JobFailedError
from pipeline_lambdas.steps import source
from pipeline_lambdas.steps.source import Source, packed, source_of, store, table_files
from pipeline_lambdas.steps.training import TrainingSite, start_training, training_request
from tests.events import DATA_BUCKET, EXECUTION_ID, KMS_KEY_ARN, MODEL_BUCKET, PREFIX, REGISTRY, ROLE_ARN
from tests.pipeline_lambdas.aws_doubles import client_of, sample_config, upload_dataset
from tests.pipeline_lambdas.tables import COLUMNS, ROWS, churn_config

RELEASE = Release(PREFIX, EXECUTION_ID)
SITE = TrainingSite(DATA_BUCKET, MODEL_BUCKET, ROLE_ARN, KMS_KEY_ARN, {"xgboost": REGISTRY})
CONFIG = churn_config()
JOB = RELEASE.training_job()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a program of tables."""
    package = tmp_path / "pipeline_lambdas"
    (package / "tabular").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "tabular" / "__init__.py").write_text("")
    (package / "tabular" / "entry.py").write_text("print('trains')\n")
    (package / "tabular" / "note.txt").write_text("no source")
    monkeypatch.setattr(source, "_TOP", package)
    return package


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        found = {entry.name: archive.extractfile(entry) for entry in archive.getmembers()}
        return {name: file.read() for name, file in found.items() if file}


def stored(key: str) -> bytes:
    content: bytes = client_of("s3").get_object(Bucket=MODEL_BUCKET, Key=key)["Body"].read()
    return content


@pytest.mark.usefixtures("package")
def test_the_source_holds_the_program_its_package_and_the_columns() -> None:
    found = source_of(CONFIG)
    assert found is not None
    files = members(found.content)
    assert set(files) == {
        "features.json",
        "pipeline_lambdas/__init__.py",
        "pipeline_lambdas/tabular/__init__.py",
        "pipeline_lambdas/tabular/entry.py",
        "slipway_tabular.py",
    }
    assert files["slipway_tabular.py"] == b"print('trains')\n"
    assert json.loads(files["features.json"]) == features_document(CONFIG)


def test_the_program_of_this_repository_is_packed() -> None:
    files = members(packed(table_files(CONFIG, Path(source.__file__).parents[1])))
    assert b"input_fn" in files["slipway_tabular.py"]
    assert "pipeline_lambdas/tabular/specification.py" in files


def test_a_built_in_algorithm_has_no_source() -> None:
    assert source_of(sample_config()) is None


def test_the_same_files_are_the_same_bytes() -> None:
    first = packed({"b": b"2", "a": b"1"})
    assert first == packed({"a": b"1", "b": b"2"})
    # Seconds since 1970: https://www.rfc-editor.org/rfc/rfc1952#section-2.3
    assert first[4:8] == b"\0\0\0\0"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(first))) as archive:
        entries = archive.getmembers()
    assert [(entry.name, entry.mtime, entry.uid, entry.uname, entry.mode) for entry in entries] == [
        ("a", 0, 0, "", 0o644),
        ("b", 0, 0, "", 0o644),
    ]


@pytest.mark.usefixtures("buckets")
def test_a_source_is_stored_once_under_its_hash() -> None:
    one = Source(packed({"a.py": b"1"}))
    assert one.sha256 == hashlib.sha256(one.content).hexdigest()
    uri = store(one, MODEL_BUCKET, KMS_KEY_ARN)
    assert uri == f"s3://{MODEL_BUCKET}/source/{one.sha256}/"
    assert stored(f"source/{one.sha256}/sourcedir.tar.gz") == one.content
    assert store(one, MODEL_BUCKET, KMS_KEY_ARN) == uri
    versions = client_of("s3").list_object_versions(Bucket=MODEL_BUCKET)["Versions"]
    assert len(versions) == 1


@pytest.mark.usefixtures("buckets")
def test_another_object_under_the_hash_is_refused() -> None:
    one = Source(packed({"a.py": b"1"}))
    key = f"source/{one.sha256}/sourcedir.tar.gz"
    client_of("s3").put_object(Bucket=MODEL_BUCKET, Key=key, Body=b"another")
    with pytest.raises(JobFailedError, match=rf"{key}: found another object; expected the source that its key"):
        store(one, MODEL_BUCKET, KMS_KEY_ARN)
    assert stored(key) == b"another"


def job_of(found: Source) -> dict[str, Any]:
    files = {"train/train.csv": ROWS, "validation/validation.csv": ROWS, "test/test.csv": ROWS}
    dataset = parse_manifest(json.dumps(upload_dataset(files, COLUMNS)).encode(), "wine-quality")
    return training_request(JOB, RELEASE, CONFIG, dataset, SITE, f"s3://{MODEL_BUCKET}/{found.folder}")


@pytest.mark.usefixtures("buckets", "package")
def test_a_job_runs_the_program() -> None:
    found = source_of(CONFIG)
    assert found is not None
    request = job_of(found)
    code = request["InputDataConfig"][-1]
    assert code == {
        "ChannelName": "code",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": f"s3://{MODEL_BUCKET}/source/{found.sha256}/",
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }
    values = {name: json.loads(value) for name, value in request["HyperParameters"].items()}
    assert values == {
        **CONFIG.hyperparameters,
        "sagemaker_program": "slipway_tabular.py",
        "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz",
        "sagemaker_container_log_level": 20,
        "sagemaker_region": "us-east-1",
        "sagemaker_job_name": JOB,
    }
    assert request["EnableNetworkIsolation"] is True


@pytest.mark.usefixtures("buckets")
def test_a_job_with_another_source_is_refused(sagemaker: Stubber, package: Path) -> None:
    found = source_of(CONFIG)
    assert found is not None
    described = job_of(found)
    described.pop("Tags")
    answer = {
        **described,
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/x",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "CreationTime": 0,
    }
    files = {"train/train.csv": ROWS, "validation/validation.csv": ROWS, "test/test.csv": ROWS}
    dataset = parse_manifest(json.dumps(upload_dataset(files, COLUMNS)).encode(), "wine-quality")
    sagemaker.add_response("describe_training_job", answer)
    assert start_training(RELEASE, CONFIG, dataset, SITE).job_name == JOB
    assert stored(f"{found.folder}sourcedir.tar.gz") == found.content
    (package / "tabular" / "entry.py").write_text("print('trains otherwise')\n")
    sagemaker.add_response("describe_training_job", answer)
    with pytest.raises(JobFailedError, match=r"exists with other settings \(InputDataConfig\)"):
        start_training(RELEASE, CONFIG, dataset, SITE)
