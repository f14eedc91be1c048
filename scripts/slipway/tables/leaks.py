"""Measures how far a single column gives the label away.

What a column alone predicts is learned from train rows and counted on validation rows: for each of its values the
label that most rows with it have, or their mean; a number that was not seen is taken as the nearest one that was, any
other value as missing. The measure is the share of the baseline's errors that are gone: of wrong rows for classes,
of squared errors (R2) for numbers. A column of dates counts by its time, one of texts by whether there is one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import starmap
from statistics import fmean
from typing import TypeVar

from slipway.datasets.csv_rules import NUMBER
from slipway.tables.engine import sql_text
from slipway.tables.findings import Column, Leak, Task
from slipway.tables.reading import Table

SAMPLED_ROWS = {"train": 14_000, "validation": 6_000}
GIVEN_AWAY = {"regression": 0.98, "binary": 0.95, "multiclass": 0.95}
"""From this share on a column is named."""
_LEAST_ROWS = 20
_LEAST_ERRORS = 5

Said = TypeVar("Said")
Pair = tuple[str, Hashable]
"""A label and what the column says; None for a gap."""


def find_leaks(table: Table, columns: Sequence[Column], task: Task) -> list[Leak]:
    """Return the columns that give the label away; needs the table `placed`."""
    _take_sample(table)
    found = []
    for cell, column in zip(table.cells, columns, strict=True):
        if column.feature != "ignore":
            train, validation = (_pairs(table, cell, column, channel) for channel in SAMPLED_ROWS)
            share = share_known(train, validation, regression=task.problem == "regression")
            if share >= GIVEN_AWAY[task.problem]:
                found.append(Leak(column.name, share))
    return found


def share_known(train: Sequence[Pair], judged: Sequence[Pair], *, regression: bool) -> float:
    """Return the share of the baseline's errors that a column alone takes away; 0 where too few rows could tell."""
    if min(len(train), len(judged)) < _LEAST_ROWS:
        return 0.0
    if regression:
        return _share(train, judged, _mean, lambda label, said: (float(label) - said) ** 2, least=0.0)
    return _share(train, judged, _commonest, lambda label, said: float(label != said), least=_LEAST_ERRORS)


def _share(
    train: Sequence[Pair],
    judged: Sequence[Pair],
    learn: Callable[[Iterable[str]], Said],
    error: Callable[[str, Said], float],
    *,
    least: float,
) -> float:
    everywhere = learn(label for label, _ in train)
    of = _of_values(train, learn)
    numbers = sorted(value for value in of if isinstance(value, float))
    base = sum(error(label, everywhere) for label, _ in judged)
    known = sum(error(label, of.get(_nearest(value, of, numbers), everywhere)) for label, value in judged)
    return max(0.0, 1 - known / base) if base > least else 0.0


def _of_values(train: Sequence[Pair], learn: Callable[[Iterable[str]], Said]) -> Mapping[Hashable, Said]:
    labels: dict[Hashable, list[str]] = defaultdict(list)
    for label, value in train:
        labels[value].append(label)
    return {value: learn(found) for value, found in labels.items()}


def _nearest(value: Hashable, of: Mapping[Hashable, object], numbers: Sequence[float]) -> Hashable:
    if value in of or not isinstance(value, float) or not numbers:
        return value
    place = bisect_left(numbers, value)
    beside = numbers[max(place - 1, 0) : place + 1]
    return min(beside, key=lambda number: abs(number - value))


def _mean(labels: Iterable[str]) -> float:
    return fmean(map(float, labels))


def _commonest(labels: Iterable[str]) -> str:
    counted = Counter(labels)
    return min(counted, key=lambda label: (-counted[label], label))


def _take_sample(table: Table) -> None:
    parts = " UNION ALL ".join(
        f"(FROM raw JOIN placed ON raw.rowid = placed.id SELECT raw.*, channel WHERE channel = {sql_text(channel)} "
        f"ORDER BY shuffle, id LIMIT {rows})"
        for channel, rows in SAMPLED_ROWS.items()
    )
    table.connection.execute(f"CREATE OR REPLACE TABLE sampled AS {parts}")


def _pairs(table: Table, cell: str, column: Column, channel: str) -> list[Pair]:
    number = f"CASE WHEN regexp_full_match({cell}, {sql_text(NUMBER)}) THEN try_cast({cell} AS DOUBLE) END"
    said = {
        "number": number,
        "date": f"epoch(try_cast({cell} AS TIMESTAMP))",
        "text": f"{cell} IS NOT NULL",
    }.get(column.feature, cell)
    found = table.connection.execute(
        f"FROM sampled SELECT label, {said} WHERE channel = {sql_text(channel)}"
    ).fetchall()
    return list(starmap(_pair, found))


def _pair(label: object, value: object) -> Pair:
    return str(label), value if isinstance(value, Hashable) else None
