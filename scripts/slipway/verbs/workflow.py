"""Verbs `workflow ...`: the Step Functions workflows."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from slipway.errors import UnsuccessfulError
from slipway.installation.lock import installation_lock
from slipway.session import Session, session_of
from slipway.stacks.changes import Consent
from slipway.verbs.deploy import deploy_setup, parsed_parameters
from slipway.verbs.destroy import destroy_workflows
from slipway.verbs.local import start_local_aws
from slipway.workflows import looking, making
from slipway.workflows.executions import short_name

app = typer.Typer(no_args_is_help=True, help="Run Step Functions workflows, and look at them.", rich_markup_mode=None)


@app.command()
def deploy(
    context: typer.Context,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as LogsRetentionInDays=30; kept until changed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is replaced.")] = False,
    upload_only: Annotated[
        bool,
        typer.Option("--upload-only", help="Upload the code for a launch from AWS's console, and print its version."),
    ] = False,
) -> None:
    """Create or update the workflows' stack, and the setup stack that it needs."""
    from slipway.workflows.installing import deploy_workflows, upload_workflows  # noqa: PLC0415 - builds packages

    session = session_of(context)
    session.announce()
    consent = Consent(assume_yes=yes, dry_run=dry_run)
    extra = parsed_parameters(session, parameter or [], ("workflows.yml",))
    with installation_lock(session, "workflow deploy"):
        deploy_setup(session, consent=consent)
        if upload_only:
            session.output.result({"version": upload_workflows(session, dry_run=dry_run)})
            return
        deployed = deploy_workflows(session, extra, consent)
    session.output.result({"dry_run": dry_run, "stacks": [deployed.document()]})
    if not dry_run:
        session.output.say(f"Run a sample: {session.command('workflow run', 'images')}")


@app.command()
def destroy(
    context: typer.Context,
    data: Annotated[
        bool, typer.Option("--data", help="Delete their data, models, register, jobs and what those logged as well.")
    ] = False,
    yes: Annotated[
        str | None, typer.Option("--yes", metavar="NAME", help="The name to type, workflows; does not ask.")
    ] = None,
) -> None:
    """Remove the workflows.

    Executions that run are stopped. The stack, what executions have left in SageMaker and logs go; data stays, unless
    --data is given. Models and what they share stay. It may be run again, and ends with what is left.
    """
    session = session_of(context)
    session.announce()
    destroy_workflows(session, data=data, yes=yes)


@app.command()
def run(
    context: typer.Context,
    systems: Annotated[list[str] | None, typer.Argument(help="images, text, tabular, lifecycle; default: all.")] = None,
) -> None:
    """Install the workflows and run their samples: upload the data, start the executions, follow them."""
    from slipway.workflows import samples  # noqa: PLC0415 - loads the samples
    from slipway.workflows.installing import deploy_workflows  # noqa: PLC0415

    session = session_of(context)
    root = session.project.root
    chosen = [samples.load_sample(root, system) for system in systems or samples.systems(root)]
    session.announce()
    if session.target.is_local:
        start_local_aws(session)
    with installation_lock(session, "workflow run"):
        deploy_setup(session)
        deploy_workflows(session)
    executions = [_run(session, sample) for sample in chosen]
    done = [one for of_system in executions for one in of_system]
    session.output.result({"executions": done})
    if not all(one["as_expected"] for one in done):
        raise UnsuccessfulError


def _run(session: Session, sample: Any) -> list[dict[str, Any]]:
    from slipway.workflows import samples  # noqa: PLC0415

    output = session.output
    output.say()
    output.say(sample.title, style="bold")
    with output.step("data") as step:
        step.outcome = "failed"
        step.outcome = f"{samples.upload_sample(session, sample):,} objects uploaded"
    done: list[dict[str, Any]] = []
    place = samples.place_of(session)
    for one in sample.runs:
        began = time.monotonic()
        with output.step(f"execution of {one.machine}") as step:
            step.outcome = "failed"
            found = samples.run_machine(session, one, place, step)
            step.outcome = found["status"]
        as_expected = found["status"] == one.expects
        if found["status"] == "SUCCEEDED":
            for line in one.told(samples.output_of(found)):
                output.say(f"  {line}")
        else:
            output.say(f"  {found.get('error', '')}: {found.get('cause', '')}".rstrip(": "), style="red")
        shown = session.command("workflow progress", short_name(session, found["executionArn"]))
        output.say(f"  look at it: {shown}", style="bright_black")
        done.append(
            {
                "machine": one.machine,
                "execution": found["executionArn"],
                "status": found["status"],
                "as_expected": as_expected,
                "seconds": round(time.monotonic() - began, 1),
            }
        )
        if not as_expected:
            break
    return done


app.command()(looking.graph)
app.command()(making.create)
app.command()(making.execute)
app.command()(looking.progress)
app.command()(looking.events)
app.command("list")(looking.list_)
