"""The wheels of a lock are looked for before a push; no test reaches an index."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway.programs import packages
from slipway.programs.packages import look_for_packages
from slipway.programs.trial import Tried
from slipway_build import pip_wheels

from tests.local_aws.sagemaker.containers.script_mode.wheels import wheel
from tests.pipeline_lambdas.scripts import script_config


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds packages."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def looked(tmp_path: Path, lock: str | None) -> Tried:
    folder = tmp_path / "configs" / "wine-quality"
    folder.mkdir(parents=True)
    if lock is not None:
        (folder / "requirements.txt").write_text(lock, encoding="utf-8")
    return look_for_packages(script_config(), tmp_path / "configs")


def test_wheels_that_are_there(tmp_path: Path, index: Path) -> None:
    found = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0', 'numpy')}\n")
    assert (found.problems, found.warning) == ((), "")
    assert found.done.startswith("wine-quality/requirements.txt: there are wheels of its 1 packages for Python 3.10 on")


def test_a_package_without_a_wheel(tmp_path: Path, index: Path) -> None:
    wheel(index, "tinyfruit", "1.0")
    made = index / "tinyfruit-1.0-py3-none-any.whl"
    made.rename(made.with_name("tinyfruit-1.0-cp313-cp313-manylinux_2_28_x86_64.whl"))
    (problem,) = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{'0' * 64}\n").problems
    assert problem.startswith(
        "wine-quality/requirements.txt: found no wheel of tinyfruit==1.0 for Python 3.10 on Linux"
    )


def test_a_file_that_the_lock_does_not_know_is_told(tmp_path: Path, index: Path) -> None:
    wheel(index, "tinyfruit", "1.0")
    found = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{'0' * 64}\n")
    assert found.problems == ()
    assert "the lock has no hash of tinyfruit-1.0-py3-none-any.whl" in found.warning


def test_without_an_index_build_has_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(pip_wheels, "_PATIENCE", ("--retries", "1"))
    found = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{'0' * 64}\n")
    assert found.problems == ()
    assert "cannot be reached from here" in found.warning
    assert found.warning.endswith("Build looks for the packages again")


def test_without_pip_build_has_to_look(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    found = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0')}\n")
    assert found.problems == ()
    assert found.warning.startswith(f"wine-quality/requirements.txt: {python} has no pip")
    assert "ensurepip" in found.warning


def test_pip_gets_no_more_than_its_time(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_LONGEST_S", 0.001)
    found = looked(tmp_path, f"tinyfruit==1.0 --hash=sha256:{wheel(index, 'tinyfruit', '1.0')}\n")
    assert "pip found no end" in found.warning


@pytest.mark.parametrize("lock", [None, "--no-index\n--find-links wheels\ntinyfruit==1.0\n"])
def test_nothing_to_look_for(tmp_path: Path, lock: str | None) -> None:
    assert looked(tmp_path, lock) == Tried()
