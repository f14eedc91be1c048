"""One server for one state folder, and what is said where none can run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_aws.serving import lock
from tests.local_server import ROOT, LocalServer, wait_for

_HOLD = """
import subprocess, sys, time
from pathlib import Path
from local_aws.serving.lock import Holder, StateLock
held = StateLock(Path(sys.argv[1]))
assert held.acquire()
held.announce(Holder(int(sys.argv[2]) or __import__("os").getpid(), 4566, "us-east-1"))
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
time.sleep(60)
"""


def servers_of(server: LocalServer) -> list[int]:
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    lines = [line for line in listed.splitlines() if f"serve --state {server.state} " in line]
    return [int(line.split()[0]) for line in lines]


@pytest.mark.parametrize("count", [2, 4])
def test_several_ups_at_once_make_one_server(tmp_path: Path, count: int) -> None:
    server = LocalServer(tmp_path / "state")
    try:
        with ThreadPoolExecutor(count) as pool:
            done = list(pool.map(lambda _: server.run("up"), range(count)))
        assert [one.returncode for one in done] == [0] * count, [one.stderr for one in done]
        said = sorted(one.stdout for one in done)
        assert sum("already up" in one for one in said) == count - 1, said
        assert servers_of(server) == [server.pid]
    finally:
        server.down()
    assert not servers_of(server)


def test_a_server_in_the_foreground_leaves_the_state_alone_that_another_has(own_local_aws: LocalServer) -> None:
    other = LocalServer(own_local_aws.state)
    done = other.run("serve")
    assert done.returncode != 0
    assert f"is in use by process {own_local_aws.pid}, at {own_local_aws.url}" in done.stderr
    assert "Traceback" not in done.stderr
    assert own_local_aws.run("status").returncode == 0


def test_another_port_of_a_running_server_is_named(own_local_aws: LocalServer) -> None:
    other = LocalServer(own_local_aws.state)
    for verb in ("up", "status"):
        done = other.run(verb)
        assert done.returncode == 1
        assert f"is up at port {own_local_aws.port} in us-east-1, not at port {other.port}" in done.stdout + done.stderr
    assert servers_of(own_local_aws) == [own_local_aws.pid]


@pytest.mark.faults
def test_a_server_that_does_not_answer_is_ended_by_down(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        assert server.run("down").returncode == 0
    finally:
        for left in servers_of(server):
            os.kill(left, signal.SIGKILL)
    assert not servers_of(server)


def test_the_lock_ends_with_its_process_and_not_with_its_children(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    command = [sys.executable, "-c", _HOLD, str(path), "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            found = lock.find_holder(path)
            assert found is not None
            assert found.pid == process.pid
            assert not lock.StateLock(path).acquire()
            process.kill()
            process.wait()
            os.kill(child, 0)
            assert lock.find_holder(path) is None
            assert lock.StateLock(path).acquire()
        finally:
            os.kill(child, signal.SIGKILL)


def test_what_an_earlier_holder_said_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    with subprocess.Popen(["true"]) as gone:
        pass
    command = [sys.executable, "-c", _HOLD, str(path), str(gone.pid)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            with pytest.raises(lock.LockError, match="does not identify itself"):
                lock.find_holder(path)
        finally:
            process.kill()
            os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("port", ["0", "70000", "-1", "http"])
def test_an_invalid_port_is_refused(tmp_path: Path, port: str) -> None:
    command = [sys.executable, "-m", "local_aws", "up", "--state", str(tmp_path / "state"), f"--port={port}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert f"{port} is no port; expected 1 to 65535" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_foreign_server_on_the_port_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        server = LocalServer(tmp_path / "state", foreign.getsockname()[1])
        foreign.settimeout(0.1)
        done = server.run("up")
    assert done.returncode == 1
    assert f"port {server.port} is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr
    assert not servers_of(server)


def test_a_state_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    for verb in ("up", "serve"):
        done = LocalServer(tmp_path / "file" / "state").run(verb)
        assert done.returncode == 1
        assert f"the state folder {tmp_path / 'file' / 'state'} cannot be used: Not a directory" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where nobody may")
def test_a_state_folder_that_is_read_only_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o500)
    done = LocalServer(state).run("up")
    assert done.returncode == 1
    assert f"the state folder {state} cannot be used: Permission denied" in done.stderr


def test_up_waits_for_a_server_that_is_starting(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    server.up()
    server.down()
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(server.state), "--port", str(server.port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: lock.find_holder(server.state / "server.lock"), "the server to take the lock")
        done = server.run("up")
        assert f"already up at {server.url} (process {process.pid})" in done.stdout
        server.down()
    assert not servers_of(server)
