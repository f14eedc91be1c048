"""Gives a privileged build the container engine of this machine, as `docker`, which CodeBuild's images have.

https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker.html
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from local_aws.engine.find import Engine, NoEngineError, find_engine
from local_aws.settings import Settings

_SETTINGS = """[[registry]]
location = "{registry}"
insecure = true
"""


def engine_variables(settings: Settings, folder: Path) -> tuple[dict[str, str], str]:
    """The variables with which a build finds the engine, and a folder for the front of its PATH; both may be empty.

    The build's own `folder` keeps what it signs in with. Without an engine its commands fail, and say so.
    """
    try:
        engine = find_engine()
    except NoEngineError:
        return {}, ""
    if not engine.podman:
        host = {name: engine.variables[name] for name in ("DOCKER_HOST",) if name in engine.variables}
        return {**host, "DOCKER_CONFIG": str(folder / "docker")}, ""
    return {}, str(_podman(engine, settings, folder))


def _podman(engine: Engine, settings: Settings, folder: Path) -> Path:
    """Write the program `docker`, which is Podman with its user's settings, and with local AWS as a registry."""
    place = folder / "engine"
    place.mkdir(parents=True, exist_ok=True)
    registries = place / "registries.conf"
    # Of 127.0.0.1 Docker takes a registry without TLS, Podman only by this.
    registries.write_text(_SETTINGS.format(registry=settings.url.partition("://")[2]), encoding="utf-8")
    variables = {
        **engine.variables,
        "CONTAINERS_REGISTRIES_CONF": str(registries),
        "REGISTRY_AUTH_FILE": str(place / "auth.json"),
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    program = place / "docker"
    program.write_text(f'#!/bin/sh\n{exports}exec {shlex.quote(engine.program)} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return place


def before(folder: str, path: str) -> str:
    """A PATH with a folder before the others; as it is without one."""
    return f"{folder}{os.pathsep}{path}" if folder else path
