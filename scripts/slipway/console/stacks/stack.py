"""One stack: its resources, its newest events, its parameters and outputs, and the changes that wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import code, facts, note, table
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, turn
from slipway.console.stacks.events import event_table, list_events
from slipway.console.stacks.failure import first_failure
from slipway.console.stacks.places import above, address, again_s, named, status_word
from slipway.console.stacks.resources import Pages, pages_of
from slipway.session import Session

_NEWEST_EVENTS = 12
_RESOURCE_HEADINGS = ("Resource", "Type", "Physical id", "Status", "Changed", "Reason")
Stack = Mapping[str, Any]


def stack(asked: Asked) -> Page:
    """Draw the page."""
    session = asked.session
    found = session.client("cloudformation").describe_stacks(StackName=named(asked))["Stacks"][0]
    events = list_events(session, found["StackId"])["StackEvents"]
    parts = [
        _about(asked, found, first_failure(session, found, events)),
        _resources(asked, found["StackId"]),
        panel(
            "events",
            "Newest events",
            event_table(session, events[:_NEWEST_EVENTS]),
            el("p", to("All events", address(asked, "events"))),
        ),
        _outputs(found),
        _parameters(found),
        _change_sets(asked, found),
    ]
    return Page(
        found["StackName"],
        [one for one in parts if one is not None],
        above(asked)[:1],
        again_s(asked, [found["StackStatus"]]),
    )


def _about(asked: Asked, found: Stack, failure: str) -> Html:
    parent = found.get("ParentId", "")
    parent_name = parent.rpartition(":stack/")[2].partition("/")[0]
    tags = ", ".join(f"{tag['Key']}={tag['Value']}" for tag in found.get("Tags", ()))
    pairs: list[tuple[str, Child]] = [
        ("Status", status_word(found["StackStatus"])),
        ("Reason", found.get("StackStatusReason")),
        ("First failure", failure),
        ("About", found.get("Description")),
        ("Nested in", to(parent_name, at("stacks", parent_name, id=parent)) if parent else None),
        ("Created", clock(found.get("CreationTime"))),
        ("Updated", clock(found.get("LastUpdatedTime"))),
        ("Deleted", clock(found.get("DeletionTime"))),
        ("Protected from deletion", "yes" if found.get("EnableTerminationProtection") else None),
        ("Role", code(found.get("RoleARN", ""))),
        ("Tags", tags),
        ("ARN", code(found["StackId"])),
    ]
    return panel("about", "Now", facts(pairs), el("p", to("Template", address(asked, "template"))))


def _resources(asked: Asked, stack_id: str) -> Html:
    token = asked.query.get("resources")
    listed = asked.session.client("cloudformation").list_stack_resources(
        StackName=stack_id, **({"NextToken": token} if token else {})
    )
    found = listed["StackResourceSummaries"]
    shown = pages_of(asked.session, [one["ResourceType"] for one in found])
    rows = [_resource(one, shown) for one in found]
    more = listed.get("NextToken")
    return panel(
        "resources",
        "Resources",
        table("resources-table", "Resources of the stack", _RESOURCE_HEADINGS, rows, "kkwkkw", heard=True)
        if rows
        else note("It has no resource."),
        turn(
            ("The first resources", address(asked) if token else None),
            ("More resources", address(asked, resources=more) if more else None),
        ),
    )


def _resource(one: Mapping[str, Any], pages: Pages) -> Sequence[Child]:
    kind, physical = one["ResourceType"], one.get("PhysicalResourceId", "")
    page = pages.of(kind, physical)
    return (
        one["LogicalResourceId"],
        kind.removeprefix("AWS::"),
        to(physical, page) if page else physical or None,
        status_word(one["ResourceStatus"]),
        clock(one.get("LastUpdatedTimestamp")),
        one.get("ResourceStatusReason"),
    )


def _outputs(found: Stack) -> Html | None:
    rows = [
        (one["OutputKey"], one["OutputValue"], one.get("Description"), one.get("ExportName"))
        for one in _sorted(found.get("Outputs", ()), "OutputKey")
    ]
    headings = ("Output", "Value", "About", "Exported as")
    return (
        panel("outputs", "Outputs", table("outputs-table", "Outputs of the stack", headings, rows, "kww", heard=True))
        if rows
        else None
    )


def _parameters(found: Stack) -> Html | None:
    rows = [
        (one["ParameterKey"], one.get("ParameterValue"), one.get("ResolvedValue"))
        for one in _sorted(found.get("Parameters", ()), "ParameterKey")
    ]
    headings = ("Parameter", "Value", "Resolved to")
    shown = table("parameters-table", "Parameters of the stack", headings, rows, "kww", heard=True)
    return panel("parameters", "Parameters", shown) if rows else None


def _sorted(found: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    return sorted(found, key=lambda one: one[key])


def _change_sets(asked: Asked, found: Stack) -> Html | None:
    if found["StackStatus"] == "DELETE_COMPLETE":
        return None
    listed = _list_change_sets(asked.session, found["StackName"])
    rows = [
        (
            to(one["ChangeSetName"], at("stacks", found["StackName"], "changes", one["ChangeSetName"])),
            status_word(one["Status"]),
            one.get("ExecutionStatus"),
            clock(one.get("CreationTime")),
            one.get("StatusReason") or one.get("Description"),
        )
        for one in listed
    ]
    headings = ("Change set", "Status", "Execution", "Created", "About")
    shown = table("change-sets-table", "Change sets of the stack", headings, rows, "kkkkw", heard=True)
    return panel("change-sets", "Change sets", shown) if rows else None


def _list_change_sets(session: Session, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.client("cloudformation").list_change_sets(StackName=name)["Summaries"]
    return found
