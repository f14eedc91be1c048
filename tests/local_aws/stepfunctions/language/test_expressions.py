from __future__ import annotations

import copy
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import QUERY_EVALUATION, StatesError
from local_aws.stepfunctions.definition.expressions import inner, is_expression
from local_aws.stepfunctions.language.expressions import (
    ExpressionSyntaxError,
    check_expression,
    query,
)
from local_aws.stepfunctions.language.queries import bounds, evaluator
from local_aws.stepfunctions.language.scope import Scope

INPUT: dict[str, Any] = {
    "a": None,
    "one": [5],
    "empty": [],
    "mixed": [1, 2.0, None, "x"],
    "items": [{"id": 1, "price": 3}, {"id": 2, "price": 4.5}, {"id": 3}],
    "deep": {"er": {"est": 7}},
    "long": 9223372036854775808,
}
SCOPE = Scope({"Execution": {"Id": "arn"}}, {"nothing": None, "var": {"k": [1]}, "quote": "'} & $x"})
OVERFLOW = bounds.DEPTH


def value(expression: str, **known: Any) -> Any:
    return query(INPUT, SCOPE, **known).evaluate("{% " + expression + " %}", "Output")


def failure(expression: str) -> str:
    with pytest.raises(StatesError) as error:
        value(expression)
    assert (error.value.error, error.value.location) == (QUERY_EVALUATION, "Output")
    sentence = f"The JSONata expression '{expression.strip()}' specified for the field 'Output' "
    assert error.value.cause.startswith(sentence)
    return error.value.cause.removeprefix(sentence)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{% 1 %}", True), ("{%1%}", True), ("{%%}", True), (" {% 1 %}", False), ("{% 1 %} ", False), ("{% 1", False),
     ("a {% 1 %}", False), ("{%}", False), (1, False), (None, False)],
)  # fmt: skip
def test_an_expression_fills_its_string(text: Any, expected: bool) -> None:
    assert is_expression(text) is expected


