"""The container engine of a machine is found, and asked with its user's settings alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_aws.engine.find import NoEngineError, find_engine, handed_on


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr("local_aws.engine.find.shutil.which", lambda name: _found(tmp_path / name))
    return tmp_path


def _found(place: Path) -> str | None:
    return str(place) if place.is_file() else None


@pytest.mark.usefixtures("path")
def test_a_machine_without_any() -> None:
    with pytest.raises(NoEngineError, match=r"neither docker nor podman is on the PATH.*: install and start Docker"):
        find_engine()


def test_a_client_without_an_engine_is_none(path: Path) -> None:
    program(path, "docker", 'test "$1" = info && { echo "no daemon" >&2; exit 1; }')
    with pytest.raises(NoEngineError, match="docker: no daemon"):
        find_engine()


def test_podman_stands_in_for_a_docker_that_does_not_answer(path: Path) -> None:
    program(path, "docker", "exit 1")
    program(path, "podman", 'test "$1" = info && echo v1 || echo podman version 4')
    found = find_engine()
    assert found.program == str(path / "podman")
    assert found.podman
    assert not found.limits


def test_docker_is_asked_where_its_context_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    answers = f"case $1 in context) echo unix:///there;; info) env >{path}/env; echo 1;; esac"
    program(path, "docker", answers)
    found = find_engine()
    assert found.variables["DOCKER_HOST"] == "unix:///there"
    assert found.limits
    given = (path / "env").read_text(encoding="utf-8")
    assert "DOCKER_HOST=unix:///there" in given
    assert "SECRET" not in given


def test_a_users_settings_are_handed_on_once_and_again() -> None:
    once = handed_on({"DOCKER_HOST": "unix:///there", "SECRET": "x"})
    assert once == {"LOCAL_AWS_ENGINE_DOCKER_HOST": "unix:///there"}
    assert handed_on(once) == once
