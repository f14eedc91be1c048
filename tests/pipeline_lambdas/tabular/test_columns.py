"""What each type of column learns, and the numbers that it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_lambdas.tabular import date, number
from pipeline_lambdas.tabular.category import CategoryColumn, CategoryFit
from pipeline_lambdas.tabular.counting import Counts
from pipeline_lambdas.tabular.date import DateColumn, DateFit
from pipeline_lambdas.tabular.errors import TableError
from pipeline_lambdas.tabular.number import NumberColumn, NumberFit
from pipeline_lambdas.tabular.specification import Column
from pipeline_lambdas.tabular.text import TextColumn, TextFit
from pipeline_lambdas.tabular.treatment import Fit

NAN = math.nan
CELLS = st.lists(
    st.one_of(
        st.sampled_from(
            ["", " ", "NA", "?", "inf", "-Infinity", "1e39", "3.4028235e38", "1_0", " 7 ", "nan", "٣", "0x1", "1e-999"]
        ),
        st.floats().map(repr),
        st.integers().map(str),
        st.text(max_size=4),
    )
)


def learned(fit: Fit, *blocks: Sequence[str]) -> dict[str, Any]:
    for cells in blocks:
        fit.observe(cells)
    return {"name": "it", **fit.fitted()}


def test_what_is_no_number_is_missing() -> None:
    column = Column("it", "number")
    cells = ["3", " 4.5 ", "-1e3", "", "NA", "n/a", "four", "1_000", "inf", "1e39"]
    entry = learned(NumberFit(column), cells, ["1"] * 10)
    assert entry == {"name": "it", "missing": 3, "unreadable": 4}
    values = NumberColumn(entry).encode(cells)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values[:, 0], [3, 4.5, -1000, *[NAN] * 7])


@given(CELLS)
@example(["3.4028235677973366e+38", "3.4028235677973362e+38"])
def test_a_number_is_the_same_alone_and_among_others(cells: list[str]) -> None:
    together, unreadable = number.parse(cells)
    alone = [number.parse([cell]) for cell in cells]
    np.testing.assert_array_equal(together, np.array([values[0] for values, _ in alone], np.float32))
    assert unreadable == [cell for _, left in alone for cell in left]
    assert not np.isinf(together).any()


def test_a_column_that_holds_no_numbers_is_refused() -> None:
    fit = NumberFit(Column("age", "number"))
    fit.observe(["1", "", "young", "old", "young"])
    with pytest.raises(
        TableError, match=r"^column 'age': found 3 of 4 cells that hold no number, such as 'young', 'old'\. Correct"
    ):
        fit.fitted()


def test_a_few_unreadable_cells_are_told() -> None:
    fit = NumberFit(Column("age", "number"))
    fit.observe(["1", "2", "old"])
    assert fit.told() == "column 'age': 1 of 3 cells hold no number, such as 'old'; they count as missing"
    fit = NumberFit(Column("age", "number"))
    fit.observe(["1", "2", ""])
    assert fit.told() is None


def test_categories_are_the_most_frequent_values() -> None:
    entry = learned(CategoryFit(Column("it", "category", 2)), ["b", "a", " a ", "", "c"], ["b", "d"])
    assert entry == {"name": "it", "values": ["a", "b"], "missing": 1, "other": 2}
    column = CategoryColumn(entry)
    np.testing.assert_array_equal(column.encode(["b", "a ", "c", "new", "", " "])[:, 0], [1, 0, 2, 2, NAN, NAN])
    assert column.kinds == ["c"]


def test_words_are_those_of_most_rows() -> None:
    fit = TextFit(Column("it", "text", 2))
    entry = learned(fit, ["Good, good, GOOD!", "bad", "a good day", "", "?!"], ["bad day", "bad"])
    assert entry == {"name": "it", "terms": ["bad", "day"], "missing": 2}
    column = TextColumn(entry)
    assert column.names == ["it: bad", "it: day"]
    found = column.encode(["bad Bad day", "good", ""])
    np.testing.assert_array_equal(found.toarray(), [[2, 1], [0, 0], [0, 0]])
    assert found.nnz == 2


def test_a_word_of_one_row_is_no_term() -> None:
    assert learned(TextFit(Column("it", "text", 9)), ["once once", "two", "two"])["terms"] == ["two"]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("1970-01-01", 0),
        ("19700102", 86400),
        ("1969-12-31", -86400),
        ("2024-02-29T12:30:15Z", 1709209815),
        (" 2024-02-29 12:30 ", 1709209800),
        ("2024-02-29T12:30:15.123456789+02:00", 1709202615),
        ("2024-02-29T12:30:15 -0530", 1709229615),
        ("2024-02-29T12:30+02", 1709202600),
        ("20240229T123015Z", 1709209815),
        ("1709209815", 1709209815),
        ("1709209815.5", 1709209815.5),
        ("999999999", 999999999),
        ("-999999999", -999999999),
        ("1709209815123", 1709209815.123),
        ("1709209815123456", 1709209815.123456),
        ("1709209815123456789", 1709209815.123456789),
        ("0001-01-01", -62135596800),
        ("9999-12-31", 253402214400),
    ],
)
def test_dates(cell: str, seconds: float) -> None:
    found, unreadable = date.parse([cell])
    assert unreadable == []
    assert found[0] == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "cell",
    [
        "2023-02-29",
        "2024-13-01",
        "0000-01-01",
        "2024-01-01T24:00",
        "2024-01-01T12:60",
        "2024-01-01T1",
        "31.01.2024",
        "01/31/2024",
        "soon",
        "2024",
        "2024-01",
        "17092098",
        "12345678901",
        "٢٠٢٤-01-01",
    ],
)
def test_no_dates(cell: str) -> None:
    found, unreadable = date.parse([cell])
    assert np.isnan(found[0])
    assert unreadable == [cell]


def test_a_date_is_several_numbers() -> None:
    entry = learned(DateFit(Column("it", "date")), ["2024-02-29", "", "null"], ["1970-01-01T00:00:00Z"])
    assert entry == {"name": "it", "hour": False, "missing": 2, "unreadable": 0}
    column = DateColumn(entry)
    assert column.names == ["it: days since 1970", "it: month", "it: weekday"]
    expected = [[19782, 2, 3], [0, 1, 3], [-1, 12, 2], [NAN, NAN, NAN]]
    np.testing.assert_array_equal(column.encode(["2024-02-29T23:00", "1970-01-01", "1969-12-31", "soon"]), expected)


def test_a_time_of_day_is_an_hour() -> None:
    entry = learned(DateFit(Column("it", "date")), ["2024-02-29"], ["2024-02-29T01:00:00+02:00"])
    assert entry["hour"] is True
    found = DateColumn(entry).encode(["2024-02-29T01:30:00+02:00", "2024-02-29", ""])
    np.testing.assert_array_equal(found, [[19781, 2, 2, 23.5], [19782, 2, 3, 0], [NAN] * 4])


def test_a_column_that_holds_no_dates_is_refused() -> None:
    fit = DateFit(Column("day", "date"))
    fit.observe(["31.01.2024", "2024-01-31", "1.2.2024"])
    with pytest.raises(TableError, match=r"^column 'day': found 2 of 3 cells that hold no date in ISO 8601 .*'31\.01"):
        fit.fitted()


@given(st.datetimes())
def test_dates_are_those_of_python(moment: Any) -> None:
    found = DateColumn({"name": "it", "hour": True}).encode([moment.isoformat()])[0]
    day = moment.toordinal() - 719163
    hour = moment.hour + moment.minute / 60 + moment.second / 3600
    np.testing.assert_array_equal(found, np.array([day, moment.month, moment.weekday(), hour], np.float32))


def test_counting_is_bounded() -> None:
    counts = Counts(limit=100)
    for start in range(0, 10_000, 5):
        counts.add(["often", "sometimes"] if start % 10 else ["often"])
        counts.add(f"once {number}" for number in range(start, start + 5))
        assert len(counts._counts) <= 100
    assert counts.top(2) == {"often": 2000, "sometimes": 1000}


def test_long_texts_are_counted_in_bounded_memory() -> None:
    counts = Counts(limit=1_000, characters=1_000)
    for place in range(200):
        counts.add(["often", f"{place:0100}"])
        assert sum(map(len, counts._counts)) <= 1_000
    assert counts.top(1) == {"often": 200}


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=20)), st.integers(1, 6), st.integers(1, 3))
def test_the_most_frequent_are_found(blocks: list[list[str]], most: int, least: int) -> None:
    counts = Counts(limit=5)
    for block in blocks:
        counts.add(block)
    every = [text for block in blocks for text in block]
    ranked = sorted(set(every), key=lambda text: (-every.count(text), text))[:most]
    assert list(counts.top(most, least)) == [text for text in ranked if every.count(text) >= least]
