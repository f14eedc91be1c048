"""Finds out all about a table that a new model needs: columns, task, split, what gives the label away, baseline.

The split comes before anything is measured on the label, so nothing is learned from rows that are tested on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from slipway.datasets.csv_rules import NUMBER
from slipway.errors import SlipwayError
from slipway.tables.baseline import measure_baseline
from slipway.tables.findings import Column, Counts, Findings, Leak, SplitMethod
from slipway.tables.kinds import column
from slipway.tables.leaks import find_leaks
from slipway.tables.profile import count_column, count_columns, duplicate_rows
from slipway.tables.reading import Table
from slipway.tables.splits import Cut, absent_classes, split
from slipway.tables.tasks import MOST_CLASSES, Asked, find_task


@dataclass(frozen=True)
class Wanted:
    """How a person wants the rows split; None and empty where they say nothing."""

    method: SplitMethod | None = None
    time: str = ""
    group: str = ""
    seed: int = 1
    shares: tuple[int, int, int] = (70, 15, 15)


def study(table: Table, asked: Asked, wanted: Wanted, tell: Callable[[str], None]) -> Findings:
    """Return the findings; leaves the rows without a label out of the table, and puts the others into channels.

    `tell` receives what is being done. Raises SlipwayError for a label that cannot be learned or a split that cannot be
    made.
    """
    tell("the label")
    before = table.rows()
    task = find_task(_labelled(table, before), _values(table), asked)
    tell("the columns")
    columns = [_not_the_group(column(counts), wanted) for counts in count_columns(table)]
    if all(one.feature == "ignore" for one in columns):
        raise SlipwayError(
            f"{table.source}: found no column to learn from: {', '.join(f'{c.name} ({c.kind})' for c in columns[:10])}."
        )
    tell("the split")
    cut = _cut(wanted, classes=bool(task.classes))
    placed = split(table, cut)
    absent = absent_classes(table, cut, task.classes)
    tell("what gives the label away")
    leaks = find_leaks(table, columns, task)
    rows = table.rows()
    return Findings(
        source=table.source,
        label=table.label,
        rows=rows,
        duplicates=duplicate_rows(table),
        unlabelled=before - rows,
        columns=tuple(_without(columns, leaks)),
        task=task,
        split=placed,
        baseline=measure_baseline(table, task),
        leaks=tuple(leaks),
        notes=(*_notes(table), *absent),
    )


def _values(table: Table) -> list[tuple[str, int]]:
    found = table.connection.execute(
        "FROM raw SELECT label, count(*) AS n WHERE label IS NOT NULL GROUP BY label ORDER BY n DESC, label LIMIT ?",
        [MOST_CLASSES + 1],
    ).fetchall()
    return [(str(value), int(rows)) for value, rows in found]


def _labelled(table: Table, rows: int) -> Counts:
    """Leave the rows without a label out, and count the labels of the others.

    Beside numbers, what stands for a gap in any column of numbers is none.
    """
    table.connection.execute("DELETE FROM raw WHERE label IS NULL")
    label = count_column(table, "label", table.label, rows)
    if label.markers and label.numbers and label.numbers + label.markers == label.filled:
        table.connection.execute("DELETE FROM raw WHERE NOT regexp_full_match(label, ?)", [NUMBER])
        label = count_column(table, "label", table.label, rows)
    return label


def _not_the_group(found: Column, wanted: Wanted) -> Column:
    if found.name != wanted.group:
        return found
    return replace(found, feature="ignore", note="the rows are split by it, so training knows none of those tested on")


def _cut(wanted: Wanted, *, classes: bool) -> Cut:
    given: dict[SplitMethod, str] = {"time": wanted.time, "group": wanted.group}
    named = [name for name, column_name in given.items() if column_name]
    method = wanted.method or (named[0] if named else "stratified" if classes else "random")
    if len(named) > 1 or (named and method != named[0]):
        raise SlipwayError(f"--split {method}: found --{' and --'.join(named)}; expected the one that it splits by.")
    if method in {"time", "group"} and not named:
        raise SlipwayError(f"--split {method}: found no --{method}; expected the column to split by.")
    if method == "stratified" and not classes:
        raise SlipwayError("--split stratified: found with numbers to predict; expected with classes.")
    return Cut(method, wanted.time or wanted.group, wanted.seed, wanted.shares)


def _without(columns: Sequence[Column], leaks: Sequence[Leak]) -> list[Column]:
    shares = {leak.name: leak.share for leak in leaks}
    return [
        replace(one, feature="ignore", note=f"alone takes away {100 * shares[one.name]:.1f} % of the baseline's errors")
        if one.name in shares
        else one
        for one in columns
    ]


def _notes(table: Table) -> tuple[str, ...]:
    unused = f"columns whose values are no texts or numbers are left out: {', '.join(table.unused)}"
    rejected = f"{table.rejected:,} bad rows are left out; the first: {table.problems[0] if table.problems else ''}"
    return (*([unused] if table.unused else []), *([rejected] if table.rejected else []))
