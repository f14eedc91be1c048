"""However rows are split: none is lost, none is in two channels, and what belongs together stays together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slipway.errors import SlipwayError
from slipway.tables.findings import SplitMethod
from slipway.tables.reading import Table
from slipway.tables.splits import Cut, split

METHODS: tuple[SplitMethod, ...] = ("random", "stratified", "time", "group")
COLUMNS = {"time": "day", "group": "who"}
Row = tuple[str, str | None, str | None]
"""Label, day, group."""

days = st.integers(1, 28).map(lambda day: f"2026-01-{day:02d}")
rows = st.tuples(st.sampled_from(("a", "b")), st.none() | days, st.none() | st.sampled_from("pqrstuvwxyz"))


def table_of(given_rows: list[Row]) -> Table:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE raw (label VARCHAR, c0 VARCHAR, c1 VARCHAR)")
    connection.executemany("INSERT INTO raw VALUES (?, ?, ?)", given_rows)
    return Table(connection, "rows.csv", "y", ("day", "who"))


def placed(table: Table, method: SplitMethod, seed: int = 1) -> dict[str, list[Row]]:
    """Return the rows of each channel."""
    found = split(table, Cut(method, COLUMNS.get(method, ""), seed))
    channels: dict[str, list[Row]] = defaultdict(list)
    for channel, *row in table.connection.execute(
        "FROM raw JOIN placed ON raw.rowid = placed.id SELECT channel, label, c0, c1"
    ).fetchall():
        label, day, who = row
        channels[channel].append((label, day, who))
    assert {channel: len(found_rows) for channel, found_rows in channels.items()} == dict(found.rows)
    return channels


def splits(given_rows: list[Row]) -> Iterator[tuple[SplitMethod, dict[str, list[Row]]]]:
    for method in METHODS:
        table = table_of(given_rows)
        # Too few different rows, times or groups are refused.
        with suppress(SlipwayError), table.connection:
            yield method, placed(table, method)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, min_size=3, max_size=60))
def test_no_row_is_lost_and_equal_rows_stay_together(given_rows: list[Row]) -> None:
    for _, channels in splits(given_rows):
        assert Counter(row for found in channels.values() for row in found) == Counter(given_rows)
        of_row = defaultdict(set)
        for channel, found in channels.items():
            for row in found:
                of_row[row].add(channel)
        assert all(len(where) == 1 for where in of_row.values())


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, min_size=20, max_size=60))
def test_no_group_is_in_two_channels_and_the_newest_rows_are_tested_on(given_rows: list[Row]) -> None:
    for method, channels in splits(given_rows):
        if method == "group":
            groups = [{who for _, _, who in found if who} for found in channels.values()]
            assert sum(map(len, groups)) == len(set().union(*groups))
        if method == "time":
            times = [[day or "" for _, day, _ in channels[name]] for name in ("train", "validation", "test")]
            assert max(times[0]) < min(times[1]) <= max(times[1]) < min(times[2])


def many(count: int = 1_000) -> list[Row]:
    return [
        ("a" if number % 10 else "b", f"2026-01-01T{number // 60:02d}:{number % 60:02d}", f"group {number % 50}")
        for number in range(count)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_the_shares_are_kept(method: SplitMethod) -> None:
    channels = placed(table_of(many()), method)
    assert {name: len(found) for name, found in channels.items()} == pytest.approx(
        {"train": 700, "validation": 150, "test": 150}, abs=20
    )


def test_each_class_has_its_shares() -> None:
    channels = placed(table_of(many()), "stratified")
    assert {name: Counter(row[0] for row in found) for name, found in channels.items()} == {
        "train": {"a": 630, "b": 70},
        "validation": {"a": 135, "b": 15},
        "test": {"a": 135, "b": 15},
    }


def test_a_class_of_one_row_is_trained_on() -> None:
    channels = placed(table_of([*many(), ("c", None, None)]), "stratified")
    assert ("c", None, None) in channels["train"]


def test_the_seed_decides_and_nothing_else() -> None:
    first, again, other = (
        placed(table_of(given_rows), "random", seed)
        for given_rows, seed in ((many(), 1), (many()[::-1], 1), (many(), 2))
    )
    assert sorted(first["test"]) == sorted(again["test"])
    assert sorted(first["test"]) != sorted(other["test"])


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (Cut("time", "when"), "--time: found 'when'; expected a column: day, who"),
        (Cut("group", "y"), "--group: found the label"),
        (Cut("time", "who"), "--time who: found 0 times in 1,000 rows"),
    ],
)
def test_a_column_that_cannot_split(cut: Cut, told: str) -> None:
    with pytest.raises(SlipwayError) as error:
        split(table_of(many()), cut)
    assert told in error.value.message
