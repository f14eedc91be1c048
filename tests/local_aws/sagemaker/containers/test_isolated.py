"""Programs with an /opt/ml of their own, and nothing that outlives them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.processes.forking import Process, StartError
from local_aws.sagemaker.containers.isolated import Isolated
from tests.local_server import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs mount namespaces")
_END_S = 20


@pytest.fixture
def isolated() -> Iterator[Isolated]:
    made = Isolated()
    assert made.refusal() is None
    yield made
    made.stop()


def names_in_opt() -> list[str]:
    return sorted(path.name for path in Path("/opt").iterdir())


def start(isolated: Isolated, folder: Path, code: str, *, name: str = "ml") -> Process:
    ml = folder / name
    ml.mkdir(exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        return isolated.start([sys.executable, "-c", code], ml, {"COLOUR": "red"}, log.fileno())


def test_each_sees_its_own(isolated: Isolated, tmp_path: Path) -> None:
    before = names_in_opt()
    code = "import os; open('/opt/ml/made', 'w').write(os.environ['COLOUR']); print(sorted(os.listdir('/opt')))"
    processes = [start(isolated, tmp_path, code, name=name) for name in ("one", "two")]
    assert [process.wait(_END_S) for process in processes] == [0, 0]
    for name in ("one", "two"):
        assert (tmp_path / name / "made").read_text() == "red"
        assert (tmp_path / f"{name}.log").read_text().strip() == str(sorted({*before, "ml"}))
        assert list((tmp_path / f"{name}.opt").iterdir()) == []
    assert names_in_opt() == before


def test_its_exit_code_and_unknown_programs(isolated: Isolated, tmp_path: Path) -> None:
    assert start(isolated, tmp_path, "exit(7)").wait(_END_S) == 7
    with (tmp_path / "log").open("wb") as log:
        process = isolated.start(["nonesuch"], tmp_path / "ml", {}, log.fileno())
    assert process.wait(_END_S) == 127
    assert "nonesuch" in (tmp_path / "log").read_text()


def sleeper(isolated: Isolated, folder: Path, before: str) -> tuple[Process, int]:
    """A program that started another one in a session of its own, and that one's process id."""
    code = (
        f"import subprocess, time; {before}; p = subprocess.Popen(['sleep', '300'], start_new_session=True); "
        "open('/opt/ml/part', 'w').write(str(p.pid)); import os; os.rename('/opt/ml/part', '/opt/ml/pid'); "
        "time.sleep(300)"
    )
    process = start(isolated, folder, code)
    file = folder / "ml" / "pid"
    wait_for(file.exists, "the program", _END_S)
    return process, int(file.read_text())


def gone(pid: int) -> None:
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end of what the program left", _END_S)


def test_sigterm_reaches_the_program(isolated: Isolated, tmp_path: Path) -> None:
    process, left = sleeper(isolated, tmp_path, "import signal; signal.signal(15, lambda *_: exit(9))")
    process.terminate()
    assert process.wait(_END_S) == 9
    gone(left)


def test_sigkill_ends_what_ignores_sigterm(isolated: Isolated, tmp_path: Path) -> None:
    process, left = sleeper(isolated, tmp_path, "import signal; signal.signal(15, signal.SIG_IGN)")
    process.terminate()
    time.sleep(0.2)
    assert process.exit_code is None
    process.kill()
    assert process.wait(_END_S) == 137
    gone(left)


def test_stop_ends_everything(isolated: Isolated, tmp_path: Path) -> None:
    process, left = sleeper(isolated, tmp_path, "pass")
    isolated.stop()
    assert process.exit_code is not None
    gone(left)
    with pytest.raises(StartError):
        start(isolated, tmp_path, "pass")
