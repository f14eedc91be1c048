"""The containers of scripts, without local AWS around them: where the code is, how they end, what a script sees."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.processes.forking import Process
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.isolated import Isolated
from local_aws.sagemaker.containers.script_mode.launch import Scripts
from tests.local_aws.sagemaker.containers.conftest import MlBuilder
from tests.local_aws.sagemaker.containers.script_mode.scripts import SCIKIT_LEARN, XGBOOST, hyperparameters, tarball
from tests.local_server import wait_for

_END_S = 60
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs mount namespaces")


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Scripts]:
    isolated = Isolated()
    yield Scripts(isolated, tmp_path / "script-mode")
    isolated.stop()


class Run:
    """One training container."""

    def __init__(self, scripts: Scripts, ml: Ml, image: str = SCIKIT_LEARN, **environment: str) -> None:
        self.ml, self.log = ml, ml.root.with_name("log")
        with self.log.open("wb") as log:
            self.process: Process = scripts.train(image, ml.root, environment, log.fileno(), offline=True)

    def ended(self) -> int | None:
        return self.process.wait(_END_S)

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def failure(self) -> str:
        return self.ml.failure_file.read_text()


def built(ml_builder: MlBuilder, code: str, program: str = "train.py", **own: str) -> Ml:
    files: dict[str, str | bytes] = {"train/a.csv": "1,2\n", "code/sourcedir.tar.gz": tarball(**{program: code})}
    ml = ml_builder.build({**hyperparameters(program), **own}, files)
    ml.model_dir.mkdir()
    return ml


def test_a_script_sees_its_own_opt_ml(scripts: Scripts, ml_builder: MlBuilder) -> None:
    code = (
        "import os, sys\n"
        "print('path', sys.path[0], os.getcwd(), sorted(os.listdir('/opt/ml/code')), os.environ['SM_MODEL_DIR'])\n"
        "print('hidden', [name for name in os.environ if name.startswith('LOCAL_AWS')])\n"
        "try:\n    import local_aws\n    print(local_aws.__path__)\nexcept ImportError:\n    print('not there')\n"
        "open('/opt/ml/model/made', 'w').write(os.environ['COLOUR'])\n"
    )
    run = Run(scripts, built(ml_builder, code), COLOUR="red")
    assert run.ended() == 0, run.text
    assert "path /opt/ml/code /opt/ml/code ['train.py'] /opt/ml/model" in run.text
    assert "hidden []" in run.text
    assert (run.ml.model_dir / "made").read_text() == "red"
    assert (run.ml.root / "output/success").exists()


def test_a_machine_that_cannot_give_it_one(
    scripts: Scripts, ml_builder: MlBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Isolated, "refusal", lambda _self: "user namespaces are switched off")
    code = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/made', 'w').write(os.environ['SM_CHANNEL_TRAIN'])\n"
    run = Run(scripts, built(ml_builder, code))
    assert run.ended() == 0, run.text
    assert (run.ml.model_dir / "made").read_text() == f"{run.ml.root}/input/data/train"
    assert f"(user namespaces are switched off). It is {run.ml.root}, which the SM_ variables name" in run.text


@pytest.mark.parametrize("image", [SCIKIT_LEARN, XGBOOST])
def test_a_stop_ends_the_script_without_telling_it(scripts: Scripts, ml_builder: MlBuilder, image: str) -> None:
    code = (
        "import signal, time\nsignal.signal(15, lambda *_: open('/opt/ml/model/told', 'w'))\n"
        "open('/opt/ml/model/part', 'w').write('half')\ntime.sleep(300)\n"
    )
    run = Run(scripts, built(ml_builder, code), image)
    wait_for((run.ml.model_dir / "part").exists, "the script", _END_S)
    run.process.terminate()
    assert run.ended() == 128 + 15
    assert [path.name for path in run.ml.model_dir.iterdir()] == ["part"]


def test_a_command_of_the_shell(scripts: Scripts, ml_builder: MlBuilder) -> None:
    run = Run(scripts, built(ml_builder, '#!/bin/sh\necho "$2" > "$SM_MODEL_DIR/made"\n', "run.sh", colour="dark red"))
    assert run.ended() == 0, run.text
    assert (run.ml.model_dir / "made").read_text() == "dark red\n"


def test_a_failure_that_the_script_wrote_is_kept_by_the_newer_toolkit(scripts: Scripts, ml_builder: MlBuilder) -> None:
    code = "open('/opt/ml/output/failure', 'w').write('no rows')\nraise SystemExit(3)\n"
    run = Run(scripts, built(ml_builder, code), XGBOOST)
    assert run.ended() == 1
    assert run.failure.startswith("ExecuteUserScriptError:\nCommand ")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (hyperparameters("train.py"), "FileNotFoundError: "),
        (hyperparameters("train.py", "/opt/ml/input/data/train/a.tar.gz"), "ArchiveError: "),
        ({"sagemaker_program": "train.py"}, "ExecuteUserScriptError:\nExitCode 2\n"),
        ({}, "ValueError: no script: name it with the hyperparameter sagemaker_program"),
    ],
)
def test_no_code(scripts: Scripts, ml_builder: MlBuilder, given: dict[str, str], message: str) -> None:
    damaged = tarball(train__py="print(1)")[:-20]
    ml = ml_builder.build(given, {"train/a.csv": "1,2\n", "train/a.tar.gz": damaged})
    run = Run(scripts, ml)
    assert run.ended() in (1, 2), run.text
    assert run.failure.startswith(f"framework error: \n{message}"), run.text


def test_without_a_network(scripts: Scripts, ml_builder: MlBuilder) -> None:
    code = (
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as own:\n"
        "    socket.create_connection(own.getsockname()).close()\n"
        "print('loopback works')\n"
        "socket.create_connection(('127.0.0.1', PORT), timeout=5)\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        ml = built(ml_builder, code.replace("PORT", str(server.getsockname()[1])))
        run = Run(scripts, ml)
        assert run.ended() == 1
    assert "loopback works" in run.text
    assert "ConnectionRefusedError" in run.text