def test_the_braces_and_spaces_are_no_part_of_it() -> None:
    assert inner("{%  1 + 1 %}") == "1 + 1"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 1", 2),
        ("$states.input.deep.er.est", 7),
        ("$states.input.a", None),
        ("$states.input.mixed", [1, 2, None, "x"]),
        ("$states.input.mixed[2]", None),
        ("$states.input.one", [5]),
        ("$states.input.empty", []),
        ("$states.input.items.price", [3, 4.5]),
        ("$states.input.items[price > 4].id", 2),
        ("$states.input.items[-1]", {"id": 3}),
        ("$sum($states.input.items.price)", 7.5),
        ("$states.input.items.{'i': id}", [{"i": 1}, {"i": 2}, {"i": 3}]),
        ("$states.input.items{$string(id): price}", {"1": 3, "2": 4.5}),
        ("$states.input.items^(>id).id", [3, 2, 1]),
        ("$states.input.long", 9.223372036854776e18),
        ("$states.context.Execution.Id", "arn"),
        ("$nothing", None),
        ("$exists($nothing)", True),
        ("$exists($unknown)", False),
        ("$type($states.input.a)", "null"),
        ("$count(null)", 1),
        ("$var.k", [1]),
        ("$quote", "'} & $x"),
        ("$exists($states.result)", False),
        ("null", None),
        ("[null, 1]", [None, 1]),
        ("{'a': null, 'b': $unknown}", {"a": None}),
        ("6 / 3", 2),
        ("5.5 % 2", 1.5),
        ("1 in [true, 2]", False),
        ("true = 1", False),
        ("[1..2.0]", [1, 2]),
        ("1/0", "Infinity"),
        ("-1/0", "-Infinity"),
        ("[1/0]", ["Infinity"]),
        ("{'k': 1/0}", {"k": "Infinity"}),
        ("0/0", "NaN"),
        ("1e308 * 10", "Infinity"),
        ("$map([1, 2], function($v) { $v * 2 })", [2, 4]),
        ("($f := function($x) { $x + 1 }; $f(1))", 2),
        ("$substring(?, 0, 1)('abc')", "a"),
        ("$now() = $now()", True),
        ("$match('ab', /B/i).match", "b"),
    ],
)
def test_an_expression_has_a_value(expression: str, expected: Any) -> None:
    found = value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$partition([1, 2, 3, 4, 5], 2.9)", [[1, 2], [3, 4], [5]]),
        ("$partition([1, 2, 3])", [[1, 2, 3]]),
        ("$range(0, 10, 2)", [0, 2, 4, 6, 8, 10]),
        ("$range(10, 0, -2)", [10, 8, 6, 4, 2, 0]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(5, 1, -1.5)", [5, 4, 3, 2, 1]),
        ("$range(3, 3, 1)", 3),
        ("$count($range(1, 360145, 1))", 360145),
        ("$hash('Hello', 'MD5')", "8b1a9953c4611296a827abf8c47804d7"),
        ("$hash('Hello', 'SHA-1')", "f7ff9e8b7bb2e09b70935a5d785e0cc5d9d0abf0"),
        ("$hash('ñ', 'MD5')", "94e9342ecbb1458b6043ecd3bfcbc192"),
        ("$random(42)", 0.7275636800328681),
        ("$random(0.9) = $random(0)", True),
        ("$random() = $random()", False),
        ("$uuid() = $uuid()", False),
        ("$length($uuid())", 36),
        ('$parse(\'{"b": 1, "a": [2]}\').a', [2]),
        ("$parse('null')", None),
        ("$exists($parse('null'))", True),
        ("$parse('1.0')", 1),
        ("$parse('9223372036854775807')", 9223372036854775807),
        ("$map(['{\"a\":1}', '{\"a\":2}'], $parse).a", [1, 2]),
    ],
)
def test_what_aws_adds_to_jsonata(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$string(1e20)", "100000000000000000000"),
        ("$string(999999999999999868928)", "999999999999999900000"),
        ("$string(1e21)", "1e+21"),
        ("$string(-1.5e21)", "-1.5e+21"),
        ("$string(1e-6)", "0.000001"),
        ("$string(1e-7)", "1e-7"),
        ("$string(1/3)", "0.333333333333333"),
        ("$string(null)", "null"),
        ("$string(true)", "true"),
        ("$string([1e20, 2, 'x', null])", '[100000000000000000000,2,"x",null]'),
        ("$string({'a': 1, 'b': [2.0]}, true)", '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}'),
        ("$string({'a': {}}, true)", '{\n  "a": {}\n}'),
        ("'n' & 1.0 & true & null", "n1truenull"),
        ("$map([1e20, 1e21], $string)", ["100000000000000000000", "1e+21"]),
        ("$string($states.input.items)", '[{"id":1,"price":3},{"id":2,"price":4.5},{"id":3}]'),
    ],
)
def test_numbers_as_text_look_as_in_javascript(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression",
    ["$states.input.missing", "$unknown", "$range(5, 1, 1)", "$range(1, 5)", "$range(1, 5, 0)", "$partition([], 2)",
     "$partition([1], 0)", "$hash('a')", "$parse()", "$string()", "$states.input.items[9]", "$states.errorOutput"],
)  # fmt: skip
def test_nothing_is_not_null(expression: str) -> None:
    assert failure(expression) == "returned nothing (undefined)."


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("$eval('1+1')", "T1006: Attempted to invoke a non-function"),
        ("1 + {}", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("1 < 'a'", 'T2009: The values 1 and "a" either side of operator "<" must be of the same data type'),
        ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
        ("$sum(['a'])", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$each('x', function($v){$v})", 'T0410: Argument 1 of function "each" does not match function signature'),
        ("$parse(null)", 'T0410: Argument 1 of function "parse" does not match function signature'),
        ("$uuid('a')", 'T0410: Argument 1 of function "uuid" does not match function signature'),
        ("$hash(42, 'MD5')", 'T0410: Argument 1 of function "hash" does not match function signature'),
        ("$hash('a', 'md5')", "D3137: Second argument must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512"),
        ('$parse(\'{"a":1,"a":2}\')', "D3137: Invalid JSON"),
        ("$parse('1e400')", "D3137: Invalid JSON"),
        ("$parse('[1] [2]')", "D3137: Invalid JSON"),
        ("$partition([1, 2], -1)", "D3137: Second argument must be zero or greater"),
        ("$split('a', 'b', -1)", "D3020: Third argument of split function must evaluate to a positive number"),
        ("$replace('a', '', 'b')", "D3010: Second argument of replace function cannot be an empty string"),
        (
            "$toMillis('nope')",
            'D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "nope"',
        ),
        ("$error('boom')", "D3137: boom"),
        ("$states.input.items{id: 1}", "T1003: Key in object structure must evaluate to a string; got: 1"),
        ("-'a'", 'D1002: Cannot negate a non-numeric value: "a"'),
        ("[1..'a']", "T2004: The right side of the range operator (..) must evaluate to an integer"),
        ("a[1,2)", 'S0202: Expected "]", got ","'),
    ],
)
def test_errors_carry_the_code_and_words_of_jsonata(expression: str, problem: str) -> None:
    assert failure(expression) == f"threw an error during evaluation. {problem}"


