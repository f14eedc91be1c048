"""Search: finds resources by their properties.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html and API_Filter.html. A property is a member
of the resource in SearchRecord, one below it by dots, or `HyperParameters.<name>`, `Metrics.<name>`, `Tags.<key>`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from local_aws.sagemaker import listing, names
from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.hosting import endpoint_states
from local_aws.sagemaker.jobs.training import states as job_states
from local_aws.sagemaker.records import Record, Records
from local_aws.sagemaker.registry import model_package_groups, package_states
from local_aws.wire import Caller, Document, load_model

_DEFAULT_SORT = "LastModifiedTime"
_MOST_CONDITIONS = 20
_MOST_DEPTH = 10
_DEFAULT_PAGE = 10
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_TEXT, _NUMBER, _TIME, _SWITCH, _STRUCTURE = "text", "number", "timestamp", "boolean", "structure"
_KINDS = {
    **dict.fromkeys(("integer", "long", "float", "double"), _NUMBER),
    **dict.fromkeys(("structure", "list", "map"), _STRUCTURE),
    "timestamp": _TIME,
    "boolean": _SWITCH,
}


@dataclass(frozen=True)
class _Resource:
    kind: str
    describe: Callable[[Record], Document]


_RESOURCES = {
    "TrainingJob": _Resource(names.TRAINING_JOB, job_states.describe),
    "Endpoint": _Resource(names.ENDPOINT, endpoint_states.describe),
    "ModelPackage": _Resource(names.MODEL_PACKAGE, package_states.describe),
    "ModelPackageGroup": _Resource(names.MODEL_PACKAGE_GROUP, model_package_groups.describe),
}


class Search:
    """The operation Search over the resources that local AWS has."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def search(self, _caller: Caller, request: Document) -> Document:
        """Search: one page of the resources that satisfy the expression, as SearchRecord shows them."""
        name = request["Resource"]
        if name not in _RESOURCES:
            raise not_emulated(f"Search for {name}")
        if request.get("VisibilityConditions"):
            raise not_emulated("VisibilityConditions of Search")
        shape = _shape(name)
        expression = request.get("SearchExpression")
        if expression is not None:
            _check(shape, expression)
        by = request.get("SortBy", _DEFAULT_SORT)
        if "SortBy" in request:
            _kind_of(shape, by)
        # No other account shares anything with this one.
        shared = request.get("CrossAccountFilterOption") == "CrossAccount"
        found = [] if shared else list(self._documents(name, shape))
        found = [document for document in found if expression is None or _satisfies(shape, document, expression)]
        backwards = request.get("SortOrder", "Descending") == "Descending"
        found.sort(key=lambda document: _sort_key(document, by), reverse=backwards)
        start = listing.start(request)
        end = start + request.get("MaxResults", _DEFAULT_PAGE)
        answer: Document = {
            "Results": [{name: document} for document in found[start:end]],
            "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
        }
        if end < len(found):
            answer["NextToken"] = listing.token(request, end)
        return answer

    def _documents(self, name: str, shape: Any) -> Iterator[Document]:
        resource = _RESOURCES[name]
        for record in self._records.all(resource.kind):
            described = {key: value for key, value in resource.describe(record).items() if key in shape.members}
            tags = self._records.tags(record.arn)
            if tags:
                described["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
            yield described


@cache
def _shape(name: str) -> Any:
    model = load_model("sagemaker", frozenset({"Search"}))
    return model.shape_for("SearchRecord").members[name]


def _check(shape: Any, expression: Document, depth: int = 1) -> None:
    """Raise ValidationException for an expression that is empty, too large, or has unknown properties."""
    filters, nested = expression.get("Filters", []), expression.get("NestedFilters", [])
    inner = expression.get("SubExpressions", [])
    if not (filters or nested or inner):
        raise invalid("A SearchExpression needs at least one of Filters, NestedFilters and SubExpressions.")
    if len(filters) + len(nested) + len(inner) > _MOST_CONDITIONS or depth > _MOST_DEPTH:
        raise invalid(f"A SearchExpression can contain up to {_MOST_CONDITIONS} elements.")
    for one in filters:
        _check_filter(shape, one)
    for one in nested:
        if _kind_of(shape, one["NestedPropertyName"]) != _STRUCTURE:
            raise invalid(f"NestedPropertyName {one['NestedPropertyName']} is not a list.")
        for condition in one["Filters"]:
            if not condition["Name"].startswith(f"{one['NestedPropertyName']}."):
                raise invalid(f"{condition['Name']} is not a property of {one['NestedPropertyName']}.")
            _check_filter(shape, condition)
    contains = [one for one in _all_filters(expression) if one.get("Operator") == "Contains"]
    if len(contains) > 1:
        raise invalid("'CONTAINS' operator usage limit of 1 exceeded.")
    for one in inner:
        _check(shape, one, depth + 1)


def _all_filters(expression: Document) -> Iterator[Document]:
    yield from expression.get("Filters", [])
    for one in expression.get("NestedFilters", []):
        yield from one["Filters"]
    for one in expression.get("SubExpressions", []):
        yield from _all_filters(one)


def _check_filter(shape: Any, one: Document) -> None:
    kind, wanted = _kind_of(shape, one["Name"]), _operator(one)
    if wanted in ("Exists", "NotExists"):
        return
    if "Value" not in one:
        raise invalid(f"Filter {one['Name']}: {wanted} needs a Value.")
    if wanted in _COMPARED and kind not in (_NUMBER, _TIME) and not one["Name"].startswith("HyperParameters."):
        raise invalid(f"Filter {one['Name']}: {wanted} is not supported for {kind} properties.")
    if wanted in ("Contains", "In") and kind not in (_TEXT, _STRUCTURE):
        raise invalid(f"Filter {one['Name']}: {wanted} is not supported for {kind} properties.")
    if kind in (_NUMBER, _TIME) and _read(kind, one["Value"]) is None:
        raise invalid(f"Filter {one['Name']}: {one['Value']} is not of type {kind}.")


def _operator(one: Document) -> str:
    """The operator; if none is given, Equals with a value and Exists without."""
    return str(one.get("Operator", "Equals" if "Value" in one else "Exists"))


def _kind_of(shape: Any, name: str) -> str:
    """The kind of a property. Raises ValidationException for a name that the resource lacks."""
    head, _, rest = name.partition(".")
    if shape.name == "TrainingJob" and head == "Metrics" and rest:
        return _NUMBER
    if head == "Tags" and rest:
        return _TEXT
    at = shape
    for part in name.split("."):
        while at.type_name == "list":
            at = at.member
        if at.type_name == "map":
            return _TEXT
        if at.type_name != "structure" or part not in at.members:
            raise invalid(f"{name} is not a property of {shape.name}.")
        at = at.members[part]
    return _KINDS.get(at.type_name, _TEXT)


def _satisfies(shape: Any, document: Document, expression: Document) -> bool:
    filters = expression.get("Filters", [])
    conditions = [
        *(_holds(_kind_of(shape, one["Name"]), _values(document, one["Name"]), one) for one in filters),
        *(_nested_holds(shape, document, one) for one in expression.get("NestedFilters", [])),
        *(_satisfies(shape, document, one) for one in expression.get("SubExpressions", [])),
    ]
    return any(conditions) if expression.get("Operator") == "Or" else all(conditions)


def _nested_holds(shape: Any, document: Document, nested: Document) -> bool:
    """Whether a single object of the list satisfies all filters."""
    prefix = nested["NestedPropertyName"]
    return any(
        all(
            _holds(_kind_of(shape, one["Name"]), _values(item, one["Name"].removeprefix(f"{prefix}.")), one)
            for one in nested["Filters"]
        )
        for item in _values(document, prefix)
        if isinstance(item, dict)
    )


def _values(document: Document, name: str) -> list[Any]:
    """The values under a name; for a list, those of all its items."""
    head, _, rest = name.partition(".")
    if head == "Metrics" and rest:
        return [one["Value"] for one in document.get("FinalMetricDataList", []) if one["MetricName"] == rest]
    if head == "Tags" and rest:
        return [one["Value"] for one in document.get("Tags", []) if one["Key"] == rest]
    if head in ("HyperParameters", "Environment", "CustomerMetadataProperties") and rest:
        found = document.get(head, {}).get(rest)
        return [] if found is None else [found]
    found = document.get(head)
    items = found if isinstance(found, list) else [] if found is None else [found]
    if not rest:
        return items
    return [value for item in items if isinstance(item, dict) for value in _values(item, rest)]


def _holds(kind: str, values: list[Any], one: Document) -> bool:
    wanted, value = _operator(one), one.get("Value", "")
    if wanted in ("Exists", "NotExists"):
        return bool(values) == (wanted == "Exists")
    if wanted == "In":
        listed = {part.strip() for part in value.split(",")}
        return any(_written(found) in listed for found in values)
    if wanted == "Contains":
        return any(value.lower() in _written(found).lower() for found in values)
    if wanted in _COMPARED:
        bound = _read(kind if kind == _TIME else _NUMBER, value)
        return any(
            bound is not None and (number := _read_found(found, value)) is not None and _COMPARED[wanted](number, bound)
            for found in values
        )
    same = any(_equal(kind, found, value) for found in values)
    return same if wanted == "Equals" else not same


def _equal(kind: str, found: Any, value: str) -> bool:
    if kind in (_NUMBER, _TIME):
        return bool(_read_found(found, value) == _read(kind, value))
    return _written(found) == (value.lower() if kind == _SWITCH else value)


def _read(kind: str, text: str) -> float | datetime | None:
    try:
        if kind == _NUMBER:
            return float(text)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _read_found(found: Any, value: str) -> float | datetime | None:
    """A property's value for a comparison; compared with an integer, a decimal hyperparameter becomes an integer."""
    if isinstance(found, datetime):
        return found
    number = _read(_NUMBER, str(found))
    if isinstance(found, str) and isinstance(number, float) and value.lstrip("+-").isdecimal():
        return float(int(number)) if abs(number) < 1e300 else number
    return number


def _written(found: Any) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def _sort_key(document: Document, by: str) -> tuple[int, Any, str]:
    """The sort key; resources without the property sort lowest. A group's modification time is its creation time."""
    values = _values(document, by) or (_values(document, "CreationTime") if by == _DEFAULT_SORT else [])
    value = values[0] if values else ""
    rank = 0 if not values else 1 if isinstance(value, int | float) else 2 if isinstance(value, datetime) else 3
    return rank, value if rank in (1, 2) else _written(value), next(iter(map(str, document.values())))
