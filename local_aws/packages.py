"""The settings with which pip finds packages on this machine."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from pathlib import Path

_PIP_SETTINGS = (
    "cert",
    "default-timeout",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "timeout",
    "trusted-host",
)
_PIP_FILES = ((".pip", "pip.conf"), (".config", "pip", "pip.conf"))


def pip_settings(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings on this machine as environment variables, without any that contain a password.

    A machine may know its packages by a mirror only; the server and its builds have a HOME of their own, so they do
    not read its files.
    """
    found: dict[str, list[str]] = {}
    for parts in _PIP_FILES:
        parser = configparser.RawConfigParser()
        parser.read(home.joinpath(*parts), encoding="utf-8")
        for section in ("global", "install"):
            for name, value in parser.items(section) if parser.has_section(section) else ():
                found[name] = value.split()
    for name in _PIP_SETTINGS:
        given = environment.get(f"PIP_{name.upper().replace('-', '_')}")
        if given:
            found[name] = given.split()
    return {
        f"PIP_{name.upper().replace('-', '_')}": " ".join(kept)
        for name in _PIP_SETTINGS
        if (kept := list(_without_passwords(found.get(name, ()))))
    }


def _without_passwords(values: Iterable[str]) -> Iterable[str]:
    return (value for value in values if "@" not in value)
