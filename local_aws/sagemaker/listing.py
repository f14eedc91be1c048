"""The List operations: filters, order and pages.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html and its siblings.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws.sagemaker.faults import invalid
from local_aws.sagemaker.records import Record
from local_aws.wire import Document

_DEFAULT_PAGE = 10
_PAGE_MEMBERS = frozenset({"NextToken", "MaxResults"})


@dataclass(frozen=True)
class Listing:
    """The differences between the lists."""

    result: str
    summary: Callable[[Record], Document]
    ascending: bool = False
    """The order if the request names none."""
    status_after_page: bool = False
    """Whether StatusEquals is applied to each page, which may then be short (ListTrainingJobs)."""
    by: str = "CreationTime"
    """What the list is sorted by if the request does not say it."""
    keys: Mapping[str, Callable[[Record], Any]] = field(default_factory=dict)
    """Sort keys beside those that every list has, by their name in SortBy."""


def answer(
    listing: Listing,
    records: list[Record],
    request: Document,
    full: Callable[[Record], Record | None] = lambda record: record,
) -> Document:
    """One page of a list. Raises ValidationException for a NextToken of another request.

    The records may be heads: `full` is called for those of the page only.
    """
    status = request.get("StatusEquals")
    found = [record for record in records if _matches(record, request)]
    if status and not listing.status_after_page:
        found = [record for record in found if record.status == status]
    default = "Ascending" if listing.ascending else "Descending"
    backwards = request.get("SortOrder", default) == "Descending"
    by = request.get("SortBy", listing.by)
    found.sort(key=lambda record: _sort_key(record, by, listing.keys), reverse=backwards)
    begin = start(request)
    end = begin + request.get("MaxResults", _DEFAULT_PAGE)
    page = [r for r in found[begin:end] if not (status and listing.status_after_page and r.status != status)]
    document: Document = {listing.result: [listing.summary(one) for record in page if (one := full(record))]}
    if end < len(found):
        document["NextToken"] = token(request, end)
    return document


def _matches(record: Record, request: Document) -> bool:
    if request.get("WarmPoolStatusEquals") or request.get("TrainingPlanArnEquals"):
        return False  # local AWS has neither warm pools nor training plans
    checks = (
        ("CreationTimeAfter", record.created_at, 1),
        ("CreationTimeBefore", record.created_at, -1),
        ("LastModifiedTimeAfter", record.modified_at, 1),
        ("LastModifiedTimeBefore", record.modified_at, -1),
    )
    for name, value, direction in checks:
        bound: datetime | None = request.get(name)
        if bound is not None and (value - bound.timestamp()) * direction < 0:
            return False
    return request.get("NameContains", "").lower() in record.name.lower()


def _sort_key(record: Record, by: str, keys: Mapping[str, Callable[[Record], Any]]) -> tuple[Any, str, int]:
    """The sort key, with the name last; versions of a model package group are ordered by number."""
    name, _, version = record.name.lower().partition("/")
    if by in keys:
        return keys[by](record), name, int(version or 0)
    values = {"Name": name, "Status": record.status, "CreationTime": record.created_at}
    return values[by], name, int(version or 0)


def _fingerprint(request: Document) -> str:
    kept = {key: str(value) for key, value in request.items() if key not in _PAGE_MEMBERS}
    return json.dumps(kept, sort_keys=True)


def token(request: Document, offset: int) -> str:
    """The token for the next page, valid for this request only."""
    return base64.urlsafe_b64encode(json.dumps([offset, _fingerprint(request)]).encode()).decode()


def start(request: Document) -> int:
    """Where the page begins. Raises ValidationException for a NextToken of another request."""
    given = request.get("NextToken")
    if not given:
        return 0
    try:
        offset, fingerprint = json.loads(base64.urlsafe_b64decode(given))
        if fingerprint == _fingerprint(request) and isinstance(offset, int) and offset >= 0:
            return offset
    except (ValueError, TypeError, RecursionError):
        pass
    raise invalid("The pagination token is not one of this request: repeat it without NextToken.")
