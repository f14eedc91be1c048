from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.judging.slices import Slice, Slices
from inference_lambdas.statistics.metrics import RegressionMetrics
from pipeline_lambdas.config.model import SliceColumn

RANGES = SliceColumn("alcohol", ranges=(10.0, 11.5), min_rows=2)
VALUES = SliceColumn("pH", values=(3.0, 1.0), min_rows=1)
LABELS = ["alcohol < 10", "10 <= alcohol < 11.5", "alcohol >= 11.5", "pH = 3", "pH = 1"]

_CELLS = st.one_of(
    st.sampled_from([b"", b"nan", b"NaN", b"inf", b"-inf", b"x", b"10", b"11.5", b"1", b"3", b"3.0", b"1e1", b"1e300"]),
    st.floats(-20, 20).map(lambda value: repr(value).encode()),
)
_ROWS = st.lists(st.tuples(st.integers(-9, 9), _CELLS, _CELLS, st.floats(-9, 9)), max_size=60)


def made() -> Slices:
    return Slices([RANGES, VALUES], [1, 2], RegressionMetrics)


def by_label(slices: Slices) -> dict[str, Slice]:
    return {found.label: found for found in slices.results()}


def raw(rows: list[tuple[int, bytes, bytes, float]]) -> list[bytes]:
    return [b"%d,%s,%s,7" % (label, alcohol, ph) for label, alcohol, ph, _ in rows]


def number(cell: bytes) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def expected_label(column: str, value: float | None) -> str:
    if value is None:
        return f"{column} missing"
    if column == "alcohol":
        return LABELS[0] if value < 10 else LABELS[1] if value < 11.5 else LABELS[2]
    return f"pH = {value:g}" if value in {1.0, 3.0} else "pH other"


@given(_ROWS, st.integers(1, 10))
def test_every_row_is_in_its_slice_however_rows_come(rows: list[tuple[int, bytes, bytes, float]], size: int) -> None:
    slices = made()
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        slices.add(raw(part), [float(row[0]) for row in part], [row[3] for row in part])
    found = by_label(slices)
    expected: dict[str, list[tuple[float, float]]] = {label: [] for label in LABELS}
    for label, alcohol, ph, prediction in rows:
        for column, cell in (("alcohol", alcohol), ("pH", ph)):
            expected.setdefault(expected_label(column, number(cell)), []).append((float(label), prediction))
    assert {label: item.rows for label, item in found.items()} == {label: len(of) for label, of in expected.items()}
    for name, pairs in expected.items():
        alone = RegressionMetrics()
        alone.add([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        assert found[name].metrics.values() == alone.values()


def test_slices_without_rows_are_there_and_not_judged() -> None:
    found = made().results()
    assert [item.label for item in found] == LABELS
    assert not any(item.judged for item in found)
    assert found[0].metrics.values() == {"rmse": None, "mae": None, "r2": None}


@pytest.mark.parametrize(("rows", "judged"), [(1, False), (2, True)])
def test_a_slice_is_judged_from_its_least_rows_on(rows: int, judged: bool) -> None:
    slices = made()
    slices.add([b"1,5,3"] * rows, [1.0] * rows, [1.0] * rows)
    assert by_label(slices)["alcohol < 10"].judged is judged


def test_numbers_in_labels_keep_their_digits() -> None:
    slices = Slices([SliceColumn("id", ranges=(1234567.25, 1e21))], [0], RegressionMetrics)
    assert [item.label for item in slices.results()] == ["id < 1234567.25", "1234567.25 <= id < 1e+21", "id >= 1e+21"]
