"""The list of stacks, each below the stack that it is nested in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el, join
from pipeline_lambdas.report.kit.tables import note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, turn
from slipway.console.stacks.places import again_s, status_word

_HEADINGS = ("Stack", "Status", "Updated", "Created", "Reason")
_DELETED = "DELETE_COMPLETE"
_DEEPEST = 5
_STANDING = (
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_COMPLETE",
)
"""All but the deleted: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html"""
Summary = Mapping[str, Any]


def stacks(asked: Asked) -> Page:
    """Draw the page of one answer of ListStacks; with `deleted` in the query, of deleted stacks."""
    deleted, token = bool(asked.query.get("deleted")), asked.query.get("token")
    wanted = {"StackStatusFilter": [_DELETED] if deleted else list(_STANDING)}
    more = {"NextToken": token} if token else {}
    listed = asked.session.client("cloudformation").list_stacks(**wanted, **more)
    found = listed["StackSummaries"]
    kind = {"deleted": "1"} if deleted else {}
    links = turn(
        ("From the beginning", at("stacks", **kind) if token else None),
        ("More", at("stacks", **kind, token=listed["NextToken"]) if listed.get("NextToken") else None),
    )
    other = to("Stacks that there are", at("stacks")) if deleted else to("Deleted stacks", at("stacks", deleted="1"))
    body = _table(found) if found else note("There is no such stack.")
    title = "Deleted stacks" if deleted else "Stacks"
    shown = panel("stacks", "Stacks of CloudFormation", body, links, el("p", other))
    above = (("Stacks", at("stacks")),) if deleted else ()
    return Page(title, [shown], above, again_s(asked, (one["StackStatus"] for one in found)))


def _table(found: Sequence[Summary]) -> Html:
    rows = [_row(one, depth) for one, depth in nested(found)]
    return table("stacks-table", "Stacks", _HEADINGS, rows, "kkkkw", heard=True)


def nested(found: Sequence[Summary]) -> list[tuple[Summary, int]]:
    """Return stacks with how deep each is nested; a stack whose parent is not among them stands at the top."""
    known = {one["StackId"] for one in found}
    below: dict[str | None, list[Summary]] = {}
    for one in found:
        parent = one.get("ParentId")
        below.setdefault(parent if parent in known and parent != one["StackId"] else None, []).append(one)

    def under(parent: str | None, depth: int) -> Iterator[tuple[Summary, int]]:
        for one in below.get(parent, ()):
            yield one, depth
            if depth < _DEEPEST:
                yield from under(one["StackId"], depth + 1)

    return list(under(None, 0))


def _row(one: Summary, depth: int) -> Sequence[Child]:
    name = one["StackName"]
    address = at("stacks", name, id=one["StackId"]) if one["StackStatus"] == _DELETED else at("stacks", name)
    parent = one.get("ParentId", "").rpartition(":stack/")[2].partition("/")[0]
    within = el("span", f"nested in {parent}", class_="within") if parent else None
    return (
        el("span", to(name, address), within, class_=f"nested-{depth}" if depth else None),
        status_word(one["StackStatus"]),
        clock(one.get("DeletionTime") or one.get("LastUpdatedTime")),
        clock(one.get("CreationTime")),
        join(one.get("StackStatusReason") or None) or None,
    )
