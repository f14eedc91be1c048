"""A fork server's children and the signals that it sends them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.processes.forking import Forking

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers run on Linux only")

WAIT_S = 30.0
SLOW_CHILDREN = """
import os, socket, sys, time
from local_aws.processes.fork_server import ForkServer

lead_a_session = os.setsid

def late():
    time.sleep(1)
    lead_a_session()

os.setsid = late
ForkServer(socket.socket(fileno=int(sys.argv[1])), lambda job: None, lambda job, descriptors: time.sleep(60)).loop()
"""


@pytest.fixture
def server() -> Iterator[Forking]:
    root = str(Path(__file__).parents[3])
    server = Forking(
        lambda descriptor: [sys.executable, "-c", SLOW_CHILDREN, str(descriptor)], {**os.environ, "PYTHONPATH": root}
    )
    yield server
    server.close()


def test_a_signal_reaches_a_child_that_does_not_lead_its_group_yet(server: Forking) -> None:
    process = server.start({}, [])
    process.terminate()
    assert process.wait(WAIT_S) == -signal.SIGTERM
