"""Runs a team's own image: pulls it with the role of the job or model, and runs it as SageMaker does.

Training has no network if the job is isolated; /opt/ml is the job's folder. A model is served on a port of loopback,
which needs a network, so a container that serves is not isolated. A stop is SIGTERM, then SIGKILL, as `docker stop`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_aws.engine.find import Engine
from local_aws.processes.forking import Process, StartError
from local_aws.settings import HOST

PORT = 8080
"""https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""
_PULL_S, _COMMAND_S = 1800.0, 60.0
_LABEL = "local-aws"
_SPARE_BYTES = 1 << 30
_MOST_PROCESSES = 4096
_SAID = 300


@dataclass(frozen=True)
class Run:
    """What a container runs with: its image as `<repository>@<digest>`, a registry's token, and its variables."""

    reference: str
    token: str
    environment: Mapping[str, str]


@dataclass
class EngineContainers:
    """Starts containers of one local AWS: at `port`, and known by `owner`, its state folder."""

    engine: Engine
    port: int
    owner: str
    _live: dict[str, Process] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Remove what containers a kill of local AWS has left."""
        listed = self.engine.run(
            "ps", "--all", "--quiet", "--filter", f"label={_LABEL}={self.owner}", timeout_s=_COMMAND_S
        )
        for identifier in listed.stdout.split():
            self.engine.run("rm", "--force", identifier, timeout_s=_COMMAND_S)

    def train(self, run: Run, ml: Path, log_fd: int, *, offline: bool) -> Process:
        """Run `train` with `ml` as /opt/ml. Raises StartError."""
        network = ["--network", "none"] if offline else []
        return self._start(run, [*network, *_mount(ml, "/opt/ml")], "train", log_fd, lambda: self._hand_over(run, ml))

    def serve(self, run: Run, model: Path, port: int, log_fd: int) -> Process:
        """Run `serve` with `model` as /opt/ml/model, on a port of loopback. Raises StartError."""
        published = ["--publish", f"{HOST}:{port}:{PORT}"]
        return self._start(run, [*published, *_mount(model, "/opt/ml/model", "ro")], "serve", log_fd, lambda: None)

    def stop(self) -> None:
        """Kill every container."""
        with self._lock:
            live = list(self._live.values())
        for process in live:
            process.kill()

    def _start(self, run: Run, options: list[str], argument: str, log_fd: int, on_end: Callable[[], None]) -> Process:
        image = self._pull(run)
        name = f"local-aws-{uuid.uuid4().hex[:12]}"
        with tempfile.NamedTemporaryFile("w", prefix="environment-", delete=False) as variables:
            variables.writelines(f"{key}={value}\n" for key, value in run.environment.items() if "\n" not in value)
        command = [
            *(self.engine.program, "run", "--rm", "--name", name, "--label", f"{_LABEL}={self.owner}"),
            *("--pull", "never", "--env-file", variables.name, "--stop-timeout", "120", *self._limits(), *options),
            *(image, argument),
        ]
        try:
            popen = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log_fd, stderr=log_fd, env={**self.engine.variables},
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            Path(variables.name).unlink()
            raise StartError(f"{self.engine.program}: {error}") from None
        process = Process(popen.pid, lambda _pid, number: self._signal(name, popen, number))
        with self._lock:
            self._live[name] = process

        def wait() -> None:
            code = popen.wait()
            Path(variables.name).unlink(missing_ok=True)
            with self._lock:
                self._live.pop(name, None)
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                on_end()
            process.finish(code)

        threading.Thread(target=wait, name=name, daemon=True).start()
        return process

    def _pull(self, run: Run) -> str:
        """Pull the image with a token, unless the engine has it; its digest says that it is the same."""
        image = f"{HOST}:{self.port}/{run.reference}"
        with tempfile.TemporaryDirectory(prefix="registry-") as folder:
            config = Path(folder) / "config.json"
            login = base64.b64encode(f"AWS:{run.token}".encode()).decode()
            config.write_text(json.dumps({"auths": {f"{HOST}:{self.port}": {"auth": login}}}), encoding="utf-8")
            if self.engine.podman:
                command = ["pull", "--quiet", "--tls-verify=false", "--authfile", str(config), image]
            else:
                command = ["--config", folder, "pull", "--quiet", image]
            try:
                done = self.engine.run(*command, timeout_s=_PULL_S)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise StartError(f"{image} could not be pulled: {error}") from None
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())[-_SAID:]
            raise StartError(f"{image} could not be pulled: {said}")
        return image

    def _limits(self) -> list[str]:
        """Bounds that leave the machine to others, where the engine can set them."""
        if not self.engine.limits:
            return []
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return ["--memory", str(max(memory // 2, memory - _SPARE_BYTES)), "--pids-limit", str(_MOST_PROCESSES)]

    def _signal(self, name: str, popen: subprocess.Popen[bytes], number: int) -> None:
        """Send the container's first process a signal. Before it runs there is none, so the client ends."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = self.engine.run("kill", "--signal", signal.Signals(number).name, name, timeout_s=_COMMAND_S)
            if done.returncode == 0:
                return
        if number == signal.SIGKILL:
            popen.kill()

    def _hand_over(self, run: Run, ml: Path) -> None:
        """Give the user what the container's root wrote, where the engine runs as root and local AWS does not.

        It takes a shell in the image; without one, what root alone may read cannot be uploaded, and the folder stays.
        """
        user = os.getuid()
        if user == 0 or all(path.lstat().st_uid == user for path in (ml, *ml.rglob("*"))):
            return
        change = ["-c", f"chown -R {user}:{os.getgid()} /opt/ml"]
        image = f"{HOST}:{self.port}/{run.reference}"
        options = ["--rm", "--network", "none", "--user", "0", *_mount(ml, "/opt/ml"), "--entrypoint", "/bin/sh"]
        self.engine.run("run", *options, image, *change, timeout_s=_COMMAND_S)


def _mount(folder: Path, place: str, mode: str = "") -> list[str]:
    if shutil.which("getenforce"):
        mode = f"{mode},Z" if mode else "Z"
    return ["--volume", f"{folder.resolve()}:{place}{f':{mode}' if mode else ''}"]
