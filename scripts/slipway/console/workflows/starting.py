"""The form that starts an execution, filled with what the project's samples or another execution began with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import note
from slipway.console.room import Asked
from slipway.console.shell import at, field
from slipway.console.workflows.names import HOME
from slipway.console.workflows.words import indented
from slipway.errors import SlipwayError
from slipway.session import Session
from slipway.workflows.executions import short_machine

_ROWS, _DIGITS = 10, 8


def start_form(
    asked: Asked, machine: Mapping[str, Any], newest: str, given: Mapping[str, str] | None, wrong: str
) -> Html:
    """Return the form; `given` is what it holds in place of a sample, and `wrong` what was wrong with that.

    `newest` is the newest execution: until there is another, the form stays the same.
    """
    short = short_machine(asked.session, str(machine["name"])) or str(machine["name"])
    held = given if given is not None else {"input": _prefilled(asked, machine, short, newest)}
    area = el(
        "textarea",
        # The first newline of a text area is not part of what it holds.
        "\n" + held.get("input", ""),
        id="start-input",
        name="input",
        rows=_ROWS,
        spellcheck="false",
        aria_describedby="start-wrong" if wrong else None,
        aria_invalid="true" if wrong else None,
    )
    name = field("start-name", "Name (optional)", "name", value=held.get("name", ""), maxlength=80, autocomplete="off")
    said = el("p", wrong, id="start-wrong", class_="bad", role="alert") if wrong else None
    return el(
        "form",
        said,
        el("label", "Input, as JSON", area, for_="start-input", class_="whole"),
        name,
        el("button", "Start", type="submit"),
        note("The input is checked before anything is started."),
        method="post",
        action=at(*HOME, short, "start"),
    )


def _prefilled(asked: Asked, machine: Mapping[str, Any], short: str, newest: str) -> str:
    again = asked.query.get("again", "")
    if again:
        client = asked.session.client("stepfunctions")
        arn = str(machine["stateMachineArn"]).replace(":stateMachine:", ":execution:")
        try:
            return indented(str(client.describe_execution(executionArn=f"{arn}:{again}").get("input") or "{}"))
        except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
            return "{}"
    found = sample_input(asked.session, short, newest)
    return "{}" if found is None else json.dumps(found, indent=2, ensure_ascii=False)


def sample_input(session: Session, machine: str, after: str) -> dict[str, Any] | None:
    """Return the input with which `slipway workflow run` starts a machine; None for one that has no sample.

    Names in it, which are good once, are others after another execution.
    """
    from slipway.workflows.samples import load_sample, place_of, systems  # noqa: PLC0415 - loads the samples

    try:
        root = session.project.root
        runs = [run for system in systems(root) for run in load_sample(root, system).runs if run.machine == machine]
    except SlipwayError:
        return None
    fresh = f"sample-{sha256(after.encode()).hexdigest()[:_DIGITS]}"
    return runs[0].input(place_of(session, fresh)) if runs else None
