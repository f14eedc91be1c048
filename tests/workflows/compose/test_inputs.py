"""The input of an execution: the same verdict before the start and in the machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local_server import LocalServer
from tests.workflows.compose.machines import composed, findings, run
from workflows.compose import CompositionError, ExecutionInput, Field, InputMismatchError, Pass, check_input, schema_of

GIVEN = ExecutionInput({"Name": str, "Rows": float, "Quick": bool, "Sets": list, "More": dict})
RIGHT = {"Name": "a", "Rows": 3, "Quick": True, "Sets": [], "More": {}}
EXPECTED = "expected Name (a string), Rows (a number), Quick (a boolean), Sets (an array), More (an object)."
WRONG: list[tuple[Any, str]] = [
    ({}, "lacks Name, lacks Rows, lacks Quick, lacks Sets, lacks More"),
    ({**RIGHT, "name": 1, "Other": None}, "has the unknown key name, has the unknown key Other"),
    ({**RIGHT, "Name": 1}, "has Name of type number, not string"),
    ({**RIGHT, "Rows": True}, "has Rows of type boolean, not number"),
    ({**RIGHT, "Quick": 0, "Sets": {}, "More": None}, "has Quick of type number, not boolean, has Sets of type object, "
     "not array, has More of type null, not object"),
    ({key: value for key, value in RIGHT.items() if key != "Rows"} | {"Row": 3}, "lacks Rows, has the unknown key Row"),
    ([1], "is not an object"),
    ("text", "is not an object"),
]  # fmt: skip


@pytest.mark.parametrize("more", [{}, {"Rows": 0.5}, {"Sets": [[1]], "More": {"a": None}}])
def test_an_input_that_fits(local_aws: LocalServer, more: dict[str, Any]) -> None:
    check_input(GIVEN.described, RIGHT | more)
    done = run(local_aws, composed(Pass("Tell", output=GIVEN["Rows"]), given=GIVEN), RIGHT | more)
    assert (done["status"], json.loads(done["output"])) == ("SUCCEEDED", (RIGHT | more)["Rows"])


@pytest.mark.parametrize(("given", "problems"), WRONG)
def test_an_input_that_does_not_fit(local_aws: LocalServer, given: Any, problems: str) -> None:
    with pytest.raises(InputMismatchError) as refused:
        check_input(GIVEN.described, given)
    assert str(refused.value) == f"The input {problems}; {EXPECTED}"
    done = run(local_aws, composed(Pass("Tell"), given=GIVEN), given)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "InputError", str(refused.value))


def test_a_workflow_that_takes_nothing(local_aws: LocalServer) -> None:
    assert run(local_aws, composed(Pass("Tell")), {})["status"] == "SUCCEEDED"
    done = run(local_aws, composed(Pass("Tell")), {"a": 1})
    assert done["cause"] == "The input has the unknown key a; expected an empty object."


def test_a_placeholder_of_an_unknown_key() -> None:
    with pytest.raises(CompositionError, match=r"^The input has no key 'Nme'; its schema has Name, Rows, Quick, Sets"):
        GIVEN["Nme"]


def test_a_placeholder_of_another_input() -> None:
    other = ExecutionInput({"Other": str, "And More": str})
    for key in other.schema:
        with pytest.raises(
            CompositionError, match=rf"^Workflow 'tried' reads {key} of the input; its schema has Name,"
        ):
            composed(Pass("Tell", output=other[key]), given=GIVEN).definition()


def test_a_key_that_is_no_name(local_aws: LocalServer) -> None:
    given = ExecutionInput({"two words": str})
    done = run(local_aws, composed(Pass("Tell", output=given["two words"]), given=given), {"two words": "a"})
    assert json.loads(done["output"]) == "a"


def test_a_type_that_there_is_not() -> None:
    with pytest.raises(CompositionError, match=r"^The input's schema has When: int; allowed types: str, float, bool,"):
        ExecutionInput({"When": int})


FORMED = ExecutionInput(
    {"Name": Field(str, "[a-z](-?[a-z0-9]){0,9}", "1 to 10 of the dataset's letters"), "Rows": Field(list, most=2)}
)
NOT_FORMED = 'has Name "{}", not 1 to 10 of the dataset\'s letters'


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"Name": "", "Rows": []}, NOT_FORMED.format("")),
        ({"Name": "a b", "Rows": [1]}, NOT_FORMED.format("a b")),
        ({"Name": "abc\n", "Rows": [1, 2]}, NOT_FORMED.format("abc\n")),
        (
            {"Name": "é" * 70, "Rows": [1, 2, 3]},
            f"{NOT_FORMED.format('é' * 60)}, has 3 elements in Rows, not at most 2",
        ),
        ({"Name": 1}, "lacks Rows, has Name of type number, not string"),
    ],
)
def test_an_input_of_another_form(local_aws: LocalServer, given: dict[str, Any], problems: str) -> None:
    expected = "expected Name (a string of 1 to 10 of the dataset's letters), Rows (an array of at most 2)."
    with pytest.raises(InputMismatchError) as refused:
        check_input(FORMED.described, given)
    assert str(refused.value) == f"The input {problems}; {expected}"
    done = run(local_aws, composed(Pass("Tell"), given=FORMED), given)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "InputError", str(refused.value))


def test_an_input_of_its_form(local_aws: LocalServer) -> None:
    given = {"Name": "a-b", "Rows": [1, 2]}
    check_input(FORMED.described, given)
    workflow = composed(Pass("Tell"), given=FORMED)
    assert run(local_aws, workflow, given)["status"] == "SUCCEEDED"
    assert schema_of(workflow.definition()) == FORMED.described


def test_a_key_that_may_lack() -> None:
    schema: dict[str, Any] = {"prefix": "string", "epochs": {"type": "number", "optional": True}}
    check_input(schema, {"prefix": "a"})
    check_input(schema, {"prefix": "a", "epochs": 2})
    with pytest.raises(InputMismatchError) as refused:
        check_input(schema, {"epochs": "2"})
    assert str(refused.value) == (
        "The input lacks prefix, has epochs of type string, not number; "
        "expected prefix (a string), epochs (a number, optional)."
    )


@pytest.mark.parametrize(
    "wrong",
    [{"kind": float, "pattern": "a", "meaning": "a"}, {"kind": str, "pattern": "a"}, {"kind": str, "most": 2}],
)
def test_a_form_that_a_type_has_not(wrong: dict[str, Any]) -> None:
    with pytest.raises(CompositionError, match=r"it needs the type"):
        Field(**wrong)


def test_the_schema_is_read_from_the_definition() -> None:
    workflow = composed(Pass("Tell"), given=GIVEN)
    assert schema_of(workflow.definition()) == GIVEN.types
    assert schema_of({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}) is None
    assert findings(workflow) == []
