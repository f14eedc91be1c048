"""Verbs `workflow graph`, `progress`, `events` and `list`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from pipeline_lambdas.report.kit.text import duration
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.project import shown
from slipway.session import Session, session_of
from slipway.workflows.tables import status_word, table

if TYPE_CHECKING:
    from slipway.workflows.live import View

_EXECUTION = "Execution: MACHINE:NAME, its ARN, or MACHINE for its newest."


def graph(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FILE|MACHINE", help="Python or JSON file, or a state machine.")],
    out: Annotated[Path | None, typer.Option(help="SVG file; default: NAME.svg here.")] = None,
) -> None:
    """Draw the graph of a workflow as SVG."""
    from slipway.workflows.graphs.definition import read_graph  # noqa: PLC0415
    from slipway.workflows.graphs.drawing import draw  # noqa: PLC0415 - loads the layout
    from slipway.workflows.sources import definition_of  # noqa: PLC0415

    session = session_of(context)
    name, definition = definition_of(session, source)
    found = read_graph(definition)
    file = out or Path(f"{name}.svg")
    _write(session, file, draw(found, name))
    session.output.result({"file": str(file), "states": [node.name for node in found.states]})


def progress(
    context: typer.Context,
    execution: Annotated[str, typer.Argument(help=_EXECUTION)],
    out: Annotated[Path | None, typer.Option(help="Write the graph as it is now to this SVG file, and end.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a plot of the experiments to this SVG file.")] = None,
) -> None:
    """Show how far an execution has come, until it ends; the exit code is 1 if it does not succeed."""
    from slipway.workflows import executions, live, trials  # noqa: PLC0415
    from slipway.workflows.graphs.drawing import draw  # noqa: PLC0415

    session = session_of(context)
    described = executions.describe(session, execution)
    view = live.load_view(session, described) if out or session.options.as_json else live.watch(session, described)
    if out:
        title = f"{view.name}: {view.status}, {duration(view.seconds)}"
        _write(session, out, draw(view.graph, title, view.progress))
    report(session, view)
    if plot:
        found = trials.read_trials(view.described.get("output"))
        if found is None:
            raise SlipwayError(f"--plot: execution {view.name} tells of no experiments; its status is {view.status}.")
        _write(session, plot, trials.plot(found))
    if view.status not in {"SUCCEEDED", *executions.RUNNING}:
        raise UnsuccessfulError


def report(session: Session, view: View) -> None:
    """Print an execution as it is, with the experiments that it tells of, and the next step."""
    from slipway.workflows import live, trials  # noqa: PLC0415

    output = session.output
    output.say(live.headline(view))
    for _, row in live.state_rows(view):
        output.say(row)
    if view.why:
        output.say(Text(f"  {view.why}", style="red"))
    found = trials.read_trials(view.described.get("output"))
    if found:
        output.say(trials.trials_table(found))
        for trial in found.rows:
            if trial.reason:
                output.say(Text(f"  {trial.name}: {trial.reason}", style="red"))
    elif view.described.get("output"):
        output.say(f"  {view.described['output']}")
    again = "progress" if view.running else "events"
    output.say(f"{'Watch it' if view.running else 'Every event'}: {session.command(f'workflow {again}', view.name)}")
    output.result(view.document())


def events(
    context: typer.Context,
    execution: Annotated[str, typer.Argument(help=_EXECUTION)],
) -> None:
    """List the events of an execution."""
    from slipway.workflows import executions  # noqa: PLC0415

    session = session_of(context)
    described = executions.describe(session, execution)
    found = executions.history(session, str(described["executionArn"]))
    start: datetime = described["startDate"]
    rows = (
        (
            str(event["id"]),
            f"{max(0.0, (event['timestamp'] - start).total_seconds()):.2f}",
            event["type"],
            about(event),
        )
        for event in found
    )
    session.output.say(table(("id", "seconds", "event", "about"), rows, right=("id", "seconds")))
    session.output.result({"execution": described["executionArn"], "events": found})


def list_(
    context: typer.Context,
    machine: Annotated[str | None, typer.Argument(help="State machine whose executions are listed.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many executions.")] = 10,
) -> None:
    """List the state machines of this installation, or the executions of one, the newest first."""
    session = session_of(context)
    if machine:
        _list_executions(session, machine, limit)
    else:
        _list_machines(session)


def _list_machines(session: Session) -> None:
    from slipway.workflows import executions  # noqa: PLC0415

    found = []
    for one in executions.list_machines(session):
        short = str(executions.short_machine(session, one["name"]))
        newest = executions.list_executions(session, one["stateMachineArn"], 1)
        found.append((short, one, newest[0] if newest else None))
    session.output.result({"machines": [{**one, "newest": newest} for _, one, newest in found]})
    if not found:
        deploy = session.command("workflow deploy")
        session.output.say(f"Installation {session.names.suffix} has no state machine. Deploy the workflows: {deploy}")
        return
    rows = (
        (short, f"{one['creationDate'].astimezone():%Y-%m-%d %H:%M}", *_newest(newest)) for short, one, newest in found
    )
    session.output.say(table(("machine", "created", "newest", "started"), rows))
    session.output.say(f"Executions of one: {session.command('workflow list', found[0][0])}")


def _newest(execution: Mapping[str, Any] | None) -> tuple[Text, str]:
    if execution is None:
        return Text("never run", style="bright_black"), ""
    return status_word(execution["status"]), f"{execution['startDate'].astimezone():%Y-%m-%d %H:%M:%S}"


def _list_executions(session: Session, machine: str, limit: int) -> None:
    from slipway.workflows import executions  # noqa: PLC0415

    found = executions.list_executions(session, machine, limit)
    session.output.result({"executions": found})
    if not found:
        start = session.command(f"workflow execute {machine} --input", "{...}")
        session.output.say(f"{machine} has had no execution yet. Start one: {start}")
        return
    names = [executions.short_name(session, one["executionArn"]) for one in found]
    rows = (
        (
            name,
            status_word(one["status"]),
            f"{one['startDate'].astimezone():%Y-%m-%d %H:%M:%S}",
            duration((one["stopDate"] - one["startDate"]).total_seconds()) if "stopDate" in one else "",
        )
        for name, one in zip(names, found, strict=True)
    )
    session.output.say(table(("execution", "status", "started", "took"), rows))
    session.output.say(f"See one of them: {session.command('workflow progress', names[0])}")


def about(event: Mapping[str, Any]) -> str:
    """What an event tells: the state, what was called, or what failed."""
    details = next((value for key, value in event.items() if key.endswith("Details") and isinstance(value, dict)), {})
    named = details.get("name") or details.get("resource") or ""
    failed = ": ".join(str(details[key]) for key in ("error", "cause") if details.get(key))
    return " ".join(" ".join(filter(None, (str(named), failed))).split())


def _write(session: Session, file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SlipwayError(f"{shown(file)}: {error.strerror}.") from None
    session.output.say(f"{shown(file)} written.")
