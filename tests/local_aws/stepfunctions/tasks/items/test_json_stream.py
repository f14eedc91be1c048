from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.tasks.items.json_stream import JsonStream, NotIterableError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4)
)


def pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def read(text: str, pointer: str = "", size: int = 3) -> list[Any]:
    stream = JsonStream(pieces(text, size))
    stream.find(pointer)
    return list(stream.items())


@given(st.lists(DOCUMENTS), st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_arrays(values: list[Any], size: int, indent: int | None, ascii_: bool) -> None:
    assert read(json.dumps(values, indent=indent, ensure_ascii=ascii_), "", size) == [(None, value) for value in values]


@given(st.dictionaries(st.text(), DOCUMENTS), st.integers(1, 40))
def test_objects(values: dict[str, Any], size: int) -> None:
    assert read(json.dumps(values), "", size) == list(values.items())


@given(st.dictionaries(st.text(), DOCUMENTS), st.text(), st.lists(DOCUMENTS), st.integers(1, 40))
def test_pointers(before: dict[str, Any], name: str, values: list[Any], size: int) -> None:
    before.pop(name, None)
    token = name.replace("~", "~0").replace("/", "~1")
    text = json.dumps({**before, name: values, "after": 1} if name != "after" else {**before, name: values})
    assert read(text, f"/{token}", size) == [(None, value) for value in values]


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/a/1/b", [(None, 7)]), ("/a~1b", [("x", 1)]), ("/~0", [(None, 2)]), ("/", [(None, 3)])],
)
def test_paths(pointer: str, found: list[Any]) -> None:
    assert read('{"a": [{"b": "]}"}, {"b": [7]}], "a/b": {"x": 1}, "~": [2], "": [3]}', pointer) == found


@pytest.mark.parametrize("pointer", ["/none", "/a/9", "/b/c"])
def test_a_path_to_nothing(pointer: str) -> None:
    with pytest.raises(KeyError):
        read('{"a": [1], "b": 5}', pointer)


@pytest.mark.parametrize("text", ["5", '"text"', "true", ""])
def test_what_has_no_items(text: str) -> None:
    with pytest.raises(NotIterableError):
        read(text)


@pytest.mark.parametrize("text", ["[1", "[1,]", "[1 2]", '{"a" 1}', '{"a":}', "[NaN]", '["a', "{1: 2}", "[1}"])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(text)


def test_it_keeps_no_more_than_it_needs() -> None:
    taken = 0

    def source() -> Iterator[str]:
        nonlocal taken
        yield "["
        for _ in range(10_000):
            taken += 1
            yield '{"value": "' + "a" * 1_000 + '"},'
        yield "1]"

    items = JsonStream(source()).items()
    next(items)
    assert taken < 10
    assert sum(1 for _ in items) == 10_000
