from __future__ import annotations

import copy
from typing import Any

import pytest

from local_aws.stepfunctions.contracts.errors import QUERY_EVALUATION, RESULT_PATH_MATCH, RUNTIME, StatesError
from local_aws.stepfunctions.definition.model import (
    ABSENT,
    Catcher,
    Choice,
    Fail,
    ItemProcessor,
    Map,
    Parallel,
    Pass,
    QueryLanguage,
    Rule,
    State,
    States,
    Succeed,
    Task,
    Wait,
)
from local_aws.stepfunctions.language.data_flow import (
    NO_NEXT_STATE,
    Chosen,
    Finished,
    caught,
    choose,
    credentials_role,
    effective_input,
    failure,
    finish,
)
from local_aws.stepfunctions.language.scope import Scope

PATH, QUERY = QueryLanguage.JSONPATH, QueryLanguage.JSONATA
SCOPE = Scope({"Execution": {"Id": "arn"}}, {"v": 1})
RAW = {"a": {"b": 1}, "list": [1, 2], "role": "arn:role"}
ERROR = {"Error": "E", "Cause": "C"}


def task(language: QueryLanguage = PATH, **fields: Any) -> Task:
    return Task(name="T", query_language=language, resource="arn", **fields)


def by_path(kind: type[State], **fields: Any) -> State:
    return kind(name="S", query_language=PATH, **fields)


def by_query(kind: type[State], **fields: Any) -> State:
    return kind(name="S", query_language=QUERY, **fields)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (task(), RAW),
        (task(input_path="$.a"), {"b": 1}),
        (task(input_path=None), {}),
        (task(input_path="$$.Execution"), {"Id": "arn"}),
        (task(input_path="$v"), 1),
        (task(input_path="$.a", parameters={"x.$": "$.b", "y": 2}), {"x": 1, "y": 2}),
        (by_path(Pass, parameters={"x.$": "$.a.b"}), {"x": 1}),
        (by_path(Succeed, input_path="$.list"), [1, 2]),
        (task(QUERY), RAW),
        (task(QUERY, arguments={"x": "{% $states.input.a.b + $v %}"}), {"x": 2}),
        (task(QUERY, arguments="{% $states.input.list %}"), [1, 2]),
    ],
)
def test_the_effective_input(state: State, expected: Any) -> None:
    assert effective_input(state, RAW, SCOPE) == expected


FINISHED: list[tuple[State, Any, Any, dict[str, Any]]] = [
    (task(), {"r": 1}, {"r": 1}, {}),
    (task(result_path="$.out"), {"r": 1}, {**RAW, "out": {"r": 1}}, {}),
    (task(result_path=None), {"r": 1}, RAW, {}),
    (task(result_path="$"), None, None, {}),
    (task(result_selector={"x.$": "$.r"}), {"r": 1}, {"x": 1}, {}),
    (task(result_selector={"x.$": "$.r"}, result_path="$.out", output_path="$.out.x"), {"r": 1}, 1, {}),
    (task(output_path=None), {"r": 1}, {}, {}),
    (task(output_path="$.r"), {"r": 1}, 1, {}),
    (task(input_path="$.a", result_path="$.out"), 5, {**RAW, "out": 5}, {}),
    (task(assign={"x.$": "$.Payload"}, output_path="$.Payload"), {"Payload": 7}, 7, {"x": 7}),
    (task(assign={"x.$": "$.y"}, result_selector={"y.$": "$.r"}, result_path=None), {"r": 1}, RAW, {"x": 1}),
    (by_path(Parallel, branches=(), result_path="$.out"), [1], {**RAW, "out": [1]}, {}),
    (by_path(Pass), ABSENT, RAW, {}),
    (by_path(Pass, result={"answer": 42}, assign={"x.$": "$.answer"}), ABSENT, {"answer": 42}, {"x": 42}),
    (by_path(Pass, parameters={"input": "P"}, assign={"x.$": "$.input"}), ABSENT, {"input": "P"}, {"x": "P"}),
    (by_path(Pass, result=5, result_path="$.out"), ABSENT, {**RAW, "out": 5}, {}),
    (by_path(Pass, input_path="$.a", result_path="$.out"), ABSENT, {**RAW, "out": {"b": 1}}, {}),
    (by_path(Pass, result={"x.$": "$.a"}), ABSENT, {"x.$": "$.a"}, {}),
    (by_path(Wait, seconds=1, input_path="$.a", output_path="$.b", assign={"x.$": "$.b"}), ABSENT, 1, {"x": 1}),
    (by_path(Succeed, output_path="$.a"), ABSENT, {"b": 1}, {}),
    (task(QUERY), {"r": 1}, {"r": 1}, {}),
    (task(QUERY, output="{% $states.result.r %}"), {"r": 1}, 1, {}),
    (task(QUERY, output={"in": "{% $states.input.a.b %}", "v": "{% $v %}"}), {"r": 1}, {"in": 1, "v": 1}, {}),
    (task(QUERY, assign={"v": "{% $v + 1 %}", "w": "{% $v %}"}, output="{% $v %}"), 0, 1, {"v": 2, "w": 1}),
    (task(QUERY, output=None), {"r": 1}, None, {}),
    (by_query(Pass), ABSENT, RAW, {}),
    (by_query(Pass, output={"x": "{% $exists($states.result) %}"}), ABSENT, {"x": False}, {}),
    (by_query(Wait, seconds=1, assign={"x": 1}), ABSENT, RAW, {"x": 1}),
    (by_query(Succeed, output="{% $states.context.Execution.Id %}"), ABSENT, "arn", {}),
    (by_query(Parallel, branches=()), [1, 2], [1, 2], {}),
    (
        Map(name="M", query_language=QUERY, processor=ItemProcessor(States("A", {})), output="{% $states.result[0] %}"),
        [3],
        3,
        {},
    ),
]


