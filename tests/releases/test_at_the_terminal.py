"""The command line as a person meets it: a terminal, Ctrl-C, printed commands that are run as printed."""

from __future__ import annotations

import http.cookiejar
import json
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl

import pytest
from slipway.releases.run_view import waiting_approvals

from tests.local_server import free_port, wait_for
from tests.releases.house import MODEL, PREFIX, House

PROGRAM = f"{shlex.quote(sys.executable)} -m slipway.cli"
_ASKED = re.compile(re.escape(PROGRAM) + r"[^;\n]*?(?=;|, then|\.(?:\s|$)|\n|$)")
_CHANGES = {"approve", "reject", "retry", "down", "destroy", "deploy", "release", "start", "follow"}
"""Verbs that are not run again here, or that wait: their command line is parsed alone."""


@pytest.fixture(scope="module")
def waiting(house: House) -> Iterator[str]:
    """A release whose approval is open while the tests of this module run; approved in the end."""
    house.restore()
    house.wait_for_end(house.newest())
    client = house.client("codepipeline")
    release = str(client.start_pipeline_execution(name=PREFIX)["pipelineExecutionId"])
    wait_for(lambda: _open_approval(house) == release, "the approval", 120)
    yield release
    house.wait_for_end(release)


def _open_approval(house: House) -> str:
    """The release whose approval is open; empty if none is."""
    state = house.client("codepipeline").get_pipeline_state(name=PREFIX)
    return next((run_id for *_, run_id in waiting_approvals(state)), "")


def printed(text: str) -> set[str]:
    """The commands in what was printed."""
    return {found.strip() for found in _ASKED.findall(text)}


def run_as_printed(house: House, command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
    return subprocess.run(
        ["sh", "-c", command], cwd=house.root, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_without_a_terminal_there_is_a_plain_line_each(house: House) -> None:
    ended = next(one for one in house.executions() if one["status"] == "Succeeded")
    done = house.slipway("follow", ended["pipelineExecutionId"][:13])
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert any(re.match(r"  \d\d:\d\d:\d\d  Train/WaitForTraining  Succeeded  ", line) for line in lines)


def test_printed_commands_work_as_printed(house: House, waiting: str) -> None:
    said = [
        house.slipway(*arguments)
        for arguments in (
            ("show", waiting[:13]),
            ("status",),
            ("runs",),
            ("runs", "--status", "cancelled"),
            ("explain", waiting[:13]),
            ("approve", "ffff", "--message", "no such release"),
            ("rollback", "ffff", "--yes"),
            ("show", "ffff"),
            ("logs", "end-release", "--since", "1s"),
            ("data", "upload", "nowhere"),
            ("check", "nowhere"),
            ("start", "--model", "red-wine"),
            ("status", "--model", "red-wine"),
            ("predict", "--row", "1", "--model", "red-wine"),
        )
    ]
    commands = {command for done in said for command in printed(done.stdout + done.stderr)}
    verbs = {shlex.split(command)[3:] and _verb(command) for command in commands}
    assert {"show", "approve", "reject", "runs", "follow", "deploy", "data", "status", "check", "logs"} <= verbs
    before = [summary["pipelineExecutionId"] for summary in house.executions()]
    for command in sorted(commands):
        assert f"--port {house.server.port}" in command, command
        alone = _verb(command) in _CHANGES or "FILE.csv" in command or " DIR" in command
        done = run_as_printed(house, f"{command} --help" if alone else command)
        assert done.returncode == 0 or _is_expected(command, done.stderr), f"{command}\n{done.stdout}{done.stderr}"
    assert [summary["pipelineExecutionId"] for summary in house.executions()] == before


def test_a_hint_for_another_model_names_it(house: House) -> None:
    for arguments in (("start",), ("data", "upload"), ("predict", "--row", "1")):
        done = house.slipway(*arguments, "--model", "red-wine")
        commands = printed(done.stdout + done.stderr)
        assert commands, arguments
        for command in commands:
            assert "--model red-wine" in command, command


def test_a_prepared_dataset_stays_its_own_models(house: House) -> None:
    source = house.root / "red.csv"
    rows = "".join(f"{number % 3},{number},{number * 2}\n" for number in range(40))
    source.write_text(f"quality,acidity,sugar\n{rows}", encoding="utf-8")
    known = house.client("s3").head_object(Bucket=_bucket(house), Key=f"{MODEL}/manifest.json")["VersionId"]
    done = house.slipway("data", "prepare", "red.csv", "--label", "quality", "--model", "red-wine", "--out", "red wine")
    assert done.returncode == 0, done.stdout + done.stderr
    (command,) = printed(done.stdout)
    uploaded = run_as_printed(house, command)
    assert uploaded.returncode == 0, uploaded.stdout + uploaded.stderr
    s3 = house.client("s3")
    assert s3.head_object(Bucket=_bucket(house), Key=f"{MODEL}/manifest.json")["VersionId"] == known
    manifest = json.load(s3.get_object(Bucket=_bucket(house), Key="red-wine/manifest.json")["Body"])
    assert manifest["prefix"].startswith("red-wine/")
    for item in s3.list_objects_v2(Bucket=_bucket(house), Prefix="red-wine/")["Contents"]:
        s3.delete_object(Bucket=_bucket(house), Key=item["Key"])


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 15)])
def test_ctrl_c_in_a_terminal_says_that_the_release_continues(
    house: House, waiting: str, columns: int, rows: int
) -> None:
    with _at_a_terminal(house, columns, rows, "follow", waiting[:13]) as (process, controller):
        shown = _read_until(controller, "reject:")
        assert "Waiting for approval" in _plain(shown)
        process.send_signal(signal.SIGINT)
        shown += _read_until(controller, "follow")
        assert process.wait(30) == 130
    assert f"Release {waiting[:13]} goes on." in _plain(shown)


