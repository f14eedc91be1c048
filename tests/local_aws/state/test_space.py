"""A disk that is nearly full: what is refused and what is said, until there is space again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.base import CallRecorder
from local_aws.clock import SystemClock
from local_aws.state import space
from local_aws.state.store import Store
from tests.local_server import LocalServer


def usage(free_mib: float) -> Any:
    return lambda _path: shutil._ntuple_diskusage(1 << 40, 1 << 39, int(free_mib * (1 << 20)))


@pytest.mark.parametrize(
    ("service", "method", "operation", "refused"),
    [
        ("s3", "PUT", "", True),
        ("s3", "GET", "", False),
        ("s3", "DELETE", "", False),
        ("codepipeline", "POST", "StartPipelineExecution", True),
        ("codepipeline", "POST", "PutJobSuccessResult", False),
        ("sagemaker", "POST", "CreateTrainingJob", True),
        ("sagemaker", "POST", "DescribeTrainingJob", False),
        ("sagemaker", "POST", "StopTrainingJob", False),
    ],
)
def test_only_what_stores_or_begins_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, method: str, operation: str, refused: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", usage(100))
    assert space.refusal(tmp_path, service, method, operation) is None
    monkeypatch.setattr(shutil, "disk_usage", usage(3))
    told = space.refusal(tmp_path, service, method, operation)
    assert bool(told) == refused
    assert not told or f"cannot store this in {tmp_path}: 3 MiB are free" in told


def test_a_change_is_made_only_where_its_state_file_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "iam.json"
    monkeypatch.setattr(shutil, "disk_usage", usage(3))
    assert space.refusal(tmp_path, "iam", "POST", "DeleteUser", file) is None
    file.write_bytes(bytes(4 << 20))
    told = space.refusal(tmp_path, "iam", "POST", "DeleteUser", file)
    assert told is not None
    assert "3 MiB are free, and it needs 5 MiB" in told


def test_little_space_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, said in ((600, ""), (100, "releases will soon fail"), (3, "nothing new is stored or begun")):
        monkeypatch.setattr(shutil, "disk_usage", usage(free))
        assert said in space.warning(tmp_path)
        assert bool(space.warning(tmp_path)) == bool(said)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        pytest.skip("needs a file system of its own, which only root may mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_counting_goes_on_after_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path / "slipway.db")
    calls = CallRecorder(store, SystemClock())
    store._connection.execute("PRAGMA query_only = ON")
    calls.note("role", "s3:GetObject", "*", allowed=True)
    assert [*calls.calls()] == []
    assert "1 counts of what roles did are not stored" in caplog.text
    store._connection.execute("PRAGMA query_only = OFF")
    calls.note("role", "s3:GetObject", "*", allowed=True)
    assert [found["count"] for found in calls.calls()] == [1]
    store.close()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))


def test_a_full_disk_is_reported_and_work_continues_with_space(small_disk: Path) -> None:
    server = LocalServer(small_disk / "state")
    server.up()
    try:
        s3, iam = server.client("s3"), server.client("iam")
        s3.create_bucket(Bucket="full")
        iam.create_user(UserName="there")
        assert "releases will soon fail" in server.run("status").stdout
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            fill(filler)
        assert "nothing new is stored or begun" in server.run("status").stdout
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*0 MiB are free"):
            s3.put_object(Bucket="full", Key="a", Body=b"1")
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*0 MiB are free"):
            iam.create_user(UserName="full")
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*0 MiB are free"):
            iam.tag_user(UserName="there", Tags=[{"Key": "full", "Value": "1"}])
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*0 MiB are free"):
            iam.delete_user(UserName="there")
        assert iam.get_user(UserName="there")["User"].get("Tags", []) == []
        assert [user["UserName"] for user in iam.list_users()["Users"]] == ["there"]
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*Make space"):
            server.client("codecommit").create_repository(repositoryName="full")
        assert s3.list_objects_v2(Bucket="full")["KeyCount"] == 0
        filler.unlink()
        s3.put_object(Bucket="full", Key="a", Body=b"1")
        server.client("codecommit").create_repository(repositoryName="full")
        iam.create_user(UserName="full")
        iam.create_user(UserName="room")
    finally:
        server.down()
    server.up()
    try:
        assert {user["UserName"] for user in iam.list_users()["Users"]} == {"there", "full", "room"}
        assert s3.get_object(Bucket="full", Key="a")["Body"].read() == b"1"
    finally:
        server.down()
