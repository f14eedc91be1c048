"""Reads the pipeline's executions from AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from pipeline_lambdas.release.events import RUNNING
from slipway.errors import SlipwayError
from slipway.releases.run_view import RunView, view_run
from slipway.session import Session

_RESOLVED_AMONG = 100
MOST_RUNS = 1000
"""The newest executions among which a verb looks for a release."""


def load_run(session: Session, run_id: str, pipeline: dict[str, Any] | None = None) -> RunView:
    """Return the execution as it is now; `pipeline` is the answer of GetPipeline, if it is already known."""
    client, name = session.client("codepipeline"), session.names.pipeline
    execution = client.get_pipeline_execution(pipelineName=name, pipelineExecutionId=run_id)["pipelineExecution"]
    details = list_actions(session, run_id)
    state = client.get_pipeline_state(name=name)
    return view_run(pipeline or load_pipeline(session), execution, details, state)


def list_actions(session: Session, run_id: str) -> list[dict[str, Any]]:
    """Every attempt at every action of a release, the oldest first."""
    return actions_of(session.client("codepipeline"), session.names.pipeline, run_id)


def actions_of(client: Any, pipeline: str, run_id: str) -> list[dict[str, Any]]:
    """Return the same of an execution of any pipeline; `client` is of CodePipeline."""
    pages = client.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": run_id}
    )
    return sorted((one for page in pages for one in page["actionExecutionDetails"]), key=lambda one: one["startTime"])


def is_running(session: Session, run_id: str) -> bool:
    """Tell whether a release is running."""
    found = session.client("codepipeline").get_pipeline_execution(
        pipelineName=session.names.pipeline, pipelineExecutionId=run_id
    )
    return found["pipelineExecution"]["status"] in RUNNING


def load_pipeline(session: Session) -> dict[str, Any]:
    """The pipeline's declaration."""
    found: dict[str, Any] = session.client("codepipeline").get_pipeline(name=session.names.pipeline)["pipeline"]
    return found


def load_state(session: Session) -> dict[str, Any]:
    """The state of the pipeline's stages."""
    found: dict[str, Any] = session.client("codepipeline").get_pipeline_state(name=session.names.pipeline)
    return found


def list_runs(
    session: Session, limit: int, wanted: Callable[[Mapping[str, Any]], bool] = lambda _summary: True, stage: str = ""
) -> list[dict[str, Any]]:
    """Return summaries of the newest `wanted` executions, newest first; with `stage`, of those that succeeded in it."""
    found = islice(iterate_runs(session, wanted, stage), limit)
    return sorted(found, key=lambda summary: summary["startTime"], reverse=True)


def iterate_runs(
    session: Session, wanted: Callable[[Mapping[str, Any]], bool], stage: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield summaries of the `wanted` executions, as listed, newest first; reads no further than it is asked for."""
    in_stage = {"filter": {"succeededInStage": {"stageName": stage}}} if stage else {}
    pages = (
        session.client("codepipeline")
        .get_paginator("list_pipeline_executions")
        .paginate(pipelineName=session.names.pipeline, **in_stage)
    )
    return (summary for page in pages for summary in page["pipelineExecutionSummaries"] if wanted(summary))


def resolve_run(session: Session, text: str | None) -> str:
    """Return the id of the execution that the user names: by its id or the beginning of it; None for the newest."""
    known = [str(summary["pipelineExecutionId"]) for summary in list_runs(session, _RESOLVED_AMONG)]
    if not known:
        raise SlipwayError(
            f"{session.names.pipeline} has had no release yet.", f"Start one: {session.command('start')}"
        )
    if text is None:
        return known[0]
    matching = [run_id for run_id in known if run_id.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    found = "none" if not matching else "several"
    raise SlipwayError(f"release {text!r}: found {found} of that id.", f"See them: {session.command('runs')}")
