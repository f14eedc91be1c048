"""Runs Docker, or Podman under that name: makes an image of a folder and pushes it.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker.html
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from slipway_build.errors import BuildError

_DOCKER = "docker"
# Without attestations an image is one manifest, which is what SageMaker takes: with them it is an index of several.
# https://docs.docker.com/build/metadata/attestations/#disabling-default-attestations
_PLAIN = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
# Of the instances that train and serve: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html
_PLATFORM = "linux/amd64"


def build_and_push(address: str, folder: Path, dockerfile: str, password: str) -> None:
    """Make the image of a folder and push it to `address`, with a registry's password. Raises BuildError."""
    require_engine()
    registry = address.partition("/")[0]
    _run("log in to the registry", ["login", "--username", "AWS", "--password-stdin", registry], password)
    _run("build the image", ["build", "--platform", _PLATFORM, "--tag", address, "--file", dockerfile, "."], at=folder)
    _run("push the image", ["push", address])


def require_engine() -> None:
    """Raise BuildError unless there is an engine that answers."""
    try:
        found = subprocess.run([_DOCKER, "info"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise BuildError("Found neither Docker nor Podman here.", _NEXT) from None
    if found.returncode != 0:
        said = " ".join((found.stderr or found.stdout).split())[-300:]
        raise BuildError(f"Docker has no engine that answers: {said}.", _NEXT)


_NEXT = (
    "On AWS the project needs PrivilegedMode, which the template gives it; on this machine install and start Docker or "
    "Podman, then start local AWS again."
)


def _run(what: str, arguments: list[str], given: str = "", at: Path | None = None) -> None:
    sys.stdout.write(f"{what}: {_DOCKER} {' '.join(arguments)}\n")
    sys.stdout.flush()
    done = subprocess.run(
        [_DOCKER, *arguments], input=given, text=True, cwd=at, check=False, env={**os.environ, **_PLAIN}
    )
    if done.returncode != 0:
        raise BuildError(f"Could not {what}: {_DOCKER} ended with {done.returncode}; its words are above.")
