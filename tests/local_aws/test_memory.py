"""What MiniStack and its processes hold: only what is in use, and what is written of it does not change it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws.base import memory
from tests.local_server import ROOT, LocalServer, allow


def test_a_function_runs_after_its_state_was_written(own_local_aws: LocalServer) -> None:
    """What is written of a function refers to its package; the function in memory must keep the package itself."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    role = own_local_aws.create_role("kept", "lambda.amazonaws.com", allow("logs:*"))
    client = own_local_aws.client("lambda")

    def answer() -> Any:
        return json.load(client.invoke(FunctionName="kept", Payload=b'{"a": 1}')["Payload"])

    code = {"ZipFile": package.getvalue()}
    client.create_function(FunctionName="kept", Runtime="python3.13", Role=role, Handler="app.handler", Code=code)
    for memory_size in (256, 512):  # each makes a new worker from the package in memory
        client.update_function_configuration(FunctionName="kept", MemorySize=memory_size)
        assert answer() == {"a": 1}
        time.sleep(1.2)  # a saving in the background
    own_local_aws.kill()
    own_local_aws.up()
    assert answer() == {"a": 1}


@dataclass
class Worker:
    last_used: float
    in_use: bool = False


def test_functions_that_are_idle_have_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    now, killed = time.time(), list[Worker]()
    busy, fresh = Worker(0.0, in_use=True), Worker(now)
    old, first = Worker(now - memory.IDLE_S - 1), Worker(now - memory.IDLE_S - 2)
    runtime = SimpleNamespace(
        _lock=threading.Lock(),
        _workers={"busy": [busy], "mixed": [first, fresh], "idle": [old]},
        kill_workers=killed.extend,
    )
    functions = SimpleNamespace()
    modules = {"core.lambda_runtime": runtime, "services.lambda_svc": functions}
    monkeypatch.setattr(memory, "ministack", modules.__getitem__)
    memory.end_idle_functions()
    assert functions.reap_idle_workers() == 2
    assert runtime._workers == {"busy": [busy], "mixed": [fresh]}
    assert killed == [first, old]


def test_what_threads_have_freed_is_given_back() -> None:
    """A process with many threads that freed all they had is as small as before, where the allocator can be told."""
    program = """
import os, re, threading
from local_aws.allocator import give_memory_back
told = give_memory_back()
def own():
    text = open("/proc/self/smaps_rollup").read()
    return sum(int(kib) for kib in re.findall(r"Private_(?:Clean|Dirty): +(\\d+)", text))
before = own()
def work():
    held = [bytes(60_000) for _ in range(200)]
    del held[::2]
for _ in range(20):
    threads = [threading.Thread(target=work) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print(int(told), own() - before)
"""
    if sys.platform != "linux":
        pytest.skip("memory is read from /proc")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    told, grown_kib = map(int, done.stdout.split())
    assert not told or grown_kib < 16 << 10
