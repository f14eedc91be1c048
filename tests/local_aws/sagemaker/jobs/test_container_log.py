from __future__ import annotations

import os
from typing import Any

import pytest

from local_aws.sagemaker.jobs.container_log import ContainerLog
from tests.local_aws.sagemaker.fakes import FakeLogs
from tests.local_server import wait_for

PLACE = ("/aws/sagemaker/TrainingJobs", "job/algo-1-1")


def _log(logs: FakeLogs, lines: list[str] | None = None) -> ContainerLog:
    def on_line(text: str, _at: float) -> None:
        if lines is not None:
            lines.append(text)

    log = ContainerLog(lambda _: logs, *PLACE, on_line)
    log.start()
    return log


def test_lines_arrive_as_cloudwatch_shows_them() -> None:
    logs, lines = FakeLogs(), list[str]()
    log = _log(logs, lines)
    os.write(log.write_fd, b"[0]\ttrain-rmse:1.5\n\nsecond \xff line\r\nno newline at the end")
    log.finish(10)
    expected = ["[0]#011train-rmse:1.5", "second \ufffd line", "no newline at the end"]
    assert logs.streams[PLACE] == expected
    assert lines == expected


def test_output_arrives_while_the_container_runs() -> None:
    logs = FakeLogs({PLACE[0]})
    log = _log(logs)
    os.write(log.write_fd, b"begins\n")
    wait_for(lambda: logs.streams.get(PLACE) == ["begins"], "the first batch", 10)
    log.finish(10)


def test_batches_stay_within_the_limits_of_put_log_events() -> None:
    logs = FakeLogs()
    log = _log(logs)
    for _ in range(12):
        os.write(log.write_fd, b"x" * 250_000 + b"\n")
    os.write(log.write_fd, b"y\n" * 12_000)
    log.finish(30)
    assert sum(logs.batches) == 12_012
    assert max(logs.batches) <= 10_000
    assert len(logs.batches) >= 4


def test_a_line_without_end_is_cut() -> None:
    logs = FakeLogs()
    log = _log(logs)
    os.write(log.write_fd, b"x" * 600_000)
    log.finish(10)
    assert "".join(logs.streams[PLACE]) == "x" * 600_000
    assert max(len(line) for line in logs.streams[PLACE]) < 330_000


def test_a_role_without_permissions_loses_its_log_only(caplog: pytest.LogCaptureFixture) -> None:
    logs, lines = FakeLogs(denied=True), list[str]()
    log = _log(logs, lines)
    os.write(log.write_fd, b"text\n")
    log.finish(10)
    assert lines == ["text"]
    assert not logs.streams
    assert "failed, trying again in" in caplog.text


def test_a_log_that_was_never_started_leaves_no_descriptor() -> None:
    log = ContainerLog(lambda _: FakeLogs(), *PLACE)
    fds: list[Any] = [log._read_fd, log.write_fd]
    log.finish(1)
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_a_flood_is_cut_and_its_metrics_are_still_read() -> None:
    logs, lines = FakeLogs(), list[str]()
    log = ContainerLog(lambda _: logs, *PLACE, lambda text, _at: lines.append(text), 3 << 20)
    log.start()
    for _ in range(20):
        os.write(log.write_fd, b"x" * 200_000 + b"\n")
    os.write(log.write_fd, b"the end\n")
    log.finish(30)
    kept = logs.streams[PLACE]
    assert kept[-1] == "3 MiB are logged. The rest is left out, which CloudWatch Logs on AWS would keep."
    assert sum(map(len, kept)) <= 3 << 20
    assert lines[-1] == "the end"
