"""Decides what is to be learned from the values of the label: the problem, its classes and the positive one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_lambdas.config.model import Problem
from slipway.datasets.csv_rules import is_number, quoted
from slipway.errors import SlipwayError
from slipway.tables.findings import Counts, Task
from slipway.tables.kinds import MARKERS

POSITIVES = (
    "yes",
    "y",
    "true",
    "t",
    "1",
    "1.0",
    "positive",
    "pos",
    "churned",
    "fraud",
    "default",
    "spam",
    "good",
    "won",
)
"""Words that name the positive one of two classes, the clearest first."""
MOST_CLASSES = 100
_FEW_NUMBERS = 10
"""So many different whole numbers are classes; more are amounts."""
_LONGEST_CLASS = 200
"""Characters; what a training config allows."""


@dataclass(frozen=True)
class Asked:
    """What the command line says of the problem; None where nothing."""

    problem: Problem | None = None
    positive: str | None = None


def find_task(label: Counts, classes: Sequence[tuple[str, int]], asked: Asked) -> Task:
    """Return what is to be learned.

    `classes` are the label's values with their numbers of rows, as many as `MOST_CLASSES` + 1. Raises SlipwayError for
    a label that cannot be learned.
    """
    name = label.name
    if label.values < 2:
        found = f"{quoted(classes[0][0])} in every row" if classes else "no value in any row"
        raise SlipwayError(f"--label {name}: found {found}; expected two different values at least.")
    problem, why = (asked.problem, "--problem says so") if asked.problem else _problem(label)
    if problem == "regression":
        _check_numbers(label, classes)
        if asked.positive is not None:
            raise SlipwayError(f"--positive: found with regression ({why}); expected with two classes.")
        return Task("regression", why)
    _check_classes(label, classes, problem)
    if problem == "binary":
        return _binary(name, dict(classes), why, asked.positive)
    if asked.positive is not None:
        raise SlipwayError(f"--positive: found with {label.values} classes; expected with two.")
    return Task("multiclass", why, tuple(_ordered([value for value, _ in classes])), dict(classes))


def _problem(label: Counts) -> tuple[Problem, str]:
    if label.values == 2:
        return "binary", "the label has two values"
    if not label.numbers or label.numbers + label.markers < label.filled:
        return "multiclass", f"the label has {label.values:,} different texts"
    if label.whole == label.numbers and label.values - min(label.markers, 1) <= _FEW_NUMBERS:
        return (
            "multiclass",
            f"the label has {label.values} different whole numbers; if they are a scale: --problem regression",
        )
    return "regression", f"the label has {label.values:,} different numbers"


def _check_numbers(label: Counts, classes: Sequence[tuple[str, int]]) -> None:
    strays = label.filled - label.numbers - label.markers
    if strays:
        examples = [value for value, _ in classes if not is_number(value) and value.lower() not in MARKERS][:3]
        shown = f", {', '.join(map(quoted, examples))} for example" if examples else ""
        raise SlipwayError(
            f"--label {label.name}: found {strays:,} rows without a number{shown}; expected numbers for regression.",
            "Mend the rows, or take --problem multiclass.",
        )


def _check_classes(label: Counts, classes: Sequence[tuple[str, int]], problem: str) -> None:
    if problem == "binary" and label.values != 2:
        raise SlipwayError(f"--label {label.name}: found {label.values:,} values; expected two for binary.")
    if label.values > MOST_CLASSES:
        examples = ", ".join(quoted(value) for value, _ in classes[:3])
        raise SlipwayError(
            f"--label {label.name}: found {label.values:,} different values, {examples} for example; "
            f"expected at most {MOST_CLASSES} classes, or numbers.",
            "Is it the right column? Numbers can be learned with --problem regression.",
        )
    long = next((value for value, _ in classes if len(value) > _LONGEST_CLASS), None)
    if long:
        raise SlipwayError(
            f"--label {label.name}: found a value of {len(long)} characters; expected classes of "
            f"{_LONGEST_CLASS} at most."
        )


def _binary(name: str, classes: dict[str, int], why: str, positive: str | None) -> Task:
    chosen, reason = (positive, "as --positive says") if positive is not None else _positive(classes)
    if chosen not in classes:
        raise SlipwayError(f"--positive: found {chosen!r}; expected a value of {name}: {', '.join(sorted(classes))}.")
    (other,) = classes.keys() - {chosen}
    return Task("binary", f"{why}; {quoted(chosen)} is the positive class, {reason}", (other, chosen), classes)


def _positive(classes: dict[str, int]) -> tuple[str, str]:
    for word in POSITIVES:
        for value in classes:
            if value.lower() == word:
                return value, "by its name"
    rarer = min(classes, key=lambda value: (classes[value], value))
    return rarer, "as it is the rarer one; --positive names another"


def _ordered(values: list[str]) -> list[str]:
    return sorted(values, key=float) if all(map(is_number, values)) else sorted(values)
