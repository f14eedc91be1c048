"""Verb `permissions`: what the roles of the stacks may do, against what they did on local AWS."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.table import Table

from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.installation.local_key import read_local_key
from slipway.session import Session, session_of
from slipway.stacks.grants import Call, Comparison, Grant, compare, grants_of
from slipway.stacks.stacks import stack_exists
from slipway.stacks.unexercised import is_expected, reason_of
from slipway.verbs.logs import seconds

_CALLS, _SERVICE = "/_local_aws/calls", "local-aws"
_TIMEOUT_S = 10


def permissions(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Only calls of the last 90s, 10m, 2h, 7d; default: all.")] = None,
) -> None:
    """Compare what roles may do with what they did.

    Local AWS counts each decision of IAM. A call that was denied, and a grant that no release and no workflow has used
    and that has no reason to stay unused, is a failure.
    """
    session = session_of(context)
    if not session.target.is_local:
        raise SlipwayError(
            "`slipway permissions` reads what local AWS has recorded, and the target is AWS.",
            f"On AWS, IAM Access Analyzer finds unused permissions. If local AWS is meant, say so: "
            f"{session.local_command('permissions')}",
        )
    roles = _roles(session)
    after = 0.0 if since is None else time.time() - seconds(since)
    calls = list(_calls(session, roles, after))
    if not calls:
        raise SlipwayError(
            "No role of the stacks has made a call yet.",
            f"Make a release first: {session.command('release')}\n"
            f"Or run the workflows: {session.command('workflow run')}",
        )
    grants = [grant for name, role in roles.items() for grant in _grants(session, name, role)]
    comparison = compare(grants, calls, reason_of, is_expected)
    _show(session, comparison)
    session.output.result(document(comparison))
    if not comparison.is_clean:
        raise UnsuccessfulError


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison for programs."""

    def plain(grant: Grant) -> dict[str, Any]:
        return {"role": grant.role, "policy": grant.policy, "action": grant.action, "resources": list(grant.resources)}

    return {
        "denied": [
            {"role": call.role, "action": call.action, "resource": call.resource, "count": call.count}
            for call in comparison.denied
        ],
        "unused": [plain(grant) for grant in comparison.unused],
        "untouched": [
            {"role": role, "policy": policy, "resource": resource} for role, policy, resource in comparison.untouched
        ],
        "listed": [{**plain(grant), "reason": reason} for grant, reason in comparison.listed],
        "used": [plain(grant) for grant in comparison.used],
    }


def _roles(session: Session) -> dict[str, str]:
    """The roles of the stacks that are there: IAM's name to the template's logical id."""
    pages = session.client("cloudformation").get_paginator("list_stack_resources")
    names = session.names
    return {
        summary["PhysicalResourceId"]: summary["LogicalResourceId"]
        for stack in (names.setup_stack, names.pipeline_stack, names.workflow_stack)
        if stack_exists(session, stack)
        for page in pages.paginate(StackName=stack)
        for summary in page["StackResourceSummaries"]
        if summary["ResourceType"] == "AWS::IAM::Role"
    }


def _grants(session: Session, name: str, role: str) -> Iterator[Grant]:
    """What the inline policies of a role allow; the templates attach no managed policy."""
    iam = session.client("iam")
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            answer = iam.get_role_policy(RoleName=name, PolicyName=policy)
            yield from grants_of(role, policy, answer["PolicyDocument"])


def _calls(session: Session, roles: dict[str, str], after: float) -> Iterator[Call]:
    """What the roles asked IAM for, by the recorder of local AWS."""
    with urllib.request.urlopen(_signed(session), timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http, loopback
        recorded: list[dict[str, Any]] = json.load(answer)["calls"]
    for call in recorded:
        if call["role"] in roles and call["last"] >= after:
            yield Call(
                roles[call["role"]], call["action"], call["resource"], call["decision"] == "allowed", call["count"]
            )


def _signed(session: Session) -> urllib.request.Request:
    """The request for what was recorded, which local AWS answers to the root user alone."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    key = read_local_key(session.target.state)
    url = f"{session.target.endpoint_url}{_CALLS}"
    request = AWSRequest("GET", url)
    credentials = Credentials(key.access_key_id, key.secret_access_key)
    SigV4Auth(credentials, _SERVICE, session.target.region).add_auth(request)
    return urllib.request.Request(url, headers=dict(request.headers))  # noqa: S310 - http, loopback


def _show(session: Session, comparison: Comparison) -> None:
    table = Table("role", "used", "unused with reason", "unused", "denied", box=None, pad_edge=False)
    listed = [grant for grant, _ in comparison.listed]
    for role in sorted({grant.role for grant in (*comparison.used, *listed, *comparison.unused)}):
        counts = [_count(role, grants) for grants in (comparison.used, listed, comparison.unused, comparison.denied)]
        table.add_row(role, *[str(count) for count in counts])
    session.output.say(table)
    for call in comparison.denied:
        session.output.say(f"denied: {call.role}: {call.action} on {call.resource}, {call.count} times", style="red")
    for grant in comparison.unused:
        session.output.say(f"unused: {grant.role}: {grant.action} in {grant.policy}", style="yellow")
    for role, policy, resource in comparison.untouched:
        session.output.say(f"untouched: {role}: {resource} in {policy}", style="yellow")


def _count(role: str, of: tuple[Grant, ...] | tuple[Call, ...] | list[Grant]) -> int:
    return sum(1 for item in of if item.role == role)
