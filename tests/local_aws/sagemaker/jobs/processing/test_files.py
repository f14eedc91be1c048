"""What a processing container finds, and what is read of it afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.jobs.processing import files
from tests.local_aws.sagemaker.fakes import ROLE
from tests.local_aws.sagemaker.jobs.processing.test_processing import request


@pytest.fixture
def ml(tmp_path: Path) -> Ml:
    made = Ml(tmp_path / "ml")
    files.write_config(made, "Wine", "arn:job", request("data", ROLE, "Wine"))
    return made


def test_the_config(ml: Ml) -> None:
    job = json.loads((ml.root / "config/processingjobconfig.json").read_text())
    assert (job["ProcessingJobName"], job["ProcessingJobArn"], job["RoleArn"]) == ("Wine", "arn:job", ROLE)
    assert job["Environment"] == {"COLOUR": "red"}
    hosts = json.loads((ml.root / "config/resourceconfig.json").read_text())
    assert hosts == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert (ml.root / "processing/output/scaled").is_dir()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", None),
        (b"done", "done"),
        (b"x" * 2000, "x" * 1024),
        (b"x" * 1023 + "é".encode() * 9, "x" * 1023),
    ],
)
def test_the_exit_message(ml: Ml, content: bytes, message: str | None) -> None:
    (ml.root / "output/message").write_bytes(content)
    assert files.exit_message(ml) == message


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x\xc3"])
def test_an_exit_message_that_is_not_text(ml: Ml, content: bytes) -> None:
    (ml.root / "output/message").write_bytes(content)
    with pytest.raises(files.MessageError, match="not UTF-8"):
        files.exit_message(ml)


def test_no_exit_message(ml: Ml) -> None:
    assert files.exit_message(ml) is None


def test_links_are_not_uploaded(ml: Ml, tmp_path: Path) -> None:
    folder = ml.root / "processing/output/scaled"
    (tmp_path / "secret").write_text("secret")
    (folder / "deep").mkdir()
    (folder / "deep/a.csv").write_text("1")
    (folder / "b.csv").symlink_to(tmp_path / "secret")
    (folder / "out").symlink_to(tmp_path)
    assert list(files.files_below(folder)) == [folder / "deep/a.csv"]
    (ml.root / "link").symlink_to(tmp_path)
    assert list(files.files_below(ml.root / "link")) == []
