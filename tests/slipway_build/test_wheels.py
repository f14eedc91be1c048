"""The wheels of a lock are fetched once, from wheels that the test makes; no test reaches an index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from slipway_build import pip_wheels
from slipway_build.errors import BuildError
from slipway_build.pip_wheels import UnreachableError, download, run_pip, target_options
from slipway_build.wheels import main

from pipeline_lambdas.algorithms.algorithm import Platform
from pipeline_lambdas.release.wheels import folder_of, lock_of, parse_lock
from tests.events import KMS_KEY_ARN, MODEL_BUCKET
from tests.local_aws.sagemaker.containers.script_mode.wheels import wheel
from tests.pipeline_lambdas.scripts import script_config, script_document

ENVIRONMENT = {"MODEL_NAME": "wine-quality", "MODEL_BUCKET": MODEL_BUCKET, "KMS_KEY_ARN": KMS_KEY_ARN}
PYTHON_310 = Platform((3, 10), (2, 31))
NAME = "tinyfruit-1.0-py3-none-any.whl"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=MODEL_BUCKET)
        yield s3


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds packages."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def configs(tmp_path: Path, lock: str, **changes: Any) -> str:
    folder = tmp_path / "configs"
    (folder / "wine-quality").mkdir(parents=True, exist_ok=True)
    (folder / "wine-quality.yml").write_text(yaml.safe_dump(script_document(**changes)))
    (folder / "wine-quality" / "requirements.txt").write_text(lock)
    return str(folder)


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=MODEL_BUCKET).get("Contents", [])]


def key_of(lock: str) -> str:
    found = lock_of(script_config(), lock.encode())
    assert found is not None
    return found[0].key(found[1])


def test_wheels_are_fetched_once(bucket: Any, tmp_path: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0', 'numpy')}\n"
    folder = configs(tmp_path, lock)
    assert main([folder], ENVIRONMENT) == 0, capsys.readouterr().err
    assert "wine-quality/requirements.txt: 1 wheels, 0.0 MB: s3://" in capsys.readouterr().out
    place = folder_of(key_of(lock))
    assert sorted(keys(bucket)) == [f"{place.rstrip('/')}.json", f"{place}{NAME}"]
    stored = bucket.get_object(Bucket=MODEL_BUCKET, Key=f"{place}{NAME}")
    assert stored["Body"].read() == (index / NAME).read_bytes()
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY_ARN)
    (index / NAME).unlink()
    assert main([folder], ENVIRONMENT) == 0
    assert "its wheels are those of an earlier build" in capsys.readouterr().out


def test_a_build_that_broke_off_is_finished(bucket: Any, tmp_path: Path, index: Path) -> None:
    lock = f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0')}\n"
    place = folder_of(key_of(lock))
    bucket.put_object(Bucket=MODEL_BUCKET, Key=f"{place}{NAME}", Body=(index / NAME).read_bytes())
    assert main([configs(tmp_path, lock)], ENVIRONMENT) == 0
    listed = json.load(bucket.get_object(Bucket=MODEL_BUCKET, Key=f"{place.rstrip('/')}.json")["Body"])
    assert list(listed["wheels"]) == [NAME]


def test_another_file_in_its_place_is_refused(
    bucket: Any, tmp_path: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0')}\n"
    bucket.put_object(Bucket=MODEL_BUCKET, Key=f"{folder_of(key_of(lock))}{NAME}", Body=b"another")
    assert main([configs(tmp_path, lock)], ENVIRONMENT) == 1
    assert "found another file; expected the wheel of SHA-256" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ("tinyfruit\n", "line 1: found tinyfruit; expected an exact version"),
        (
            f"absent==1.0 --hash=sha256:{'0' * 64}\n",
            "found no wheel of absent==1.0 for Python 3.10 on Linux (x86-64, glibc 2.31), that of the image",
        ),
        (
            f"tinyfruit==1.0 --hash=sha256:{'0' * 64}\n",
            "found tinyfruit==1.0 with a hash that the lock has not; expected one of its hashes",
        ),
    ],
)
def test_what_cannot_be_fetched_is_said_in_a_sentence(
    bucket: Any, tmp_path: Path, index: Path, capsys: pytest.CaptureFixture[str], lock: str, message: str
) -> None:
    wheel(index, "tinyfruit", "1.0")
    assert main([configs(tmp_path, lock)], ENVIRONMENT) == 1
    said = capsys.readouterr().err
    assert said.startswith("wine-quality/requirements.txt: ")
    assert message in said
    assert keys(bucket) == []


def test_wheels_of_another_python_do_not_count(tmp_path: Path, index: Path) -> None:
    hashes = {}
    for tag in ("cp310-cp310-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_28_x86_64", "cp310-cp310-win_amd64"):
        sha256 = wheel(index, "tinyfruit", "1.0")
        (index / NAME).rename(index / NAME.replace("py3-none-any", tag))
        hashes[tag] = sha256
    lock, _ = parse_lock(f"tinyfruit==1.0 --hash=sha256:{set(hashes.values()).pop()}\n".encode())
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    assert list(download(lock, PYTHON_310, fetched, "x")) == ["tinyfruit-1.0-cp310-cp310-manylinux_2_28_x86_64.whl"]
    with pytest.raises(BuildError, match=r"found no wheel of tinyfruit==1\.0 for Python 3\.9"):
        download(lock, Platform((3, 9), (2, 31)), fetched, "x")
    with pytest.raises(BuildError, match=r"glibc 2\.27"):
        download(lock, Platform((3, 10), (2, 27)), fetched, "x")


def test_an_index_that_cannot_be_reached_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setattr(pip_wheels, "_PATIENCE", ("--retries", "1"))
    words = ["download", *target_options(PYTHON_310), "--index-url", "http://127.0.0.1:9/simple", "tinyfruit==1.0"]
    with pytest.raises(UnreachableError, match="x: the index of Python packages cannot be reached from here"):
        run_pip(words, PYTHON_310, "x")


@pytest.mark.parametrize(
    ("lock", "changes"),
    [
        ("--no-index\n--find-links wheels\ntinyfruit==1.0\n", {}),
        ("tinyfruit==1.0\n", {"algorithm": {"name": "absent", "version": "1"}}),
    ],
)
def test_what_is_no_lock_is_left_alone(bucket: Any, tmp_path: Path, lock: str, changes: Mapping[str, Any]) -> None:
    assert main([configs(tmp_path, lock, **changes)], ENVIRONMENT) == 0
    assert keys(bucket) == []


def test_wrong_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], ENVIRONMENT) == 2
    assert main(["x"], {}) == 1
    assert "lacks MODEL_NAME, MODEL_BUCKET, KMS_KEY_ARN" in capsys.readouterr().err
