"""Reads mappings by tables of rules and notes every problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pipeline_lambdas.config.rules import Rule, describe, finding, nearest

_MOST_UNKNOWN = 20
_KEY_CHARACTERS = 64


class Reader:
    """Collects problems while it reads values; `file` is the file's name in messages."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def problem(self, path: str, text: str) -> None:
        self.problems.append(f"{self.file}: {path}: {text}")

    def mapping(self, value: object, path: str, known: Iterable[str]) -> dict[str, object]:
        """Return `value` with its known keys only; note the others as problems."""
        names = list(known)
        if not isinstance(value, dict):
            self.problem(path or "the file", f"{finding(value)}; expected a mapping with {', '.join(names)}")
            return {}
        self.unknown(path, value, names, f"found an unknown key; expected {', '.join(names)}")
        return {key: value[key] for key in names if key in value}

    def unknown(self, path: str, given: Iterable[object], known: list[str], text: str) -> None:
        """Note the keys that are not `known`; if there are very many, only the first."""
        others = [key for key in given if key not in known]
        for key in others[:_MOST_UNKNOWN]:
            name = key if isinstance(key, str) and len(key) <= _KEY_CHARACTERS and key.isprintable() else describe(key)
            self.problem(_join(path, name), f"{text}{nearest(name, known)}")
        if len(others) > _MOST_UNKNOWN:
            self.problem(path or "the file", f"found {len(others) - _MOST_UNKNOWN} more unknown keys")

    def section(self, value: object, path: str, rules: Mapping[str, Rule], extra: Iterable[str] = ()) -> dict[str, Any]:
        """Return the values of `rules` that are valid, and those of `extra` unchanged."""
        found = self.mapping(value, path, [*rules, *extra])
        if not isinstance(value, dict):
            return {}
        result: dict[str, Any] = {key: found[key] for key in extra if key in found}
        for key, rule in rules.items():
            self.value(found, key, _join(path, key), rule, result.__setitem__)
        return result

    def value(
        self, found: Mapping[str, object], key: str, path: str, rule: Rule, accept: Callable[[str, Any], None]
    ) -> None:
        if key not in found:
            if rule.required:
                self.problem(path, f"missing; expected {rule.allowed}")
            return
        read = rule.read(found[key])
        if read is None:
            self.problem(path, f"{finding(found[key])}; expected {rule.allowed}")
        else:
            accept(key, read)

    def named(self, value: object, path: str, names: Mapping[str, bool]) -> dict[str, object]:
        """Return the entries of a mapping whose keys are `names`; True marks a required key."""
        found = self.mapping(value, path, names)
        for name, required in names.items():
            if required and isinstance(value, dict) and name not in found:
                self.problem(_join(path, name), "missing; expected a mapping")
        return found


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
