"""The description of a table that the training job gets: features.json, schema slipway-features/1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_lambdas.tabular.errors import TableError, quoted

SCHEMA = "slipway-features/1"
PROBLEMS = ("regression", "binary", "multiclass")
NUMBER, CATEGORY, TEXT, DATE, IGNORE = "number", "category", "text", "date", "ignore"
OPTIONS: Mapping[str, tuple[str, ...]] = {
    NUMBER: (),
    CATEGORY: ("max_categories",),
    TEXT: ("max_terms",),
    DATE: (),
    IGNORE: (),
}
"""Type of a column to the options that it has to have, integers from 1."""


@dataclass(frozen=True)
class Column:
    """A column of the table beside the label; `most` is how many categories or terms are kept of it."""

    name: str
    type: str
    most: int = 0

    def document(self) -> dict[str, Any]:
        """Return the column as features.json has it."""
        return {"name": self.name, "type": self.type, **dict.fromkeys(OPTIONS[self.type], self.most)}


@dataclass(frozen=True)
class Specification:
    """A table: its problem, its label with the label's classes in their order, and its other columns in theirs."""

    problem: str
    label: str
    classes: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all columns, in the order of the dataset: the label stands first."""
        return (self.label, *(column.name for column in self.columns))

    def document(self) -> dict[str, Any]:
        """Return what describes the table besides its columns."""
        return {"problem": self.problem, "label": self.label, "classes": list(self.classes)}


def parse(document: object, source: str, schema: str = SCHEMA) -> Specification:
    """Check a document; `source` names its file in messages. TableError says what is wrong first."""
    if not isinstance(document, dict):
        raise TableError(f"{source}: found {_told(document)}; expected an object")
    if document.get("schema") != schema:
        raise TableError(f"{source}: schema: found {_told(document.get('schema'))}; expected {schema}")
    problem, label = document.get("problem"), document.get("label")
    if problem not in PROBLEMS:
        raise TableError(f"{source}: problem: found {_told(problem)}; expected {', '.join(PROBLEMS)}")
    if not isinstance(label, str) or not label:
        raise TableError(f"{source}: label: found {_told(label)}; expected the name of a column")
    classes = _classes(document.get("classes"), problem, f"{source}: classes")
    columns = _columns(document.get("columns"), f"{source}: columns")
    names = Counter([label, *(column.name for column in columns)])
    if repeated := [name for name, count in names.items() if count > 1]:
        raise TableError(f"{source}: columns: found {quoted(repeated)} more than once")
    return Specification(problem, label, classes, columns)


def _classes(found: object, problem: str, place: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TableError(f"{place}: found {_told(found)}; expected a list of texts")
    classes = tuple(one.strip() for one in found)
    if len(set(classes)) < len(classes) or "" in classes:
        raise TableError(f"{place}: found {quoted(classes)}; expected texts that differ, and none empty")
    wanted = {"regression": len(classes) == 0, "binary": len(classes) == 2, "multiclass": len(classes) >= 2}
    if not wanted[problem]:
        expected = {"regression": "none", "binary": "2", "multiclass": "2 or more"}[problem]
        raise TableError(f"{place}: found {len(classes)} with problem {problem}; expected {expected}")
    return classes


def _columns(found: object, place: str) -> tuple[Column, ...]:
    if not isinstance(found, list) or not found:
        raise TableError(f"{place}: found {_told(found)}; expected a list of objects")
    columns = tuple(_column(one, f"{place}[{index}]") for index, one in enumerate(found))
    if all(column.type == IGNORE for column in columns):
        raise TableError(f"{place}: found none but ignored ones; expected at least one to learn from")
    return columns


def _column(found: object, place: str) -> Column:
    if not isinstance(found, dict):
        raise TableError(f"{place}: found {_told(found)}; expected an object")
    name, kind = found.get("name"), found.get("type")
    if not isinstance(name, str) or not name:
        raise TableError(f"{place}: name: found {_told(name)}; expected a text")
    if not isinstance(kind, str) or kind not in OPTIONS:
        raise TableError(f"{place}: type: found {_told(kind)}; expected {', '.join(OPTIONS)}")
    for option in OPTIONS[kind]:
        most = found.get(option)
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise TableError(f"{place}: {option}: found {_told(most)}; expected an integer from 1")
        return Column(name, kind, most)
    return Column(name, kind)


def _told(found: object) -> str:
    return "nothing" if found is None else repr(found)[:60]
