"""The contract with an algorithm: its files below /opt/ml, its output there, and its functions.

The layout is SageMaker's
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html). A job has a directory
of its own that stands for /opt/ml, so any number of jobs can run at the same time.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

OPT_ML = PurePosixPath("/opt/ml")

MetricDefinitions = list[tuple[str, str]]
"""(name, regular expression) as in AlgorithmSpecification.MetricDefinitions; group 1 is the value.

CloudWatch shows a tab in a log line as `#011`, which the expressions expect.
"""


class ContractError(Exception):
    """The platform's side of /opt/ml is missing or unreadable. The message names the file."""


@dataclass(frozen=True)
class Ml:
    """One job's /opt/ml: `root` is the directory that stands for it."""

    root: Path

    @property
    def config_dir(self) -> Path:
        return self.root / "input" / "config"

    @property
    def data_dir(self) -> Path:
        return self.root / "input" / "data"

    @property
    def model_dir(self) -> Path:
        return self.root / "model"

    @property
    def output_data_dir(self) -> Path:
        return self.root / "output" / "data"

    @property
    def failure_file(self) -> Path:
        return self.root / "output" / "failure"

    def channel_dir(self, channel: str) -> Path:
        return self.data_dir / channel

    def documented(self, path: Path) -> str:
        """Return the path inside the container, for messages."""
        return str(OPT_ML / path.relative_to(self.root).as_posix())

    def resolve(self, container_path: str) -> Path:
        """Return the path on this machine for an absolute path of the container.

        Paths outside /opt/ml (CheckpointConfig.LocalPath may name one) are below `root/outside`.
        """
        path = PurePosixPath(container_path)
        if path.is_relative_to(OPT_ML):
            return self.root / path.relative_to(OPT_ML)
        return self.root / "outside" / path.relative_to("/")

    def hyperparameters(self) -> dict[str, str]:
        """Return hyperparameters.json: a flat object of strings.

        Raises ContractError if the file is missing or not a JSON object.
        """
        return {str(k): str(v) for k, v in self._config("hyperparameters.json").items()}

    def input_data_config(self) -> dict[str, dict[str, str]]:
        """Return inputdataconfig.json: for each channel its ContentType, TrainingInputMode and so on."""
        return {str(k): dict(v) for k, v in self._config("inputdataconfig.json").items()}

    def resource_config(self) -> dict[str, Any]:
        """Return resourceconfig.json: current_host, hosts, network_interface_name."""
        return self._config("resourceconfig.json")

    def gpu_note(self) -> str | None:
        """A sentence for the log of a job that asks for an instance with a GPU, None for any other.

        https://docs.aws.amazon.com/sagemaker/latest/dg/cmn-info-instance-types.html
        """
        asked = str(self.resource_config().get("current_instance_type", ""))
        if not re.match(r"ml\.(p|gr?)\d", asked):
            return None
        return f"{asked}: this machine's processor is used in place of the GPU"

    def checkpoint_dir(self) -> Path | None:
        """Return the folder for checkpoints (CheckpointConfig.LocalPath), None if the job has none."""
        if not (self.config_dir / "checkpointconfig.json").exists():
            return None
        local_path = self._config("checkpointconfig.json").get("LocalPath", str(OPT_ML / "checkpoints"))
        return self.resolve(local_path)

    def write_failure(self, text: str) -> None:
        """Write output/failure; SageMaker takes its first 1024 characters as FailureReason."""
        self.failure_file.parent.mkdir(parents=True, exist_ok=True)
        self.failure_file.write_text(text, encoding="utf-8")

    def _config(self, name: str) -> dict[str, Any]:
        path = self.config_dir / name
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ContractError(f"{self.documented(path)} is missing: write it before the job starts") from None
        except ValueError as error:
            raise ContractError(f"{self.documented(path)} is not JSON: {error}") from None
        if not isinstance(document, dict):
            found = type(document).__name__
            raise ContractError(f"{self.documented(path)} contains a {found}; expected one JSON object")
        return document


CALLER_HEADER = "X-Local-Aws-Caller"
"""Header of each request to a serving container: on AWS only SageMaker reaches its port, here any program can."""


@dataclass(frozen=True, repr=False)
class Door:
    """The socket of a serving container, and the secret that each request must include."""

    listener: socket.socket
    secret: str


class Algorithm(Protocol):
    """A built-in algorithm: what `docker run IMAGE train` and `docker run IMAGE serve` do.

    A module with these functions is an algorithm. Each runs in its own process, whose environment is the container's
    and whose standard output is the log. Importing the module imports every heavy library that it needs, and starts no
    thread and no OpenMP region, so that it can be imported before a fork.
    """

    def train(self, ml: Ml) -> int:
        """Train, and return the container's exit code: 0 for success, anything else for failure."""

    def serve(self, model_dir: Path, environment: Mapping[str, str], door: Door) -> None:
        """Answer /ping, /execution-parameters and /invocations on the door's socket until SIGTERM."""
