"""Verbs `start` and `retry`: the pipeline's Release change, and another try of a stage that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.release.retries import RetryMode
from slipway.errors import SlipwayError
from slipway.releases.pipeline import load_pipeline, load_run, resolve_run
from slipway.session import Session, session_of
from slipway.terminal.advice import how_to_retry
from slipway.terminal.completion import complete_releases, complete_stages

RETRIED: Mapping[RetryMode, str] = {"ALL_ACTIONS": "all actions", "FAILED_ACTIONS": "what failed"}
"""What is tried again."""
_REVISION_TYPES = {"S3": "S3_OBJECT_VERSION_ID"}
"""Of the providers of sources that have no commits."""


def start(
    context: typer.Context,
    like: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_releases, help="Release, its id or the beginning, whose commits and data are taken."
        ),
    ] = None,
) -> None:
    """Start a release by hand.

    It is made of what the repositories and the data bucket hold now, or once more of what another release was made of.
    """
    session = session_of(context)
    session.announce()
    run_id = start_run(session, source_revisions(session, resolve_run(session, like)) if like else ())
    session.output.say(f"Release {run_id} started. Watch it: {session.command('follow', short_id(run_id))}")
    session.output.result({"id": run_id})


def retry(
    context: typer.Context,
    stage: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_stages,
            help="Default: the stage that failed.",
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_releases,
            help="Release: its id or the beginning; default: the newest.",
        ),
    ] = None,
    all_actions: Annotated[
        bool | None,
        typer.Option(
            "--all-actions/--failed-actions",
            help="Repeat the whole stage, or only what failed. Default: what it takes.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Try a failed stage again.

    Repeats the whole stage where what failed needs it, as a wait for a training job that failed. Work that an action
    has done already is not done twice.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run))
    failed = found.failed_action
    if stage is None and failed is None:
        raise SlipwayError(f"release {found.short_id}: found no failed action; it is {found.status}.")
    again = stage or (failed.stage if failed else "")
    chosen: RetryMode = "ALL_ACTIONS" if all_actions else "FAILED_ACTIONS"
    mode = how_to_retry(found, again) if all_actions is None else chosen
    retry_stage(session.client("codepipeline"), session.names.pipeline, found.id, again, mode)
    watch = session.command("follow", found.short_id)
    session.output.say(f"{again} is tried again, {RETRIED[mode]}. Watch it: {watch}")
    session.output.result({"id": found.id, "stage": again, "mode": mode})


def start_run(session: Session, revisions: Sequence[Mapping[str, str]] = ()) -> str:
    """Start an execution, of these source revisions if there are any; returns its id."""
    return start_execution(session.client("codepipeline"), session.names.pipeline, revisions)


def start_execution(
    client: Any,
    pipeline: str,
    revisions: Sequence[Mapping[str, str]] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """Start an execution of any pipeline, with overrides of source revisions and variables; returns its id.

    `client` is of CodePipeline:
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_StartPipelineExecution.html
    """
    pinned = {"sourceRevisions": [dict(revision) for revision in revisions]} if revisions else {}
    given = [{"name": name, "value": value} for name, value in (variables or {}).items()]
    told = {"variables": given} if given else {}
    answer = client.start_pipeline_execution(name=pipeline, **pinned, **told)
    return str(answer["pipelineExecutionId"])


def retry_stage(client: Any, pipeline: str, run_id: str, stage: str, mode: RetryMode) -> None:
    """Try a stage of an execution of any pipeline again; `client` is of CodePipeline."""
    client.retry_stage_execution(pipelineName=pipeline, stageName=stage, pipelineExecutionId=run_id, retryMode=mode)


def source_revisions(session: Session, run_id: str) -> list[dict[str, str]]:
    """What a release was made of, as overrides for another one.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html
    """
    sources = {
        artifact["name"]: action
        for action in load_pipeline(session)["stages"][0]["actions"]
        for artifact in action["outputArtifacts"]
    }
    run = load_run(session, run_id)
    found = {revision.action: revision.id for revision in run.revisions if revision.action in sources}
    missing = sorted(sources.keys() - found.keys())
    if missing:
        raise SlipwayError(
            f"release {run.short_id}: found no revision of {', '.join(missing)}; it ended before its sources were read."
        )
    return [
        {
            "actionName": sources[artifact]["name"],
            "revisionType": revision_type(sources[artifact]["actionTypeId"]["provider"]),
            "revisionValue": revision,
        }
        for artifact, revision in found.items()
    ]


def revision_type(provider: str) -> str:
    """Return the kind of revision that pins the source of a provider.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevisionOverride.html
    """
    return _REVISION_TYPES.get(provider, "COMMIT_ID")
