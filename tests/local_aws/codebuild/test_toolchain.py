"""The virtual environment of a project's builds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local_aws.codebuild.running import toolchain


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="the tests run in no virtual environment to copy pip from")
def test_an_environment_has_a_pip_of_its_own(tmp_path: Path) -> None:
    place = toolchain.python_environment(tmp_path)
    done = subprocess.run([str(place / "bin" / "pip"), "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f" from {place}" in done.stdout
    made = (place / "complete").stat().st_mtime_ns
    assert toolchain.python_environment(tmp_path) == place
    assert (place / "complete").stat().st_mtime_ns == made


@pytest.mark.parametrize("lacks", ["a virtual environment", "pip"])
def test_without_a_pip_to_copy_venv_installs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str) -> None:
    if lacks == "pip":
        monkeypatch.setattr(sys, "base_prefix", "elsewhere")
        monkeypatch.setattr(toolchain, "_INSTALLERS", ("no-such-installer",))
    else:
        monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    asked: list[list[str]] = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        Path(command[-1]).mkdir(parents=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    place = toolchain.python_environment(tmp_path)
    assert asked == [[sys.executable, "-m", "venv", str(place)]]
    assert [path.name for path in place.iterdir()] == ["complete"]
