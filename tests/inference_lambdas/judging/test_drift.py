from __future__ import annotations

import math
import random
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.judging.drift import FLOOR, CategoryBins, ColumnBins, Drift
from inference_lambdas.judging.reference import Reference
from inference_lambdas.statistics.sampling import scattered

_VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.integers(-5, 5).map(float)), min_size=1, max_size=300)


def direct_psi(bins: list[dict[str, Any]], reference: Sequence[float], values: Sequence[float]) -> float:
    """The index by its definition, over the bins that the document shows."""
    total = 0.0
    for bin_ in bins:
        low = -math.inf if bin_["low"] is None else bin_["low"]
        high = math.inf if bin_["high"] is None else bin_["high"]
        singles = {other["low"] for other in bins if other["low"] is not None}
        shares = []
        for side in (reference, values):
            if bin_["label"] == "other":
                inside = [value not in singles for value in side]
            else:
                inside = [value == low if low == high else low <= value < high for value in side]
            shares.append(max(sum(inside) / len(side), FLOOR))
        total += (shares[1] - shares[0]) * math.log(shares[1] / shares[0])
    return total


def column(reference: Sequence[float], values: Sequence[float | None]) -> ColumnBins:
    bins = ColumnBins(reference, 0)
    bins.add(values)
    return bins


@given(_VALUES, _VALUES)
def test_psi_is_that_of_a_direct_computation(reference: list[float], values: list[float]) -> None:
    bins = column(reference, values)
    psi = bins.psi()
    assert psi is not None
    assert psi == pytest.approx(direct_psi(bins.bins(), reference, values), rel=1e-9, abs=1e-12)
    for side in ("reference_share", "share"):
        assert math.fsum(bin_[side] for bin_ in bins.bins()) == pytest.approx(1.0)


@given(_VALUES, _VALUES, st.integers(1, 50))
def test_batches_do_not_matter(reference: list[float], values: list[float], size: int) -> None:
    whole, pieces = column(reference, values), ColumnBins(reference, 0)
    for start in range(0, len(values), size):
        pieces.add(values[start : start + size])
    assert (pieces.bins(), pieces.psi()) == (whole.bins(), whole.psi())


@pytest.mark.parametrize("rows", [1_000, 20_000])
def test_two_samples_of_one_distribution_are_near_and_a_shifted_one_is_not(rows: int) -> None:
    generator = random.Random(5)  # noqa: S311
    same = [[generator.gauss(0, 1) for _ in range(rows)] for _ in range(2)]
    psi = column(*same).psi()
    assert psi is not None
    assert 0 <= psi < 5 * 9 * 2 / rows
    shifted = column(same[0], [value + 0.5 for value in same[1]]).psi()
    assert shifted is not None
    # Of two normal distributions half a standard deviation apart, without bins, it is 0.25.
    assert 0.15 < shifted < 0.35


def test_few_values_are_bins_of_their_own() -> None:
    bins = column([0.0] * 80 + [1.0] * 20, [0.0, 1.0, 1.0, 2.0])
    assert [(bin_["label"], bin_["low"], bin_["share"]) for bin_ in bins.bins()] == [
        ("0", 0.0, 0.25),
        ("1", 1.0, 0.5),
        ("other", None, 0.25),
    ]
    expected = (0.25 - 0.8) * math.log(0.25 / 0.8) + (0.5 - 0.2) * math.log(0.5 / 0.2)
    expected += (0.25 - FLOOR) * math.log(0.25 / FLOOR)
    assert bins.psi() == pytest.approx(expected, rel=1e-12)


def test_few_rows_are_not_taken_for_few_values() -> None:
    bins = column([float(value) for value in range(20)], [0.5, 18.5])
    assert bins.bins()[0]["share"] == bins.bins()[-1]["share"] == 0.5
    assert len(bins.bins()) == 10


def test_missing_values_are_a_bin() -> None:
    bins = ColumnBins([1.0] * 90, 10)
    bins.add([None, None, 1.0, 1.0])
    assert bins.bins()[-1] == {"label": "missing", "low": None, "high": None, "reference_share": 0.1, "share": 0.5}
    assert bins.psi() == pytest.approx(0.4 * math.log(5) + (0.5 - 0.9) * math.log(0.5 / 0.9))


def test_a_column_of_missing_values_only() -> None:
    bins = ColumnBins([], 10)
    assert bins.psi() is None
    bins.add([None, None])
    assert bins.psi() == 0.0
    bins.add([1.0, 1.0])
    psi = bins.psi()
    assert psi is not None
    assert psi > 1


def test_a_share_of_0_counts_as_the_floor() -> None:
    bins = column([0.0] * 50 + [1.0] * 50, [0.0] * 10)
    assert bins.psi() == pytest.approx(0.5 * math.log(2) + (FLOOR - 0.5) * math.log(FLOOR / 0.5))


def test_no_rows_on_a_side_give_no_index() -> None:
    assert ColumnBins([1.0, 2.0], 0).psi() is None
    empty = ColumnBins([], 0)
    empty.add([1.0])
    assert empty.psi() is None
    assert empty.bins()[0]["share"] == 1.0


@given(st.integers(1, 40), st.integers(0, 200), st.integers(1, 30))
def test_rows_are_taken_by_the_stride_alone(stride: int, rows: int, size: int) -> None:
    reference = Reference([array("d", [float(value) for value in range(100)])], [0], 100)
    drift = Drift(["a"], [1], reference, stride)
    raw = [b"0,%d" % number for number in range(rows)]
    for start in range(0, rows, size):
        drift.add(start, raw[start : start + size])
    document = drift.document()
    chosen = [int(row.split(b",")[1]) for row in scattered(raw, 0, stride)]
    assert document["rows"] == len(chosen)
    assert document["sampled"] == (stride > 1)
    shares = {bin_["label"]: bin_["share"] for bin_ in document["columns"][0]["bins"]}
    if document["rows"]:
        first = sum(number < 10 for number in chosen)
        assert shares["< 10"] == first / document["rows"]


def test_categories_are_bins_by_their_values() -> None:
    bins = CategoryBins(Counter({b"a": 60, b"b": 30}), 10)
    bins.add([b"a", b"b", b"c", b""])
    assert [(bin_["label"], bin_["reference_share"], bin_["share"]) for bin_ in bins.bins()] == [
        ("a", 0.6, 0.25),
        ("b", 0.3, 0.25),
        ("other", 0.0, 0.25),
        ("missing", 0.1, 0.25),
    ]
    pairs = [(0.6, 0.25), (0.3, 0.25), (FLOOR, 0.25), (0.1, 0.25)]
    assert bins.psi() == pytest.approx(sum((b - a) * math.log(b / a) for a, b in pairs), rel=1e-12)


def test_rare_categories_are_one_bin() -> None:
    bins = CategoryBins(Counter({b"%02d" % number: 50 - number for number in range(30)}), 0)
    bins.add([b"29", b"new"])
    found = bins.bins()
    assert [bin_["label"] for bin_ in found] == [f"{number:02}" for number in range(20)] + ["other"]
    assert found[-1]["share"] == 1
    assert found[-1]["reference_share"] == pytest.approx(sum(50 - n for n in range(20, 30)) / sum(range(21, 51)))
