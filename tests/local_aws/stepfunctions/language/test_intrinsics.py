from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import INTRINSIC_FAILURE, RUNTIME, StatesError
from local_aws.stepfunctions.language.functions.catalogue import FUNCTIONS, HASHES
from local_aws.stepfunctions.language.functions.java_random import JavaRandom
from local_aws.stepfunctions.language.intrinsics import check_intrinsic, evaluate_intrinsic
from local_aws.stepfunctions.language.paths.reader import PathSyntaxError
from local_aws.stepfunctions.language.scope import Scope

INPUT = {
    "name": "Arnav",
    "Id": 123456,
    "numbers": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "lookingFor": 5,
    "chunk": 4,
    "index": 5,
    "repeated": [1, 2, 3, 3, 3, 3, 3, 3, 4, 1.0, True],
    "text": "Data to encode",
    "json1": {"a": {"a1": 1, "a2": 2}, "b": 2},
    "json2": {"a": {"a3": 1, "a4": 2}, "c": 3},
    "escaped": '{"foo": "bar"}',
    "list": "1,2,3,4,5",
    "split": "This.is+a,test=string",
    "splitter": ".+,=",
    "template": "Hello {}",
    "nothing": None,
    "object": {"Arg1": 1, "Arg2": [], "Arg3": [True, None, 1.5]},
    "items": [1, 2],
    "flag": True,
    "big": 1e7,
}
SCOPE = Scope({"Execution": {"Name": "run-7"}}, {"who": "you"})


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Array($.Id)", [123456]),
        ("States.Array()", []),
        ("States.Array('a', 1, -2.5, true, null, $.Id)", ["a", 1, -2.5, True, None, 123456]),
        ("States.ArrayPartition($.numbers, $.chunk)", [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayPartition($.numbers, 3.5)", [[1, 2, 3, 4], [5, 6, 7, 8], [9]]),
        ("States.ArrayContains($.numbers, $.lookingFor)", True),
        ("States.ArrayContains($.numbers, true)", False),
        ("States.ArrayContains($.items, 1.0)", True),
        ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
        ("States.ArrayRange(3, -3, -3)", [3, 0, -3]),
        ("States.ArrayRange(1, 0, 1)", []),
        ("States.ArrayGetItem($.numbers, $.index)", 6),
        ("States.ArrayLength($.numbers)", 9),
        ("States.ArrayUnique($.repeated)", [1, 2, 3, 4, 1.0, True]),
        ("States.Base64Encode($.text)", "RGF0YSB0byBlbmNvZGU="),
        ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("States.Hash($.items, 'MD5')", hashlib.md5(b"[1,2]").hexdigest()),  # noqa: S324 - what is tested
        ("States.JsonMerge($.json1, $.json2, false)", {"a": {"a3": 1, "a4": 2}, "b": 2, "c": 3}),
        ("States.StringToJson($.escaped)", {"foo": "bar"}),
        ('States.StringToJson(\'{"a": "false"}\')', {"a": "false"}),
        ("States.JsonToString($.json1)", '{"a":{"a1":1,"a2":2},"b":2}'),
        ("States.MathAdd(111, -1)", 110),
        ("States.MathAdd(1.49, 1.5)", 3),
        ("States.MathAdd(1.5, 1.51)", 4),
        ("States.MathAdd(-1.49, -1.5)", -2),
        ("States.StringSplit($.list, ',')", ["1", "2", "3", "4", "5"]),
        ("States.StringSplit($.split, $.splitter)", ["This", "is", "a", "test", "string"]),
        ("States.StringSplit(', , ,', ',')", [" ", " "]),
        ("States.StringSplit(',,,,', ',')", []),
        ("States.StringSplit('Hello\nWorld', '\n')", ["Hello", "World"]),
        ("States.Format('Hello, my name is {}.', $.name)", "Hello, my name is Arnav."),
        ("States.Format($.template, $.name)", "Hello Arnav"),
        ("States.Format('{} {} {} {}', 1, 1.5, true, null)", "1 1.5 true null"),
        ("States.Format('{}', $.object)", "{Arg1=1, Arg2=[], Arg3=[true, null, 1.5]}"),
        ("States.Format('{}', $.big)", "1.0E7"),
        (r"States.Format('\{\} {} \\ \'', 1)", r"{} 1 \ '"),
        (r"States.Array('it\'s \{\}')", ["it's {}"]),
        ("States.Format('{}', $$.Execution.Name)", "run-7"),
        ("States.Format('{} and {}', $who, $.name)", "you and Arnav"),
        ("States.Format('{}', $.numbers[?(@ > 8)])", "[9]"),
        ("States.Format('{}', $.numbers.length())", "9"),
        ("States.Array($['Id'], $.json1['a'].a2)", [123456, 2]),
        ("States.ArrayGetItem(States.StringSplit('a/b/c', '/'), 1)", "b"),
        ("  States.ArrayLength( States.Array( 1 , 2 ) )  ", 2),
    ],
)
def test_a_function_gives_what_the_documentation_shows(call: str, expected: Any) -> None:
    assert json.dumps(evaluate_intrinsic(call, INPUT, SCOPE)) == json.dumps(expected)


