from __future__ import annotations

import sys

import pytest

from local_aws.stepfunctions.definition.expressions import analyse, is_expression
from tests.local_aws.stepfunctions.definition.machines import PASS, TASK, Raw, found, jsonata, told, told_of

UNPARSABLE = {
    "a[1,2)": 'Expected "]", got ","',
    '"unterminated': "String literal must be terminated by a matching quote",
    "1 +": "Unexpected end of expression",
    '{"a":}': 'The symbol "}" cannot be used as a unary operator',
    "$x :=": "Unexpected end of expression",
    '$match("a", /abc': "No terminating / in regular expression",
    "phone %.other": 'The symbol "." cannot be used as a unary operator',
    "": "Unexpected end of expression",
    "a b": 'Syntax error: "b"',
    "$x[": 'Expected "]" before end of expression',
    "1 /* note": "Comment has no closing tag",
    "5 := 3": "The left side of := must be a variable name (start with $)",
}


@pytest.mark.parametrize("text", UNPARSABLE)
def test_an_expression_has_to_parse(text: str) -> None:
    (only,) = found(jsonata(A=PASS | {"Output": f"{{% {text} %}}"}))
    assert (only.code, only.message, only.location) == (
        "INVALID_JSONATA_EXPRESSION",
        UNPARSABLE[text],
        "/States/A/Output",
    )


def test_a_tree_too_deep_for_the_parser_is_refused() -> None:
    deep = sys.getrecursionlimit()
    (only,) = found(jsonata(A=PASS | {"Output": f"{{% {'(' * deep}1{')' * deep} %}}"}))
    assert only.code == "INVALID_JSONATA_EXPRESSION"


TOP_LEVEL = {
    "phone": ("phone",),
    "phone[0]": ("phone",),
    "aaa + bbb": ("aaa", "bbb"),
    "aaa + aaa": ("aaa",),
    "$.phone": ("$",),
    "-x": ("x",),
    "[1..n]": ("n",),
    '{"a": b}': ("b",),
    "a ? b : c": ("a", "b", "c"),
    "$map($states.input.a, function($x){ b })": ("b",),
    "$sum(prices)": ("prices",),
    "($y := z; $y)": ("z",),
    "x ~> $sum": ("x",),
    "*": ("*",),
    "$states.input.items[phone > 3]": (),
    "$states.input.items^(phone)": (),
    "$states.input.items{phone: $count($)}": (),
    "$states.input.(phone & fax)": (),
    '$states.input ~> |items|{"a": b}|': (),
    "$map($states.input.a, function($x){ $x.phone })": (),
    "$phone": (),
    "$states": (),
}


@pytest.mark.parametrize("text", TOP_LEVEL)
def test_names_at_the_top_level_have_no_context(text: str) -> None:
    expected = [f"Reference to '{name}' at the top level is not supported. at /Output/v" for name in TOP_LEVEL[text]]
    assert told_of(PASS | {"Output": {"v": f"{{% {text} %}}"}}, QueryLanguage="JSONata") == expected


@pytest.mark.parametrize("text", ["$$", "$states.input.a[$$.b]", "$$.x"])
def test_the_root_is_not_supported(text: str) -> None:
    (only,) = found(jsonata(A=PASS | {"Output": f"{{% {text} %}}"}))
    assert (only.code, only.message) == ("UNSUPPORTED_JSONATA_EXPRESSION", "Reference to '$$' is not supported.")


CATCH: Raw = {"ErrorEquals": ["States.ALL"], "Next": "Z"}
READ: dict[str, tuple[Raw, list[str]]] = {
    "input of a Pass": (PASS | {"Output": "{% $states.input %}"}, []),
    "context of a Pass": (PASS | {"Output": "{% $states.context.State.Name %}"}, []),
    "result of a Pass": (PASS | {"Output": "{% $states.result %}"}, ["result"]),
    "result of a Task": (TASK | {"Output": "{% $states.result.a %}", "Assign": {"x": "{% $states.result %}"}}, []),
    "result for a Task": (TASK | {"Arguments": "{% $states.result %}"}, ["result"]),
    "error outside": (TASK | {"Output": "{% $states.errorOutput.Cause %}"}, ["errorOutput"]),
    "error inside": (TASK | {"Catch": [CATCH | {"Output": "{% $states.errorOutput %}"}]}, []),
    "error to a variable": (TASK | {"Catch": [CATCH | {"Assign": {"e": "{% $states.errorOutput %}"}}]}, []),
    "result inside": (TASK | {"Catch": [CATCH | {"Output": "{% $states.result %}"}]}, ["result"]),
    "anything else": (PASS | {"Output": "{% $states.output %}"}, ["output"]),
}


