"""Docker or Podman of this machine itself: an image is built, pushed to the local ECR, pulled and run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from slipway_build.engine import build_and_push

from local_aws.codebuild.running.engine import before, engine_variables
from local_aws.engine.find import Engine, NoEngineError, find_engine, handed_on
from local_aws.sagemaker.containers.own_images.launch import EngineContainers, Run
from local_aws.settings import Settings
from tests.containers.conftest import Site
from tests.local_server import LocalServer

_NOT_STARTED = (125, 126)
"""https://docs.docker.com/engine/containers/run/#exit-status"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """That of the one who runs this, with the settings that a server of local AWS would be given."""
    for name, value in handed_on(os.environ).items():
        monkeypatch.setenv(name, value)
    try:
        return find_engine()
    except NoEngineError as error:
        pytest.skip(str(error))


@pytest.fixture
def busybox() -> Path:
    program = shutil.which("busybox")
    said = subprocess.run(["file", "-L", program], capture_output=True, text=True, check=False) if program else None
    if program is None or said is None or "statically linked" not in said.stdout:
        pytest.skip("there is no static busybox to make an image of: install busybox-static and file")
    return Path(program)


def test_an_image_is_built_pushed_pulled_and_run(
    engine: Engine, busybox: Path, tmp_path: Path, local_aws: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, programs = engine_variables(Settings(tmp_path / "state", local_aws.port), tmp_path)
    for name, value in {**variables, "PATH": before(programs, os.environ["PATH"])}.items():
        monkeypatch.setenv(name, value)
    shutil.copy(busybox, tmp_path / "busybox")
    train = 'ENTRYPOINT ["/busybox", "sh", "-c", "echo made by $1 >/opt/ml/model/out && echo done", "sh"]'
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nCOPY busybox /busybox\n{train}\n", encoding="utf-8")
    local_aws.client("ecr").create_repository(repositoryName="real")
    site = Site(local_aws, tmp_path)
    build_and_push(f"127.0.0.1:{local_aws.port}/real:one", tmp_path, "Dockerfile", site.password())
    found = local_aws.client("ecr").describe_images(repositoryName="real")["imageDetails"][0]
    ml = tmp_path / "ml"
    (ml / "model").mkdir(parents=True)
    containers = EngineContainers(engine, local_aws.port, str(tmp_path))
    with (tmp_path / "log").open("wb") as log:
        process = containers.train(
            Run(f"real@{found['imageDigest']}", site.password(), {}), ml, log.fileno(), offline=True
        )
        code = process.wait(60)
    said = (tmp_path / "log").read_text(encoding="utf-8")
    if code in _NOT_STARTED:
        pytest.skip(f"{engine.program} answers, and starts no container: {said}")
    assert code == 0, said
    assert (ml / "model" / "out").read_text(encoding="utf-8") == "made by train\n"
