from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import RESULT_PATH_MATCH, RUNTIME, StatesError
from local_aws.stepfunctions.language.jsonpath import (
    MissingPathError,
    PathSyntaxError,
    evaluate,
    parse_path,
    put,
    select,
)
from local_aws.stepfunctions.language.scope import Scope

STORE = {
    "store": {
        "book": [
            {"category": "reference", "author": "Rees", "title": "Sayings", "price": 8.95},
            {"category": "fiction", "author": "Waugh", "title": "Honour", "price": 12.99},
            {"category": "fiction", "author": "Melville", "title": "Moby", "isbn": "0-553", "price": 8.99},
            {"category": "fiction", "author": "Tolkien", "title": "Rings", "isbn": "0-395", "price": 22.99},
        ],
        "bicycle": {"color": "red", "price": 19.95},
    },
    "expensive": 10,
    "odd name": {"a.b": 1, "it's": 2},
    "none": None,
    "numbers": [3, 1, 2],
    "nested": [[1, 2], [3]],
}
SCOPE = Scope({"Execution": {"Name": "run"}}, {"var": {"x": [1, 2]}, "nothing": None})


def titles(*numbers: int) -> list[str]:
    return [str(STORE["store"]["book"][number]["title"]) for number in numbers]  # type: ignore[index]


FOUND: list[tuple[str, Any]] = [
    ("$", STORE),
    ("$.expensive", 10),
    ("$['expensive']", 10),
    ('$["expensive"]', 10),
    ("$.store.book[0].title", "Sayings"),
    ("$.store.book[-1].title", "Rings"),
    ("$['odd name']['a.b']", 1),
    (r"$['odd name']['it\'s']", 2),
    ("$.none", None),
    ("$.store.book[*].title", titles(0, 1, 2, 3)),
    ("$.store.book[0,2].title", titles(0, 2)),
    ("$.store.book[0:2].title", titles(0, 1)),
    ("$.store.book[:2].title", titles(0, 1)),
    ("$.store.book[2:].title", titles(2, 3)),
    ("$.store.book[-2:].title", titles(2, 3)),
    ("$.store.book[-3:-1].title", titles(1, 2)),
    ("$.store.book[:-1].title", titles(0, 1, 2)),
    ("$.store.book[1:-1].title", []),
    ("$.store.book[1:100].title", titles(1, 2, 3)),
    ("$..author", ["Rees", "Waugh", "Melville", "Tolkien"]),
    ("$.store..price", [8.95, 12.99, 8.99, 22.99, 19.95]),
    ("$..book[2].title", ["Moby"]),
    ("$.store.*.color", ["red"]),
    ("$.store.bicycle['color','price']", {"color": "red", "price": 19.95}),
    ("$.store.book[?(@.isbn)].title", titles(2, 3)),
    ("$.store.book[?(!@.isbn)].title", titles(0, 1)),
    ("$.store.book[?(@.price < 10)].title", titles(0, 2)),
    ("$.store.book[?(@.price < $.expensive)].title", titles(0, 2)),
    ("$.store.book[?(@.price < 10 && @.category == 'fiction')].title", titles(2)),
    ('$.store.book[?(@.price > 20 || @.author == "Rees")].title', titles(0, 3)),
    ("$.store.book[?(!(@.price > 10))].title", titles(0, 2)),
    ("$.store.book[?(@.category != 'fiction')].title", titles(0)),
    ("$.store.book[?(@.author =~ /t.*n/i)].title", titles(3)),
    ("$.store.book[?(@.author in ['Rees', 'Waugh'])].title", titles(0, 1)),
    ("$.store.book[?(@.author nin ['Rees', 'Waugh'])].title", titles(2, 3)),
    ("$.store.book[?(@.author contains 'vil')].title", titles(2)),
    ("$.nested[?(@ size 1)]", [[3]]),
    ("$.nested[?(@ subsetof [1, 2, 4])]", [[1, 2]]),
    ("$.nested[?(@ anyof [3, 4])]", [[3]]),
    ("$.nested[?(@ noneof [3, 4])]", [[1, 2]]),
    ("$.nested[?(@ empty false)]", [[1, 2], [3]]),
    ("$.numbers[?(@ >= 2)]", [3, 2]),
    ("$..[?(@.isbn == '0-395')].title", ["Rings"]),
    ("$.numbers.length()", 3),
    ("$.numbers.max()", 3.0),
    ("$.numbers.min()", 1.0),
    ("$.numbers.sum()", 6.0),
    ("$.numbers.avg()", 2.0),
    ("$.numbers.first()", 3),
    ("$.numbers.last()", 2),
    ("$.numbers.index(1)", 1),
    ("$.numbers.append(4)", [3, 1, 2, 4]),
    ("$.store.keys()", ["book", "bicycle"]),
    ("$..isbn.length()", 2),
    ("$$.Execution.Name", "run"),
    ("$$", {"Execution": {"Name": "run"}}),
    ("$var.x[1]", 2),
    ("$var", {"x": [1, 2]}),
    ("$nothing", None),
]


