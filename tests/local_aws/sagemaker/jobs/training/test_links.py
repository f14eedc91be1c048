"""Links that a job's program made to files of this machine: nothing is read or written through them."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from local_aws.sagemaker import objects
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.jobs import archives
from local_aws.sagemaker.jobs.training import checkpoints, files
from local_aws.sagemaker.names import S3Address

OUTPUT = {"S3OutputPath": "s3://bucket/out"}


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder of the user's, with a file that no job may read."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "failure").write_text("a key")
    return tmp_path / "home"


@pytest.fixture
def ml(tmp_path: Path) -> Ml:
    for name in ("model", "output/data"):
        (tmp_path / "ml" / name).mkdir(parents=True)
    return Ml(tmp_path / "ml")


def uploaded(role: MagicMock) -> list[Any]:
    client = role.client.return_value
    return [call for call in client.mock_calls if "a key" in str(call) or "failure" in str(call)]


def test_a_reason_is_not_read_through_a_link(ml: Ml, private: Path) -> None:
    ml.failure_file.symlink_to(private / "failure")
    assert files.failure_reason(ml, 1) == "AlgorithmError: , exit code: 1"


def test_a_reason_is_not_read_through_a_folder_that_is_a_link(ml: Ml, private: Path) -> None:
    ml.output_data_dir.rmdir()
    ml.failure_file.parent.rmdir()
    ml.failure_file.parent.symlink_to(private)
    assert files.failure_reason(ml, 1) == "AlgorithmError: , exit code: 1"


@pytest.mark.parametrize("name", ["model", "output/data"])
@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_folder_that_is_a_link_is_not_uploaded(ml: Ml, private: Path, name: str, compression: str) -> None:
    (ml.root / name).rmdir()
    (ml.root / name).symlink_to(private)
    role = MagicMock()
    with pytest.raises(files.UploadError, match=f"/opt/ml/{name} is a link; expected a folder"):
        files.upload_results(ml, "job", {**OUTPUT, "CompressionType": compression}, role, ended="exited", failed=False)
    assert uploaded(role) == []


def test_an_archive_is_not_written_through_a_link(ml: Ml, private: Path) -> None:
    (ml.root / "model.tar.gz").symlink_to(private / "failure")
    archives.pack(ml.model_dir, ml.root / "model.tar.gz")
    assert (private / "failure").read_text() == "a key"
    assert tarfile.is_tarfile(ml.root / "model.tar.gz")


def test_what_a_link_leads_to_is_not_uploaded(ml: Ml, private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    monkeypatch.setattr(objects, "upload", lambda _client, path, *_: found.append(path.name))
    (ml.model_dir / "a").write_text("a model")
    (ml.model_dir / "newest").symlink_to("a")
    (ml.model_dir / "key").symlink_to(private / "failure")
    objects.upload_folder(None, ml.model_dir, S3Address("bucket", "out"), None)
    assert found == ["a", "newest"]


@pytest.mark.parametrize("whole", [False, True])
def test_checkpoints_are_not_copied_through_a_link(
    ml: Ml, private: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    found: list[str] = []
    monkeypatch.setattr(objects, "upload", lambda _client, path, *_: found.append(path.name))
    folder = ml.root / "checkpoints"
    kept = checkpoints.Checkpoints(MagicMock(), "s3://bucket/kept", folder)
    if whole:
        folder.symlink_to(private)
    else:
        folder.mkdir()
        (folder / "a").write_text("a model")
        (folder / "key").symlink_to(private / "failure")
    kept.push()
    assert found == ([] if whole else ["a"])
