"""Creates and updates state machines that are composed in Python."""

from __future__ import annotations

import json
import re
from typing import Any

from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.stacks.stacks import find_stack
from workflows.compose import Workflow

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
OWN = "tabular-"
"""Begins the names for which the role of the stack may be assumed, and those of what it may make."""


def create(session: Session, workflow: Workflow, definition: dict[str, Any], name: str, role: str) -> tuple[str, bool]:
    """Create or update a state machine; returns its ARN, and whether it is new.

    The placeholders of a definition are filled as CloudFormation fills them in the stack, and integrations are those of
    the account's partition. SlipwayError for a state machine that belongs to the stack: the next deployment would reset
    it.
    """
    outputs = stack_outputs(session)
    wanted = name or workflow.name
    _check_name(session, wanted, is_other_role=bool(role))
    client, full = session.client("stepfunctions"), session.names.machine(wanted)
    text = filled(json.dumps(definition, ensure_ascii=False), _values(session, outputs))
    text = text.replace('"arn:aws:states:::', f'"arn:{client.meta.partition}:states:::')
    request = {"definition": text, "roleArn": role or outputs["TabularMachineRoleArn"]}
    arn = _existing(client, full)
    try:
        if arn:
            client.update_state_machine(stateMachineArn=arn, **request)
            return arn, False
        tags = [{"key": "slipway:suffix", "value": session.names.suffix}]
        return str(client.create_state_machine(name=full, tags=tags, **request)["stateMachineArn"]), True
    except client.exceptions.InvalidDefinition as error:
        raise SlipwayError(f"{full}: {error.response['Error']['Message']}") from None


def filled(text: str, values: dict[str, str]) -> str:
    """Fill the placeholders of a definition; SlipwayError that names those without a value."""
    unknown = sorted(set(_PLACEHOLDER.findall(text)) - values.keys())
    if unknown:
        raise SlipwayError(f"The definition has the placeholders {', '.join(unknown)}; known: {', '.join(values)}.")
    return _PLACEHOLDER.sub(lambda found: json.dumps(values[found[1]])[1:-1], text)


def stack_outputs(session: Session) -> dict[str, str]:
    """Return the outputs and parameters of the workflows' stack; SlipwayError if it is not deployed."""
    name = session.names.workflow_stack
    stack = find_stack(session, name)
    if stack is None:
        raise SlipwayError(
            f"Found no stack {name}, whose roles and buckets a workflow needs.",
            f"Deploy it: {session.command('workflow deploy')}",
        )
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    return parameters | {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def _values(session: Session, outputs: dict[str, str]) -> dict[str, str]:
    names = session.names
    return {
        "SuffixID": names.suffix,
        "DataBucket": names.bucket("data"),
        "ModelBucket": names.bucket("models"),
        "KeyArn": _key_arn(session),
        "JobsRoleArn": outputs["TabularJobsRoleArn"],
        "Image": outputs["TabularImageUri"],
        "InstanceType": outputs["InstanceType"],
    }


def _key_arn(session: Session) -> str:
    """The key of the setup stack, without which no other stack of the installation is there."""
    name = f"slipway-{session.names.suffix}-key-arn"
    pages = session.client("cloudformation").get_paginator("list_exports").paginate()
    return next(str(one["Value"]) for page in pages for one in page["Exports"] if one["Name"] == name)


def _check_name(session: Session, name: str, *, is_other_role: bool) -> None:
    stack, full = session.names.workflow_stack, session.names.machine(name)
    pages = session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    arns = [str(one.get("PhysicalResourceId")) for page in pages for one in page["StackResourceSummaries"]]
    if any(arn.endswith(f":stateMachine:{full}") for arn in arns):
        raise SlipwayError(
            f"State machine {full} belongs to the stack {stack}, whose next deployment would reset it.",
            f"Give yours a name of its own, such as --name {OWN}mine.",
        )
    if not is_other_role and not name.startswith(OWN):
        raise SlipwayError(
            f"--name: found {name!r}; expected a name that begins with {OWN}: the stack's role is for those alone.",
            "Or name another role with --role.",
        )


def _existing(client: Any, name: str) -> str:
    pages = client.get_paginator("list_state_machines").paginate()
    arns = [str(one["stateMachineArn"]) for page in pages for one in page["stateMachines"] if one["name"] == name]
    return arns[0] if arns else ""
