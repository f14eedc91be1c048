from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slipway_build.engine import build_and_push

from tests.local_aws.sagemaker.house import House
from tests.local_server import LocalServer, allow

HERE = Path(__file__).parent
REPOSITORY = "churn"
ECR = "arn:aws:ecr:us-east-1:111122223333:repository"


def install_engine(folder: Path) -> Path:
    """Put the stand-in into a folder, as the program `docker`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "docker"
    program.write_text(f"#!{sys.executable}\n{(HERE / 'engine.py').read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    return program


@dataclass
class Site:
    """A local AWS on a machine with the stand-in as its engine, and a repository with the image of `model`."""

    server: LocalServer
    engine: Path

    def commands(self, verb: str) -> list[list[str]]:
        """What the engine was told to do."""
        text = (self.engine.parent / "store" / "commands").read_text(encoding="utf-8")
        return [words for words in map(json.loads, text.splitlines()) if words[0] == verb]

    @property
    def ecr(self) -> Any:
        return self.server.client("ecr")

    def password(self) -> str:
        token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().partition(":")[2]

    @property
    def address(self) -> str:
        """Of the repository."""
        found = self.ecr.describe_repositories(repositoryNames=[REPOSITORY])["repositories"][0]
        return str(found["repositoryUri"])

    def image(self, tag: str = "one") -> str:
        """The address of an image by its digest."""
        (found,) = self.ecr.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])["imageDetails"]
        return f"{self.address}@{found['imageDigest']}"

    def house(self, name: str) -> House:
        """A bucket with the churn table, and a role that may pull the image."""
        house = House(self.server, name)
        house.role = self.server.create_role(
            f"{name}-puller",
            "sagemaker.amazonaws.com",
            allow("s3:*", resource=[f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]),
            allow("logs:*", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"),
            allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", resource=f"{ECR}/{REPOSITORY}"),
        )
        lines = (HERE.parents[1] / "data" / "examples" / "churn.csv").read_text(encoding="utf-8").splitlines()[1:]
        rows = ["{1},{0}".format(*line.rpartition(",")[::2]) for line in lines]
        for channel, part in (("train", rows[:600]), ("validation", rows[600:])):
            house.s3.put_object(Bucket=name, Key=f"set/{channel}/data.csv", Body="\n".join(part) + "\n")
        return house


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("machine")
    engine = install_engine(folder / "bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{engine.parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("DOCKER_CONFIG", str(folder / "config"))
        server = LocalServer(folder / "local-aws")
        server.up()
        try:
            site = Site(server, engine)
            site.ecr.create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
            build_and_push(f"{site.address}:one", HERE / "model", "Dockerfile", site.password())
            yield site
        finally:
            server.down()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose docker has no engine behind it."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    for name in ("sh",):
        (program.parent / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(program.parent))
