"""The worst rows, against sorting all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_lambdas.judging.worst import (
    MOST,
    MOST_VALUES,
    WorstRows,
    distances,
    missing_probabilities,
    wrong_classes,
)
from inference_lambdas.predicting.predictions import Parsed, Predicted
from inference_lambdas.predicting.rows import RowFormat

CSV = RowFormat("text/csv")
NUMBERS = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))


@given(st.lists(st.tuples(NUMBERS, st.one_of(st.none(), NUMBERS)), max_size=60), st.integers(1, 20))
def test_they_are_those_with_the_greatest_errors(rows: list[tuple[float, float | None]], size: int) -> None:
    worst = WorstRows(distances, CSV)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        kept = [place for place, (_, prediction) in enumerate(part) if prediction is not None]
        predictions = [prediction for _, prediction in part if prediction is not None]
        parsed = Parsed(predictions, None if len(kept) == len(part) else kept)
        raw = [b"%r,%d" % (label, number) for number, (label, _) in enumerate(part, start + 1)]
        worst.add(Predicted(start, raw, [label for label, _ in part], parsed, None))
    errors = [(-abs(one - two), number) for number, (one, two) in enumerate(rows, 1) if two is not None and one != two]
    found = worst.document(())["rows"]
    assert [(-row["error"], row["row"]) for row in found] == sorted(errors)[:MOST]
    assert [row["values"] for row in found] == [[str(row["row"])] for row in found]


def test_of_classes_it_is_the_probability_of_the_right_one() -> None:
    worst = WorstRows(missing_probabilities, RowFormat("text/csv", weights=True))
    parsed = Parsed([(0.7, 0.2, 0.1), (0.3, 0.3, 0.4)])
    worst.add(Predicted(10, [b"1,0.5,a,b", b"2,0.5,c,"], [1.0, 2.0], parsed, None))
    assert worst.document(["class", "weight", "acid", "sugar"]) == {
        "columns": ["acid", "sugar"],
        "rows": [
            {"row": 11, "label": 1.0, "prediction": 0.0, "error": pytest.approx(0.8), "values": ["a", "b"]},
            {"row": 12, "label": 2.0, "prediction": 2.0, "error": pytest.approx(0.6), "values": ["c", ""]},
        ],
    }


def test_rows_that_are_right_are_not_among_them() -> None:
    worst = WorstRows(wrong_classes, RowFormat("text/libsvm"))
    worst.add(Predicted(0, [b"1 1:5 7:2", b"0 2:1"], [1.0, 0.0], Parsed([1.0, 1.0]), None))
    found = worst.document(())
    assert [(row["row"], row["error"], row["values"]) for row in found["rows"]] == [(2, 1.0, ["2:1"])]
    assert found["columns"] == []


def test_a_document_stays_small_and_finite() -> None:
    worst = WorstRows(distances, CSV)
    row = b"1e308," + b",".join([b"7" * 1000] * 1000)
    worst.add(Predicted(0, [row], [1e308], Parsed([-1e308]), None))
    document = worst.document(())
    assert document["columns"][0] == "column 2"
    assert len(document["columns"]) == MOST_VALUES
    (found,) = document["rows"]
    assert found["error"] is None
    assert len(found["values"]) == MOST_VALUES
    assert max(map(len, found["values"])) == 200
