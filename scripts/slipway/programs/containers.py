"""Looks at a model's container before a push: its Dockerfile, whether the pipeline builds it, and what runs it here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.config.model import TrainingConfig
from pipeline_lambdas.config.parsing import ConfigError
from pipeline_lambdas.release.affected import config_file, program_folder
from pipeline_lambdas.steps.images import PARAMETER
from slipway.config_files import read_config
from slipway.errors import SlipwayError
from slipway.programs.folder import read_program
from slipway.session import Session
from slipway.stacks.stacks import find_stack

_ENGINES = ("docker", "podman")
_ANSWER_S = 20
_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?", re.IGNORECASE)


def container_problems(session: Session, config: TrainingConfig, configs: Path) -> tuple[list[str], list[str]]:
    """Return what keeps a config's container from being built and run, and what is worth a warning."""
    container = config.container
    if container is None:
        return [], []
    problems, warnings = [*_cannot_run(session, config)], list[str]()
    if container.dockerfile:
        place = f"{program_folder(config.model)}{container.dockerfile}"
        files = read_program(configs / config.model)
        if container.dockerfile in files:
            warnings += [f"{place}: {text}" for text in dockerfile_warnings(files[container.dockerfile])]
        else:
            found = ", ".join(sorted(files)[:10]) or "no file"
            problems.insert(0, f"{place}: found {found} in the folder; expected {container.dockerfile}")
    return problems, warnings


def require_container(session: Session) -> None:
    """Raise SlipwayError, before a release of the model begins, if its container could not be built or run."""
    folder = session.project.training_config
    try:
        config = read_config(folder / config_file(session.names.model))
    except ConfigError:
        return  # the release says it
    problems, _ = container_problems(session, config, folder)
    if problems:
        raise SlipwayError("\n".join(problems))


def dockerfile_warnings(content: bytes) -> Iterator[str]:
    """Yield a sentence for each base image that is not named by its digest, and so may change between two builds."""
    stages = {"scratch"}
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        match = _FROM.fullmatch(line.split(" #")[0].rstrip())
        if match is None:
            continue
        if match["image"] not in stages and "@sha256:" not in match["image"]:
            yield (
                f"line {number}: found FROM {match['image']}, which may be another image tomorrow; better name it by "
                "its digest, IMAGE@sha256:..."
            )
        stages.add(match["stage"] or "scratch")


def _cannot_run(session: Session, config: TrainingConfig) -> Iterator[str]:
    file = config_file(config.model)
    if config.model != session.names.model:
        return
    builds = config.container is not None and config.container.dockerfile is not None
    if builds and _parameters(session).get(PARAMETER) != "true":
        yield (
            f"{file}: container.dockerfile: the pipeline does not build images; deploy it with: "
            f"{session.command('deploy --parameter', f'{PARAMETER}=true')}"
        )
    missing = missing_engine() if session.target.is_local else None
    if missing:
        yield f"{file}: container: {missing}"


def missing_engine() -> str | None:
    """Why this machine cannot run containers, and what to do; None if Docker or Podman answers."""
    reasons = []
    for name in _ENGINES:
        program = shutil.which(name)
        if program is None:
            continue
        try:
            done = subprocess.run([program, "info"], capture_output=True, text=True, check=False, timeout=_ANSWER_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            reasons.append(f"{name}: {error}")
            continue
        if done.returncode == 0:
            return None
        reasons.append(f"{name}: {' '.join((done.stderr or done.stdout).split())[-200:]}")
    found = "; ".join(reasons) or "neither docker nor podman is on the PATH"
    return (
        f"this machine has no container engine that answers ({found}); install and start Docker or Podman, then start "
        "local AWS again"
    )


def _parameters(session: Session) -> Mapping[str, str]:
    """The parameters of the pipeline stack; none where there is no stack, or where it cannot be asked."""
    try:
        stack = find_stack(session, session.names.pipeline_stack) or {}
    except (BotoCoreError, ClientError, SlipwayError):
        return {}
    return {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
