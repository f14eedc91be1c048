"""What a person decides in this room: an execution's start, its stop, and its redrive."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from slipway.console.room import Asked, Done, Page
from slipway.console.workflows.machine import machine_page
from slipway.console.workflows.names import execution_address, find_execution, find_machine
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import message_of
from slipway.workflows import executions

Form = Mapping[str, str]
_NAME = re.compile(r"[^\s<>{}\[\]?*\u0022#%\\^|~`$&,;:\/\u0000-\u001f\u007f-\u009f]{1,80}")
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
_MOST_ERROR, _MOST_CAUSE = 256, 32768
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""


def start(asked: Asked, form: Form) -> Done | Page:
    """Start an execution; the page comes back with what was given where that is not right."""
    machine = find_machine(asked)
    try:
        arn = _started(asked, str(machine["stateMachineArn"]), form)
    except SlipwayError as error:
        return machine_page(asked, machine, form, error.message.removeprefix("--"))
    except ClientError as error:
        return machine_page(asked, machine, form, message_of(error))
    return Done(f"Execution {arn.rpartition(':')[2]} started.", execution_address(asked.session, arn))


def _started(asked: Asked, arn: str, form: Form) -> str:
    name = form.get("name", "").strip()
    if name and not _NAME.fullmatch(name):
        raise SlipwayError(f"Name: found {name!r}; expected at most 80 characters without spaces and signs.")
    return executions.start(asked.session, arn, _input(form.get("input", "")), name)


def _input(text: str) -> Any:
    try:
        return json.loads(text or "{}", parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise SlipwayError(f"Input: found text that is not JSON: {error}. Nothing was started.") from None


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def stop(asked: Asked, form: Form) -> Done:
    """Abort the execution, with the error and the cause that a person gives."""
    found = find_execution(asked)
    error, cause = form.get("error", "").strip(), form.get("cause", "").strip()
    for name, text, most in (("Error", error, _MOST_ERROR), ("Cause", cause, _MOST_CAUSE)):
        if len(text) > most:
            raise SlipwayError(f"{name}: found {len(text):,} characters; at most {most:,} are allowed.")
    executions.stop(asked.session, found["executionArn"], error, cause)
    return Done("The execution was stopped.", execution_address(asked.session, found["executionArn"]))


def redrive(asked: Asked, form: Form) -> Done:
    """Run an execution on from what failed."""
    del form
    found = find_execution(asked)
    executions.redrive(asked.session, found["executionArn"])
    return Done("The execution goes on from what failed.", execution_address(asked.session, found["executionArn"]))
