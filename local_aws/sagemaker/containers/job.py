"""One run of a container, `train` or `serve`: the part that happens in the run's own process.

As a program (`python -m local_aws.sagemaker.containers.job`) it runs one job in its own process, and reads it as JSON
from standard input. The warm parent calls `run` in forked children instead.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import sys
import threading
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from local_aws.sagemaker.containers import registry
from local_aws.sagemaker.containers.contract import Door, Ml

LIBRARY_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")
"""Variables of this machine that a job gets: those that a container would have as well."""


@dataclass(frozen=True)
class Job:
    """What to run.

    root         train: the directory that stands for /opt/ml; serve: the directory with the unpacked model
    environment  the container's environment variables
    secret       serve: the secret that a request must include
    """

    kind: Literal["train", "serve"]
    image: str
    root: str
    environment: dict[str, str]
    secret: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Job:
        return cls(**document)


def run(job: Job, listener: socket.socket | None) -> int:
    """Run a job in this process, whose standard output is the log, and return its exit code."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    os.environ.clear()
    os.environ.update(kept | LIBRARY_SETTINGS | job.environment)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        root = Path(job.root)
        os.chdir(root)
        algorithm = registry.find(job.image).load()
        if job.kind == "train":
            return algorithm.train(Ml(root))
        if listener is None:
            sys.stderr.write("A serving job needs a listening socket\n")
            return 2
        algorithm.serve(root, job.environment, Door(listener, job.secret))
    except Exception:  # noqa: BLE001  # the process ends next
        traceback.print_exc()
        return 1
    else:
        return 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def end_with(lifeline: int) -> None:
    """End this process and its children as soon as the other end of a pipe is closed, for any reason."""

    def watch() -> None:
        os.read(lifeline, 1)
        os.killpg(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run the job on standard input: {"job": ..., "lifeline": fd, "listener": fd or null}."""
    request = json.load(sys.stdin)
    end_with(request["lifeline"])
    listener = None if request["listener"] is None else socket.socket(fileno=request["listener"])
    os._exit(run(Job.from_dict(request["job"]), listener))


if __name__ == "__main__":
    main()