@pytest.mark.parametrize(("state", "result", "output", "assigned"), FINISHED)
def test_a_state_finishes(state: State, result: Any, output: Any, assigned: dict[str, Any]) -> None:
    before = copy.deepcopy((RAW, result))
    assert finish(state, RAW, result, SCOPE) == Finished(output, assigned)
    assert (RAW, result) == before


def test_an_effective_input_that_is_known_is_not_made_again() -> None:
    state = by_path(Pass, parameters={"x.$": "States.UUID()"})
    known = effective_input(state, RAW, SCOPE)
    assert finish(state, RAW, ABSENT, SCOPE, effective=known).output == known


@pytest.mark.parametrize(
    ("state", "raw", "error", "location", "cause"),
    [
        (task(result_path="$.x"), "text", RESULT_PATH_MATCH, "", 'Unable to apply step "x" to input "text"'),
        (task(output_path="$.no"), RAW, RUNTIME, "OutputPath", "Invalid path '$.no' : No results for path: $['no']"),
        (
            task(result_selector={"x.$": "$.no"}),
            RAW,
            RUNTIME,
            "ResultSelector",
            "The JSONPath '$.no' specified for the field 'x.$' could not be found in the input '{\"r\":1}'",
        ),
        (
            task(QUERY, output={"x": "{% $states.result.no %}"}),
            RAW,
            QUERY_EVALUATION,
            "Output/x",
            "The JSONata expression '$states.result.no' specified for the field 'Output/x' "
            "returned nothing (undefined).",
        ),
        (
            task(QUERY, assign={"x": ["{% $no %}"]}),
            RAW,
            QUERY_EVALUATION,
            "Assign/x[0]",
            "The JSONata expression '$no' specified for the field 'Assign/x[0]' returned nothing (undefined).",
        ),
    ],
)
def test_a_state_that_cannot_finish_says_why(state: State, raw: Any, error: str, location: str, cause: str) -> None:
    with pytest.raises(StatesError) as refused:
        finish(state, raw, {"r": 1}, SCOPE)
    assert (refused.value.error, refused.value.location, refused.value.cause) == (error, location, cause)


@pytest.mark.parametrize(
    ("language", "catcher", "expected"),
    [
        (PATH, Catcher(("A",), "N"), Finished(ERROR)),
        (PATH, Catcher(("A",), "N", result_path="$.error"), Finished({**RAW, "error": ERROR})),
        (PATH, Catcher(("A",), "N", result_path=None), Finished(RAW)),
        (PATH, Catcher(("A",), "N", assign={"e.$": "$.Error"}), Finished(ERROR, {"e": "E"})),
        (QUERY, Catcher(("A",), "N"), Finished(ERROR)),
        (QUERY, Catcher(("A",), "N", output="{% $states.input.a %}"), Finished({"b": 1})),
        (
            QUERY,
            Catcher(
                ("A",), "N", output="{% $states.errorOutput.Cause %}", assign={"e": "{% $states.errorOutput.Error %}"}
            ),
            Finished("C", {"e": "E"}),
        ),
    ],
)
def test_an_error_is_caught(language: QueryLanguage, catcher: Catcher, expected: Finished) -> None:
    assert caught(task(language, catch=(catcher,)), catcher, RAW, ERROR, SCOPE) == expected


def test_a_field_of_a_catcher_is_named_with_its_place() -> None:
    catchers = (Catcher(("A",), "N"), Catcher(("B",), "N", output={"v": "{% $no %}"}))
    with pytest.raises(StatesError) as error:
        caught(task(QUERY, catch=catchers), catchers[1], RAW, ERROR, SCOPE)
    assert error.value.location == "Catch[1]/Output/v"


