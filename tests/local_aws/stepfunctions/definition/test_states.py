from __future__ import annotations

from typing import Any

import pytest

from local_aws.stepfunctions.definition.validation.states import FIELDS, JSONATA_ONLY, JSONPATH_ONLY
from tests.local_aws.stepfunctions.definition.machines import (
    FUNCTION,
    PASS,
    TASK,
    Raw,
    found,
    jsonata,
    machine,
    states,
    told,
    told_of,
)

INNER = states(I=PASS)
A_MAP: Raw = {"Type": "Map", "ItemProcessor": INNER, "End": True}
LEAST: dict[str, Raw] = {
    "Pass": {"End": True},
    "Task": {"Resource": FUNCTION, "End": True},
    "Choice": {"Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Z"}]},
    "Wait": {"Seconds": 1, "End": True},
    "Succeed": {},
    "Fail": {},
    "Parallel": {"Branches": [INNER], "End": True},
    "Map": {"ItemProcessor": INNER, "End": True},
}
LEAST_JSONATA = LEAST | {"Choice": {"Choices": [{"Condition": "{% true %}", "Next": "Z"}]}}
VALUES: dict[str, Any] = {
    **{name: "$.a" for name in JSONPATH_ONLY if name.endswith("Path")},
    **{name: {"a.$": "$.b"} for name in ("Parameters", "ResultSelector", "ItemSelector")},
    **{name: {"a": 1} for name in ("Arguments", "Output", "Assign")},
    **dict.fromkeys(("TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "ToleratedFailureCount"), 5),
    "ToleratedFailurePercentage": 5,
    **dict.fromkeys(("Comment", "Default", "Error", "Cause", "Label"), "Z"),
    "QueryLanguage": "JSONata",
    "Result": [1],
    "Items": [1],
    "Credentials": {"RoleArn": "arn:aws:iam::111122223333:role/r"},
    "Retry": [{"ErrorEquals": ["States.ALL"]}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
    "ItemBatcher": {"MaxItemsPerBatch": 2},
    "ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2"},
    "ResultWriter": {"WriterConfig": {"OutputType": "JSON"}},
    "Resource": FUNCTION,
    "Seconds": 1,
    "Timestamp": "2030-01-01T00:00:00Z",
    "Next": "Z",
    "End": True,
    "Choices": [],
    "Branches": [INNER],
    "ItemProcessor": INNER,
    "Iterator": INNER,
}
READER = {
    "JSONPath": {"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}},
    "JSONata": {"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "b"}}},
}
ALL_FIELDS = sorted({name for names in FIELDS.values() for name in names} - {"Type", "QueryLanguage"})


def _with(kind: str, field: str, language: str) -> list[str]:
    """What is told of a state of that type with only that field added, and the state Z beside it."""
    least = (LEAST if language == "JSONPath" else LEAST_JSONATA)[kind]
    value = least.get(field, (VALUES | READER[language])[field])
    state = {"Type": kind, **least, field: value}
    held = {"StartAt": "S", "States": {"S": state, "Z": PASS}, "QueryLanguage": language}
    lines = told(held)
    return [line for line in lines if "not reachable" not in line]


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
@pytest.mark.parametrize("kind", FIELDS)
def test_fields_by_type_and_language(kind: str, language: str) -> None:
    others, other = (JSONATA_ONLY, "JSONata") if language == "JSONPath" else (JSONPATH_ONLY, "JSONPath")
    for field in ALL_FIELDS:
        lines = _with(kind, field, language)
        if field not in FIELDS[kind]:
            assert lines == [f"Field '{field}' is not supported at /States/S"], (kind, field)
        elif field in others:
            expected = f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the"
            assert lines[0] == f"{expected} '{other}' QueryLanguage at /States/S", (kind, field)
        else:
            assert not any("is not supported" in line or "only supported" in line for line in lines), (kind, field)


@pytest.mark.parametrize("kind", FIELDS)
def test_the_least_that_a_state_needs(kind: str) -> None:
    assert told_of({"Type": kind, **LEAST[kind]}) == []
    assert told_of({"Type": kind, **LEAST_JSONATA[kind]}, QueryLanguage="JSONata") == []


MISSING = {
    "Task": "These fields are required: [Resource] at ",
    "Choice": "These fields are required: [Choices] at ",
    "Parallel": "These fields are required: [Branches] at ",
    "Map": "This object should have only one of the following fields: [ItemProcessor, Iterator] at ",
    "Wait": "This object should have only one of the following fields: "
    "[SecondsPath, Seconds, TimestampPath, Timestamp] at ",
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_a_state_cannot_do_without(kind: str) -> None:
    assert told_of({"Type": kind} if kind == "Choice" else {"Type": kind, "End": True}) == [MISSING[kind]]


STATES: dict[str, tuple[Raw, list[str]]] = {
    "no type": ({"End": True}, ["These fields are required: [Type] at "]),
    "unknown type": (
        {"Type": "Loop", "End": True},
        [f"Value should be one of the following: [{', '.join(FIELDS)}] at /Type"],
    ),
    "type is no text": ({"Type": ["Pass"], "End": True}, ["Expected value of type [STRING] at /Type"]),
    "neither Next nor End": (
        {"Type": "Pass"},
        ["This object should have only one of the following fields: [Next, End] at "],
    ),
    "Next and End": (
        {"Type": "Pass", "Next": "Z", "End": True},
        ["There should only be one of the following fields: [Next, End] at "],
    ),
    "Next and no End": ({"Type": "Pass", "Next": "Z", "End": False}, []),
    "End is false alone": (
        {"Type": "Pass", "End": False},
        ["This object should have only one of the following fields: [Next, End] at "],
    ),
    "End is a text": ({"Type": "Pass", "End": "true"}, ["Expected value of type [BOOLEAN] at /End"]),
    "two times to wait": (
        {"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True},
        [
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at ",
        ],
    ),
    "Error and ErrorPath": (
        {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
        ["There should only be one of the following fields: [Error, ErrorPath] at "],
    ),
    "Cause and CausePath": (
        {"Type": "Fail", "Cause": "C", "CausePath": "$.c"},
        ["There should only be one of the following fields: [Cause, CausePath] at "],
    ),
    "Fail with calls": (
        {"Type": "Fail", "ErrorPath": "States.Format('{}', $.e)", "CausePath": "States.JsonToString($.c)"},
        [],
    ),
    "Fail with a wrong call": (
        {"Type": "Fail", "CausePath": "States.Nothing($.c)"},
        ["Value must be a valid JSONPath. at /CausePath"],
    ),
    "unknown field": (PASS | {"resultPath": "$.a"}, ["Field 'resultPath' is not supported at "]),
    "Comment is no text": (PASS | {"Comment": 1}, ["Expected value of type [STRING] at /Comment"]),
    "both names of a processor": (
        {"Type": "Map", "ItemProcessor": INNER, "Iterator": states(J=PASS), "End": True},
        ["There should only be one of the following fields: [ItemProcessor, Iterator] at "],
    ),
    "selector by both names": (
        {"Type": "Map", "ItemProcessor": INNER, "ItemSelector": {}, "Parameters": {}, "End": True},
        ["There should only be one of the following fields: [ItemSelector, Parameters] at "],
    ),
    "no branches": ({"Type": "Parallel", "Branches": [], "End": True}, ["Value cannot be empty at /Branches"]),
    "a branch is no object": (
        {"Type": "Parallel", "Branches": [1], "End": True},
        ["Expected value of type [OBJECT] at /Branches[0]"],
    ),
    "Assign is no object": (PASS | {"Assign": "x"}, ["Expected value of type [OBJECT] at /Assign"]),
    "ResultSelector is no object": (
        TASK | {"ResultSelector": "$.a"},
        ["Expected value of type [OBJECT] at /ResultSelector"],
    ),
}


@pytest.mark.parametrize("case", STATES)
def test_states(case: str) -> None:
    state, expected = STATES[case]
    lines = told_of(state)
    assert [line for line in lines if "not reachable" not in line] == expected


def test_a_state_is_an_object() -> None:
    assert told({"StartAt": "A", "States": {"A": []}}) == ["Expected value of type [OBJECT] at /States/A"]


NUMBERS: dict[str, tuple[Raw, int, int | None]] = {
    "TimeoutSeconds": (TASK, 1, 99_999_999),
    "HeartbeatSeconds": (TASK | {"TimeoutSeconds": 99_999_999}, 1, 99_999_998),
    "Seconds": ({"Type": "Wait", "End": True}, 0, 99_999_999),
    "MaxConcurrency": (A_MAP, 0, None),
    "ToleratedFailureCount": (A_MAP, 0, None),
    "ToleratedFailurePercentage": (A_MAP, 0, 100),
}


@pytest.mark.parametrize("field", NUMBERS)
def test_numbers_have_ranges(field: str) -> None:
    state, least, most = NUMBERS[field]
    good = [least, most if most is not None else 10**12]
    assert [told_of(state | {field: value}) for value in good] == [[], []]
    assert told_of(state | {field: least - 1}) == [f"Minimum value is {least} at /{field}"]
    if most is not None and field != "HeartbeatSeconds":
        assert told_of(state | {field: most + 1}) == [f"Maximum value is {most} at /{field}"]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", ["5", True, None, [5], "{% 5 %}"])
def test_numbers_are_numbers(field: str, value: object) -> None:
    assert told_of(NUMBERS[field][0] | {field: value}) == [f"Expected value of type Integer at /{field}"]


@pytest.mark.parametrize("field", NUMBERS)
def test_numbers_may_be_expressions_in_jsonata(field: str) -> None:
    state = {name: value for name, value in NUMBERS[field][0].items() if name != "TimeoutSeconds"}
    assert told_of(state | {field: "{% $states.input.n %}"}, QueryLanguage="JSONata") == []
    line = f"Expected value of type Integer at /{field}"
    assert told_of(state | {field: "five"}, QueryLanguage="JSONata") == [line]


TIMES = {
    **dict.fromkeys(["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.123Z", "2030-01-01T00:00:00+01:00"], True),
    **dict.fromkeys(["2030-01-01", "2030-01-01t00:00:00Z", "2030-01-01 00:00:00Z", "2030-01-01T00:00:00"], False),
}


@pytest.mark.parametrize("time", TIMES)
def test_times_are_of_rfc_3339(time: str) -> None:
    expected = [] if TIMES[time] else ["String does not match RFC3339 timestamp at /Timestamp"]
    assert told_of({"Type": "Wait", "Timestamp": time, "End": True}) == expected


PATHS = {
    "InputPath": ["$", "$.a[*]", "$$.Execution.Input", "$v.x", None],
    "OutputPath": ["$", "$.a[?(@.b == 1)]", "$$", None],
    "ResultPath": ["$", "$.a.b[0]", None],
}
NO_RESULT_PATHS = ["$.a[*]", "$..a", "$$.Execution", "$v", "$.a[?(@.b)]"]


@pytest.mark.parametrize("field", PATHS)
def test_paths(field: str) -> None:
    for good in PATHS[field]:
        assert told_of(TASK | {field: good}) == []
    for bad in ("a", "$.", "States.UUID()"):
        assert told_of(TASK | {field: bad}) == [f"Value must be a valid JSONPath. at /{field}"]
    assert told_of(TASK | {field: 1}) == [f"Expected value of type [STRING] at /{field}"]


@pytest.mark.parametrize("path", NO_RESULT_PATHS)
def test_a_result_is_put_into_the_input_alone(path: str) -> None:
    assert told_of(TASK | {"ResultPath": path}) == ["Value is not a Reference Path at /ResultPath"]


REFERENCES: dict[str, Raw] = {
    "SecondsPath": {"Type": "Wait", "End": True},
    "TimestampPath": {"Type": "Wait", "End": True},
    "TimeoutSecondsPath": TASK,
    "HeartbeatSecondsPath": TASK,
    "ErrorPath": {"Type": "Fail"},
    "CausePath": {"Type": "Fail"},
    "ItemsPath": A_MAP,
    "MaxConcurrencyPath": A_MAP,
    "ToleratedFailureCountPath": A_MAP,
    "ToleratedFailurePercentagePath": A_MAP,
}


@pytest.mark.parametrize("field", REFERENCES)
def test_values_are_read_from_reference_paths(field: str) -> None:
    state = REFERENCES[field]
    for good in ("$.a.b[0]", "$$.Execution.Input.a", "$v"):
        assert told_of(state | {field: good}) == []
    assert told_of(state | {field: "$.a[*]"}) == [f"Value is not a Reference Path at /{field}"]
    assert told_of(state | {field: "a"}) == [f"Value must be a valid JSONPath. at /{field}"]
    assert told_of(state | {field: None}) == [f"Expected value of type [STRING] at /{field}"]


DOWNGRADED = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/X"
NOT_OFFERED = "Value should be one of the following: [JSONPath, JSONata]"
FOREIGN = (
    "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage"
)
LANGUAGES: dict[str, tuple[Raw, list[str]]] = {
    "upgrade of a state": (machine(X=PASS | {"QueryLanguage": "JSONata", "Output": 1}), []),
    "downgrade of a state": (jsonata(X=PASS | {"QueryLanguage": "JSONPath", "Output": {"v": "{% 1 %}"}}), [DOWNGRADED]),
    "downgrade and a range": (
        jsonata(X=LEAST["Map"] | {"Type": "Map", "QueryLanguage": "JSONPath", "MaxConcurrency": -1}),
        [DOWNGRADED, "Minimum value is 0 at /States/X/MaxConcurrency"],
    ),
    "another case is JSONata": (
        machine(X=PASS | {"QueryLanguage": "jsonpath", "InputPath": "$.a"}),
        [f"{FOREIGN} at /States/X", f"{NOT_OFFERED} at /States/X/QueryLanguage"],
    ),
    "another case is no downgrade": (
        jsonata(X=PASS | {"QueryLanguage": "jsonpath"}),
        [f"{NOT_OFFERED} at /States/X/QueryLanguage"],
    ),
    "no text": (
        machine(X=PASS | {"QueryLanguage": 5, "InputPath": "$.a"}),
        [f"{FOREIGN} at /States/X", "Expected value of type [STRING] at /States/X/QueryLanguage"],
    ),
    "of the machine": (
        {"QueryLanguage": "jsonpath", **machine(X=PASS | {"InputPath": "$.a"})},
        [f"{NOT_OFFERED} at /QueryLanguage", f"{FOREIGN} at /States/X"],
    ),
    "no text of the machine": (
        {"QueryLanguage": 5, **machine(X=PASS)},
        ["Expected value of type [STRING] at /QueryLanguage"],
    ),
    "a Map's is not its processor's": (
        machine(
            M=LEAST["Map"]
            | {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": states(P=PASS | {"Output": 1})}
        ),
        [
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' "
            "QueryLanguage at /States/M/ItemProcessor/States/P"
        ],
    ),
    "the machine's is its processors'": (
        jsonata(M=LEAST["Map"] | {"Type": "Map", "ItemProcessor": states(P=PASS | {"Output": 1})}),
        [],
    ),
    "of a processor": (
        machine(M={"Type": "Map", "ItemProcessor": {"QueryLanguage": "JSONata", **INNER}, "End": True}),
        ["Field 'QueryLanguage' is not supported at /States/M/ItemProcessor"],
    ),
    "of an iterator": (
        machine(M={"Type": "Map", "Iterator": {"QueryLanguage": "JSONata", **INNER}, "End": True}),
        ["Field 'QueryLanguage' is not supported at /States/M/Iterator"],
    ),
    "of a branch": (
        machine(P={"Type": "Parallel", "Branches": [{"QueryLanguage": "JSONata", **INNER}], "End": True}),
        ["Field 'QueryLanguage' is not supported at /States/P/Branches[0]"],
    ),
}


@pytest.mark.parametrize("case", LANGUAGES)
def test_query_languages(case: str) -> None:
    definition, expected = LANGUAGES[case]
    assert told(definition) == expected


WARNINGS: dict[str, tuple[Raw, str, str]] = {
    "path in a template": (PASS | {"Parameters": {"a": {"b": "$.c"}}}, "NO_DOLLAR", "/States/S/Parameters/a/b"),
    "call in a template": (PASS | {"Parameters": {"id": "States.UUID()"}}, "NO_DOLLAR", "/States/S/Parameters/id"),
    "path as a Result": (PASS | {"Result": "$.a"}, "PASS_RESULT_IS_STATIC", "/States/S/Result"),
    "path as an error": ({"Type": "Fail", "Error": "$.e"}, "NO_PATH", "/States/S/Error"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_what_looks_wrong_is_a_warning(case: str) -> None:
    state, code, location = WARNINGS[case]
    (only,) = found(machine(S=state), severity="WARNING")
    assert (only.code, only.location) == (code, location)
    assert not found(machine(S=state))


TEMPLATES: dict[str, tuple[Raw, list[str]]] = {
    "paths and calls": ({"a.$": "$.b", "c": [{"d.$": "States.UUID()"}], "e.$": "$$.State.Name", "f": "$x"}, []),
    "a text": (
        {"a.$": "b"},
        ["The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /Parameters"],
    ),
    "deep in it": (
        {"a": {"b": [{"c.$": "States.Nothing()"}]}},
        [
            "The value for the field 'c.$' must be a valid JSONPath or a valid intrinsic function call "
            "at /Parameters/a/b[0]"
        ],
    ),
    "no text": (
        {"a.$": 1},
        ["The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /Parameters"],
    ),
    "twice": ({"a.$": "$.b", "a": 1}, ["The field 'a' is there twice: with and without '.$' at /Parameters"]),
}


@pytest.mark.parametrize("case", TEMPLATES)
def test_payload_templates(case: str) -> None:
    template, expected = TEMPLATES[case]
    assert told_of(PASS | {"Parameters": template}) == expected
