from __future__ import annotations

import pytest

from pipeline_lambdas.config.columns import check_columns, column_index, column_name, column_problems
from pipeline_lambdas.config.model import DriftTest, EvaluationTest, SliceColumn
from pipeline_lambdas.runtime.failures import ConfigurationError
from tests.pipeline_lambdas.aws_doubles import sample_config

NAMES = ("quality", "alcohol", "pH")


def test_names_and_places() -> None:
    assert [column_index(name, NAMES) for name in (*NAMES, "column 2", "ph")] == [0, 1, 2, None, None]
    assert [column_name(index, NAMES) for index in range(3)] == list(NAMES)
    for index in range(3):
        assert column_index(column_name(index, ()), ()) == index


@pytest.mark.parametrize("name", ["alcohol", "column 0", "column -1", "column 1.5", "column 02", "Column 1", "column"])
def test_without_names_only_places_are_columns(name: str) -> None:
    assert column_index(name, ()) is None


def test_every_missing_column_is_a_problem() -> None:
    slices = (SliceColumn("pH", ranges=(3.0,)), SliceColumn("alcohool", ranges=(10.0,)))
    test = EvaluationTest("full", "test", None, (), slices=slices, drift=DriftTest(0.2, ("column 4",)))
    allowed = "expected a column of the dataset: quality, alcohol, pH"
    assert list(column_problems(test, NAMES)) == [
        f"tests.full.slices[1].column: found 'alcohool'; {allowed}; did you mean alcohol?",
        f"tests.full.drift.columns[0]: found 'column 4'; {allowed}",
    ]
    place = "expected column 1, the label, to column 3, as the dataset has no columns.json that names them"
    assert list(column_problems(test, (), 3))[2] == f"tests.full.drift.columns[0]: found 'column 4'; {place}"
    assert [problem.partition(":")[0] for problem in column_problems(test, ())] == [
        "tests.full.slices[0].column",
        "tests.full.slices[1].column",
    ]


def test_many_names_are_cut() -> None:
    test = EvaluationTest("full", "test", None, (), slices=(SliceColumn("x", values=(1.0,)),))
    (problem,) = column_problems(test, [f"feature {number}" for number in range(500)])
    assert "feature 19 and 480 more" in problem
    assert len(problem) < 500


def test_a_test_without_columns_has_no_problem() -> None:
    assert list(column_problems(EvaluationTest("smoke", "validation", 100, ()), ())) == []


def test_missing_columns_stop_a_release_before_it_trains() -> None:
    config = sample_config()
    check_columns(config, ["quality", "alcohol"])
    with pytest.raises(
        ConfigurationError, match=r"^wine-quality\.yml: tests\.full\.slices\[0\]\.column: found 'alcohol'"
    ):
        check_columns(config, ["quality", "pH"])
