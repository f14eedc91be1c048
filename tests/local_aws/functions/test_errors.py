"""How a function fails: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.local_aws.functions.deployed import deploy
from tests.local_server import LocalServer, wait_for

RAISES = """
class TooMuchError(Exception):
    pass
def handler(event, context):
    print("before")
    raise TooMuchError("more than enough")
"""
SLEEPS = """
import os, time
def handler(event, context):
    open(event["pid"], "w").write(f"{os.getpid()} ")
    time.sleep(60)
"""


def test_class_message_and_stack_of_what_a_handler_raises(local_aws: LocalServer) -> None:
    function = deploy(local_aws, "raises", RAISES)
    answer, error = function.call()
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("TooMuchError", "more than enough")
    assert len(answer["stackTrace"]) == 1, answer["stackTrace"]
    assert re.fullmatch(r'  File ".*/app\.py", line 6, in handler\n    raise .*\n(.*\n)?', answer["stackTrace"][0])
    lines = function.log()
    request = answer["requestId"]
    start = lines.index(f"START RequestId: {request} Version: $LATEST")
    assert lines[start + 1 : start + 4] == [
        "before",
        "[ERROR] TooMuchError: more than enough",
        "Traceback (most recent call last):",
    ]
    assert f"END RequestId: {request}" in lines
    assert re.match(f"REPORT RequestId: {request}\tDuration: .* ms\t.*\tStatus: error\t.*: TooMuchError", lines[-1])


@pytest.mark.parametrize(
    ("name", "handler", "code", "kind", "message"),
    [
        (
            "no-module",
            "app.handler",
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nowhere'",
        ),
        (
            "no-package",
            "other.handler",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        ("no-name", "app.main", "", "Runtime.HandlerNotFound", "Handler 'main' missing on module 'app'"),
        (
            "no-syntax",
            "app.handler",
            "def handler(:",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        ("raises-early", "app.handler", "1 / 0", "ZeroDivisionError", "division by zero"),
        (
            "no-json",
            "app.handler",
            "def handler(event, context):\n    return {1, 2}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ],
)
def test_a_function_that_cannot_run_says_why_in_answer_and_log(
    local_aws: LocalServer, name: str, handler: str, code: str, kind: str, message: str
) -> None:
    function = deploy(local_aws, name, code, Handler=handler)
    for _ in range(2):
        answer, error = function.call()
        assert error == "Unhandled"
        assert (answer["errorType"], answer["errorMessage"]) == (kind, message)
    lines = function.log()
    request = answer["requestId"]
    assert lines.count(f"[ERROR] {kind}: {message}") == 2
    assert f"START RequestId: {request} Version: $LATEST" in lines
    assert f"END RequestId: {request}" in lines
    assert any(line.startswith(f"REPORT RequestId: {request}\t") for line in lines)


def test_time_out(local_aws: LocalServer, tmp_path: Path) -> None:
    function = deploy(local_aws, "too-slow", SLEEPS, Timeout=1)
    began = time.monotonic()
    answer, error = function.call({"pid": str(tmp_path / "pid")})
    assert time.monotonic() - began < 10
    assert (error, answer["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    found = re.fullmatch(r"RequestId: (\S+) Error: Task timed out after 1\.00 seconds", answer["errorMessage"])
    assert found
    lines = function.log()
    assert any(re.fullmatch(rf"\S+Z {found[1]} Task timed out after 1\.00 seconds", line) for line in lines)
    assert lines[-1].endswith("\tStatus: timeout")
    assert not _runs(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_time_to_import_is_not_the_function_s_own(local_aws: LocalServer) -> None:
    code = (
        "import time\ntime.sleep(1.5)\ndef handler(event, context):\n    return context.get_remaining_time_in_millis()"
    )
    remaining, error = deploy(local_aws, "slow-import", code, Timeout=1).call()
    assert error is None
    assert 500 < remaining <= 1000


@pytest.mark.parametrize(
    ("name", "end", "reason"),
    [
        ("killed", "os.kill(os.getpid(), 9)", "exited with error: signal: killed"),
        ("crashed", "os.kill(os.getpid(), 11)", "exited with error: signal: segmentation fault"),
        ("exits", "sys.exit(3)", "exited with error: exit status 3"),
        ("leaves", "sys.exit()", "exited without providing a reason"),
    ],
)
def test_a_process_that_ends_in_its_call(local_aws: LocalServer, name: str, end: str, reason: str) -> None:
    code = f"import os, sys\ndef handler(event, context):\n    print('alive')\n    if event: return event\n    {end}"
    function = deploy(local_aws, name, code)
    began = time.monotonic()
    answer, error = function.call()
    assert time.monotonic() - began < 10
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    found = re.fullmatch(r"RequestId: (\S+) Error: Runtime (.*)", answer["errorMessage"])
    assert found
    assert found[2] == reason
    lines = function.log()
    assert lines[-5:-1] == ["alive", found[0], "Runtime.ExitError", f"END RequestId: {found[1]}"]
    assert lines[-1].startswith(f"REPORT RequestId: {found[1]}\t")
    assert function.call("again") == ("again", None), "the next call has a process of its own"


def test_killed_from_outside_while_a_child_of_it_holds_its_pipes(local_aws: LocalServer, tmp_path: Path) -> None:
    code = SLEEPS.replace(
        "time.sleep(60)", "os.fork()\n    open(event['pid'], 'a').write(f'{os.getpid()} ')\n    time.sleep(60)"
    )
    function = deploy(local_aws, "killed-outside", code, Timeout=50)
    function.send({"pid": str(tmp_path / "pid")})

    def processes() -> list[int]:
        path = tmp_path / "pid"
        found = [int(pid) for pid in path.read_text(encoding="utf-8").split()] if path.exists() else []
        return found if len(found) == 3 else []

    first = wait_for(processes, "the function to fork")
    os.kill(first[0], signal.SIGKILL)
    function.until_logged("Runtime exited with error: signal: killed")
    if sys.platform == "linux":
        wait_for(lambda: not any(_runs(pid) for pid in set(first)), "the function's processes to be gone")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
