"""Starts the containers of scripts: `training.py` or `serving.py`, each alone with its /opt/ml (`isolated.py`).

Where the machine cannot give a process its own /opt/ml, the container's variables name the folder that stands for it,
as the toolkits allow by SAGEMAKER_BASE_DIR. Where it can, and cannot hide the rest, the container sees all of it.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_aws.processes.forking import Process
from local_aws.sagemaker.containers.contract import OPT_ML, Door
from local_aws.sagemaker.containers.isolated import Isolated
from local_aws.sagemaker.containers.private_root import Inside
from local_aws.sagemaker.containers.script_mode.task import Task
from local_aws.sagemaker.containers.surroundings import scratch_of, visible

_ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Scripts:
    """Starts scripts' containers; `folder` has those that serve, and the packages installed for scripts."""

    isolated: Isolated
    folder: Path

    def clear(self) -> None:
        """Remove what containers left that a kill ended."""
        shutil.rmtree(self.folder / "serving", ignore_errors=True)

    def train(self, image: str, ml: Path, environment: Mapping[str, str], log_fd: int, *, offline: bool) -> Process:
        """Run `train` with `ml` as /opt/ml. Raises StartError."""
        return self._start("training", self._task(image, ml, offline=offline), ml, environment, log_fd)

    def serve(
        self, image: str, folder: Path, environment: Mapping[str, str], door: Door, log_fd: int, *, offline: bool
    ) -> Process:
        """Run `serve` with `folder` as /opt/ml/model, on a socket that already listens. Raises StartError.

        The caller closes its own socket.
        """
        place = self.folder / "serving" / uuid.uuid4().hex[:16]
        ml = place / "ml"
        ml.mkdir(parents=True)
        (ml / "model").symlink_to(folder)
        task = self._task(image, ml, offline=offline, listener=door.listener.fileno(), secret=door.secret)
        process = self._start("serving", task, ml, environment, log_fd, door.listener.fileno(), model=folder)
        threading.Thread(target=_remove_after, args=(process, place), name="script-folder", daemon=True).start()
        return process

    def _task(self, image: str, ml: Path, *, offline: bool, listener: int | None = None, secret: str = "") -> Task:
        shared = self.isolated.refusal()
        return Task(
            image=image,
            base=str(OPT_ML) if shared is None else str(ml),
            cache=str(self.folder / "packages"),
            offline=offline,
            shared=shared,
            exposed=self.isolated.exposure(),
            pip={name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            listener=listener,
            secret=secret,
        )

    def _start(
        self,
        program: str,
        task: Task,
        ml: Path,
        environment: Mapping[str, str],
        log_fd: int,
        listener: int | None = None,
        model: Path | None = None,
    ) -> Process:
        command = [sys.executable, "-P", "-m", f"{__package__}.{program}"]
        base = {} if task.shared is None else {"SAGEMAKER_BASE_DIR": task.base}
        # Threads that spin while they wait take a busy machine's processors from each other.
        variables = {
            "OMP_WAIT_POLICY": "passive",
            **base,
            **environment,
            **task.as_variables(),
            "PYTHONPATH": str(_ROOT),
        }
        inside = self._inside(task, ml, model) if task.exposed is None else None
        return self.isolated.start(command, ml, variables, log_fd, listener, private=task.shared is None, inside=inside)

    def _inside(self, task: Task, ml: Path, model: Path | None) -> Inside:
        """What the container sees beside the system: Python, this package, the model that it serves, its packages."""
        cache = Path(task.cache)
        cache.mkdir(parents=True, exist_ok=True)
        safe = visible(self.folder.parents[1], [*_paths_in(task.pip), "/etc/resolv.conf"])
        own = [str(_ROOT / "local_aws"), *([str(model)] if model else [])]
        return Inside(scratch_of(ml), [*safe, *own], [str(cache)])


def _paths_in(settings: Mapping[str, str]) -> list[str]:
    """The files and folders that pip's settings name."""
    words = [word.removeprefix("file://") for value in settings.values() for word in value.split()]
    return [word for word in words if word.startswith("/")]


def _remove_after(process: Process, folder: Path) -> None:
    process.wait(None)
    shutil.rmtree(folder, ignore_errors=True)
