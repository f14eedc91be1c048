"""What MiniStack and its processes hold: only what is in use, and what is written of it does not change it."""

from __future__ import annotations

import io
import json
import platform
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_aws import base
from local_aws.base import memory
from local_aws.sagemaker.hosting.model_data import ModelData
from local_aws.state.snapshots import Snapshots
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


def test_stacks_are_written_while_they_change_and_not_with_each_change_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their state is a MiB, of which a copy is made to write it."""
    written, now, stacks = list[str](), [1000.0], [("a", "CREATE_COMPLETE", 9)]
    under_way = [False]
    monkeypatch.setattr(base, "ended_stacks", lambda: frozenset(stacks))
    monkeypatch.setattr(base, "stacks_under_way", lambda: under_way[0])
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    found = object.__new__(Snapshots)
    monkeypatch.setattr(found, "save", written.append, raising=False)
    found._keys = {"iam": "iam", "cloudformation": "cloudformation"}
    found._cloudformation_loaded, found._active = True, threading.Event()
    found._stacks_seen, found._stacks_change_until = frozenset(stacks), 0.0

    def writes_stacks(after_s: float = 0.0) -> bool:
        written.clear()
        now[0] += after_s
        found.save_changing()
        assert "iam" in written
        return "cloudformation" in written

    assert not writes_stacks()
    found.note("s3")
    assert not writes_stacks()
    found.note("cloudformation")
    assert writes_stacks()
    assert writes_stacks(20)
    assert not writes_stacks(20)
    under_way[0] = True
    assert writes_stacks(3600)
    under_way[0] = False
    assert writes_stacks(20)
    assert not writes_stacks(20)
    stacks.append(("b", "CREATE_COMPLETE", 5))  # began and ended between two looks
    assert writes_stacks()


def test_a_model_that_was_fetched_leaves_no_lock(tmp_path: Path) -> None:
    data = ModelData(tmp_path)
    for name in ("first", "second"):
        with data._only_one(name):
            assert [*data._fetching] == [name]
    assert [*data._fetching] == []


def test_garbage_is_found_soon_however_much_there_is_in_use() -> None:
    """Cycles are gone without a search through all that the modules of a server have made."""
    program = """
import gc, sys
from collections import deque
from local_aws.serving.allocator import freeze_startup_objects
kept = [[number] for number in range(300_000)]
gc.collect()
if sys.argv[1] == "aside":
    freeze_startup_objects()
class Cycle:
    alive = 0
    def __init__(self):
        self.me, Cycle.alive = self, Cycle.alive + 1
    def __del__(self):
        Cycle.alive -= 1
most, in_use = 0, deque(maxlen=20)  # each lives long enough to count as old
for _ in range(100):
    in_use.append([Cycle() for _ in range(500)])
    most = max(most, Cycle.alive)
    for _ in range(12):
        [[] for _ in range(1_000)]
print(most)
"""

    def most(how: str) -> int:
        command = [sys.executable, "-c", program, how]
        return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    in_use = 20 * 500
    assert most("aside") - in_use < (most("not") - in_use) / 2


@pytest.mark.skipif(not platform.libc_ver()[0], reason="only glibc can be told, and only Linux tells the memory")
def test_free_pages_between_used_ones_are_released() -> None:
    program = """
import re, sys, time
from local_aws.serving.allocator import trim_periodically
def own():
    text = open("/proc/self/smaps_rollup").read()
    return sum(int(kib) for kib in re.findall("Private_(?:Clean|Dirty): +([0-9]+)", text))
before = own()
held = [b"x" * 60_000 for _ in range(500)]
del held[:-1]  # the last one lies above the others
if sys.argv[1] == "trim":
    trim_periodically(0.1)
deadline = time.monotonic() + (10 if sys.argv[1] == "trim" else 0.5)
while own() - before > 10_000 and time.monotonic() < deadline:
    time.sleep(0.05)
print(own() - before)
"""

    def left_kib(how: str) -> int:
        command = [sys.executable, "-c", program, how]
        return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    assert left_kib("not") > 20_000
    assert left_kib("trim") < 10_000


@pytest.mark.skipif(not platform.libc_ver()[0], reason="only glibc can be told, and only Linux tells the memory")
def test_a_body_that_is_gone_takes_no_memory_whatever_lies_behind_it() -> None:
    """Without a trim, so that nothing is left of it that a small block could make its page stay for."""
    program = """
import re, sys
from local_aws.serving.allocator import release_memory
def own():
    text = open("/proc/self/smaps_rollup").read()
    return sum(int(kib) for kib in re.findall("Private_Dirty: +([0-9]+)", text))
if sys.argv[1] == "set":
    release_memory()
before = own()
held = [(bytearray(b"x" * (16 << 10)), bytearray(600)) for _ in range(2_000)]
small = [one for _, one in held]
del held
print(own() - before)
"""

    def left_kib(how: str) -> int:
        command = [sys.executable, "-c", program, how]
        return int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    assert left_kib("not") > 30_000
    assert left_kib("set") < 10_000


def test_the_allocator_is_set_where_possible() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from local_aws.serving.allocator import release_memory as f; print(f(), f())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [str("glibc" in "".join(platform.libc_ver()))] * 2