@pytest.mark.parametrize(("path", "expected"), FOUND)
def test_a_path_selects(path: str, expected: Any) -> None:
    assert evaluate(path, STORE, SCOPE) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$.missing", "No results for path: $['missing']"),
        ("$.store.missing", "No results for path: $['store']['missing']"),
        ("$.missing.deeper", "Missing property in path $['missing']"),
        ("$.missing[*].deeper", "Missing property in path $['missing']"),
        ("$.numbers[7]", "No results for path: $['numbers'][7]"),
        ("$.expensive[0]", "Filter: [0] can only be applied to arrays. Current context is: 10"),
        ("$.none.x", "The path $['none'] is null"),
        ("$.expensive.x", "Expected to find an object with property ['x'] but found '10'."),
        ("$unknown", "No variable '$unknown' is assigned"),
        ("$$.State", "No results for path: $['State']"),
    ],
)
def test_a_definite_path_that_leads_nowhere_says_where_it_ends(path: str, reason: str) -> None:
    with pytest.raises(MissingPathError) as missing:
        evaluate(path, STORE, SCOPE)
    assert str(missing.value) == reason


def test_an_index_beyond_its_array_is_told_from_a_missing_name() -> None:
    with pytest.raises(MissingPathError) as missing:
        evaluate("$.numbers[7]", STORE, SCOPE)
    assert missing.value.beyond


@pytest.mark.parametrize("path", ["$.store.book[*].missing", "$..missing", "$.numbers[?(@ > 9)]", "$.numbers[5:]"])
def test_an_indefinite_path_that_selects_nothing_gives_an_empty_list(path: str) -> None:
    assert evaluate(path, STORE, SCOPE) == []


@pytest.mark.parametrize(
    "path",
    [
        "", "a", "$.", "$..", "$[", "$[]", "$[a]", "$['a'", "$.a b", "$.a[1", "$.a[?(@.b]", "$.a[?()]", "$.a.nope()",
        "$$$", "$1a", "$.a.", "$.a[?(@.x =~ /(/)]", "$.a[?(@.x == )]",
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathSyntaxError):
        parse_path(path)


def test_a_name_without_brackets_is_no_function() -> None:
    assert parse_path("$.a.length").function == ""


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$", {"a": 1}, 9),
        ("$.b", {"a": 1}, {"a": 1, "b": 9}),
        ("$.a", {"a": 1}, {"a": 9}),
        ("$.a.b.c", {}, {"a": {"b": {"c": 9}}}),
        ("$['a']['b c']", {"a": {"d": 2}}, {"a": {"d": 2, "b c": 9}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, 9, 3]}),
        ("$[0].x", [{"y": 1}], [{"y": 1, "x": 9}]),
    ],
)
def test_a_value_is_put_at_a_reference_path(path: str, document: Any, expected: Any) -> None:
    before = repr(document)
    assert put(path, document, 9) == expected
    assert repr(document) == before


@pytest.mark.parametrize(
    ("path", "document", "cause"),
    [
        ("$.a", "text", 'Unable to apply step "a" to input "text"'),
        ("$.a.b", {"a": 1}, 'Unable to apply step "b" to input 1'),
        ("$.a[5]", {"a": [1]}, 'Unable to apply step "[5]" to input [1]'),
        ("$.a", None, 'Unable to apply step "a" to input null'),
    ],
)
def test_a_value_that_fits_nowhere_is_a_result_path_match_failure(path: str, document: Any, cause: str) -> None:
    with pytest.raises(StatesError) as error:
        put(path, document, 9)
    assert (error.value.error, error.value.cause) == (RESULT_PATH_MATCH, cause)


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ({}, "Invalid path '$.x' : No results for path: $['x']"),
        (None, "Unable to apply Path transformation to null or empty input."),
    ],
)
def test_a_field_whose_path_leads_nowhere_is_a_runtime_error(document: Any, cause: str) -> None:
    with pytest.raises(StatesError) as error:
        select("$.x", document, SCOPE, "InputPath")
    assert (error.value.error, error.value.cause, error.value.location) == (RUNTIME, cause, "InputPath")


names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def written(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


@given(st.lists(names, min_size=1, max_size=4), values)
def test_what_is_put_somewhere_is_found_there(way: list[str], value: Any) -> None:
    path = "$" + "".join(map(written, way))
    assert evaluate(path, put(path, {}, value), SCOPE) == value


@given(st.lists(values, max_size=8), st.integers(-9, 9))
def test_an_index_is_pythons_and_a_tail_too(array: list[Any], index: int) -> None:
    assert evaluate(f"$[{index}:]", array, SCOPE) == array[index:]
    assert evaluate(f"$[:{index}]", array, SCOPE) == array[:index]
    if -len(array) <= index < len(array):
        assert evaluate(f"$[{index}]", array, SCOPE) == array[index]


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = parse_path(text)
    except PathSyntaxError:
        return
    assert path.text == text
