"""README and docs against what is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from slipway.cli import app, run
from typer import Typer

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.config.reference import reference_markdown
from tests.local_server import ROOT
from tests.releases.house import House

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])


def section(name: str) -> str:
    """What stands between two markers of the README."""
    return README.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]


def tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(listed.splitlines())


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_the_tree_names_everything_at_the_top() -> None:
    named = {line.split()[0].rstrip("/") for line in section("tree").splitlines()[2:-1] if not line.startswith(" ")}
    there = {name.split("/")[0] for name in tracked()}
    assert named == there - {".gitignore"}


def verbs(commands: Typer) -> list[str]:
    own = [command.name or command.callback.__name__ for command in commands.registered_commands if command.callback]
    groups = [(str(group.name), group.typer_instance) for group in commands.registered_groups]
    return [*own, *(name for title, group in groups if group for name in (title, *verbs(group)))]


def test_the_table_of_verbs_is_the_command_line() -> None:
    named = re.findall(r"`(\w+)`", section("verbs"))
    assert sorted(named) == sorted(verbs(app))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_the_reference_of_the_training_config_is_the_schema() -> None:
    written = (ROOT / "docs" / "training-config.md").read_text(encoding="utf-8")
    assert written.endswith("\n" + reference_markdown())


def test_the_quotas_are_those_that_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    text = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
    _, command, *written = text.split("<!-- quotas -->\n")[1].split("```\n<!-- /quotas -->")[0].splitlines()
    assert run(command.split()[2:]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == written


def shape(line: str) -> str:
    """A line without what differs from run to run: ids, times, numbers, the column widths that follow from them."""
    line = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?\b|\b[0-9a-f]{7,16}\b", "ID", line)
    line = re.sub(r"\d[\d.,:]*", "N", line).replace("N min N s", "N s")
    line = re.sub(r" +\(N s\)$", "", line)
    return re.sub(r"[ID-]*\.{3}$", "...", re.sub(r"\s+", " ", line).strip())


def test_the_transcript_is_what_a_release_prints(house: House) -> None:
    written = [shape(line) for line in section("transcript").splitlines()[2:-1]]
    printed = [shape(line) for line in house.transcript.splitlines()]
    assert [line for line in written if line not in printed and line not in ("...", "$ make release")] == []
    assert len(written) > 10


def test_the_platforms_of_locks_are_those_of_the_images() -> None:
    page = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (scikit-learn|xgboost) ([^|]+) \| ([\d.]+) \| (\S+) \|$", page, re.MULTILINE)
    written = {(name, version): (python, tag) for name, all_of, python, tag in rows for version in all_of.split(", ")}
    known = {
        (name, version): (".".join(map(str, platform.python)), platform.name)
        for name, algorithm in ALGORITHMS.items()
        for version, platform in (algorithm.script.platforms if algorithm.script else {}).items()
    }
    assert written == known
    python, tag = known["scikit-learn", "1.4-2"]
    assert f"--python-version {python} --python-platform {tag} --output-file requirements.txt" in page
