"""Puts rows into channels by a hash, by time or by group, so that the same rows always come to the same place.

What must stay together is a unit: equal rows, the rows of a group, or those of one time. Units are put in an order, by
the hash of seed and unit or by time, and cut where the shares say; with `stratified` in each class apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_lambdas.release.dataset import CHANNELS
from slipway.datasets.csv_rules import NUMBER, quoted
from slipway.errors import SlipwayError
from slipway.tables.engine import sql_text
from slipway.tables.findings import Split, SplitMethod
from slipway.tables.profile import ISO_DATE, row_hash
from slipway.tables.reading import Table

_SHOWN_CLASSES = 5
_TIMED = 0.5
"""The share of rows without a readable time from which on a split by time is refused."""


@dataclass(frozen=True)
class Cut:
    """How to split: per cent for train, validation and test; the column of the time or the group, else empty."""

    method: SplitMethod
    column: str = ""
    seed: int = 1
    shares: tuple[int, int, int] = (70, 15, 15)


def split(table: Table, cut: Cut) -> Split:
    """Make the table `placed`: for each row of `raw` its `id` (rowid), its `channel` and its place in it, `shuffle`.

    Raises SlipwayError for a column that is not there, and where a channel would have no row.
    """
    unit, place, stratum = _expressions(table, cut)
    train, validation, _ = cut.shares
    shuffle = f"md5({sql_text(f'{cut.seed} ')} || {row_hash(table)})"
    steps = (
        f"VIEW keyed AS FROM raw SELECT rowid AS id, {stratum} AS stratum, {unit} AS unit, {place} AS place, "
        f"{shuffle} AS shuffle",
        "VIEW units AS FROM keyed SELECT stratum, unit, min(place) AS place, count(*) AS n GROUP BY stratum, unit",
        "VIEW summed AS FROM units SELECT stratum, unit, "
        "sum(n) OVER (PARTITION BY stratum ORDER BY place, unit ROWS UNBOUNDED PRECEDING) - n / 2 AS middle, "
        "sum(n) OVER (PARTITION BY stratum) AS total",
        "TABLE placed AS FROM keyed JOIN summed USING (stratum, unit) SELECT id, shuffle, "
        f"CASE WHEN 100 * middle < total * {train} THEN 'train' "
        f"WHEN 100 * middle < total * {train + validation} THEN 'validation' ELSE 'test' END AS channel",
    )
    for step in steps:
        table.connection.execute(f"CREATE OR REPLACE {step}")
    counted = dict(table.connection.execute("FROM placed SELECT channel, count(*) GROUP BY channel").fetchall())
    rows = {channel: int(counted.get(channel, 0)) for channel in CHANNELS}
    _check_channels(table, cut, rows)
    return Split(cut.method, cut.column, cut.seed, rows)


def cell_of(table: Table, name: str, option: str) -> str:
    """Return the column of the database that has a name; SlipwayError if there is none."""
    if name in table.features:
        return table.cells[table.features.index(name)]
    why = "the label" if name == table.label else repr(name)
    raise SlipwayError(f"{option}: found {why}; expected a column: {', '.join(table.features[:20])}.")


def _expressions(table: Table, cut: Cut) -> tuple[str, str, str]:
    """Return what a row's unit, its place in the order, and its stratum are."""
    seeded = sql_text(f"{cut.seed} ")
    if cut.method == "group":
        cell = cell_of(table, cut.column, "--group")
        # A row without a group is one of its own.
        unit = f"coalesce('g' || {cell}, 'r' || {row_hash(table)})"
        return unit, f"md5({seeded} || {unit})", "0"
    if cut.method == "time":
        time = _time(table, cut.column)
        # Rows whose time is not known are taken for the oldest: the newest are tested on.
        return f"coalesce({time}::VARCHAR, '')", f"coalesce({time}, '-infinity'::DOUBLE)", "0"
    stratum = "label" if cut.method == "stratified" else "0"
    return row_hash(table), f"md5({seeded} || {row_hash(table)})", stratum


def _time(table: Table, name: str) -> str:
    """Return the expression of a row's time: seconds since 1970, or the number that the column holds."""
    cell = cell_of(table, name, "--time")
    date = f"CASE WHEN regexp_full_match({cell}, {sql_text(ISO_DATE)}) THEN epoch(try_cast({cell} AS TIMESTAMP)) END"
    number = f"CASE WHEN regexp_full_match({cell}, {sql_text(NUMBER)}) THEN try_cast({cell} AS DOUBLE) END"
    rows = table.rows()
    dates, numbers = (table.scalar(f"FROM raw SELECT count({expression})") for expression in (date, number))
    if max(dates, numbers) < _TIMED * rows:
        raise SlipwayError(
            f"--time {name}: found {max(dates, numbers):,} times in {rows:,} rows; "
            "expected dates such as 2026-12-31 or 2026-12-31T18:30:00, or numbers."
        )
    return date if dates >= numbers else number


def _check_channels(table: Table, cut: Cut, rows: dict[str, int]) -> None:
    empty = [channel for channel in CHANNELS if not rows[channel]]
    if not empty:
        return
    whats = {"time": "different times", "group": "groups", "random": "different rows", "stratified": "different rows"}
    units = table.scalar("FROM units SELECT count(DISTINCT unit)")
    raise SlipwayError(
        f"{table.source}: the split{_by(cut)} leaves no row for {', '.join(empty)}: found {units:,} "
        f"{whats[cut.method]}; expected enough for {', '.join(CHANNELS)}.",
        "Choose another --split, or --shares.",
    )


def _by(cut: Cut) -> str:
    return f" by {cut.method} {cut.column}" if cut.column else ""


def absent_classes(table: Table, cut: Cut, classes: Sequence[str]) -> tuple[str, ...]:
    """Return what is to be said of channels without a row of some class; needs the table `placed`.

    Raises SlipwayError for two classes, as with one alone there is nothing to learn, and no AUC.
    """
    found = table.connection.execute(
        "FROM raw JOIN placed ON raw.rowid = placed.id SELECT channel, list(DISTINCT label) GROUP BY channel"
    ).fetchall()
    there = {str(channel): set(labels) for channel, labels in found}
    told = []
    for channel in CHANNELS:
        absent = [name for name in classes if name not in there[channel]]
        if absent and len(classes) == 2:
            raise SlipwayError(
                f"{table.source}: the split{_by(cut)} leaves no row of the class {quoted(absent[0])} for {channel}; "
                "expected rows of both classes in each channel.",
                "Add rows of this class, or choose another --split, --shares or --seed.",
            )
        if absent:
            more = f" and {len(absent) - _SHOWN_CLASSES} more" if len(absent) > _SHOWN_CLASSES else ""
            named = ", ".join(map(quoted, absent[:_SHOWN_CLASSES]))
            told.append(f"the channel {channel} has no row of class {named}{more}")
    return tuple(told)
