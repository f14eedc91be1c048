from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, StatesError
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES
from local_aws.stepfunctions.language.limits import check_result, within_limit
from local_aws.stepfunctions.language.values import json_text, kind, same


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1, 2.5, None, True]}, '{"b":1,"a":[1,2.5,null,true]}'),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (0.0, "0.0"),
        (-0.5, "-0.5"),
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (12345678.5, "1.23456785E7"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (9.223372036854776e18, "9.223372036854776E18"),
        (-1.5e300, "-1.5E300"),
        ([1e7, {"x": 1e-5}], '[1.0E7,{"x":1.0E-5}]'),
        (10**30, "1" + "0" * 30),
        ("ñ €", '"ñ €"'),
        ('q"\\/\n\t', '"q\\"\\\\/\\n\\t"'),
        ("\x1f", '"\\u001F"'),
        ("\\u001f 1e5", '"\\\\u001f 1e5"'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_json_looks_as_java_writes_it(value: Any, text: str) -> None:
    assert json_text(value) == text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_the_text_reads_back_as_the_value(value: Any) -> None:
    assert same(json.loads(json_text(value)), value)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(1, 1.0, True), (1, True, False), (0, False, False), (None, False, False), ("1", 1, False), ([1], [1.0], True),
     ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True), ({"a": 1}, {"a": True}, False), ([1], [1, 2], False), ({}, [], False)],
)  # fmt: skip
def test_equality_knows_the_types_of_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "boolean"), (1, "number"), (1.5, "number"), ("", "string"), ([], "array"), ({}, "object")],
)
def test_types_have_the_names_of_jsonata(value: Any, name: str) -> None:
    assert kind(value) == name


@pytest.mark.parametrize(("character", "width"), [("a", 1), ("ñ", 2), ("€", 3), ("😀", 4)])
def test_the_limit_counts_bytes_of_utf_8(character: str, width: int) -> None:
    fits = (MAX_DATA_BYTES - 2) // width
    assert check_result(character * fits, "State") == f'"{character * fits}"'
    with pytest.raises(StatesError) as error:
        check_result(character * (fits + 1), "State")
    assert error.value.error == DATA_LIMIT
    assert error.value.cause == (
        "The state/task 'State' returned a result with a size exceeding the maximum number of bytes service limit."
    )


@given(st.text(max_size=20), st.integers(0, 60))
def test_short_cuts_of_the_limit_change_nothing(text: str, limit: int) -> None:
    assert within_limit(text, limit) is (len(text.encode()) <= limit)
