"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local_aws.stepfunctions.definition.machines import TASK, Raw, told_of

ALL = {"ErrorEquals": ["States.ALL"]}
SOME = {"ErrorEquals": ["States.Timeout", "MyError"]}
ALONE = "States.ALL must appear alone and at end of list at"


def retried(*entries: Any, **more: Any) -> list[str]:
    return told_of(TASK | {"Retry": list(entries)}, **more)


def caught(*entries: Raw, **more: Any) -> list[str]:
    return told_of(TASK | {"Catch": [{"Next": "Z", **entry} for entry in entries]}, **more)


RETRIERS: dict[str, tuple[list[Any], list[str]]] = {
    "none": ([], []),
    "every field": (
        [
            SOME
            | {
                "IntervalSeconds": 1,
                "MaxAttempts": 0,
                "BackoffRate": 1.5,
                "MaxDelaySeconds": 5,
                "JitterStrategy": "FULL",
                "Comment": "why",
            },
            ALL,
        ],
        [],
    ),
    "no names": ([{}], ["These fields are required: [ErrorEquals] at /Retry[0]"]),
    "empty names": ([{"ErrorEquals": []}], ["Value cannot be empty at /Retry[0]/ErrorEquals"]),
    "a name is no text": (
        [{"ErrorEquals": ["a", 1]}],
        ["Expected value of type [STRING] at /Retry[0]/ErrorEquals[1]"],
    ),
    "all and another": (
        [{"ErrorEquals": ["States.ALL", "MyError"]}],
        [f"{ALONE} /Retry[0]/ErrorEquals"],
    ),
    "all before another": ([ALL, SOME], [f"{ALONE} /Retry[0]/ErrorEquals"]),
    "no object": (["States.ALL"], ["Expected value of type [OBJECT] at /Retry[0]"]),
    "unknown field": ([ALL | {"Next": "Z"}], ["Field 'Next' is not supported at /Retry[0]"]),
    "jitter": (
        [ALL | {"JitterStrategy": "HALF"}],
        ["Value should be one of the following: [NONE, FULL] at /Retry[0]/JitterStrategy"],
    ),
}


@pytest.mark.parametrize("case", RETRIERS)
def test_retriers(case: str) -> None:
    entries, expected = RETRIERS[case]
    lines = [line for line in retried(*entries) if "not reachable" not in line]
    assert lines == expected


RANGES: dict[str, tuple[float, float | None]] = {
    "IntervalSeconds": (0, 99_999_999),
    "MaxAttempts": (0, 99_999_999),
    "MaxDelaySeconds": (1, 31_622_400),
    "BackoffRate": (1, None),
}


@pytest.mark.parametrize("field", RANGES)
def test_numbers_of_retriers_have_ranges(field: str) -> None:
    least, most = RANGES[field]
    assert retried(ALL | {field: least}) == []
    assert retried(ALL | {field: least - 1}) == [f"Minimum value is {least} at /Retry[0]/{field}"]
    if most is not None:
        assert retried(ALL | {field: most}) == []
        assert retried(ALL | {field: most + 1}) == [f"Maximum value is {most} at /Retry[0]/{field}"]


@pytest.mark.parametrize("field", RANGES)
def test_numbers_of_retriers_are_no_expressions(field: str) -> None:
    (line,) = retried(ALL | {field: "{% 1 %}"}, QueryLanguage="JSONata")
    assert line.startswith("Expected value of type")


def test_retry_is_an_array() -> None:
    assert told_of(TASK | {"Retry": ALL}) == ["Expected value of type [ARRAY] at /Retry"]


def other(name: str, mine: str, language: str) -> str:
    return (
        f"The QueryLanguage is set to '{mine}', but field '{name}' is only supported for the '{language}' "
        "QueryLanguage at /Catch[0]"
    )


CATCHERS: dict[str, tuple[list[Raw], str, list[str]]] = {
    "of JSONPath": (
        [SOME | {"ResultPath": "$.e", "Assign": {"x.$": "$.Cause"}, "Comment": "why"}, ALL],
        "JSONPath",
        [],
    ),
    "discarded": ([ALL | {"ResultPath": None}], "JSONPath", []),
    "of JSONata": (
        [ALL | {"Output": "{% $states.errorOutput %}", "Assign": {"x": "{% $states.errorOutput.Cause %}"}}],
        "JSONata",
        [],
    ),
    "path in JSONata": ([ALL | {"ResultPath": "$.e"}], "JSONata", [other("ResultPath", "JSONata", "JSONPath")]),
    "output in JSONPath": ([ALL | {"Output": {}}], "JSONPath", [other("Output", "JSONPath", "JSONata")]),
    "many values": (
        [ALL | {"ResultPath": "$.e[*]"}],
        "JSONPath",
        ["Value is not a Reference Path at /Catch[0]/ResultPath"],
    ),
    "all before another": ([ALL, SOME], "JSONPath", [f"{ALONE} /Catch[0]/ErrorEquals"]),
    "unknown field": ([ALL | {"MaxAttempts": 1}], "JSONPath", ["Field 'MaxAttempts' is not supported at /Catch[0]"]),
}


@pytest.mark.parametrize("case", CATCHERS)
def test_catchers(case: str) -> None:
    entries, language, expected = CATCHERS[case]
    assert caught(*entries, QueryLanguage=language) == expected


def test_a_catcher_goes_on_somewhere() -> None:
    assert told_of(TASK | {"Catch": [{}]}) == ["These fields are required: [ErrorEquals, Next] at /Catch[0]"]
