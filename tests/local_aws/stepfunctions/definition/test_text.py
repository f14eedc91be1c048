from __future__ import annotations

import json

import pytest

from local_aws.stepfunctions.definition.text import MAX_CHARS, MAX_DEPTH
from tests.local_aws.stepfunctions.definition.machines import PASS, found, machine

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
TEXTS = {
    "not a definition": (f"Unrecognized token 'not': was expecting {VALUES}", 1, 4),
    '{"StartAt": Here}': (f"Unrecognized token 'Here': was expecting {VALUES}", 1, 17),
    "{'StartAt': 1}": ("Unexpected character (''' (code 39)): was expecting double-quote to start field name", 1, 3),
    '{"StartAt" 1}': (
        "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
        *(1, 13),
    ),
    '{"a": 1\n "b": 2}': ("Unexpected character ('\"' (code 34)): was expecting comma to separate entries", 2, 3),
    '{"a": ]}': (f"Unexpected character (']' (code 93)): expected a valid value {VALUES}", 1, 8),
    '{"a": 1': ("Unexpected end-of-input", 1, 8),
    '{"a": 1, "a": 2}': ("Duplicate field 'a'", 1, 17),
    '{"a": NaN}': (f"Non-standard token 'NaN': was expecting {VALUES}", 1, 11),
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_not_json_is_told_with_its_place(text: str) -> None:
    message, line, column = TEXTS[text]
    (only,) = found(text)
    source = f'[Source: (String)"{text}"; line: {line}, column: {column}]'
    assert (only.code, only.message, only.location) == ("INVALID_JSON_DESCRIPTION", f"{message}\n at {source}", source)


def test_a_long_text_is_shown_in_part() -> None:
    (only,) = found("[" + " " * 600 + "x")
    assert f'"[{" " * 499}"[truncated 102 chars]; line: 1' in str(only.location)


def test_a_number_too_long_for_the_parser_is_refused() -> None:
    (only,) = found('{"a": ' + "1" * 5000 + "}")
    assert only.code == "INVALID_JSON_DESCRIPTION"


@pytest.mark.parametrize("text", ["", " \n", "[]", "null", "1", '"{}"'])
def test_a_definition_is_an_object(text: str) -> None:
    (only,) = found(text)
    assert (only.code, only.message) == ("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")
    assert only.location is None


def _of_length(length: int) -> str:
    text = json.dumps(machine(A=PASS) | {"Comment": ""})
    return text.replace('"Comment": ""', f'"Comment": "{"x" * (length - len(text))}"')


def test_a_definition_has_at_most_a_mebibyte() -> None:
    assert not found(_of_length(MAX_CHARS))
    (only,) = found(_of_length(MAX_CHARS + 1))
    assert f"has {MAX_CHARS + 1} characters" in only.message


def _nested(depth: int) -> str:
    value = "[" * depth + "]" * depth
    return f'{{"StartAt": "A", "States": {{"A": {{"Type": "Pass", "Result": {value}, "End": true}}}}}}'


def test_a_definition_is_nested_to_a_limit() -> None:
    assert not found(_nested(MAX_DEPTH - 3))
    (only,) = found(_nested(MAX_DEPTH - 2))
    assert only.code == "TOO_DEEPLY_NESTED"


def test_brackets_in_strings_do_not_nest() -> None:
    assert not found(machine(A=PASS) | {"Comment": '[\\"{' * 500})
