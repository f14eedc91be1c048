"""The port, the account and the folders of local AWS."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local_aws.engine.find import handed_on
from local_aws.packages import pip_settings
from local_aws.serving.root import RootKey, root_key

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
ACCOUNT = "111122223333"
"""The account of local AWS: a number that AWS's documentation uses for examples."""
HOST = "127.0.0.1"
NO_HOST_PREFIX = {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
"""For what calls this port through an SDK, which would otherwise call `sync-127.0.0.1` for some operations.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-host-prefix.html
"""
_WORK_FOLDER = ".slipway"


def url_of(port: int) -> str:
    """The endpoint URL of the local AWS at a port."""
    return f"http://{HOST}:{port}"


@dataclass(frozen=True)
class Settings:
    """One local AWS: a port on loopback, a Region, a state folder."""

    state: Path
    port: int = DEFAULT_PORT
    region: str = DEFAULT_REGION

    @property
    def url(self) -> str:
        """The endpoint URL that clients use."""
        return url_of(self.port)

    @property
    def console(self) -> str:
        """The address of the console, below which the paths of AWS's console are answered."""
        return f"{self.url}/_console/aws"

    @property
    def lock_file(self) -> Path:
        """Locked by the server that runs, which says in it who it is (`lock.Holder`, as JSON)."""
        return self.state / "server.lock"

    @property
    def database(self) -> Path:
        """The state of our own services."""
        return self.state / "slipway.db"

    @property
    def telemetry(self) -> Path:
        """Log events and data points of metrics: what nothing but a reader needs, and so without a copy."""
        return self.state / "telemetry.db"

    @property
    def records(self) -> Path:
        """The records of S3 that are not in memory; written again at each start."""
        return self.state / "tmp" / "records.db"

    @property
    def log_file(self) -> Path:
        """The server's log: its newest 8 to 16 MiB, the older half in `server.log.1`."""
        return self.state / "server.log"

    @property
    def git_config(self) -> Path:
        """Git's settings for this local AWS."""
        return self.state / "gitconfig"

    @cached_property
    def root(self) -> RootKey:
        """The root user's key, made where the state folder has none. Raises RootKeyError."""
        return root_key(self.state)

    def make_private(self) -> None:
        """Create the state folder for its owner alone, and close it where it is open; `.slipway` above it too."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.state, *(parent for parent in self.state.parents[:1] if parent.name == _WORK_FOLDER)):
            folder.chmod(0o700)

    def make_folders(self) -> None:
        """Create what the services write into; what a killed server left in the temporary folder goes."""
        self.make_private()
        shutil.rmtree(self.state / "tmp", ignore_errors=True)
        for name in ("git", "home", "sagemaker", "s3", "ministack", "tmp"):
            (self.state / name).mkdir(parents=True, exist_ok=True)

    def start_environment(self) -> dict[str, str]:
        """The environment that the server process is started with: nothing of the caller's settings or secrets.

        A process of the same user may read the environment that another one was started with, so what is left out
        here cannot be read by what builds and functions run. HOME is the server's own, and so that of what it runs.
        """
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        kept |= pip_settings(Path.home(), os.environ) | handed_on(os.environ)
        return kept | {"HOME": str(self.state / "home"), "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.state / "tmp")}

    def server_environment(self) -> dict[str, str]:
        """Return the variables that MiniStack reads when it is imported; set within the server process.

        The processes of functions inherit it, with the credentials of their roles; the root user's key is not in it.
        """
        return {
            "AUTH": "true",
            "BIND_HOST": HOST,
            "DOCKER_HOST": f"unix://{self.state / 'no-docker.sock'}",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": self.region,
            "PERSIST_STATE": "1",
            "S3_DATA_DIR": str(self.state / "s3"),
            # Set in the module once its records have their place: base/s3/object_index.py
            "S3_PERSIST": "0",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self.state / "ministack"),
        }
