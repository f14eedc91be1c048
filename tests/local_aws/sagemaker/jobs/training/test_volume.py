"""A script's job that fills its volume."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from local_aws.sagemaker.jobs.training import volume


def test_more_than_its_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "_GIB", 1 << 16)
    (tmp_path / "ml").mkdir()
    (tmp_path / "ml" / "a").write_bytes(b"x" * (1 << 16))
    assert volume.trouble(tmp_path, {"VolumeSizeInGB": 2}) is None
    (tmp_path / "ml.tmp").mkdir()
    (tmp_path / "ml.tmp" / "b").write_bytes(b"x" * (1 << 17))
    assert volume.trouble(tmp_path, {"VolumeSizeInGB": 2}) == (
        "AlgorithmError: No space left on device: the job's files have 3.0 GiB, and its VolumeSizeInGB is 2"
    )


def test_a_hole_takes_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "_GIB", 1 << 16)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 24)
    assert volume.trouble(tmp_path, {"VolumeSizeInGB": 2}) is None


@pytest.mark.parametrize(("used", "fails"), [(8192, True), (10, False)])
def test_the_disk_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: int, fails: bool) -> None:
    """A small job goes on: it is not the one that fills the disk."""
    monkeypatch.setattr(volume, "LITTLE_BYTES", 4096)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    (tmp_path / "a").write_bytes(b"x" * used)
    found = volume.trouble(tmp_path, {"VolumeSizeInGB": 2})
    assert (found is not None) == fails