def test_a_function_is_no_result() -> None:
    assert failure("function($x) { $x }") == "returned an unsupported result type."
    assert failure("[$sum]") == "returned an unsupported result type."


RECURSION = "($f := function($x){ $x <= 0 ? 0 : 1 + $f($x-1) }; $f(%d))"
DOUBLING = "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $length($f('x', %d)))"


@pytest.mark.parametrize(
    "shape",
    ["1" + "+1" * 99, "(" * 99 + "1" + ")" * 99, "[" * 99 + "1" + "]" * 99, "1" + "~>$string" * 99, RECURSION % 31,
     DOUBLING % 22, "$count([1..873782])"],
)  # fmt: skip
def test_what_aws_still_evaluates_is_evaluated(shape: str) -> None:
    assert value(shape) is not None


@pytest.mark.parametrize(
    ("shape", "bound"),
    [
        ("1" + "+1" * 100, bounds.DEPTH),
        ("(" * 100 + "1" + ")" * 100, bounds.DEPTH),
        ("[" * 100 + "1" + "]" * 100, bounds.DEPTH),
        ("1" + "~>$string" * 100, bounds.DEPTH),
        (RECURSION % 32, bounds.DEPTH),
        (DOUBLING % 23, bounds.MEMORY),
        ("[1..873783]", bounds.MEMORY),
        ("$range(1, 360146, 1)", bounds.MEMORY),
        ("$range(1, 1e15, 1)", bounds.MEMORY),
        ("$pad('x', 1e9)", bounds.MEMORY),
    ],
)
def test_what_aws_refuses_as_too_much_is_refused(shape: str, bound: str) -> None:
    assert failure(shape) == f"threw an error during evaluation: {bound}"


def test_an_endless_loop_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluator, "MAX_SECONDS", 0.05)
    assert failure("($f := function($x){ $f($x + 1) }; $f(1))").endswith(bounds.TIME)


def test_a_text_that_nests_too_deeply_to_be_read_is_refused() -> None:
    with pytest.raises(ExpressionSyntaxError, match="Stack overflow"):
        check_expression("{% " + "(" * 50_000 + "1" + ")" * 50_000 + " %}")


def test_fields_are_named_as_aws_names_them() -> None:
    asked = query({}, Scope())
    with pytest.raises(StatesError) as error:
        asked.fill({"a": {"b": [[1, "{% $states.input.missing %}"]]}}, "Output")
    assert error.value.location == "Output/a/b[0][1]"
    assert "specified for the field 'Output/a/b[0][1]' returned nothing" in error.value.cause


