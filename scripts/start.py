"""Verbs `start` and `retry`: the pipeline's Release change, and another try of a stage that failed."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.errors import SlipwayError
from scripts.pipeline import load_run, resolve_run
from scripts.run_view import SHORT_ID_CHARACTERS
from scripts.session import Session, session_of


def start(context: typer.Context) -> None:
    """Start a release by hand.

    It is made of what the repositories and the data bucket hold now.
    """
    session = session_of(context)
    session.announce()
    run_id = start_run(session)
    session.output.say(f"Release {run_id} started. Watch it: slipway follow {run_id[:SHORT_ID_CHARACTERS]}")
    session.output.result({"id": run_id})


def retry(
    context: typer.Context,
    stage: Annotated[str | None, typer.Argument(help="Default: the stage that failed.")] = None,
    run: Annotated[str | None, typer.Option(help="Release: its id or the beginning; default: the newest.")] = None,
    all_actions: Annotated[
        bool, typer.Option("--all-actions", help="Repeat the whole stage and not only what failed.")
    ] = False,
) -> None:
    """Try a failed stage again.

    Work that an action has done already is not done twice.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run))
    failed = found.failed_action
    if stage is None and failed is None:
        raise SlipwayError(f"release {found.short_id}: found no failed action; it is {found.status}.")
    again = stage or (failed.stage if failed else "")
    session.client("codepipeline").retry_stage_execution(
        pipelineName=session.names.pipeline,
        stageName=again,
        pipelineExecutionId=found.id,
        retryMode="ALL_ACTIONS" if all_actions else "FAILED_ACTIONS",
    )
    session.output.say(f"{again} is tried again. Watch it: slipway follow {found.short_id}")
    session.output.result({"id": found.id, "stage": again})


def start_run(session: Session) -> str:
    """Start an execution; returns its id."""
    answer = session.client("codepipeline").start_pipeline_execution(name=session.names.pipeline)
    return str(answer["pipelineExecutionId"])
