"""Tells what was found in a table: as lines for a person, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table as Grid

from slipway.datasets.csv_rules import quoted
from slipway.tables.findings import Column, Findings
from slipway.tables.kinds import MARKERS

_SHOWN_COLUMNS = 40
_SHOWN_CLASSES = 12
_EXAMPLES = 3
_NAME_CHARACTERS = 24
_EXAMPLE_CHARACTERS = 20
_FEW_ROWS = 10


def grid(columns: tuple[Column, ...], width: int) -> Grid:
    """Return the columns as a table of `width` characters at the most, which the examples give way to."""
    rows = [_row(column) for column in columns[:_SHOWN_COLUMNS]]
    table = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    used = 0
    for place, title in enumerate(("column", "is", "gaps", "values")):
        wide = min(max(map(len, (title, *(row[place] for row in rows)))), _NAME_CHARACTERS)
        right = title in {"gaps", "values"}
        table.add_column(title, justify="right" if right else "left", min_width=wide, max_width=wide, overflow="fold")
        used += wide + 2
    table.add_column("examples", no_wrap=True)
    for *cells, shown in rows:
        table.add_row(*cells, _cut(shown, max(width - used - 2, _EXAMPLE_CHARACTERS)))
    return table


def _row(column: Column) -> tuple[str, ...]:
    counts = column.counts
    gaps = share(counts.gaps, counts.rows) if counts.gaps else ""
    kind = f"{column.kind}, ignored" if column.feature == "ignore" else column.kind
    return column.name, kind, gaps, f"{counts.values:,}", examples(column)


def lines(found: Findings) -> Iterator[str]:
    """Yield what a person should know before anything is learned."""
    task, split = found.task, found.split
    if len(found.columns) > _SHOWN_COLUMNS:
        yield f"and {len(found.columns) - _SHOWN_COLUMNS} more columns; the config and --json have all"
    yield f"problem: {task.problem}, as {task.why}"
    if task.classes:
        shares = [f"{quoted(name)} {share(task.rows_of[name], found.rows)}" for name in task.classes[:_SHOWN_CLASSES]]
        more = f" and {len(task.classes) - _SHOWN_CLASSES} more" if len(task.classes) > _SHOWN_CLASSES else ""
        yield f"classes: {', '.join(shares)}{more}"
    rows = ", ".join(f"{channel} {rows:,}" for channel, rows in split.rows.items())
    by = f" by {split.column}" if split.column else ""
    yield f"split {split.method}{by}: {rows}; equal rows stay in one channel"
    times = [column.name for column in found.columns if column.feature == "date"]
    if times and split.method != "time":
        yield f"tip: to test on the newest rows, as a model in use meets them: --time {quoted(times[0])}"
    yield f"baseline: {found.baseline.told}"
    for bound in found.baseline.gates:
        yield f"gate: {bound.metric} at {'most' if bound.side == 'max' else 'least'} {bound.value:g} ({bound.why})"


def warnings(found: Findings) -> Iterator[str]:
    """Yield what may be wrong with the table."""
    for leak in found.leaks:
        yield (
            f"{leak.name} alone takes away {100 * leak.share:.1f} % of the baseline's errors: does it give "
            f"{found.label} away? It is ignored. If it is known when a prediction is asked for, give it its type in "
            "the config"
        )
    if found.duplicates:
        part = share(found.duplicates, found.rows)
        yield f"rows that equal an earlier one in every column: {found.duplicates:,} ({part})"
    if found.unlabelled:
        yield f"rows without a label, which are left out: {found.unlabelled:,}"
    gaps = [name for name in found.task.classes if name.lower() in MARKERS]
    if gaps:
        named = ", ".join(map(quoted, gaps))
        yield f"class {named}: does it stand for a gap? If these cells are emptied, their rows are left out"
    rare = [name for name in found.task.classes if found.task.rows_of[name] < _FEW_ROWS]
    if rare:
        yield f"fewer than {_FEW_ROWS} rows: class {', '.join(map(quoted, rare[:5]))}{' and more' if rare[5:] else ''}"
    alike = _alike(found.task.classes)
    if alike:
        yield f"classes that differ in case only: {', '.join(map(quoted, alike))}"
    noted = [column for column in found.columns if column.note and column.kind not in {"id", "constant"}]
    yield from (f"{column.name}: {column.note}" for column in noted if column.name not in _names_of(found))
    yield from found.notes


def document(found: Findings) -> dict[str, Any]:
    """Return the findings for programs."""
    task = found.task
    return {
        "rows": found.rows,
        "label": found.label,
        "problem": task.problem,
        "why": task.why,
        "classes": [{"name": name, "rows": task.rows_of[name]} for name in task.classes],
        "duplicate_rows": found.duplicates,
        "unlabelled_rows": found.unlabelled,
        "columns": [_column(column) for column in found.columns],
        "gives_away": {leak.name: round(leak.share, 4) for leak in found.leaks},
        "split": asdict(found.split),
        "baseline": {name: round(value, 6) for name, value in found.baseline.metrics.items()},
        "gates": {bound.metric: {bound.side: bound.value} for bound in found.baseline.gates},
        "warnings": list(warnings(found)),
    }


def column_comment(column: Column) -> str:
    """Return what the config says of a column."""
    counts = column.counts
    gaps = f"; {share(counts.gaps, counts.rows)} empty" if counts.gaps else ""
    if column.feature == "ignore":
        return f"{column.kind}: {column.note}" if column.note else column.kind
    if column.kind == "number" and counts.low is not None and counts.high is not None:
        return f"{counts.low:g} to {counts.high:g}{gaps}"
    return f"{counts.values:,} values: {examples(column)}{gaps}"


def examples(column: Column) -> str:
    """Return the commonest values, each cut to a few characters."""
    return ", ".join(_cut(value, _EXAMPLE_CHARACTERS) for value, _ in column.counts.common[:_EXAMPLES])


def share(part: int, whole: int) -> str:
    """Return a part as per cent, never 0 % of what there is."""
    per_cent = 100 * part / max(whole, 1)
    return "< 0.1 %" if part and per_cent < 0.1 else f"{per_cent:.1f} %"


def _names_of(found: Findings) -> set[str]:
    return {leak.name for leak in found.leaks}


def _column(column: Column) -> dict[str, Any]:
    counts = column.counts
    return {
        "name": column.name,
        "kind": column.kind,
        "feature": column.feature,
        "note": column.note,
        "gaps": counts.gaps,
        "values": counts.values,
        "low": counts.low,
        "high": counts.high,
        "examples": [value for value, _ in counts.common],
    }


def _alike(names: tuple[str, ...]) -> list[str]:
    folded = [name.casefold() for name in names]
    return [name for name in names if folded.count(name.casefold()) > 1]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
