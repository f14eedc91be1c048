"""Handles of the server: bounded, whatever is connected and closed."""

from __future__ import annotations

import asyncio
import http.client
import logging
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_aws.aws import Clients
from local_aws.base import Credentials
from local_aws.serving.server_log import LogBound, LoopErrors
from local_aws.settings import Settings
from tests.local_server import ACCOUNT, ROOT, LocalServer, allow, wait_for

LIMIT = 128
"""A hard limit, which the server cannot raise; the usual soft one is 256 on macOS."""


def test_closed_connections_are_given_back_at_once(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    command = [sys.executable, "-m", "local_aws", "serve", "--state", str(server.state), "--port", str(server.port)]
    limited = ["/bin/sh", "-c", f'ulimit -n {LIMIT} && exec "$@"', "sh", *command]
    with subprocess.Popen(limited, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: server.run("status").returncode == 0, "the server to answer")
        for _ in range(3 * LIMIT):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request("GET", "/_local_aws")
            assert connection.getresponse().read()
            connection.close()
        server.down()
        assert process.stderr is not None
        assert not process.stderr.read()


def test_the_usual_limit_is_raised_as_far_as_it_may(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "state")
    command = [sys.executable, "-m", "local_aws", "up", "--state", str(server.state), "--port", str(server.port)]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    done = subprocess.run(["/bin/sh", "-c", 'ulimit -Sn 64 && exec "$@"', "sh", *command], cwd=ROOT, check=False)
    try:
        assert done.returncode == 0
        limits = Path(f"/proc/{server.pid}/limits")
        if not limits.exists():
            pytest.skip("only Linux tells the limits of another process")
        [line] = [line for line in limits.read_text(encoding="utf-8").splitlines() if "open files" in line]
        assert int(line.split()[3]) == min(4096, hard)
    finally:
        server.down()


def test_the_services_calls_to_each_other_leave_no_connection(local_aws: LocalServer) -> None:
    clients, root = Clients(Settings(local_aws.state, local_aws.port)), local_aws.root
    client = clients.get("sts", Credentials(root.access_key_id, root.secret_access_key, "", time.time() + 60))
    before = handles()
    assert client.get_caller_identity()["Account"] == ACCOUNT
    assert handles() <= before


def test_one_client_of_a_service_calls_for_everybody(local_aws: LocalServer) -> None:
    clients = Clients(Settings(local_aws.state, local_aws.port))
    may = allow("s3:ListAllMyBuckets")
    users = [Credentials(*local_aws.user_with(f"caller-{n}", may), "", time.time() + 60) for n in range(8)]

    def names(user: Credentials) -> set[str]:
        called = [clients.get("sts", user).get_caller_identity()["Arn"] for _ in range(5)]
        return {arn.rpartition("/")[2] for arn in called}

    with ThreadPoolExecutor(len(users)) as pool:
        assert list(pool.map(names, users)) == [{f"caller-{n}"} for n in range(8)]
    assert len(clients._clients) == 1


def handles() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_a_storm_of_connections_without_a_handle_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    loop, errors = asyncio.new_event_loop(), LoopErrors()
    try:
        with caplog.at_level(logging.ERROR):
            for _ in range(100):
                errors(loop, {"message": "socket.accept() out of system resource", "exception": OSError(24, "many")})
            assert len(caplog.records) == 1
            assert "ulimit" in caplog.text
            errors(loop, {"message": "something else"})
        assert "something else" in caplog.text
    finally:
        loop.close()


def test_the_log_keeps_its_newest_lines(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    bound = LogBound(path, 1_000)
    with path.open("ab", buffering=0) as log:  # as the server and its children have it
        for number in range(1_000):
            log.write(b"line %d\n" % number)
            if number % 100 == 0:
                bound.bound()
        bound.bound()
        log.write(b"after\n")
    kept = (tmp_path / "server.log.1").read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "after\n"
    assert kept.endswith("line 999\n")
    assert kept.startswith("line ")
    assert len(kept) <= 1_000