@pytest.mark.parametrize("case", READ)
def test_fields_of_states_are_there_where_they_are_documented(case: str) -> None:
    state, missing = READ[case]
    expected = [f"Field '$states.{name}' does not exist." for name in missing]
    assert [line.partition(" at ")[0] for line in told_of(state, QueryLanguage="JSONata")] == expected


LOCATIONS: dict[str, Raw] = {
    "/Output/a/b[0]": PASS | {"Output": {"a": {"b": ["{% phone %}"]}}},
    "/Assign/Next": PASS | {"Assign": {"Next": "{% phone %}"}},
    "/Seconds": {"Type": "Wait", "Seconds": "{% phone %}", "End": True},
    "/Timestamp": {"Type": "Wait", "Timestamp": "{% phone %}", "End": True},
    "/Cause": {"Type": "Fail", "Cause": "{% phone %}"},
    "/TimeoutSeconds": TASK | {"TimeoutSeconds": "{% phone %}"},
    "/Arguments/Payload/Comment": TASK | {"Arguments": {"Payload": {"Comment": "{% phone %}"}}},
    "/Credentials/RoleArn": TASK | {"Credentials": {"RoleArn": "{% phone %}"}},
    "/Catch[0]/Output/v": TASK | {"Catch": [CATCH | {"Output": {"v": "{% phone %}"}}]},
    "/Choices[0]/Condition": {"Type": "Choice", "Choices": [{"Condition": "{% phone %}", "Next": "Z"}]},
    "/Choices[0]/Assign/v": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% true %}", "Assign": {"v": "{% phone %}"}, "Next": "Z"}],
    },
}


@pytest.mark.parametrize("location", LOCATIONS)
def test_expressions_are_found_where_they_are_evaluated(location: str) -> None:
    line = f"Reference to 'phone' at the top level is not supported. at {location}"
    assert told_of(LOCATIONS[location], QueryLanguage="JSONata") == [line]


@pytest.mark.parametrize(
    "state",
    [
        PASS | {"Comment": "{% phone %}"},
        TASK | {"Retry": [{"ErrorEquals": ["{% phone %}"]}]},
        PASS | {"Output": "plain"},
        PASS | {"Output": "text with {% phone %}"},
    ],
)
def test_what_is_no_expression_is_left_alone(state: Raw) -> None:
    assert told_of(state, QueryLanguage="JSONata") == []


def test_an_expression_is_closed() -> None:
    line = "JSONata string must start with {% and end with %} at /States/A/Output/v[0]"
    assert told(jsonata(A=PASS | {"Output": {"v": ["{% 1"]}})) == [line]
    assert not is_expression("{%}")


def test_a_jsonpath_state_has_no_expressions() -> None:
    assert told_of(PASS | {"Parameters": {"v": "{% phone %}"}}) == []


VARIABLES = {
    "$a + $b.c": {"a", "b"},
    "($t := $a; $t * 2)": {"a"},
    "$map($list, function($v, $i){ $v + $i + $base })": {"list", "base"},
    "$states.input#$i[$i > $least]": {"least"},
    "$states.input.orders@$o.lines[id = $o.id]": set(),
    "$map($states.input, $uppercase)": set(),
    "$partition([1, 2], $size)": {"size"},
}


@pytest.mark.parametrize("text", VARIABLES)
def test_variables_of_the_workflow_are_told_from_those_of_the_expression(text: str) -> None:
    assert analyse(text).variables == VARIABLES[text]
