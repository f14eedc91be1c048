"""The fields of a Map state: its items, their inputs, their batches, and its numbers.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from local_aws.stepfunctions.contracts.errors import DATA_LIMIT, QUERY_EVALUATION, RUNTIME, StatesError
from local_aws.stepfunctions.contracts.records import MAX_DATA_BYTES
from local_aws.stepfunctions.definition.expressions import is_expression
from local_aws.stepfunctions.definition.model import ABSENT, Map, QueryLanguage
from local_aws.stepfunctions.language.data_flow import selected_input
from local_aws.stepfunctions.language.expressions import query, query_error
from local_aws.stepfunctions.language.jsonpath import select
from local_aws.stepfunctions.language.scope import Scope
from local_aws.stepfunctions.language.templates import fill
from local_aws.stepfunctions.language.values import is_integer, is_number, json_text, kind

KEY, VALUE = "Key", "Value"
FROM_STATE: Final = "STATE_DATA"
"""The source of items that come from the state's input."""
_BATCH_BRACES: Final = len('{"Items":[]}')


def _queries(state: Map) -> bool:
    return state.query_language is QueryLanguage.JSONATA


def items(state: Map, raw: Any, scope: Scope) -> list[Any]:
    """What a Map runs over: the items of an array, or an object's pairs as `{"Key": …, "Value": …}`.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html. Raises StatesError.
    """
    source = _query_source(state, raw, scope) if _queries(state) else _path_source(state, raw, scope)
    return source if isinstance(source, list) else [{KEY: key, VALUE: value} for key, value in source.items()]


def _path_source(state: Map, raw: Any, scope: Scope) -> Any:
    path = "$" if state.items_path is ABSENT else state.items_path
    source = select(path, selected_input(state, raw, scope), scope, "ItemsPath")
    if not isinstance(source, list | dict):
        raise StatesError(RUNTIME, f'Reference path "{path}" must point to array.', location="ItemsPath")
    return source


def _query_source(state: Map, raw: Any, scope: Scope) -> Any:
    source = raw if state.items is ABSENT else query(raw, scope).fill(state.items, "Items")
    if isinstance(source, list | dict):
        return source
    found = (
        f"returned an unexpected result type. Expected 'array', but was '{kind(source)}' for value: {json_text(source)}"
    )
    if is_expression(state.items):
        raise query_error(state.items, "Items", found)
    raise StatesError(QUERY_EVALUATION, f"The field 'Items' {found}", location="Items")


def item_context(item: Any, index: int, key: str | None = None, source: str = FROM_STATE) -> dict[str, Any]:
    """What the Context object has as `Map` in one iteration; `key` is that of an object's pair, `source` an S3 URI.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """
    value = {VALUE: item} if key is None else {KEY: key, VALUE: item[VALUE]}
    return {"Item": {"Index": index, **value, "Source": source}}


def item_input(
    state: Map, raw: Any, item: Any, index: int, scope: Scope, *, key: str | None = None, source: str = FROM_STATE
) -> Any:
    """The input of one iteration: the item, or what ItemSelector makes of it. Raises StatesError."""
    if state.item_selector is ABSENT:
        return item
    inner = replace(scope, context={**scope.context, "Map": item_context(item, index, key, source)})
    if _queries(state):
        return query(raw, inner).fill(state.item_selector, "ItemSelector")
    return fill(state.item_selector, selected_input(state, raw, scope), inner, "ItemSelector")


def integer(state: Map, name: str, value: Any, path: Any, raw: Any, scope: Scope) -> int | None:
    """A field that holds a whole number from 0, such as MaxConcurrency; None where it is absent.

    `path` is its variant whose name ends in `Path`. Raises StatesError.
    """
    found = _field(state, name, value, path, raw, scope)
    if found is None:
        return None
    if not is_integer(found):
        raise _refused(
            state, name, path, f"{_refers(name, path, found)} which is not a valid integer: {_named(name, path)}"
        )
    if found < 0:
        raise _refused(
            state, name, path, f"Expected non-negative integer for {name}, got '{json_text(found)}' instead."
        )
    return int(found)


