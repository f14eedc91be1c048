"""docs/workflows-tabular.md: its Python and its commands, run in their order as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_server import ROOT
from tests.releases.house import House
from tests.test_docs import shape

PAGE = (ROOT / "docs" / "workflows-tabular.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "--- end of what was printed ---"
DRAWN = ("abalone.svg", "progress.svg", "experiments.svg")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command with the lines that the page prints below it."""
    for kind, text in _BLOCK.findall(PAGE):
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *lines = part.splitlines()
                yield command, lines


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "house")
    yield made
    made.slipway("down")


def test_the_page_is_true(house: House) -> None:
    python = "\n".join(text for kind, text in _BLOCK.findall(PAGE) if kind == "python")
    (house.root / "abalone_workflow.py").write_text(python, encoding="utf-8")
    script = "\n".join(f"{command} 2>&1\necho '{_END}'" for command, _ in commands())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**house.environment, "PATH": path, "PYTHONPATH": str(house.root)}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=house.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    printed = done.stdout.split(f"{_END}\n")
    assert len(printed) == len(list(commands())) + 1, done.stdout + done.stderr
    for (command, lines), said in zip(commands(), printed, strict=False):
        found = [shape(line) for line in said.splitlines()]
        missing = [line for line in lines if shape(line) not in found]
        assert not missing, f"{command}\nprinted:\n{said}"
    for name in DRAWN:
        assert (house.root / name).read_text(encoding="utf-8").startswith("<svg xmlns=")


def test_the_page_says_what_each_verb_does() -> None:
    named = {command.split("workflow ")[1].split()[0] for command, _ in commands() if "slipway workflow " in command}
    assert named == {"graph", "create", "execute", "progress", "events", "list"}
