"""Writes commands of this program that a person can copy: they work from here, for the same target and model."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from slipway.project import shown
from slipway.target import LOCAL_PORT, Options, Target, aws_credentials_configured

_VARIABLES = {"model": "SLIPWAY_MODEL", "port": "SLIPWAY_PORT", "suffix": "SLIPWAY_SUFFIX"}


def command_line(options: Options, target: Target | None, verb: str, *arguments: str) -> str:
    """Return the command `verb` with these arguments; without options of the target if it cannot be decided."""
    return completed(beginning(options, target), verb, *arguments)


def beginning(options: Options, target: Target | None) -> str:
    """Return what stands before the verb of each command: the program and the options of the target."""
    words = [*program(sys.argv[0]), *(_options(options, target, os.environ) if target else [])]
    return shlex.join(words)


def completed(begun: str, verb: str, *arguments: str) -> str:
    return " ".join([begun, verb, *map(shlex.quote, arguments)])


def program(started: str) -> list[str]:
    """Return how a shell finds this program: by its name if the PATH leads to it, else by its path from here."""
    path = Path(started)
    if path.suffix == ".py":
        return [sys.executable, "-m", "slipway.cli"]
    on_path = shutil.which(path.name)
    if on_path and path.exists() and Path(on_path).samefile(path):
        return [path.name]
    text = shown(path) if path.exists() else path.name
    return [text if os.sep in text or not path.exists() else f".{os.sep}{text}"]


def _options(options: Options, target: Target, environment: Mapping[str, str]) -> list[str]:
    """Return the options with which another run has the target of this one, whatever its environment."""
    words: list[str] = []
    if not options.profile and target.is_local == aws_credentials_configured(None):
        words.append("--local" if target.is_local else "--aws")

    def said(name: str, value: object, default: object = None) -> list[str]:
        is_needed = value != default or (value is not None and _VARIABLES.get(name) in environment)
        return [f"--{name}", str(value)] if is_needed else []

    words += said("port", target.port, LOCAL_PORT) if target.is_local else []
    words += said("profile", options.profile) + said("region", options.region) + said("suffix", options.suffix)
    return words + said("model", options.model, Options.model)