def percentage(state: Map, name: str, value: Any, path: Any, raw: Any, scope: Scope) -> float | None:
    """A field that holds a number from 0 to 100; None where it is absent. Raises StatesError."""
    found = _field(state, name, value, path, raw, scope)
    if found is None:
        return None
    if not is_number(found):
        raise _refused(
            state, name, path, f"{_refers(name, path, found)} which is not a valid float: {_named(name, path)}"
        )
    if not 0 <= found <= 100:
        raise _refused(state, name, path, f"{name} must be between 0 and 100.")
    return float(found)


def _field(state: Map, name: str, value: Any, path: Any, raw: Any, scope: Scope) -> Any:
    if path is not ABSENT:
        return select(path, selected_input(state, raw, scope), scope, f"{name}Path")
    if value is ABSENT:
        return None
    return query(raw, scope).expect(value, name, "number") if _queries(state) else value


def _named(name: str, path: Any) -> str:
    return name if path is ABSENT else str(path)


def _refers(name: str, path: Any, found: Any) -> str:
    shown = found if isinstance(found, str) else json_text(found)
    return f'The {name}{"" if path is ABSENT else "Path"} field refers to value "{shown}"'


def _refused(state: Map, name: str, path: Any, cause: str) -> StatesError:
    error = QUERY_EVALUATION if _queries(state) else RUNTIME
    return StatesError(error, cause, location=name if path is ABSENT else f"{name}Path")


def max_concurrency(state: Map, raw: Any, scope: Scope) -> int:
    """How many iterations run at once; 0 for as many as AWS allows. Raises StatesError."""
    return integer(state, "MaxConcurrency", state.max_concurrency, state.max_concurrency_path, raw, scope) or 0


def tolerated_failure_count(state: Map, raw: Any, scope: Scope) -> int | None:
    """How many items may fail; None without a limit of that kind. Raises StatesError."""
    value, path = state.tolerated_failure_count, state.tolerated_failure_count_path
    return integer(state, "ToleratedFailureCount", value, path, raw, scope)


def tolerated_failure_percentage(state: Map, raw: Any, scope: Scope) -> float | None:
    """How many of a hundred items may fail; None without a limit of that kind. Raises StatesError."""
    value, path = state.tolerated_failure_percentage, state.tolerated_failure_percentage_path
    return percentage(state, "ToleratedFailurePercentage", value, path, raw, scope)


def batches(state: Map, inputs: Iterable[Any], raw: Any, scope: Scope) -> Iterator[dict[str, Any]]:
    """Inputs in batches as ItemBatcher says, `{"BatchInput": …, "Items": […]}`, made as they are asked for.

    A batch has at most 256 KiB. Raises StatesError.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    declared = state.item_batcher or {}
    most_items = _batch_limit(state, declared, "MaxItemsPerBatch", raw, scope)
    most_bytes = min(
        _batch_limit(state, declared, "MaxInputBytesPerBatch", raw, scope) or MAX_DATA_BYTES, MAX_DATA_BYTES
    )
    shared = _batch_input(state, declared, raw, scope)
    room = most_bytes - _BATCH_BRACES - (len(json_text(shared).encode("utf-8", "surrogatepass")) - 1 if shared else 0)
    for batch in _grouped(inputs, most_items, room):
        yield {**shared, "Items": batch}


def _grouped(inputs: Iterable[Any], most: int | None, room: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    used = 0
    for each in inputs:
        size = len(json_text(each).encode("utf-8", "surrogatepass")) + 1
        if size - 1 > room:
            raise StatesError(DATA_LIMIT, f"An item of {size - 1} bytes does not fit into a batch of the Map state.")
        if batch and (len(batch) == most or used + size > room + 1):
            yield batch
            batch, used = [], 0
        batch.append(each)
        used += size
    if batch:
        yield batch


def _batch_limit(state: Map, declared: Mapping[str, Any], name: str, raw: Any, scope: Scope) -> int | None:
    path = declared.get(f"{name}Path", ABSENT)
    found = integer(state, name, declared.get(name, ABSENT), path, raw, scope)
    if found == 0:
        raise _refused(state, name, path, f"{name} must be a positive integer.")
    return found


def _batch_input(state: Map, declared: Mapping[str, Any], raw: Any, scope: Scope) -> dict[str, Any]:
    if "BatchInput" not in declared:
        return {}
    template = declared["BatchInput"]
    if _queries(state):
        return {"BatchInput": query(raw, scope).fill(template, "ItemBatcher/BatchInput")}
    return {"BatchInput": fill(template, selected_input(state, raw, scope), scope, "BatchInput")}
