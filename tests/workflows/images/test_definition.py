"""What each task of the machine promises: that it ends, what it repeats, and that its failure is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import pytest

from tests.cloudformation import templates
from workflows.compose import InputMismatchError, check_input, schema_of
from workflows.images.request import ImagesInput

TEXT = (Path(__file__).parents[3] / "workflows" / "images" / "state-machine.asl.json").read_text(encoding="utf-8")
STATES: dict[str, dict[str, Any]] = json.loads(TEXT)["States"]
FOLDERS = STATES["List class folders"]
NO_BLANKET = {"States.ALL", "States.TaskFailed", "States.Timeout"}
CLEANING = {"Stop training", "Stop transform", "Delete model"}


def tasks() -> dict[str, dict[str, Any]]:
    return {
        name: state
        for name, state in {**STATES, **FOLDERS["ItemProcessor"]["States"]}.items()
        if state["Type"] == "Task"
    }


def test_every_task_ends_and_repeats_what_may_pass() -> None:
    for name, task in tasks().items():
        assert task["TimeoutSeconds"] > 0, name
        assert task.get("Retry") or name in CLEANING, name
        for retry in task.get("Retry", []):
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["BackoffRate"] > 1, name
            assert not NO_BLANKET & set(retry["ErrorEquals"]), name


def test_every_failure_is_caught_and_told_with_its_stage() -> None:
    stages = []
    for name, state in {**tasks(), "List class folders": FOLDERS}.items():
        last = state["Catch"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        if name not in CLEANING | {"List class folder"}:
            assert last["Assign"]["failure"] == "{% $states.errorOutput %}"
            stages.append(last["Assign"]["stage"])
    assert len(set(stages)) == len(stages) == 8


def test_what_fails_once_there_is_a_model_deletes_it() -> None:
    for name in ("Save model", "Predict test images", "Judge"):
        assert STATES[name]["Catch"][-1]["Next"] == "Delete model"
    assert STATES["Gate"]["Default"] == STATES["Stop transform"]["Next"] == "Delete model"


def test_the_template_fills_in_each_placeholder() -> None:
    properties = templates.load("workflows")["Resources"]["ImagesMachine"]["Properties"]
    assert json.loads(properties["DefinitionString"]) == json.loads(TEXT)
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(properties["DefinitionSubstitutions"])


def test_what_is_made_is_tagged_and_isolated() -> None:
    for name in ("Train", "Save model", "Predict test images"):
        arguments = STATES[name]["Arguments"]
        assert {tag["Key"] for tag in arguments["Tags"]} == {"slipway:suffix", "slipway:execution"}
    assert STATES["Train"]["Arguments"]["EnableNetworkIsolation"]
    assert STATES["Save model"]["Arguments"]["EnableNetworkIsolation"]
    for name, output in (("Train", "OutputDataConfig"), ("Predict test images", "TransformOutput")):
        assert STATES[name]["Arguments"][output]["KmsKeyId"] == "${KeyArn}"


def test_the_schema_is_that_of_the_input() -> None:
    """What is checked before the start are the names and types of what the function takes."""
    words = {str: "string", int: "number", float: "number", list: "array"}
    hints = get_type_hints(ImagesInput)
    types = {name: words[get_origin(kind) or kind] for name, kind in hints.items()}
    given = schema_of(json.loads(TEXT))
    assert given == {"prefix": "string"} | {
        name: {"type": kind, "optional": True} for name, kind in types.items() if name != "prefix"
    }
    check_input(given, {"prefix": "workflows/images/resize", "epochs": 2, "min_accuracy": 0.5, "classes": ["x"]})


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, "lacks prefix"),
        ([], "is not an object"),
        ({"prefix": 1, "epoch": 2}, "has the unknown key epoch, has prefix of type number, not string"),
    ],
)
def test_an_input_that_is_wrong_is_told_before_the_start(given: Any, problems: str) -> None:
    schema = schema_of(json.loads(TEXT))
    assert schema
    with pytest.raises(InputMismatchError) as refused:
        check_input(schema, given)
    assert str(refused.value).startswith(
        f"The input {problems}; expected prefix (a string), classes (an array, optional)"
    )
