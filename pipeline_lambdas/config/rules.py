"""Rules for single values of a training config: the allowed values, in code and in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

_NUMBER_CHARACTERS = 64
_COMPARED = 1000
"""Characters of a name, and known names, that a suggestion is looked for in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The allowed values of one key.

    `read` returns the typed value, or None for a value that is not allowed; `allowed` describes the same in words.
    """

    allowed: str
    read: Callable[[object], object | None]
    meaning: str = ""
    required: bool = True
    default: str = ""

    def about(self, meaning: str) -> Rule:
        return replace(self, meaning=meaning)

    def optional(self, default: str = "") -> Rule:
        return replace(self, required=False, default=default)


def integer(low: int, high: int | None = None, step: int = 1) -> Rule:
    """Whole numbers; a YAML boolean is not one."""

    def read(value: object) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if value >= low and (high is None or value <= high) and (value - low) % step == 0 else None

    words = f"an integer from {low}" + ("" if high is None else f" to {high}")
    return Rule(words + (f" in steps of {step}" if step > 1 else ""), read)


def number(low: float = -math.inf, high: float = math.inf, *, above: bool = False, below: bool = False) -> Rule:
    """Finite numbers from `low` to `high`; `above` and `below` exclude the bound itself."""

    def read(value: object) -> float | int | None:
        if not isinstance(value, int | float) or isinstance(value, bool) or not _is_finite(value):
            return None
        low_fits = value > low if above else value >= low
        high_fits = value < high if below else value <= high
        return value if low_fits and high_fits else None

    if math.isinf(low) and math.isinf(high):
        return Rule("a number", read)
    if math.isinf(high):
        return Rule(f"a number {'above' if above else 'from'} {low:g}", read)
    return Rule(f"a number in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}", read)


def choice(*names: str) -> Rule:
    def read(value: object) -> str | None:
        return value if isinstance(value, str) and value in names else None

    return Rule(", ".join(names), read)


def text(pattern: str, words: str) -> Rule:
    """Texts that match `pattern` in full."""
    compiled = re.compile(pattern)

    def read(value: object) -> str | None:
        return value if isinstance(value, str) and compiled.fullmatch(value) else None

    return Rule(words, read)


def listed(rule: Rule) -> Rule:
    """Comma lists in one text; each item follows `rule`."""

    def read(value: object) -> str | None:
        if not isinstance(value, str) or not value:
            return None
        items = [item.strip() for item in value.split(",")]
        return ",".join(items) if all(rule.read(item) is not None for item in items) else None

    return Rule(f"a comma list of: {rule.allowed}", read)


def several(rule: Rule, words: str, most: int, *, increasing: bool = False) -> Rule:
    """Lists of 1 to `most` different items, each of which follows `rule`; `words` names them in the plural.

    With `increasing`, each item is greater than the one before.
    """

    def read(value: object) -> tuple[Any, ...] | None:
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            return None
        items: list[Any] = [rule.read(item) for item in value]
        if None in items or len(set(items)) < len(items):
            return None
        return tuple(items) if not increasing or items == sorted(items) else None

    order = ", each greater than the one before" if increasing else ", each once"
    return Rule(f"a list of 1 to {most} {words}{order}", read)


def either(first: Rule, second: Rule) -> Rule:
    """Values of one rule or the other."""

    def read(value: object) -> object | None:
        found = first.read(value)
        return second.read(value) if found is None else found

    return Rule(f"{first.allowed}, or {second.allowed}", read)


def as_text(rule: Rule) -> Rule:
    """Values of `rule` as texts, SageMaker's form of hyperparameters; the file may also give them as texts."""

    def read(value: object) -> str | None:
        found = rule.read(value)
        if found is None and isinstance(value, str):
            found = rule.read(_number_of(value))
        return None if found is None else str(found)

    return replace(rule, read=read)


def switch(true: str, false: str) -> Rule:
    """One of two texts. YAML reads a bare true as a boolean, so the texts true and false may be booleans."""

    def read(value: object) -> str | None:
        if isinstance(value, bool):
            written = str(value).lower()
            return written if written in {true, false} else None
        written = str(value) if isinstance(value, int | str) else ""
        return written if written in {true, false} else None

    return Rule(f"{false}, {true}", read)


def finding(value: object) -> str:
    """Return the first words of a message about a value: what was found, or that it is missing."""
    return "missing" if value is None else f"found {describe(value)}"


def describe(value: object) -> str:
    """Return a value in the words of a message, cut to a limited length."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    written = repr(value) if isinstance(value, str) else str(value)
    return written if len(written) <= 80 else written[:77] + "..."


def nearest(name: str, known: list[str]) -> str:
    """Return a sentence that suggests the known name most like `name`, or nothing."""
    import difflib  # noqa: PLC0415 - only a wrong file needs it

    matches = difflib.get_close_matches(name[:_COMPARED], known[:_COMPARED], n=1)
    return f"; did you mean {matches[0]}?" if matches else ""


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floating point
        return False


def _number_of(written: str) -> object:
    if len(written) > _NUMBER_CHARACTERS:
        return written  # to read digits costs the square of their number
    for kind in (int, float):
        try:
            return kind(written)
        except ValueError:
            continue
    return written
