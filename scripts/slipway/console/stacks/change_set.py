"""One change set: what it would add, change, replace and remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, el
from pipeline_lambdas.report.kit.tables import facts, note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import clock, panel, turn
from slipway.console.stacks.places import above, address, named, status_word

_HEADINGS = ("Resource", "Type", "Action", "Replaces it", "What changes", "Physical id")


def change_set(asked: Asked) -> Page:
    """Draw the page of one answer of DescribeChangeSet."""
    name, token = asked.path["change_set"], asked.query.get("token")
    found = asked.session.client("cloudformation").describe_change_set(
        StackName=named(asked), ChangeSetName=name, **({"NextToken": token} if token else {})
    )
    about = facts(
        [
            ("Status", status_word(found["Status"])),
            ("Execution", found.get("ExecutionStatus")),
            ("Reason", found.get("StatusReason")),
            ("About", found.get("Description")),
            ("Created", clock(found.get("CreationTime"))),
        ]
    )
    rows = [_row(one["ResourceChange"]) for one in found.get("Changes", ()) if "ResourceChange" in one]
    more = found.get("NextToken")
    links = turn(
        ("The first changes", address(asked, "changes", name) if token else None),
        ("More changes", address(asked, "changes", name, token=more) if more else None),
    )
    shown = (
        table("changes-table", "Changes of resources", _HEADINGS, rows, "kkkkww", heard=True)
        if rows
        else note("No changes.")
    )
    return Page(name, [panel("about", "Change set", about), panel("changes", "Changes", shown, links)], above(asked))


def _row(change: Mapping[str, Any]) -> Sequence[Child]:
    replaces = change.get("Replacement")
    targets = (one.get("Target", {}) for one in change.get("Details", ()))
    names = sorted({one.get("Name") or one.get("Attribute", "") for one in targets})
    return (
        change["LogicalResourceId"],
        change["ResourceType"].removeprefix("AWS::"),
        change["Action"],
        el("span", replaces, class_="bad") if replaces == "True" else replaces,
        ", ".join(filter(None, names)) or None,
        change.get("PhysicalResourceId"),
    )
