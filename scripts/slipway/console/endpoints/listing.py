"""The endpoints of the account, the last changed ones first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_lambdas.report.kit.markup import Child
from pipeline_lambdas.report.kit.tables import note, table, word
from slipway.console.room import Asked, Page
from slipway.console.shell import ago, at, clock, field, panel, search, to, turn

PAGE_ROWS = 20
_CHANGING = frozenset(("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"))


def is_changing(status: str) -> bool:
    """Tell whether an endpoint is on its way to another status."""
    return status in _CHANGING


def endpoints(asked: Asked) -> Page:
    """Draw the page: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html."""
    name, token = asked.query.get("name", "").strip(), asked.query.get("token", "")
    answer = asked.session.client("sagemaker").list_endpoints(
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=PAGE_ROWS,
        **{key: value for key, value in {"NameContains": name, "NextToken": token}.items() if value},
    )
    found, following = answer["Endpoints"], answer.get("NextToken")
    kept = {"name": name} if name else {}
    named = field("endpoint-name", "Name contains", "name", value=name, maxlength=63)
    rows = [_row(one, asked) for one in found]
    shown = table(
        "endpoints-table", "List of endpoints", ("Name", "Status", "Created", "Last changed"), rows, "wkkk", heard=True
    )
    further = turn(
        ("Newest", at("endpoints", **kept) if token else None),
        ("Older", at("endpoints", **kept, token=following) if following else None),
    )
    parts = [
        panel("find", "Find", search(at("endpoints"), "Find", named)),
        panel("endpoints", "Endpoints", shown if rows else note("No such endpoint is here."), further),
    ]
    again_s = 1.0 if any(is_changing(one["EndpointStatus"]) for one in found) else None
    return Page("Endpoints", parts, again_s=again_s)


def _row(one: Mapping[str, Any], asked: Asked) -> tuple[Child, ...]:
    return (
        to(one["EndpointName"], at("endpoints", one["EndpointName"])),
        word(one["EndpointStatus"]),
        clock(one["CreationTime"]),
        ago(one["LastModifiedTime"], asked.now),
    )
