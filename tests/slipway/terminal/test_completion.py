"""What a shell completes, asked as bash asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from slipway.terminal import completion

from tests.local_server import ROOT, free_port
from tests.releases.house import House


def completed(line: str, port: int, checkout: Path = ROOT) -> list[str]:
    """What is offered for the last word of a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_SLIPWAY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "SLIPWAY_PORT": str(port),
    }
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.stdout.split()


def test_verbs_and_models_need_nothing_to_be_up() -> None:
    port = free_port()
    assert completed("slipway fol", port) == ["follow"]
    assert completed("slipway --model wi", port) == ["wine-quality"]
    assert completed("slipway show --model w", port) == ["wine-quality"]
    assert completed("slipway --local show ", port) == []


def test_releases_and_stages_are_those_of_the_pipeline(house: House) -> None:
    port, newest, here = house.server.port, house.newest(), house.root
    assert newest[:13] in completed("slipway --local show ", port, here)
    assert completed(f"slipway --local follow {newest[:11]}", port, here) == [newest[:13]]
    assert completed("slipway --local retry DeployT", port, here) == ["DeployTest"]
    assert completed("slipway --local --model none show ", port, here) == []


def test_an_account_that_does_not_answer_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_PATIENCE_S", 0.01)
    context: Any = SimpleNamespace(find_root=lambda: SimpleNamespace(params={}))
    answered = Event()

    def ask(_: object) -> list[str]:
        answered.wait(60)
        return ["late"]

    assert completion._asked(context, ask) == []
    answered.set()


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_a_short_name(option: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "show", option], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Show one release in full." in done.stdout


def test_the_version_is_that_of_the_project() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "slipway 0.1.0\n"
    assert 'version = "0.1.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
