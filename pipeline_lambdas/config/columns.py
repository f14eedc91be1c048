"""Looks columns up by name, and finds those that a training config names and the dataset lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline_lambdas.config.model import EvaluationTest, TrainingConfig
from pipeline_lambdas.config.rules import finding, nearest
from pipeline_lambdas.runtime.failures import ConfigurationError

_NUMBERED = re.compile(r"column ([1-9]\d{0,5})")
_SHOWN = 20


def column_index(name: str, names: Sequence[str]) -> int | None:
    """Return a column's position in a row, from 0; None if the dataset has no such column.

    `names` are the dataset's columns, the label first. Without names a column is called by its position in the file:
    `column 1` is the label.
    """
    if names:
        return names.index(name) if name in names else None
    numbered = _NUMBERED.fullmatch(name)
    return int(numbered.group(1)) - 1 if numbered else None


def column_name(index: int, names: Sequence[str]) -> str:
    """Return the name of the column at `index`."""
    return names[index] if names else f"column {index + 1}"


def column_problems(test: EvaluationTest, names: Sequence[str], count: int | None = None) -> Iterator[str]:
    """Yield `path: found X; expected Y` for each column that a test names and the dataset lacks.

    `count` is the number of columns in a row, None if it is not known yet.
    """
    path = f"tests.{test.name}"
    named = [(f"{path}.slices[{index}].column", item.column) for index, item in enumerate(test.slices)]
    if test.drift:
        named += [(f"{path}.drift.columns[{index}]", name) for index, name in enumerate(test.drift.columns)]
    for place, name in named:
        index = column_index(name, names)
        if index is None or (count is not None and index >= count):
            yield f"{place}: {finding(name)}; expected {_allowed(name, names, count)}"


def table_problems(config: TrainingConfig, names: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong where a config's label and features are not the dataset's columns, in their order.

    Of a program of a team's own the label alone is known, which has to be the first.
    """
    if config.own_program and config.label and names and names[0] != config.label.column:
        yield f"label.column: {finding(config.label.column)}; expected {names[0]}, the dataset's first column"
    expected = list(config.column_types)
    if list(names) == expected or not expected:
        return
    if not names:
        yield f"features: found a dataset without names of its columns; expected a columns.json with {_some(expected)}"
        return
    lacking = [name for name in expected if name not in names]
    for name in lacking[:_SHOWN]:
        place = "label.column" if name == expected[0] else f"features.{name}"
        yield f"{place}: {finding(name)}; expected {_allowed(name, names, None)}"
    untyped = [name for name in names if name not in expected]
    if untyped:
        yield f"features: found no type of {_some(untyped)}; expected one for each column, such as ignore"
    if not lacking and not untyped:
        yield f"features: found another order than the dataset's; expected {names[0]}, then {_some(names[1:])}"


def check_columns(config: TrainingConfig, names: Sequence[str]) -> None:
    """Raise ConfigurationError for columns that a config names and the dataset lacks, before anything costs money.

    A table has all of them, in their order.
    """
    problems = list(table_problems(config, names))
    problems += [problem for test in config.tests.values() for problem in column_problems(test, names)]
    if problems:
        raise ConfigurationError("\n".join(f"{config.model}.yml: {problem}" for problem in problems))


def _allowed(name: str, names: Sequence[str], count: int | None) -> str:
    if not names:
        last = f"column {count}" if count else "the last one"
        return f"column 1, the label, to {last}, as the dataset has no columns.json that names them"
    return f"a column of the dataset: {_some(names)}{nearest(name, list(names))}"


def _some(names: Sequence[str]) -> str:
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return f"{', '.join(names[:_SHOWN])}{more}"
