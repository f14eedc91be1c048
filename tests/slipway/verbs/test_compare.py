from __future__ import annotations

from typing import Any

from slipway.verbs.compare import differing, metric_changes, side_by_side


def record(**metrics: float | None) -> dict[str, Any]:
    gates = [{"kind": "bound", "metric": "own", "min": 1, "max": None}]
    return {"evaluations": {"test": {"metrics": metrics, "gates": gates}}}


def test_what_differs_comes_first() -> None:
    rows = side_by_side({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "d": "5"}, {"a": "1", "b": "2"})
    assert rows == [("b", ("2", "4", "2")), ("c", ("3", "-", "-")), ("d", ("-", "5", "-")), ("a", ("1", "1", "1"))]
    assert differing({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == [("b", ("2", "3"))]


def test_each_release_is_compared_with_the_first() -> None:
    changes = metric_changes([record(rmse=0.5, r2=0.25, own=2, odd=1), record(rmse=0.25, r2=0.125, own=2), record()])
    assert changes == {
        "test rmse": [(-0.25, "better"), None],
        "test r2": [(-0.125, "worse"), None],
        "test own": [(0, "the same"), None],
        "test odd": [None, None],
    }
    assert metric_changes([record(rmse=None), record(rmse=1)]) == {}
