"""Verbs `up`, `down` and `status`: local AWS, and what is installed on the target."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import typer
from botocore.exceptions import ClientError
from rich.table import Table

from pipeline_lambdas.release.names import ENVIRONMENTS, short_id
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.releases.overview import Model, document_of, load_overview, overview
from slipway.releases.pipeline import load_state
from slipway.releases.run_view import waiting_approvals
from slipway.session import Session, session_of
from slipway.stacks.stacks import stack_exists
from slipway.terminal.output import status_text

_MODULE = "local_aws"


def up(context: typer.Context) -> None:
    """Start local AWS.

    Nothing happens if it is up already.
    """
    session = session_of(context)
    _require_local(session, "up")
    start_local_aws(session)
    session.output.result({"endpoint_url": session.target.endpoint_url})


def down(context: typer.Context) -> None:
    """Stop local AWS.

    All its processes end; what it holds is kept for the next `up`.
    """
    session = session_of(context)
    _require_local(session, "down")
    done = _local_aws(session, "down")
    if done.returncode:
        raise SlipwayError(_said(done))
    session.output.say(_said(done))
    session.output.result({"stopped": True})


def status(context: typer.Context) -> None:
    """Show stacks, endpoints and the last release, and all models of the installation."""
    session = session_of(context)
    rows: list[tuple[str, str, str]] = []
    is_up = True
    now, models = datetime.now(UTC), list[Model]()
    if session.target.is_local:
        done = _local_aws(session, "status")
        is_up = done.returncode == 0
        said = _said(done).removeprefix("local AWS is ") if is_up else f"start it: {session.command('up')}"
        rows.append(("local AWS", "up" if is_up else "down", said))
    if is_up:
        rows += _installed(session)
        models = load_overview(session, now)
    table = Table("what", "status", "", box=None, pad_edge=False)
    for what, state, more in rows:
        table.add_row(what, status_text(state), more)
    session.output.say(table)
    if models:
        session.output.say()
        session.output.say(overview(models, now, session.output.console.width))
    items = [{"what": what, "status": state, "more": more} for what, state, more in rows]
    session.output.result({"items": items, "models": [document_of(model) for model in models]})


def start_local_aws(session: Session) -> None:
    """Start local AWS if it is not up; raises SlipwayError if it does not come up."""
    with session.output.step("local AWS") as step:
        done = _local_aws(session, "up")
        if done.returncode:
            step.outcome = "failed"
            raise SlipwayError(_said(done))
        step.outcome = _said(done).removeprefix("local AWS is ")


def _require_local(session: Session, verb: str) -> None:
    if not session.target.is_local:
        raise SlipwayError(
            f"`slipway {verb}` is about local AWS, and the target is AWS.",
            f"Say so: {session.local_command(verb)}",
        )


def _local_aws(session: Session, verb: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", _MODULE, verb]
    command += ["--state", str(session.target.state), "--port", str(session.target.port)]
    command += ["--region", session.target.region]
    return subprocess.run(command, cwd=session.project.root, capture_output=True, text=True, check=False)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (
        (done.stdout.strip() or done.stderr.strip()) if done.returncode == 0 else (done.stderr or done.stdout).strip()
    )


def _installed(session: Session) -> list[tuple[str, str, str]]:
    names = session.names
    rows = [_stack(session, names.setup_stack), _stack(session, names.pipeline_stack)]
    if stack_exists(session, names.workflow_stack):
        rows.append(_stack(session, names.workflow_stack))
    rows += [row for environment in ENVIRONMENTS if (row := _endpoint(session, names.endpoint(environment)))]
    last = _last_execution(session)
    if last is None:
        return rows
    open_approvals = waiting_approvals(load_state(session))
    if any(last[0] == f"release {run_id}" for *_, run_id in open_approvals):
        last = (last[0], "Waiting", f"for approval; {last[2]}")
    waiting = [
        (f"approval {stage}/{action}", "Waiting", session.command("show", short_id(run_id)))
        for stage, action, _, run_id in open_approvals
    ]
    return [*rows, last, *waiting]


def _stack(session: Session, name: str) -> tuple[str, str, str]:
    try:
        stack = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        # DescribeStacks knows no code of its own for this:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
        if code_of(error) != "ValidationError":
            raise
        return (f"stack {name}", "missing", f"create it: {session.command('deploy')}")
    return (f"stack {name}", str(stack["StackStatus"]), "")


def _endpoint(session: Session, name: str) -> tuple[str, str, str] | None:
    try:
        found: dict[str, Any] = session.client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        return None
    return (f"endpoint {name}", str(found["EndpointStatus"]), str(found["EndpointConfigName"]))


def _last_execution(session: Session) -> tuple[str, str, str] | None:
    try:
        found = session.client("codepipeline").list_pipeline_executions(
            pipelineName=session.names.pipeline, maxResults=1
        )["pipelineExecutionSummaries"]
    except ClientError as error:
        if code_of(error) != "PipelineNotFoundException":
            raise
        return None
    if not found:
        return None
    newest = found[0]
    return (f"release {newest['pipelineExecutionId']}", str(newest["status"]), f"{newest['startTime']:%Y-%m-%d %H:%M}")
