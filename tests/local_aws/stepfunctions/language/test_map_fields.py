from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, QUERY_EVALUATION, RUNTIME, StatesError
from local_aws.stepfunctions.definition.model import ItemProcessor, Map, QueryLanguage, States
from local_aws.stepfunctions.language.map_fields import (
    batches,
    item_context,
    item_input,
    items,
    max_concurrency,
    tolerated_failure_count,
    tolerated_failure_percentage,
)
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.values import json_text

PATH, QUERY = QueryLanguage.JSONPATH, QueryLanguage.JSONATA
SCOPE = Scope({"Execution": {"Id": "arn"}}, {"many": [7, 8], "n": 3})
RAW = {"list": [1, 2], "object": {"a": 1, "b": {}}, "text": "x", "n": 4, "minus": -1, "half": 12.5}


def a_map(language: QueryLanguage = PATH, **fields: Any) -> Map:
    return Map(name="M", query_language=language, processor=ItemProcessor(States("A", {})), **fields)


PAIRS = [{"Key": "a", "Value": 1}, {"Key": "b", "Value": {}}]


@pytest.mark.parametrize(
    ("state", "raw", "expected"),
    [
        (a_map(), [1, 2], [1, 2]),
        (a_map(items_path="$.list"), RAW, [1, 2]),
        (a_map(items_path="$.object"), RAW, PAIRS),
        (a_map(items_path="$many"), RAW, [7, 8]),
        (a_map(input_path="$.object", items_path="$"), RAW, PAIRS),
        (a_map(items_path="$.list[*]"), RAW, [1, 2]),
        (a_map(QUERY), [1, 2], [1, 2]),
        (a_map(QUERY, items="{% $states.input.list %}"), RAW, [1, 2]),
        (a_map(QUERY, items="{% $states.input.object %}"), RAW, PAIRS),
        (a_map(QUERY, items=["{% $states.input.n %}", 2]), RAW, [4, 2]),
        (a_map(QUERY, items=[]), RAW, []),
    ],
)
def test_the_items(state: Map, raw: Any, expected: list[Any]) -> None:
    assert items(state, raw, SCOPE) == expected


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        (a_map(items_path="$.text"), RUNTIME, 'Reference path "$.text" must point to array.'),
        (a_map(items_path="$.no"), RUNTIME, "Invalid path '$.no' : No results for path: $['no']"),
        (
            a_map(QUERY, items="{% $states.input.text %}"),
            QUERY_EVALUATION,
            "The JSONata expression '$states.input.text' specified for the field 'Items' returned an unexpected result "
            "type. Expected 'array', but was 'string' for value: \"x\"",
        ),
    ],
)
def test_what_has_no_items_is_refused(state: Map, error: str, cause: str) -> None:
    with pytest.raises(StatesError) as refused:
        items(state, RAW, SCOPE)
    assert (refused.value.error, refused.value.cause) == (error, cause)


def test_an_iteration_sees_its_item_in_the_context() -> None:
    state = a_map(QUERY, item_selector={"all": "{% $states.context %}"})
    item = {"Index": 3, "Value": "x", "Source": "STATE_DATA"}
    assert item_input(state, RAW, "x", 3, SCOPE) == {"all": {"Execution": {"Id": "arn"}, "Map": {"Item": item}}}
    assert item_context(PAIRS[0], 0, "a", "s3://data/key") == {
        "Item": {"Index": 0, "Key": "a", "Value": 1, "Source": "s3://data/key"}
    }
    assert "Map" not in SCOPE.context


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (a_map(), "item"),
        (
            a_map(item_selector={"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "n.$": "$.n", "k": 1}),
            {"i": 1, "v": "item", "n": 4, "k": 1},
        ),
        (a_map(input_path="$.object", item_selector={"b.$": "$.b"}), {"b": {}}),
        (
            a_map(
                QUERY, item_selector={"v": "{% $states.context.Map.Item.Value %}", "n": "{% $states.input.n + $n %}"}
            ),
            {"v": "item", "n": 7},
        ),
        (a_map(QUERY, item_selector="{% $states.context.Map.Item.Index %}"), 1),
    ],
)
def test_the_input_of_an_iteration(state: Map, expected: Any) -> None:
    assert item_input(state, RAW, "item", 1, SCOPE) == expected


