"""Processor time is counted by part, of what ran in between two moments."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from benchmarks.processor_time import ProcessorTime, used_in_all

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc")

WORK = """
import time
for _ in range(2):
    end = float(input()) + time.process_time()
    while time.process_time() < end:
        pass
    print(flush=True)
input()
"""


def test_each_part_has_its_own_from_one_moment_to_the_other() -> None:
    with subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:

        def work(seconds: bytes) -> None:
            assert busy.stdin is not None
            assert busy.stdout is not None
            busy.stdin.write(seconds + b"\n")
            busy.stdin.flush()
            busy.stdout.readline()

        work(b"0.5")
        with ProcessorTime({"busy": lambda: [busy.pid], "none": list}) as used:
            start = datetime.now(UTC)
            work(b"0.2")
            end = datetime.now(UTC)
        busy.kill()
    found = used.between(start, end)
    assert 0.15 < found["busy"] < 0.5
    assert found["none"] == 0.0


def test_a_process_that_comes_counts_whole_and_one_that_ends_to_its_last_note() -> None:
    notes = [{1: 2.0, 2: 0.0}, {1: 3.0, 3: 0.5}, {3: 0.75}]
    assert used_in_all({1: 1.0, 2: 4.5}, notes) == pytest.approx(2.0 + 0.75)