ONE = Rule("One", comparison={"Variable": "$.a.b", "NumericEquals": 1}, assign={"x.$": "$.list"})
TWO = Rule("Two", comparison={"Variable": "$.a.b", "NumericEquals": 2})
LIKELY = Rule(
    "Likely", condition="{% $states.input.a.b = 1 %}", output={"b": "{% $states.input.a.b %}"}, assign={"y": 1}
)
NEVER = Rule("Never", condition=False)


def choice(language: QueryLanguage, *rules: Rule, **fields: Any) -> Choice:
    return Choice(name="C", query_language=language, choices=rules, **fields)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (choice(PATH, TWO, ONE), Chosen("One", RAW, {"x": [1, 2]})),
        (choice(PATH, TWO, default="D", assign={"z.$": "$.role"}), Chosen("D", RAW, {"z": "arn:role"})),
        (choice(PATH, ONE, output_path="$.a", assign={"z": 1}), Chosen("One", {"b": 1}, {"x": [1, 2]})),
        (
            choice(PATH, Rule("Q", comparison={"Variable": "$.b", "IsPresent": True}), input_path="$.a"),
            Chosen("Q", {"b": 1}),
        ),
        (choice(QUERY, NEVER, LIKELY), Chosen("Likely", {"b": 1}, {"y": 1})),
        (choice(QUERY, NEVER, default="D", output=5, assign={"z": 2}), Chosen("D", 5, {"z": 2})),
        (choice(QUERY, Rule("Always", condition=True)), Chosen("Always", RAW)),
    ],
)
def test_a_choice_goes_on_at_the_first_rule_that_matches(state: Choice, expected: Chosen) -> None:
    assert choose(state, RAW, SCOPE) == expected


@pytest.mark.parametrize("state", [choice(PATH, TWO), choice(QUERY, NEVER)])
def test_a_choice_without_a_match_and_a_default_fails(state: Choice) -> None:
    with pytest.raises(StatesError) as error:
        choose(state, RAW, SCOPE)
    assert (error.value.error, error.value.cause) == (RUNTIME, NO_NEXT_STATE)


def test_a_condition_is_a_boolean() -> None:
    with pytest.raises(StatesError, match="Expected 'boolean', but was 'number' for value: 1") as error:
        choose(choice(QUERY, NEVER, Rule("X", condition="{% 1 %}")), RAW, SCOPE)
    assert (error.value.error, error.value.location) == (QUERY_EVALUATION, "Choices[1]/Condition")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (Fail(name="F", query_language=PATH), (None, None)),
        (Fail(name="F", query_language=PATH, error="E", cause="C"), ("E", "C")),
        (
            Fail(name="F", query_language=PATH, error_path="$.role", cause_path="States.Format('{}!', $.a.b)"),
            ("arn:role", "1!"),
        ),
        (Fail(name="F", query_language=QUERY, error="E", cause="{% 'in ' & $states.input.a.b %}"), ("E", "in 1")),
    ],
)
def test_a_fail_state_names_error_and_cause(state: Fail, expected: tuple[str | None, str | None]) -> None:
    assert failure(state, RAW, SCOPE) == expected


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (Fail(name="F", query_language=PATH, error_path="$.no"), RUNTIME),
        (Fail(name="F", query_language=PATH, cause_path="$.a"), RUNTIME),
        (Fail(name="F", query_language=QUERY, cause="{% 1 %}"), QUERY_EVALUATION),
    ],
)
def test_error_and_cause_are_strings(state: Fail, error: str) -> None:
    with pytest.raises(StatesError) as refused:
        failure(state, RAW, SCOPE)
    assert refused.value.error == error


@pytest.mark.parametrize(
    ("state", "role"),
    [
        (task(), None),
        (task(credentials={"RoleArn": "arn:literal"}), "arn:literal"),
        (task(credentials={"RoleArn.$": "$.role"}), "arn:role"),
        (task(credentials={"RoleArn.$": "States.Format('{}-x', $.role)"}), "arn:role-x"),
        (task(QUERY, credentials={"RoleArn": "{% $states.input.role %}"}), "arn:role"),
    ],
)
def test_credentials_name_a_role(state: Task, role: str | None) -> None:
    assert credentials_role(state, RAW, SCOPE) == role


def test_a_role_is_a_string() -> None:
    with pytest.raises(StatesError, match="The RoleArn of Credentials must reference a string"):
        credentials_role(task(credentials={"RoleArn.$": "$.a"}), RAW, SCOPE)
