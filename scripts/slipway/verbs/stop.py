"""Verb `stop`: end a running release."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipeline_lambdas.release.names import short_id
from slipway.releases.pipeline import resolve_run
from slipway.session import session_of
from slipway.terminal.completion import NewestRelease


def stop(
    context: typer.Context,
    execution: NewestRelease = None,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Do not wait for running actions; a training job is stopped.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Shown in the list of releases.")] = "stopped with slipway stop",
) -> None:
    """Stop a release.

    It stops once its running actions have ended, training among them; endpoints go on serving what they serve.
    """
    session = session_of(context)
    run_id = resolve_run(session, execution)
    stop_run(session.client("codepipeline"), session.names.pipeline, run_id, reason, abandon=abandon)
    short = short_id(run_id)
    session.output.say(f"Release {short} is being stopped. Watch it: {session.command('follow', short)}")
    session.output.result({"id": run_id})


def stop_run(client: Any, pipeline: str, run_id: str, reason: str, *, abandon: bool) -> None:
    """Stop an execution of any pipeline, once its running actions have ended or at once; `client` is of CodePipeline.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StopPipelineExecution.html
    """
    client.stop_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=run_id, abandon=abandon, reason=reason)
