"""Where local AWS listens, who it is and where it keeps its state."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
ACCOUNT = "111122223333"
"""The account of local AWS: a number that AWS's documentation uses for examples."""
ROOT_KEY, ROOT_SECRET = "test", "test"
HOST = "127.0.0.1"
_PACKAGE_SOURCES = (
    "PIP_CERT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_TRUSTED_HOST",
)


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
    def lock_file(self) -> Path:
        """Locked by the server that runs, which says in it who it is (`lock.Holder`, as JSON)."""
        return self.state / "server.lock"

    @property
    def database(self) -> Path:
        """The state of our own services."""
        return self.state / "slipway.db"

    @property
    def log_file(self) -> Path:
        """What the server prints: its newest 8 to 16 MiB, the older half in `server.log.1`."""
        return self.state / "server.log"

    def make_folders(self) -> None:
        """Create what the services write into; what a killed server left in the temporary folder goes."""
        shutil.rmtree(self.state / "tmp", ignore_errors=True)
        for name in ("git", "sagemaker", "s3", "ministack", "tmp"):
            (self.state / name).mkdir(parents=True, exist_ok=True)

    def package_sources(self) -> dict[str, str]:
        """What this machine's environment tells pip about where packages are; builds of CodeBuild install some."""
        return {name: os.environ[name] for name in _PACKAGE_SOURCES if name in os.environ}

    def server_environment(self) -> dict[str, str]:
        """The whole environment of the server process: nothing of the caller's AWS settings or secrets in it.

        The variables are MiniStack's; it reads them when it is imported. Lambda workers inherit this environment.
        """
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        kept |= {name: value for name, value in self.package_sources().items() if "@" not in value}
        return kept | {
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
            "PYTHONUNBUFFERED": "1",
            "S3_DATA_DIR": str(self.state / "s3"),
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(self.state / "ministack"),
            "TMPDIR": str(self.state / "tmp"),
        }