def test_strings_that_are_no_expressions_stay() -> None:
    template = {"text": "$states.input", "spaced": " {% 1 %} ", "list": ["{% 1 %}", None, 1.5, True], "empty": {}}
    assert query({}, Scope()).fill(template, "Output") == {**template, "list": [1, None, 1.5, True]}


def test_a_value_of_another_type_is_refused() -> None:
    asked = query({"n": "x"}, Scope())
    assert asked.expect("literal", "Condition", "boolean") == "literal"
    with pytest.raises(StatesError) as error:
        asked.expect("{% $states.input %}", "Seconds", "number")
    assert error.value.cause == (
        "The JSONata expression '$states.input' specified for the field 'Seconds' returned an unexpected result type. "
        "Expected 'number', but was 'object' for value: {\"n\":\"x\"}"
    )


def test_result_and_error_output_are_seen_where_they_are() -> None:
    assert value("$states.result.r", result={"r": 1}) == 1
    assert value("$states.errorOutput.Error", error_output={"Error": "E"}) == "E"
    assert value("$states.result", result=None) is None


def test_variables_of_one_expression_are_not_seen_by_the_next() -> None:
    assert query({}, Scope()).fill(["{% $x := 1 %}", "{% $exists($x) %}"], "Output") == [1, False]


@pytest.mark.parametrize(
    "expression",
    ["$states.input.empty{'k': 1}", "$append($states.input.one, 6)", "$sort($states.input.one)",
     "$states.input ~> |deep|{'new': 1}|", "$reverse($states.input.mixed)", "$merge([$states.input.deep, {'x': 1}])"],
)  # fmt: skip
def test_an_expression_leaves_its_input_alone(expression: str) -> None:
    before = copy.deepcopy(INPUT)
    value(expression)
    assert before == INPUT


def test_threads_evaluate_side_by_side() -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        asked = query({"n": number}, Scope({}, {"v": number}))
        text = "{% $sum($map([1..20], function($i){ $i * $states.input.n + $v })) %}"
        found = [asked.evaluate(text, "Output") for _ in range(10)]
        wrong.extend(each for each in found if each != 210 * number + 20 * number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=4), below, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_the_input_comes_out_as_it_went_in(given_value: Any) -> None:
    asked = query({"v": given_value}, Scope({}, {"v": given_value}))
    assert asked.fill({"input": "{% $states.input.v %}", "variable": "{% $v %}"}, "Output") == {
        "input": given_value,
        "variable": given_value,
    }


def error_of(text: str) -> str:
    try:
        query({}, Scope()).evaluate("{%" + text + "%}", "Output")
    except StatesError as error:
        return error.error
    return ""


@given(st.text(max_size=40))
def test_any_text_evaluates_or_fails_as_a_query(text: str) -> None:
    assert error_of(text) in {"", QUERY_EVALUATION}


def test_two_hundred_kilobytes_are_quick() -> None:
    items = [{"id": number, "price": number % 50, "name": f"item-{number}", "tags": ["a"]} for number in range(3200)]
    asked = query({"items": items}, Scope())
    asked.evaluate("{% 1 %}", "Output")
    start = time.process_time()
    assert len(asked.evaluate("{% $states.input.items[price > 10].name %}", "Output")) == 2496
    assert time.process_time() - start < 0.25


def test_the_library_is_loaded_when_it_is_needed() -> None:
    code = (
        "import sys\n"
        "from local_aws.stepfunctions.language import data_flow, map_fields, times, expressions\n"
        "assert not {'jsonata', 'boto3', 'botocore'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_pattern_that_backtracks_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from local_aws.stepfunctions.language.queries import patterns  # noqa: PLC0415 - imports the library

    monkeypatch.setattr(patterns, "MAX_SECONDS", 0.2)
    text = "a" * 40 + "!"
    with pytest.raises(StatesError, match="Expression evaluation timeout"):
        query({"text": text}, Scope()).evaluate("{% $match($states.input.text, /^(a|a)*$/) %}", "Output")
    assert query({"text": text}, Scope()).evaluate("{% $match($states.input.text, /!/).match %}", "Output") == "!"
