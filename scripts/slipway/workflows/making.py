"""Verbs `workflow create` and `workflow execute`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.session import session_of


def create(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Python file with a Workflow in its variable `workflow`.")],
    name: Annotated[str, typer.Option(help="Name of the state machine; default: the workflow's own.")] = "",
    role: Annotated[str, typer.Option(help="ARN of its role; default: that of the stack's machine tabular.")] = "",
) -> None:
    """Create or update a state machine that is composed in Python."""
    from slipway.workflows import creating  # noqa: PLC0415
    from slipway.workflows.sources import definition, load_workflow  # noqa: PLC0415 - loads what is composed

    session = session_of(context)
    workflow = load_workflow(file)
    arn, is_new = creating.create(session, workflow, definition(workflow, file), name, role)
    short = name or workflow.name
    session.output.say(f"State machine {session.names.machine(short)} {'created' if is_new else 'updated'}.")
    session.output.say(f"It takes: {', '.join(f'{key} ({kind})' for key, kind in workflow.input.types.items())}")
    session.output.say(f"Draw it: {session.command('workflow graph', short, '--out', f'{short}.svg')}")
    session.output.result({"machine": arn, "created": is_new, "input": workflow.input.types})


def execute(
    context: typer.Context,
    machine: Annotated[str, typer.Argument(help="State machine: its short name, such as tabular, or its ARN.")],
    given: Annotated[str, typer.Option("--input", help="JSON, or @FILE with JSON.")] = "{}",
    wait: Annotated[bool, typer.Option("--wait", help="Show it until it ends; 1 if it does not succeed.")] = False,
) -> None:
    """Start an execution; its input is checked before."""
    from slipway.workflows import executions, live, looking  # noqa: PLC0415

    session = session_of(context)
    arn = executions.start(session, machine, _input(given))
    short = executions.short_name(session, arn)
    session.output.say(f"Execution {short} started.")
    session.output.result({"execution": arn})
    if not wait:
        session.output.say(f"Watch it: {session.command('workflow progress', short)}")
        return
    view = live.watch(session, executions.describe(session, arn))
    looking.report(session, view)
    if view.status != "SUCCEEDED":
        raise UnsuccessfulError


def _input(text: str) -> Any:
    """The input as JSON; of any kind, as Step Functions takes it."""
    import json  # noqa: PLC0415

    where = text[1:] if text.startswith("@") else "--input"
    try:
        content = Path(where).read_text(encoding="utf-8") if text.startswith("@") else text
        return json.loads(content)
    except OSError as error:
        raise SlipwayError(f"{where}: {error.strerror}; expected a file with the input as JSON.") from None
    except (ValueError, RecursionError) as error:
        raise SlipwayError(f"{where}: found text that is not JSON: {error}") from None
