"""Commands that the command line prints are written in one place, and can be copied."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from slipway.cli import app
from slipway.commands import command_line
from slipway.target import Options, Target

from tests.local_server import ROOT
from tests.test_docs import verbs

LOCAL = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:4566")
ELSEWHERE = replace(LOCAL, endpoint_url="http://127.0.0.1:4600")
AWS = Target("AWS", "eu-west-1", "main")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SLIPWAY_MODEL", "SLIPWAY_PORT", "SLIPWAY_SUFFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["slipway"])
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("options", "target", "expected"),
    [
        (Options(), LOCAL, ""),
        (
            Options(port=4600, model="red"),
            replace(LOCAL, endpoint_url="http://127.0.0.1:4600"),
            "--port 4600 --model red",
        ),
        (Options(suffix="acme", region="eu-west-1"), LOCAL, "--region eu-west-1 --suffix acme"),
        (Options(local=False), AWS, "--aws"),
        (Options(profile="my work", port=4600), AWS, "--profile 'my work'"),
    ],
)
def test_a_command_is_for_the_same_target_and_model(options: Options, target: Target, expected: str) -> None:
    made = command_line(options, target, "show --json", "a b")
    assert made == " ".join(filter(None, ("slipway", expected, "show --json 'a b'")))


def test_credentials_for_aws_need_the_target_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "an-example")
    assert command_line(Options(), LOCAL, "runs") == "slipway --local runs"
    assert command_line(Options(local=False), AWS, "runs") == "slipway runs"


def test_what_the_environment_says_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_MODEL", "red")
    assert command_line(Options(), LOCAL, "runs") == "slipway --model wine-quality runs"


@pytest.mark.parametrize(
    ("place", "started", "expected"),
    [
        (".", "a folder/bin/slipway", "'a folder/bin/slipway'"),
        ("a folder/bin", "slipway", "./slipway"),
        ("a folder", "../scripts/slipway/cli.py", f"{shlex.quote(sys.executable)} -m slipway.cli"),
    ],
)
def test_the_program_is_found_from_here(
    place: str, started: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "a folder" / "bin" / "slipway"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.chdir(tmp_path / place)
    monkeypatch.setattr(sys, "argv", [started])
    assert command_line(Options(), None, "runs") == f"{expected} runs"


def test_the_program_on_the_path_has_a_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "slipway"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert command_line(Options(), None, "runs") == "slipway runs"


NAMED = {name for name in verbs(app) if name.isalpha()}


def texts(path: Path) -> list[tuple[int, str]]:
    """The strings of a module that may be printed: all but docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        if isinstance(node.body[0], ast.Expr)
    }
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented | bare
    ]


def by_hand(text: str) -> list[str]:
    """Commands in a text; a verb in backquotes is only named, and a sentence may say what slipway does."""
    found = re.findall(r"(?<!`)\b(?:slipway|scripts\.cli) ([a-z]+)\b", text)
    return [verb for verb in found if verb in NAMED]


def test_no_command_is_written_by_hand() -> None:
    sentences = {
        "slipway destroy removes this pipeline",
        "slipway destroy removes this workflow",
        "stopped with slipway stop",
    }
    folders = ("scripts", "pipeline_lambdas", "inference_lambdas")
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for line, text in texts(path)
        if by_hand(text) and text not in sentences
    ]
    assert wrong == []


def test_a_command_by_hand_would_be_found() -> None:
    assert by_hand("Start it: slipway up") == ["up"]
    assert by_hand("`slipway up` is about local AWS") == []
