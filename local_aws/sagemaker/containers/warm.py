"""The warm parent: a process that has the heavy libraries imported and forks a child for every job.

`python -m local_aws.sagemaker.containers.warm <fd> <idle exit in s>`, a fork server (`processes/fork_server.py`) whose
jobs are those of `job.py`, with their log and their listening socket. A request to prepare is {"image": "<image>"}.

It never trains or predicts itself: a fork after the first OpenMP region would leave libgomp unusable in the child.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

from local_aws.processes.fork_server import ForkServer
from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.job import Job, run


def load(job: dict[str, Any]) -> str | None:
    """Import an image's algorithm; return the reason if that fails."""
    try:
        registry.find(job["image"]).load()
    except (ImportError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def run_container(job: dict[str, Any], descriptors: list[int]) -> int:
    """Run a job in this process."""
    log, *rest = descriptors
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    listener = socket.socket(fileno=rest[0]) if rest else None
    return run(Job.from_dict(job), listener)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ForkServer(socket.socket(fileno=int(sys.argv[1])), load, run_container, float(sys.argv[2])).loop()


if __name__ == "__main__":
    main()
