"""Finds the container engine of this machine: Docker or Podman on the PATH, with an engine behind it that answers."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = ("docker", "podman")
_ANSWER_S = 20.0
_LONGEST_REASON = 200
KEPT = ("DOCKER_HOST", "CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "BUILDAH_ISOLATION")
_HANDED = "LOCAL_AWS_ENGINE_"
"""What the variables of the user's engine are called in the server's environment, where nothing else reads them."""


class NoEngineError(Exception):
    """There is no engine; the message says what was found, and what to do."""


@dataclass(frozen=True)
class Engine:
    """A program that runs containers.

    variables  the environment that it needs: its user's home, and where its engine listens
    podman     whether it is Podman, whatever its name
    limits     whether it can limit memory and processes: Podman only with version 2 of control groups
    """

    program: str
    variables: Mapping[str, str] = field(default_factory=dict)
    podman: bool = False
    limits: bool = True

    def run(self, *arguments: str, timeout_s: float | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the engine to its end. Raises subprocess.TimeoutExpired."""
        return subprocess.run(
            [self.program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            env={**self.variables},
            timeout=timeout_s,
            check=False,
        )


def handed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a user's engine, as the server of local AWS takes them over, from its parent or the user."""
    given = {name: environment.get(f"{_HANDED}{name}") or environment.get(name) for name in KEPT}
    return {f"{_HANDED}{name}": value for name, value in given.items() if value}


def find_engine() -> Engine:
    """The first engine that answers. Raises NoEngineError."""
    reasons = []
    for name in NAMES:
        program = shutil.which(name)
        if program is None:
            continue
        try:
            return _probed(program)
        except NoEngineError as error:
            reasons.append(str(error))
    found = "; ".join(reasons) or "neither docker nor podman is on the PATH"
    raise NoEngineError(
        f"this machine has no container engine that answers ({found}): install and start Docker or Podman, then start "
        "local AWS again"
    )


def _probed(program: str) -> Engine:
    variables = _variables()
    podman = "podman" in _said(program, variables, "--version").lower()
    if not podman and "DOCKER_HOST" not in variables:
        # Docker Desktop and others are contexts, which a client finds in its user's home.
        host = _said(program, variables, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        variables |= {"DOCKER_HOST": host} if host else {}
    engine = Engine(program, variables, podman)
    told = _info(engine, "{{.Host.CgroupsVersion}}" if podman else "{{.ServerVersion}}")
    return Engine(program, variables, podman, limits=not podman or told == "v2")


def _info(engine: Engine, form: str) -> str:
    try:
        done = engine.run("info", "--format", form, timeout_s=_ANSWER_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEngineError(f"{engine.program}: {error}"[:_LONGEST_REASON]) from None
    if done.returncode != 0 or not done.stdout.strip():
        said = " ".join((done.stderr or done.stdout).split()) or "it says nothing"
        raise NoEngineError(f"{engine.program}: {said}"[:_LONGEST_REASON])
    return done.stdout.strip()


def _said(program: str, variables: Mapping[str, str], *arguments: str) -> str:
    try:
        done = Engine(program, variables).run(*arguments, timeout_s=_ANSWER_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _variables() -> dict[str, str]:
    """What the engine's client gets: nothing of the server's own environment but the user's settings of the engine."""
    user = os.getuid()
    handed = {name: os.environ[f"{_HANDED}{name}"] for name in KEPT if f"{_HANDED}{name}" in os.environ}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": pwd.getpwuid(user).pw_dir,
        "XDG_RUNTIME_DIR": f"/run/user/{user}",
        **handed,
    }