def test_there_are_eighteen_functions() -> None:
    assert len(FUNCTIONS) == 18


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("States.ArrayPartition($.numbers, 0)", "The chunk size of States.ArrayPartition must be a positive integer"),
        ("States.ArrayPartition($.name, 1)", "must be an array, but is a value of type string"),
        ("States.ArrayRange(0, 1000, 1)", "States.ArrayRange makes at most 1000 items, not 1001"),
        ("States.ArrayRange(0, 9, 0)", "The increment of States.ArrayRange must not be zero"),
        ("States.ArrayRange('a', 9, 1)", "The first value must be a number"),
        ("States.ArrayGetItem($.items, 2)", "The index 2 is outside the array, which has 2 items"),
        ("States.ArrayGetItem($.items, -1)", "The index -1 is outside the array"),
        ("States.ArrayLength($.json1)", "must be an array, but is a value of type object"),
        ("States.Base64Decode('***')", "is not Base64 of UTF-8 text"),
        ("States.Hash('x', 'md5')", "must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512, but is md5"),
        ("States.JsonMerge($.json1, $.json2, true)", "supports only shallow merges"),
        ("States.JsonMerge($.json1, $.items, false)", "merges two objects, not object and array"),
        ("States.StringToJson('nope')", "is not JSON"),
        ("States.StringToJson('NaN')", "is not JSON"),
        ("States.MathAdd(2147483647, 1)", "The sum must be between -2147483648 and 2147483647"),
        ("States.MathAdd($.flag, 1)", "must be a number, but is a value of type boolean"),
        ("States.MathRandom(5, 5)", "The start of States.MathRandom must be less than its end"),
        ("States.StringSplit($.Id, ',')", "must be a string, but is a value of type number"),
        ("States.Format('{} {}', 1)", "The template has 2 occurrences of {}, but 1 arguments are given"),
        ("States.UUID(1)", "gives 1 arguments to States.UUID: 0 are expected"),
        ("States.Nope()", "which is no intrinsic function"),
    ],
)
def test_what_a_function_refuses_is_an_intrinsic_failure(call: str, reason: str) -> None:
    with pytest.raises(StatesError, match=re.escape(reason)) as error:
        evaluate_intrinsic(call, INPUT, SCOPE, "Parameters")
    assert (error.value.error, error.value.location) == (INTRINSIC_FAILURE, "Parameters")
    assert error.value.cause.startswith(f"The function '{call}' had the following error: ")


@pytest.mark.parametrize("name", ["Base64Encode", "Base64Decode"])
def test_texts_over_ten_thousand_characters_are_refused(name: str) -> None:
    with pytest.raises(StatesError, match="must have at most 10000 characters, but has 10001"):
        evaluate_intrinsic(f"States.{name}($.x)", {"x": "a" * 10_001}, SCOPE)


