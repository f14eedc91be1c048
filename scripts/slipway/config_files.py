"""Reads and checks the training configs of a folder."""

from __future__ import annotations

from pathlib import Path

from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig, parse_config
from pipeline_lambdas.config.yaml_text import SIZE_LIMIT_BYTES
from slipway.errors import SlipwayError
from slipway.project import shown


def check_configs(folder: Path) -> tuple[dict[str, TrainingConfig], list[str]]:
    """Parse every config of a folder; returns the valid ones by model, and the problems of the others, one per line."""
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise SlipwayError(
            f"{shown(folder)}: found no *.yml; a training config is a file named after its model.",
            lambda command: f"Name the folder that holds the configs: {command('check DIR')}",
        )
    configs: dict[str, TrainingConfig] = {}
    problems: list[str] = []
    for path in paths:
        file = shown(path)
        try:
            config = read_config(path)
        except ConfigError as error:
            problems += error.problems
        else:
            if config.model != path.stem:
                problems.append(f"{file}: model: found {config.model}; expected {path.stem}, the name of the file")
            configs[path.stem] = config
    return configs, problems


def read_config(path: Path) -> TrainingConfig:
    """Parse one config; ConfigError for its problems, or if the file cannot be read."""
    if path.exists() and not path.is_file():
        raise ConfigError([f"{shown(path)}: found {'a folder' if path.is_dir() else 'no file'}; expected a file"])
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise ConfigError([f"{shown(path)}: cannot be read: {error.strerror}"]) from None
    return parse_config(content, shown(path))