def test_the_pair_of_an_object_is_the_input() -> None:
    assert item_input(a_map(), RAW, PAIRS[0], 0, SCOPE, key="a") == PAIRS[0]
    selector = {"k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value"}
    assert item_input(a_map(item_selector=selector), RAW, PAIRS[0], 0, SCOPE, key="a") == {"k": "a", "v": 1}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (a_map(), (0, None, None)),
        (a_map(max_concurrency=5, tolerated_failure_count=0, tolerated_failure_percentage=10), (5, 0, 10.0)),
        (
            a_map(
                max_concurrency_path="$.n",
                tolerated_failure_count_path="$n",
                tolerated_failure_percentage_path="$.half",
            ),
            (4, 3, 12.5),
        ),
        (
            a_map(
                QUERY,
                max_concurrency="{% $states.input.n * 2 %}",
                tolerated_failure_count="{% $n %}",
                tolerated_failure_percentage="{% 100 %}",
            ),
            (8, 3, 100.0),
        ),
    ],
)
def test_numbers(state: Map, expected: tuple[int, int | None, float | None]) -> None:
    found = (
        max_concurrency(state, RAW, SCOPE),
        tolerated_failure_count(state, RAW, SCOPE),
        tolerated_failure_percentage(state, RAW, SCOPE),
    )
    assert found == expected


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        (
            {"max_concurrency_path": "$.text"},
            'The MaxConcurrencyPath field refers to value "x" which is not a valid integer: $.text',
        ),
        (
            {"max_concurrency_path": "$.list"},
            'The MaxConcurrencyPath field refers to value "[1,2]" which is not a valid integer: $.list',
        ),
        ({"max_concurrency_path": "$.minus"}, "Expected non-negative integer for MaxConcurrency, got '-1' instead."),
        ({"max_concurrency_path": "$.no"}, "Invalid path '$.no' : No results for path: $['no']"),
    ],
)
def test_numbers_that_are_none_are_refused(fields: dict[str, Any], cause: str) -> None:
    with pytest.raises(StatesError) as error:
        max_concurrency(a_map(**fields), RAW, SCOPE)
    assert (error.value.error, error.value.cause) == (RUNTIME, cause)


def test_percentages_end_at_a_hundred() -> None:
    with pytest.raises(StatesError, match="ToleratedFailurePercentage must be between 0 and 100"):
        tolerated_failure_percentage(a_map(QUERY, tolerated_failure_percentage="{% 101 %}"), RAW, SCOPE)
    with pytest.raises(StatesError, match="which is not a valid float"):
        tolerated_failure_percentage(a_map(tolerated_failure_percentage_path="$.text"), RAW, SCOPE)


@pytest.mark.parametrize(
    ("batcher", "language", "expected"),
    [
        ({"MaxItemsPerBatch": 2}, PATH, [{"Items": [1, 2]}, {"Items": [3, 4]}, {"Items": [5]}]),
        ({"MaxItemsPerBatchPath": "$.n"}, PATH, [{"Items": [1, 2, 3, 4]}, {"Items": [5]}]),
        ({"MaxItemsPerBatch": "{% $n %}"}, QUERY, [{"Items": [1, 2, 3]}, {"Items": [4, 5]}]),
        (
            {"MaxItemsPerBatch": 3, "BatchInput": {"x.$": "$.text", "e.$": "$$.Execution.Id"}},
            PATH,
            [
                {"BatchInput": {"x": "x", "e": "arn"}, "Items": [1, 2, 3]},
                {"BatchInput": {"x": "x", "e": "arn"}, "Items": [4, 5]},
            ],
        ),
        (
            {"MaxItemsPerBatch": 5, "BatchInput": {"x": "{% $states.input.text %}"}},
            QUERY,
            [{"BatchInput": {"x": "x"}, "Items": [1, 2, 3, 4, 5]}],
        ),
        ({"MaxInputBytesPerBatch": 15}, PATH, [{"Items": [1, 2]}, {"Items": [3, 4]}, {"Items": [5]}]),
        ({"MaxInputBytesPerBatch": 16}, PATH, [{"Items": [1, 2]}, {"Items": [3, 4]}, {"Items": [5]}]),
        ({"MaxInputBytesPerBatch": 17}, PATH, [{"Items": [1, 2, 3]}, {"Items": [4, 5]}]),
    ],
)
def test_batches(batcher: dict[str, Any], language: QueryLanguage, expected: list[Any]) -> None:
    assert list(batches(a_map(language, item_batcher=batcher), [1, 2, 3, 4, 5], RAW, SCOPE)) == expected


@given(st.lists(st.text(max_size=20), max_size=20), st.integers(120, 300), st.booleans())
def test_no_batch_is_larger_than_declared_and_none_could_be_joined(texts: list[str], most: int, shared: bool) -> None:
    batcher: dict[str, Any] = {"MaxInputBytesPerBatch": most, **({"BatchInput": {"k": "ñ"}} if shared else {})}
    made = list(batches(a_map(item_batcher=batcher), texts, RAW, SCOPE))
    assert [text for batch in made for text in batch["Items"]] == texts
    assert all(len(json_text(batch).encode()) <= most for batch in made)
    for batch, following in pairwise(made):
        grown = {**batch, "Items": [*batch["Items"], following["Items"][0]]}
        assert len(json_text(grown).encode()) > most


def test_an_item_larger_than_a_batch_is_refused() -> None:
    with pytest.raises(StatesError) as error:
        list(batches(a_map(item_batcher={"MaxInputBytesPerBatch": 20}), ["x" * 30], RAW, SCOPE))
    assert error.value.error == DATA_LIMIT


def test_batches_are_made_as_they_are_asked_for() -> None:
    endless = iter(int, 1)
    made = batches(a_map(item_batcher={"MaxItemsPerBatch": 2}), endless, RAW, SCOPE)
    assert [next(made) for _ in range(2)] == [{"Items": [0, 0]}] * 2


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(StatesError, match="MaxItemsPerBatch must be a positive integer"):
        list(batches(a_map(item_batcher={"MaxItemsPerBatchPath": "$.zero"}), [1], {"zero": 0}, SCOPE))