@pytest.mark.parametrize(
    ("call", "document", "named"),
    [
        ("States.Format('{}', $.nope)", {"other": 1}, "$.nope"),
        ("States.Format('{}', States.Format('{}', $.nope))", {"other": 1}, "$.nope"),
        ("States.Format('{}', $.items[5])", {"items": [1, 2]}, "$.items[5]"),
    ],
)
def test_an_argument_that_leads_nowhere_is_a_runtime_error_of_the_whole_call(
    call: str, document: dict[str, Any], named: str
) -> None:
    with pytest.raises(StatesError) as error:
        evaluate_intrinsic(call, document, SCOPE)
    text = json.dumps(document, separators=(",", ":"))
    assert error.value.error == RUNTIME
    assert error.value.cause == (
        f"The function '{call}' had the following error: The JsonPath argument for the field '{named}' could not be "
        f"found in the input '{text}'"
    )


@pytest.mark.parametrize(
    "text",
    ["States.Format", "States.Format('a'", "States.Format('a',)", "States.Format('a') x", "Format('a')",
     "States.Format(a)", "States.Format('a' 'b')", "States.Array($.a[)", "States.Array(01x)"],
)  # fmt: skip
def test_what_is_no_call_is_refused(text: str) -> None:
    with pytest.raises(PathSyntaxError):
        check_intrinsic(text)


def test_ten_functions_may_be_nested() -> None:
    def nested(depth: int) -> str:
        return "States.Array(" * depth + ")" * depth

    check_intrinsic(nested(10))
    with pytest.raises(PathSyntaxError, match="at most 10 functions may be nested"):
        check_intrinsic(nested(11))


def test_a_uuid_is_of_version_4_and_new() -> None:
    made = {evaluate_intrinsic("States.UUID()", {}, SCOPE) for _ in range(3)}
    assert len(made) == 3
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in made
    )


def test_java_draws_the_same_numbers() -> None:
    assert [JavaRandom(seed).double() for seed in (42, 0, 7)] == [
        0.7275636800328681, 0.730967787376657, 0.7306990420600421,
    ]  # fmt: skip


@given(st.integers(-1000, 1000), st.integers(1, 1000), st.integers(-(2**31), 2**31 - 1))
def test_a_seed_gives_the_same_number_in_its_bounds(start: int, width: int, seed: int) -> None:
    call = f"States.MathRandom({start}, {start + width}, {seed})"
    number = evaluate_intrinsic(call, {}, SCOPE)
    assert start <= number < start + width
    assert evaluate_intrinsic(call, {}, SCOPE) == number


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(values, max_size=30), st.integers(1, 10))
def test_partitions_join_to_the_array(array: list[Any], size: int) -> None:
    parts = evaluate_intrinsic(f"States.ArrayPartition($, {size})", array, SCOPE)
    assert [item for part in parts for item in part] == array
    assert all(len(part) == size for part in parts[:-1])


@given(values)
def test_json_to_string_and_back(value: Any) -> None:
    assert evaluate_intrinsic("States.StringToJson(States.JsonToString($.v))", {"v": value}, SCOPE) == value


@given(st.text(max_size=200), st.sampled_from(sorted(HASHES)))
def test_hashes_are_those_of_utf_8(text: str, algorithm: str) -> None:
    expected = hashlib.new(HASHES[algorithm], text.encode()).hexdigest()
    assert evaluate_intrinsic(f"States.Hash($.v, '{algorithm}')", {"v": text}, SCOPE) == expected


@given(st.text(max_size=200))
def test_base64_there_and_back(text: str) -> None:
    encoded = evaluate_intrinsic("States.Base64Encode($.v)", {"v": text}, SCOPE)
    assert encoded == base64.b64encode(text.encode()).decode()
    assert evaluate_intrinsic("States.Base64Decode($.v)", {"v": encoded}, SCOPE) == text


@given(st.lists(values, max_size=12))
def test_unique_items_keep_their_order_and_are_all_there(array: list[Any]) -> None:
    unique = evaluate_intrinsic("States.ArrayUnique($)", array, SCOPE)
    written = [json.dumps(item, sort_keys=True) for item in unique]
    assert written == list(dict.fromkeys(json.dumps(item, sort_keys=True) for item in array))
