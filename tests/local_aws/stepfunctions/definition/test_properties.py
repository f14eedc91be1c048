"""Whatever is given, it is diagnosed; and what has no error can be parsed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.stepfunctions.definition.diagnostics import DefinitionError, Severity
from local_aws.stepfunctions.definition.parser import diagnose, parse, variable_references
from tests.local_aws.stepfunctions.definition.machines import PASS, TASK, jsonata, machine, states

RETRY = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}
CATCH = {"ErrorEquals": ["States.ALL"], "Next": "End", "Assign": {"e": 1}}
READER = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
WHOLE = machine(
    Begin={"Type": "Pass", "Parameters": {"a.$": "$.b", "c": [{"d.$": "States.UUID()"}]}, "Next": "Work"},
    Work=TASK | {"End": False, "Next": "Choose", "TimeoutSeconds": 9, "Retry": [RETRY], "Catch": [CATCH]},
    Choose={
        "Type": "Choice",
        "Choices": [{"And": [{"Variable": "$.a", "NumericEquals": 1}], "Next": "Rest", "Assign": {"x.$": "$.y"}}],
        "Default": "Both",
    },
    Rest={"Type": "Wait", "Seconds": 1, "Next": "Both"},
    Both={"Type": "Parallel", "Branches": [states(One=PASS), states(Two=PASS)], "Next": "Each"},
    Each={
        "Type": "Map",
        "Label": "L",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            **states(Item=PASS),
        },
        "ItemReader": READER | {"Parameters": {"Bucket": "b", "Key": "k"}},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ResultWriter": {"WriterConfig": {"OutputType": "JSON"}},
        "Next": "End",
    },
    End={"Type": "Fail", "Error": "E", "CausePath": "$.c"},
)
QUERIED = jsonata(
    Ask=TASK
    | {"Arguments": {"a": "{% $states.input.b %}"}, "Output": "{% $states.result %}", "Assign": {"v": "{% 1 %}"}},
)
QUERIED["States"]["Ask"] |= {"End": False, "Next": "Done"}
QUERIED["States"]["Done"] = {"Type": "Succeed", "Output": ["{% $v %}"]}

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=5) | st.sampled_from(
    ["Pass", "$.a", "{% 1", "{% $a %}", "JSONata", "States.ALL", "End", "arn:"]
)
values = st.recursive(
    leaves | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key of the document."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """A definition of which some values were replaced, removed or put elsewhere."""
    definition = copy.deepcopy(draw(st.sampled_from([WHOLE, QUERIED])))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(definition)
        if places:
            container, key = places[draw(st.integers(0, len(places) - 1))]
            if draw(st.booleans()):
                container[key] = draw(values)
            elif isinstance(container, dict):
                container[draw(texts)] = container.pop(key)
    return definition


def test_the_definitions_to_break_are_whole() -> None:
    assert diagnose(json.dumps(WHOLE)) == []
    assert diagnose(json.dumps(QUERIED)) == []


@settings(max_examples=300, deadline=None)
@given(broken(), st.sampled_from(["STANDARD", "EXPRESS"]))
def test_a_broken_definition_is_diagnosed(definition: dict[str, Any], machine_type: str) -> None:
    text = json.dumps(definition)
    found = diagnose(text, machine_type)
    if any(one.severity is Severity.ERROR for one in found):
        with pytest.raises(DefinitionError) as raised:
            parse(text, machine_type)
        assert list(raised.value.diagnostics) == found
    else:
        made = parse(text, machine_type)
        assert made.states.start_at in made.states.states
        assert all(variable_references(text).values())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | values.map(json.dumps))
def test_any_text_is_diagnosed(text: str) -> None:
    assert all(one.code and one.message for one in diagnose(text))
