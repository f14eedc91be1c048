from __future__ import annotations

import pytest

from local_aws.codepipeline.definition.variables import (
    Reference,
    UnresolvedError,
    missing_variables,
    references,
    resolve,
)

NAMESPACES = {"Train": {"Job": "job-1", "Metrics": '{"rmse": 0.5}'}, "variables": {"place": "#{Train.Job}"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{Train.Job}", "job-1"),
        ("a #{Train.Job}-#{Train.Job} b", "a job-1-job-1 b"),
        ('{"m": #{Train.Metrics}}', '{"m": {"rmse": 0.5}}'),
        ("#{variables.place}", "#{Train.Job}"),  # a value is not resolved again
        ("#{Train} ${Train.Job} #Train.Job", "#{Train} ${Train.Job} #Train.Job"),
        ("", ""),
    ],
)
def test_resolve(text: str, expected: str) -> None:
    assert resolve({"UserParameters": text}, NAMESPACES) == {"UserParameters": expected}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#{Train.job}", r"#\{Train.job\} is not set: the namespace Train contains Job, Metrics."),
        ("#{train.Job}", r"#\{train.Job\} is not set: the namespace train contains nothing."),
    ],
)
def test_names_are_case_sensitive(text: str, message: str) -> None:
    with pytest.raises(UnresolvedError, match=message):
        resolve({"UserParameters": text}, NAMESPACES)


def test_the_resolved_configuration_is_limited() -> None:
    namespaces = {"A": {"Big": "x" * (50 * 1024)}}
    resolve({"UserParameters": "#{A.Big}"}, namespaces)
    with pytest.raises(UnresolvedError, match="102400 are allowed"):
        resolve({"UserParameters": "#{A.Big}#{A.Big}"}, namespaces)


def test_references() -> None:
    assert references(["#{A.b} and #{C.d-e@f}", "none"]) == [Reference("A", "b"), Reference("C", "d-e@f")]


def test_variables_without_default_and_value_are_missing() -> None:
    declared = [("a", None), ("b", "x"), ("c", None)]
    assert missing_variables(declared, ["c"]) == ["a"]
