"""Definitions as the tests need them, and what is found in them."""

from __future__ import annotations

import json
from typing import Any

from local_aws.stepfunctions.definition.diagnostics import Diagnostic, Severity
from local_aws.stepfunctions.definition.parser import diagnose

Raw = dict[str, Any]
PASS: Raw = {"Type": "Pass", "End": True}
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:greet"
TASK: Raw = {"Type": "Task", "Resource": FUNCTION, "End": True}


def states(**held: Raw) -> Raw:
    """What a machine, a branch or a processor has; the first state is where it starts."""
    return {"StartAt": next(iter(held)), "States": held}


def machine(**held: Raw) -> Raw:
    return states(**held)


def jsonata(**held: Raw) -> Raw:
    return {"QueryLanguage": "JSONata", **states(**held)}


def found(definition: Raw | str, machine_type: str = "STANDARD", severity: str = "ERROR") -> list[Diagnostic]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [one for one in diagnose(text, machine_type) if one.severity is Severity(severity)]


def told(definition: Raw | str, machine_type: str = "STANDARD") -> list[str]:
    """The errors, each as `MESSAGE at LOCATION`."""
    return [f"{one.message} at {one.location}" for one in found(definition, machine_type)]


def told_of(state: Raw, **more: Any) -> list[str]:
    """The errors of a machine of that state alone, without the beginning of their locations."""
    held = states(S=state, **({"Z": PASS} if '"Z"' in json.dumps(state) else {}))
    return [line.replace("/States/S", "", 1) for line in told({**more, **held})]
