from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway import cli
from slipway.cli import common_options_first, run
from slipway.errors import StillRunningError
from slipway.installation.aws_errors import explain
from slipway.verbs import runs as run_list


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["release", "--local"], ["--local", "release"]),
        (["show", "abc", "--region", "eu-west-1", "--json"], ["--region", "eu-west-1", "--json", "show", "abc"]),
        (["data", "upload", "--model=m", "DIR"], ["--model=m", "data", "upload", "DIR"]),
        (["logs", "x", "--", "--json"], ["logs", "x", "--", "--json"]),
        (["show", "--region"], ["--region", "show"]),
    ],
)
def test_common_options_may_stand_anywhere(arguments: list[str], expected: list[str]) -> None:
    assert common_options_first(arguments) == expected


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user without AWS credentials who has called `slipway` by a name that the PATH does not know."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "SLIPWAY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["slipway"])


def test_a_character_that_the_terminal_lacks_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")

    def say(_: list[str]) -> int:
        sys.stdout.write("a \N{HORIZONTAL ELLIPSIS} \xe9\n")
        return 0

    monkeypatch.setattr(cli, "run", say)
    monkeypatch.setattr(sys, "stdout", shown)
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    shown.seek(0)
    assert (ended.value.code, shown.read()) == (0, "a ? \xe9\n")


@pytest.fixture
def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_local_aws_that_is_down_is_one_sentence(free_port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--local", "--port", free_port]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"error: Local AWS does not answer.\nnext: Start it: slipway --port {free_port} up\n"
    assert not captured.out


def test_a_program_gets_the_error_as_json(free_port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "--local", "--port", free_port, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"error": "Local AWS does not answer.", "next": f"Start it: slipway --port {free_port} up"}


@pytest.mark.parametrize("arguments", [["nonsense"], ["follow", "a", "b"], ["logs"], ["--port", "many", "runs"]])
def test_a_wrong_command_line_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_up_on_aws_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert run(["up", "--aws"]) == 1
    assert "`slipway up` is about local AWS, and the target is AWS." in capsys.readouterr().err


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_list, "list_runs", interrupted)
    assert run(["runs", "--local"]) == 130


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_person_who_stops_waiting_learns_what_continues(
    option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_arguments: object) -> None:
        raise StillRunningError("Release a goes on.", lambda command: f"Look again: {command('follow', 'a b')}")

    monkeypatch.setattr(run_list, "list_runs", stopped)
    assert run(["runs", "--local", "--model", "red", *option]) == 130
    captured = capsys.readouterr()
    if option:
        answer = json.loads(captured.out)
        assert answer == {"interrupted": "Release a goes on.", "next": "Look again: slipway --model red follow 'a b'"}
    else:
        assert captured.err.splitlines()[1] == "next: Look again: slipway --model red follow 'a b'"


def test_a_mistake_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run_list, "list_runs", broken)
    with pytest.raises(ZeroDivisionError):
        run(["runs", "--local"])


def test_an_error_of_aws_keeps_its_code_and_message() -> None:
    answer: Any = {"Error": {"Code": "PipelineNotFoundException", "Message": "no pipeline of that name"}}
    explained = explain(ClientError(answer, "GetPipelineState"))
    assert explained is not None
    assert explained.message == "GetPipelineState: PipelineNotFoundException: no pipeline of that name"
    assert explained.next_step == "Create the pipeline: slipway deploy"


def test_help_needs_no_boto3() -> None:
    code = (
        "import sys\n"
        "from slipway.cli import run\n"
        "code = run(['--help'])\n"
        "sys.exit(code or any(name in sys.modules for name in ('boto3', 'botocore.client', 'xgboost', 'local_aws')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_verb_has_help() -> None:
    verbs = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    assert {"up", "down", "status", "check", "deploy", "publish", "release", "follow", "runs", "show"} <= verbs
    for verb in verbs:
        assert run([verb, "--help"]) == 0
