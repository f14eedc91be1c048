"""Verb `rollback`: Prod back to an earlier model, by the pipeline itself.

The stage DeployProd is rolled back to the release whose model Prod shall serve: the same actions with that release's
values, so one update of the endpoint, with its alarms and its smoke test, and an execution that stays in the history.
https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import short_id
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.installation.aws_errors import code_of
from slipway.releases.pipeline import MOST_RUNS, iterate_runs, resolve_run
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_releases
from slipway.verbs.follow import follow_run, run_document

STAGE = "DeployProd"
_REFUSED = {"UnableToRollbackStageException", "PipelineExecutionOutdatedException"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rollback will do: the endpoint, the model that it serves, and the release whose model it will serve."""

    endpoint: str
    serving: str
    target: str

    @property
    def words(self) -> str:
        return f"{self.endpoint} serves model {self.serving}; it goes back to release {short_id(self.target)}"


def rollback(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(
            autocompletion=complete_releases,
            help="Release whose model Prod will serve; default: the one before its present model.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put an earlier model back into Prod.

    The pipeline does it, so it is recorded as a release; its exit code is 1 if Prod does not serve that model in the
    end.
    """
    session = session_of(context)
    session.announce()
    planned = plan(session, resolve_run(session, run) if run else None)
    session.output.say(planned.words)
    _agree(session, short_id(planned.target), yes=yes)
    found = follow_run(session, roll_back(session, planned.target))
    session.output.result({**run_document(found), "rollback_target": planned.target})
    if found.status != "Succeeded":
        raise UnsuccessfulError


def plan(session: Session, run_id: str | None) -> Plan:
    """Say what a rollback will do, to a release or to the one before Prod's model, without doing it.

    Raises SlipwayError if Prod serves nothing, or cannot go back there.
    """
    serving = serving_model(session)
    summaries = islice(iterate_runs(session, is_release, STAGE), MOST_RUNS)
    if run_id:
        target = _named(session, run_id, summaries, serving)
    else:
        target = previous(summaries, serving, session.names.pipeline)
    return Plan(session.names.endpoint("prod"), serving, target)


def serving_model(session: Session) -> str:
    """The model that Prod serves: the champion, named after the training job of its release."""
    sagemaker, endpoint = session.client("sagemaker"), session.names.endpoint("prod")
    try:
        config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    except ClientError as error:
        if code_of(error) != "ValidationException":
            raise
        raise SlipwayError(
            f"{endpoint}: found no such endpoint, so there is nothing to roll back.",
            "Prod serves a model once a release has been approved.",
        ) from None
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    return str(variants[0]["ModelName"])


def previous(summaries: Iterable[Mapping[str, Any]], serving: str, pipeline: str) -> str:
    """The release before that of the model `serving`, of those that came to Prod; newest first, as listed."""
    ids = (str(summary["pipelineExecutionId"]) for summary in summaries)
    newer: list[str] = []
    for run_id in ids:
        if _made(pipeline, run_id, serving):
            newer.clear()
            break
        newer.append(run_id)
    older = newer[0] if newer else next(ids, None)
    if older is None:
        raise SlipwayError(
            f"{pipeline}: found no release before the one that Prod serves, {serving}.",
            lambda command: f"List the releases: {command('runs')}",
        )
    return older


def roll_back(session: Session, target: str) -> str:
    """Roll the stage back to a release; returns the id of the execution that does it."""
    try:
        answer = session.client("codepipeline").rollback_stage(
            pipelineName=session.names.pipeline, stageName=STAGE, targetPipelineExecutionId=target
        )
    except ClientError as error:
        if code_of(error) not in _REFUSED:
            raise
        short = short_id(target)
        raise SlipwayError(
            f"CodePipeline does not roll {STAGE} back to release {short}: {error.response['Error']['Message']}",
            "Stop what runs in the stage, or name another release. If the pipeline was changed since, release the same "
            f"sources again: {session.command('start --like', short)}",
        ) from None
    return str(answer["pipelineExecutionId"])


def _named(session: Session, run_id: str, summaries: Iterable[Mapping[str, Any]], serving: str) -> str:
    short = short_id(run_id)
    if not any(run_id == summary["pipelineExecutionId"] for summary in summaries):
        raise SlipwayError(
            f"release {short}: it has not succeeded in {STAGE}, or is a rollback itself; only a model that Prod has "
            "served can come back.",
            f"See the releases: {session.command('runs --status succeeded')}",
        )
    if _made(session.names.pipeline, run_id, serving):
        raise SlipwayError(f"release {short}: Prod serves its model already, {serving}.")
    return run_id


def _made(pipeline: str, run_id: str, model: str) -> bool:
    return model.startswith(f"{pipeline}-{short_id(run_id)}")


def is_release(summary: Mapping[str, Any]) -> bool:
    """Tell whether an execution is a release, and no rollback."""
    return bool(summary.get("executionType", "STANDARD") == "STANDARD")


def _agree(session: Session, short: str, *, yes: bool) -> None:
    if yes:
        return
    if not session.output.can_ask:
        raise SlipwayError(
            "This changes what Prod serves, and nobody can be asked here.",
            f"To do it: {session.command('rollback', short, '--yes')}",
        )
    if not session.output.confirm("Roll back?"):
        raise SlipwayError("Not rolled back; Prod serves the same model as before.")