def test_a_console_lets_another_browser_in_while_it_is_there(house: House) -> None:
    port = str(free_port())
    asked = ("console", "--suffix", "other", "--console-port", port, "--no-browser")
    with _at_a_terminal(house, 200, 24, *asked) as (process, controller):
        shown = _read_until(controller, "Ctrl-C ends")
        os.write(controller, b"\n")
        shown += _read_until(controller, "_console%2F")
        addresses = re.findall(rf"http://127.0.0.1:{port}\S+", _plain(shown))
        assert len(set(addresses)) == 2
        for address in addresses:
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
            assert b"Slipway" in opener.open(address).read()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@contextmanager
def _at_a_terminal(
    house: House, columns: int, rows: int, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a verb in a window of this size; yields the process and what controls its terminal."""
    environment = {**os.environ, "SLIPWAY_PORT": str(house.server.port), "TERM": "xterm"}
    for name in ("CI", "COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway.cli", *arguments, "--local"],
        cwd=house.root,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        yield process, controller
    finally:
        process.kill()
        process.wait()
        os.close(controller)


def _verb(command: str) -> str:
    words = shlex.split(command)
    known = ("--port", "--suffix", "--model", "--region", "--profile")
    rest = words[3:]
    while rest and rest[0].startswith("--"):
        rest = rest[2:] if rest[0] in known else rest[1:]
    return rest[0] if rest else ""


def _is_expected(command: str, stderr: str) -> bool:
    """Whether a command that fails says the one thing that it may: that a model has no pipeline."""
    return "--model red-wine" in command and ("PipelineNotFound" in stderr or "no endpoint" in stderr)


def _bucket(house: House) -> str:
    return f"slipway-local-data-{house.account}-us-east-1"


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def _read_until(controller: int, wanted: str, timeout_s: float = 60) -> str:
    """What comes to the terminal until the text is there."""
    read, deadline = "", time.monotonic() + timeout_s
    while wanted not in _plain(read):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {wanted!r} in {_plain(read)[-2000:]}"
        if select.select([controller], [], [], 0.5)[0]:
            try:
                read += os.read(controller, 65_536).decode(errors="replace")
            except OSError:  # the other side is closed
                break
    return read
