"""The packages of a script's requirements.txt, from wheels that the test makes; no test reaches an index."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from local_aws.sagemaker.containers.script_mode import requirements
from local_aws.sagemaker.containers.script_mode.failures import CommandError
from local_aws.sagemaker.containers.script_mode.packages import Installer
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.script_mode.toolkit_log import ToolkitLog
from tests.local_aws.sagemaker.containers.script_mode.scripts import SCIKIT_LEARN, XGBOOST
from tests.local_aws.sagemaker.containers.script_mode.wheels import wheel


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "ml" / "code").mkdir(parents=True)
    sources = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    return Task(SCIKIT_LEARN, str(tmp_path / "ml"), str(tmp_path / "cache"), offline=False, pip=sources)


def installed(task: Task, lock: str) -> Path | None:
    (task.code / "requirements.txt").write_text(lock)
    return Installer(task, ToolkitLog("test")).install()


def version_in(folder: Path | None, module: str) -> str:
    code = f"import {module}; print({module}.VERSION)"
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_no_requirements(task: Task) -> None:
    assert Installer(task, ToolkitLog("test")).install() is None
    assert not Path(task.cache).exists()


def test_a_lock_is_installed_once(task: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wheel(tmp_path / "wheels", "tinyfruit", "1.0", "tinyseed>=2")
    wheel(tmp_path / "wheels", "tinyseed", "2.1")
    first = installed(task, "tinyfruit==1.0  # sweet\n")
    assert version_in(first, "tinyseed") == "2.1"
    assert "Installed tinyfruit 1.0, tinyseed 2.1: 0.0 MB" in capfd.readouterr().out
    (tmp_path / "wheels" / "tinyseed-2.1-py3-none-any.whl").unlink()
    assert installed(task, "tinyfruit==1.0  # sweet\n") == first
    assert "are those of an earlier run" in capfd.readouterr().out
    with pytest.raises(CommandError, match='InstallRequirementsError:\nExitCode 1\nErrorMessage ""\nCommand '):
        installed(task, "tinyfruit==1.0\n")
    seen = capfd.readouterr()
    assert "No matching distribution found for tinyseed" in seen.out + seen.err


def test_each_image_has_its_own(task: Task, tmp_path: Path) -> None:
    wheel(tmp_path / "wheels", "tinyfruit", "1.0")
    places = {installed(replace(task, image=image), "tinyfruit\n") for image in (SCIKIT_LEARN, XGBOOST)}
    assert len(places) == 2


def test_the_images_versions_are_preferred(task: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number in ("1.4.2", "1.9.9"):
        wheel(tmp_path / "wheels", "scikit-learn", number)
    assert version_in(installed(task, "scikit-learn\n"), "scikit_learn") == "1.4.2"
    assert "cannot be installed with the image's versions" not in capfd.readouterr().out


def test_an_old_image_has_an_old_numpy(task: Task, tmp_path: Path) -> None:
    for number in ("1.26.4", "2.1.0"):
        wheel(tmp_path / "wheels", "numpy", number)
    old = replace(task, image=SCIKIT_LEARN.replace("1.4-2", "1.2-1"))
    found = installed(old, "numpy\n")
    assert version_in(found, "numpy") == "1.26.4"
    assert "numpy" not in str(Installer(old, ToolkitLog("test")).versions_line(found))


def test_other_versions_where_there_are_no_wheels(
    task: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(tmp_path / "wheels", "scikit-learn", "1.9.9")
    found = installed(task, "scikit-learn\n")
    assert version_in(found, "scikit_learn") == "1.9.9"
    assert "cannot be installed with the image's versions on this Python" in capfd.readouterr().out
    line = Installer(task, ToolkitLog("test")).versions_line(found)
    assert line is not None
    assert "scikit-learn 1.9.9 (image: 1.4.2)" in line
    assert "without pandas, pyarrow, which the image has: name it in requirements.txt" in line


def test_what_this_machine_has_stays(task: Task, tmp_path: Path) -> None:
    for number in (version("python-dateutil"), "99.0"):
        wheel(tmp_path / "wheels", "python-dateutil", number)
    assert version_in(installed(task, "python-dateutil\n"), "python_dateutil") == version("python-dateutil")


def test_hashes_are_checked(task: Task, tmp_path: Path) -> None:
    good = wheel(tmp_path / "wheels", "tinyfruit", "1.0")
    assert version_in(installed(task, f"tinyfruit==1.0 --hash=sha256:{good}\n"), "tinyfruit") == "1.0"
    with pytest.raises(CommandError, match="InstallRequirementsError"):
        installed(task, f"tinyfruit==1.0 --hash=sha256:{'0' * 64}\n")
    assert not list(Path(task.cache).glob("*.part"))


def test_other_files_count_too(task: Task) -> None:
    folder = task.code
    (folder / "requirements.txt").write_text("-r more.txt\n")
    (folder / "more.txt").write_text("tinyfruit==1.0\n")
    before = requirements.digest(folder, task.here)
    (folder / "more.txt").write_text("tinyfruit==1.1\n")
    assert requirements.digest(folder, task.here) != before


def test_without_a_network_the_image_or_the_code_must_have_it(
    task: Task, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    offline = replace(task, offline=True, image=XGBOOST)
    wheel(tmp_path / "wheels", "pandas", "2.2.3")
    assert version_in(installed(offline, "pandas\n"), "pandas") == "2.2.3"
    wheel(tmp_path / "wheels", "tinyfruit", "1.0")
    with pytest.raises(CommandError, match=r"InstallModuleError:\nCommand .* install \. -r requirements\.txt"):
        installed(offline, "pandas\ntinyfruit\n")
    assert "or the code their wheels: tinyfruit" in capfd.readouterr().out
    wheel(offline.code / "wheels", "tinyfruit", "1.0")
    assert version_in(installed(offline, "--find-links ./wheels\npandas\ntinyfruit\n"), "tinyfruit") == "1.0"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("pandas", False),
        ("Scikit_Learn>=1.0", False),
        ("numpy==2.1.0", False),
        ("numpy==2.2.0", True),
        ("numpy==2.1.0 \\\n    --hash=sha256:00", False),
        ("lightgbm==4.3.0", True),
        ("pandas[parquet]>=2 ; python_version > '3'", False),
        ("# pandas", False),
        ("", False),
        ("--find-links ./wheels", True),
        ("./wheels/tiny.whl", True),
    ],
)
def test_what_an_image_has(line: str, kept: bool) -> None:
    assert bool(requirements.beyond_image(line + "\n", {"numpy": "2.1.0"})) is kept


OFFLINE = "--no-index\n--find-links /opt/ml/input/data/wheels\n--find-links wheels\n"


@pytest.fixture
def channel(task: Task) -> Path:
    """The folder of the channel `wheels`."""
    folder = Path(task.base) / "input" / "data" / "wheels"
    folder.mkdir(parents=True)
    return folder


def test_wheels_of_a_channel_are_installed(task: Task, channel: Path) -> None:
    wheel(channel, "tinyfruit", "1.0", "numpy")
    offline = replace(task, offline=True)
    found = installed(offline, f"{OFFLINE}tinyfruit==1.0\n")
    assert version_in(found, "tinyfruit") == "1.0"
    # Serving has them in the model's code: the same packages, so the same folder.
    shutil.copytree(channel, task.code / "wheels")
    shutil.rmtree(channel)
    assert installed(offline, f"{OFFLINE}tinyfruit==1.0\n") == found


def test_where_wheels_do_not_fit_this_python_the_same_versions_do(
    task: Task, tmp_path: Path, channel: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(channel, "tinyfruit", "1.0")
    made = channel / "tinyfruit-1.0-py3-none-any.whl"
    made.rename(made.with_name("tinyfruit-1.0-cp27-cp27m-manylinux1_x86_64.whl"))
    offline = replace(task, offline=True)
    with pytest.raises(CommandError, match="InstallRequirementsError"):
        installed(offline, f"{OFFLINE}tinyfruit==1.0\n")
    assert "pip finds no wheels of these versions for this Python here" in capfd.readouterr().out
    for number in ("1.0", "1.1"):
        wheel(tmp_path / "wheels", "tinyfruit", number)
    assert version_in(installed(offline, f"{OFFLINE}tinyfruit==1.0\n"), "tinyfruit") == "1.0"
    assert "do not all fit Python" in capfd.readouterr().out


def test_what_neither_the_image_nor_the_wheels_have_is_named(
    task: Task, channel: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(channel, "tinyfruit", "1.0", "numpy>=1", "tinyseed>=2", "tinyleaf; extra == 'green'")
    with pytest.raises(CommandError, match="InstallRequirementsError"):
        installed(replace(task, offline=True), f"{OFFLINE}tinyfruit==1.0\n")
    assert "Neither the image nor the wheels have tinyseed>=2, which tinyfruit needs" in capfd.readouterr().out
    assert not list(Path(task.cache).glob("*.part"))
