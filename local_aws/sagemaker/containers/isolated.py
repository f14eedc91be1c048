"""Containers of users' own programs (`sandbox.py`), each with this machine's Python and an /opt/ml of its own."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from local_aws.processes.forking import Process, StartError
from local_aws.sagemaker.containers.private_root import Inside
from local_aws.sagemaker.containers.sandbox import KILL, Program
from local_aws.sagemaker.containers.spawner import Spawner

_KEPT = ("LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_IMAGE = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""https://github.com/aws/sagemaker-scikit-learn-container, the ENV of its base image"""
_PROBE_S = 60.0
_SLOW = "a program that does nothing did not end"


class Isolated:
    """Starts programs; safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing is started before it is needed."""
        self._lock = threading.Lock()
        self._spawner: Spawner | None = None
        self._stopped = False
        self._refusals: dict[bool, str | None] = {}

    def start(
        self,
        command: list[str],
        ml: Path,
        environment: Mapping[str, str],
        log_write_fd: int,
        listener_fd: int | None = None,
        *,
        private: bool = True,
        inside: Inside | None = None,
        offline: bool = False,
    ) -> Process:
        """Run a command that sees `ml` as /opt/ml, and if it is `offline` has no network. Raises StartError.

        Standard output and standard error go to a duplicate of `log_write_fd`, and the command has `listener_fd` under
        the same number; the caller closes its own. Without `private` there is no /opt/ml: the command works in `ml`.
        With `inside` it sees nothing of this machine but that and the system, and no process but its own.
        """
        staging = ml.with_name(f"{ml.name}.opt")
        staging.mkdir(exist_ok=True)
        home = "/opt/ml" if private else str(ml)
        variables = _variables(home, temporary="/tmp" if inside else None) | dict(environment)  # noqa: S108 - its own
        program = Program(command, str(ml), str(staging), variables, private, inside, offline)
        descriptors = [log_write_fd, *([listener_fd] if listener_fd is not None else [])]
        with self._lock:
            if self._stopped:
                raise StartError("All jobs were stopped before this one started")
            self._spawner = self._spawner or Spawner("sandbox", KILL)
            return self._spawner.start(program.as_dict(), descriptors)

    def refusal(self) -> str | None:
        """Why this machine cannot give a program its own /opt/ml; None if it can."""
        if sys.platform != "linux":
            return f"a mount namespace is needed, which {sys.platform} has not"
        return self._probed(alone=False)

    def exposure(self) -> str | None:
        """Why this machine cannot hide its files and processes from a program; None if it can."""
        return self.refusal() or self._probed(alone=True)

    def stop(self) -> None:
        """Kill every program."""
        with self._lock:
            self._stopped = True
            spawner, self._spawner = self._spawner, None
        if spawner is not None:
            spawner.close()

    def _probed(self, *, alone: bool) -> str | None:
        if alone not in self._refusals:
            found = self._probe(alone=alone)
            if found == _SLOW:  # a busy machine may be able to do it the next time
                return found
            self._refusals[alone] = found
        return self._refusals[alone]

    def _probe(self, *, alone: bool) -> str | None:
        """Start a program that does nothing."""
        with tempfile.TemporaryDirectory(prefix="local-aws-") as folder, (Path(folder) / "log").open("w+b") as log:
            ml = Path(folder) / "ml"
            ml.mkdir()
            scratch = Path(folder) / "tmp"
            scratch.mkdir()
            process = self.start(["true"], ml, {}, log.fileno(), inside=Inside(str(scratch)) if alone else None)
            if process.wait(_PROBE_S) == 0:
                return None
            process.kill()
            process.wait(_PROBE_S)
            log.seek(0)
            return log.read().decode(errors="replace").strip() or _SLOW


def _variables(home: str, temporary: str | None) -> dict[str, str]:
    """What the image sets; the first `python3` on the path is the one that runs local AWS."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return kept | _IMAGE | {"PATH": path, "HOME": home} | ({"TMPDIR": temporary} if temporary else {})
