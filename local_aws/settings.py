"""Where local AWS listens, who it is and where it keeps its state."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from local_aws.packages import pip_settings

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
ACCOUNT = "111122223333"
"""The account of local AWS: a number that AWS's documentation uses for examples."""
ROOT_KEY, ROOT_SECRET = "test", "test"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """One local AWS: a port on loopback, a Region, a state folder."""

    state: Path
    port: int = DEFAULT_PORT
    region: str = DEFAULT_REGION

    @property
    def url(self) -> str:
        """The endpoint URL that clients use."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid_file(self) -> Path:
        """Holds the process id of the running server."""
        return self.state / "server.pid"

    @property
    def log_file(self) -> Path:
        """What the server prints."""
        return self.state / "server.log"

    def make_folders(self) -> None:
        """Create what the services write into; what a killed server left in the temporary folder goes."""
        shutil.rmtree(self.state / "tmp", ignore_errors=True)
        for name in ("git", "home", "sagemaker", "s3", "ministack", "tmp"):
            (self.state / name).mkdir(parents=True, exist_ok=True)

    def start_environment(self) -> dict[str, str]:
        """The environment that the server process is started with: nothing of the caller's settings or secrets.

        A process of the same user may read the environment that another one was started with, so what is left out
        here cannot be read by what builds and functions run. HOME is the server's own, and so that of what it runs.
        """
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        kept |= pip_settings(Path.home(), os.environ)
        return kept | {"HOME": str(self.state / "home"), "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.state / "tmp")}

    def server_environment(self) -> dict[str, str]:
        """What MiniStack reads when it is imported, set within the server process.

        The processes of functions inherit it, with the credentials of their roles in place of these.
        """
        return {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
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
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self.state / "ministack"),
        }
