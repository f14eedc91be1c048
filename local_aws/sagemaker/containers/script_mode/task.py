"""What the program of a script's container is told: one variable of its environment, which the script does not see."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from local_aws.sagemaker.containers.contract import OPT_ML, Ml

_VARIABLE = "LOCAL_AWS_SCRIPT_MODE"


@dataclass(frozen=True, repr=False)
class Task:
    """One container.

    base      the folder that stands for /opt/ml: this very path, where the machine can give a program its own
    shared    why the program does not have an /opt/ml of its own, if it has not
    exposed   why the program sees this machine's files and processes, if it does
    cache     the folder of the packages that were installed for scripts
    offline   whether the container has no network (EnableNetworkIsolation)
    pip       pip's settings on this machine
    listener  serve: the file descriptor of the listening socket, and the secret that each request must include
    """

    image: str
    base: str
    cache: str
    offline: bool
    shared: str | None = None
    exposed: str | None = None
    pip: dict[str, str] = field(default_factory=dict)
    listener: int | None = None
    secret: str = ""

    @property
    def ml(self) -> Ml:
        return Ml(Path(self.base))

    @property
    def code(self) -> Path:
        """The folder of the script."""
        return Path(self.base) / "code"

    def here(self, path: str) -> Path:
        """The path on this machine for one in the container."""
        return self.ml.resolve(path) if PurePosixPath(path).is_relative_to(OPT_ML) else Path(path)

    def as_variables(self) -> dict[str, str]:
        return {_VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def take(cls, environment: MutableMapping[str, str]) -> Task:
        """Take the task out of an environment. Raises KeyError if there is none."""
        return cls(**json.loads(environment.pop(_VARIABLE)))
