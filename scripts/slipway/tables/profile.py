"""Counts what the cells of each column hold, a column at a time, so that memory holds the values of one at the most."""

from __future__ import annotations

from slipway.datasets.csv_rules import NUMBER
from slipway.tables.engine import sql_text
from slipway.tables.findings import Counts
from slipway.tables.kinds import MARKERS
from slipway.tables.reading import Table

ISO_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?"
"""https://www.w3.org/TR/NOTE-datetime, also with a space between date and time, and without seconds."""
_OTHER_DATE = (
    r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?:[ T].{1,20})?|\d{4}[./]\d{1,2}[./]\d{1,2}(?:[ T].{1,20})?|\d{1,2}[ -]"
    r"[A-Za-z]{3,9}[ -]\d{4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
)
_WITH_COMMAS = r"[+-]?(?:\d{1,3}(?:\.\d{3}){0,5},\d{1,9}|\d{1,18},\d{1,9}|\d{1,3}(?:,\d{3}){1,5}(?:\.\d{0,9})?)"
_EXAMPLES = 8


def count_columns(table: Table) -> list[Counts]:
    """Return the counts of the features' columns, in their order."""
    rows = table.rows()
    return [count_column(table, cell, name, rows) for cell, name in zip(table.cells, table.features, strict=True)]


def count_column(table: Table, cell: str, name: str, rows: int) -> Counts:
    """Return the counts of one column of the database; what a value is, is asked once for all equal cells."""
    matches = {
        "numbers": _matches(NUMBER),
        "whole": _matches(r"[+-]?\d{1,18}"),
        "zero_led": _matches(r"[+-]?0\d{1,40}"),
        "with_commas": _matches(_WITH_COMMAS),
        "dates": f"({_matches(ISO_DATE)} AND try_cast(v AS TIMESTAMP) IS NOT NULL)",
        "other_dates": _matches(_OTHER_DATE),
        "markers": f"lower(v) IN ({', '.join(map(sql_text, MARKERS))})",
    }
    cells = ", ".join(f"coalesce(sum(n) FILTER ({test}), 0)" for test in matches.values())
    numeric = f"(try_cast(v AS DOUBLE)) FILTER ({matches['numbers']})"
    found = table.connection.execute(
        f"FROM (FROM raw SELECT {cell} AS v, count(*) AS n WHERE {cell} IS NOT NULL GROUP BY ALL) "
        f"SELECT count(*), coalesce(sum(n), 0), {cells}, "
        "coalesce(sum(n * (1 + length(v) - length(replace(v, ' ', '')))) / sum(n), 0), "
        f"min{numeric}, max{numeric}"
    ).fetchone()
    if found is None:
        raise ValueError("a query without GROUP BY answers one row")
    values, filled, *counted, words, low, high = found
    common = table.connection.execute(
        f"FROM raw SELECT {cell}, count(*) AS n WHERE {cell} IS NOT NULL GROUP BY ALL "
        f"ORDER BY n DESC, {cell} LIMIT {_EXAMPLES}"
    ).fetchall()
    return Counts(
        name,
        rows,
        rows - int(filled),
        int(values),
        **dict(zip(matches, map(int, counted), strict=True)),
        mean_words=float(words),
        low=low,
        high=high,
        common=tuple((str(value), int(number)) for value, number in common),
    )


def duplicate_rows(table: Table) -> int:
    """Return how many rows equal an earlier one in every column."""
    return table.rows() - table.scalar(f"FROM raw SELECT count(DISTINCT {row_hash(table)})")


def row_hash(table: Table) -> str:
    """Return the expression of a row's hash, which rows with the same cells share, whatever their order."""
    cells = " || chr(31) || ".join(f"coalesce({cell}, chr(30))" for cell in ("label", *table.cells))
    return f"md5({cells})"


def _matches(pattern: str) -> str:
    return f"regexp_full_match(v, {sql_text(pattern)})"
