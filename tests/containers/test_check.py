"""What `slipway check` and `slipway release` say of a container before a push."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from slipway.errors import SlipwayError
from slipway.programs import containers
from slipway.session import Session

from pipeline_lambdas.config.parsing import parse_config
from tests.containers.conftest import HERE
from tests.containers.test_build import CONTAINER, SAMPLE
from tests.releases.house import patched

TEXT = patched(SAMPLE, CONTAINER)
CONFIG = parse_config(TEXT, "churn.yml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    configs = tmp_path / "training_config"
    shutil.copytree(HERE / "model", configs / "churn")
    (configs / "churn.yml").write_text(TEXT, encoding="utf-8")
    return configs


def session(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, builds: str | None = "true", local: bool = False
) -> Session:
    """A session of the model churn, whose pipeline stack has the parameter."""
    stack = {"Parameters": [{"ParameterKey": "BuildContainers", "ParameterValue": builds}]} if builds else None
    monkeypatch.setattr(containers, "find_stack", lambda *_: stack)
    made: Any = SimpleNamespace(
        names=SimpleNamespace(model="churn", pipeline_stack="slipway-pipeline-local-churn"),
        target=SimpleNamespace(is_local=local),
        project=SimpleNamespace(training_config=folder),
        command=lambda *words: " ".join(("slipway", *words)),
    )
    return cast("Session", made)


def test_a_container_in_order_has_a_warning_of_its_base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problems, (warning,) = containers.container_problems(session(folder, monkeypatch), CONFIG, folder)
    assert problems == []
    assert warning.startswith("churn/Dockerfile: line 3: found FROM ${BASE}")
    containers.require_container(session(folder, monkeypatch))


@pytest.mark.parametrize("builds", [None, "false"])
def test_a_pipeline_that_builds_no_images(folder: Path, monkeypatch: pytest.MonkeyPatch, builds: str | None) -> None:
    with pytest.raises(
        SlipwayError, match=r"does not build images; deploy it with: .*--parameter BuildContainers=true"
    ):
        containers.require_container(session(folder, monkeypatch, builds=builds))


def test_a_dockerfile_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "churn" / "Dockerfile").unlink()
    problems, _ = containers.container_problems(session(folder, monkeypatch), CONFIG, folder)
    assert problems == ["churn/Dockerfile: found bayes.py, main.py in the folder; expected Dockerfile"]


@pytest.mark.usefixtures("no_engine")
def test_a_machine_without_an_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = containers.container_problems(session(folder, monkeypatch, local=True), CONFIG, folder)[0]
    assert "no container engine that answers (docker: Cannot connect to the Docker daemon)" in problem
    assert "install and start Docker or Podman" in problem
    assert containers.container_problems(session(folder, monkeypatch), CONFIG, folder)[0] == []


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("FROM scratch\n", 0),
        (f"FROM python@sha256:{'a' * 64} AS base\nRUN x\nFROM base\n", 0),
        ("FROM python:3.13 AS base\nFROM base\n", 1),
        ("from --platform=linux/amd64 python\n", 1),
    ],
)
def test_a_base_that_may_change_is_told(text: str, warnings: int) -> None:
    assert len(list(containers.dockerfile_warnings(text.encode()))) == warnings
