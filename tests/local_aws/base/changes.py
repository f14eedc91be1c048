"""A program that prints, as JSON, what each patch changes of MiniStack, and which of its tables have several names.

It runs apart, as `changes.py FOLDER`. Every attribute of every module is compared, with the entries of tables and the
members of classes.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from unittest import mock

import ministack

from local_aws.base import patches
from local_aws.serving.server import LocalAws
from local_aws.settings import Settings

PREFIX = "ministack."
DEPTH = 3
"""How deep tables are looked into: a resource type is a table in a table."""
State = dict[str, Any]


def main(folder: Path) -> None:
    """Apply the patches one by one."""
    settings = Settings(folder)
    os.environ.update(settings.server_environment())
    settings.make_folders()
    for name in modules():
        import_module(name)
    with mock.patch.object(patches, "PATCHES", ()):
        parts = LocalAws(settings).parts
    found: dict[str, list[str]] = {}
    before = state()
    for patch in sorted(patches.PATCHES, key=lambda one: one.late):
        patch.apply(parts)
        after = state()
        found[patch.name] = sorted(changed(before, after))
        before = after
    sys.stdout.write(json.dumps({"changes": found, "aliases": aliases()}))


def modules() -> list[str]:
    """All of MiniStack but its programs."""
    walked = pkgutil.walk_packages(ministack.__path__, PREFIX)
    return [one.name for one in walked if not one.name.endswith("__main__")]


def state() -> State:
    """What stands in the modules, by names without the prefix; what is compared is the thing itself, or its members."""
    loaded = {name: module for name, module in sys.modules.items() if name.startswith(PREFIX)}
    return {
        f"{name.removeprefix(PREFIX)}.{attribute}": seen
        for name, module in loaded.items()
        for attribute, value in list(vars(module).items())
        if not attribute.startswith("__")
        for attribute, seen in members(attribute, value)
    }


def members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """An attribute and what it holds: entries of tables, members of classes, data of MiniStack's dictionaries."""
    yield name, Same(value)
    if isinstance(value, dict):
        yield from ((f"{name}[{key}]", seen(each, DEPTH - 1)) for key, each in list(value.items()))
    elif isinstance(value, set | frozenset):
        yield from ((f"{name}[{key}]", True) for key in value)
    elif isinstance(value, type) and value.__module__.startswith(PREFIX):
        yield from ((f"{name}.{key}", Same(each)) for key, each in vars(value).items())
    elif not isinstance(value, ModuleType | FunctionType) and hasattr(value, "_data"):
        yield f"{name}._data", Same(value._data)
        if isinstance(value._data, dict):
            yield from ((f"{name}[{key}]", seen(each, DEPTH - 1)) for key, each in list(value._data.items()))


def seen(value: Any, depth: int) -> Any:
    """What is compared of a table's entry."""
    if isinstance(value, dict) and depth:
        return {key: seen(each, depth - 1) for key, each in value.items()}
    return Same(value)


class Same:
    """Equal to what holds the very same thing, or an equal value of a plain kind."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same):
            return False
        mine, its = self._value, other._value
        return mine is its or (isinstance(mine, str | bytes | int | float | bool | tuple) and bool(mine == its))

    __hash__ = None  # type: ignore[assignment]


def changed(before: State, after: State) -> set[str]:
    """Names that came, went or stand for something else; not what a thing that is itself replaced holds."""
    found = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name for name in found if not any(parent in found for parent in parents(name))}


def aliases() -> list[list[str]]:
    """The names of each table that stands in several modules."""
    names: dict[int, list[str]] = {}
    for module, loaded in list(sys.modules.items()):
        for name, value in list(vars(loaded).items()) if module.startswith(PREFIX) else ():
            if isinstance(value, dict | set):
                names.setdefault(id(value), []).append(f"{module.removeprefix(PREFIX)}.{name}")
    return [found for found in names.values() if len(found) > 1]


def parents(name: str) -> Iterator[str]:
    if "[" in name:
        yield name.partition("[")[0]
        yield f"{name.partition('[')[0]}._data"
    module, _, member = name.rpartition(".")
    if member and "[" not in name:
        yield module


if __name__ == "__main__":
    main(Path(sys.argv[1]))
