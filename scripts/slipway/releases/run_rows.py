"""The rows of a list of releases: metric, verdict, reason of a failure, author of the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.evidence.judgement import FULLEST_FIRST, state_of
from pipeline_lambdas.release.affected import DATASET
from pipeline_lambdas.release.events import RUNNING
from pipeline_lambdas.report.key_figures import key_metric, source_of
from pipeline_lambdas.report.kit.reading import mapping, number, string
from pipeline_lambdas.report.kit.text import person
from pipeline_lambdas.report.verdict import last_attempts
from slipway.installation.aws_errors import code_of
from slipway.releases.pipeline import list_actions, load_state
from slipway.releases.records import find_record
from slipway.releases.run_view import trigger_text, waiting_approvals
from slipway.repositories.sources import SOURCE_ACTIONS
from slipway.session import Session
from slipway.terminal.directions import Direction, own_directions

WAITING = "Waiting"
REJECTED = "Rejected"
_AT_ONCE = 8
_COMMITS_PER_CALL = 100
"""https://docs.aws.amazon.com/codecommit/latest/APIReference/API_BatchGetCommits.html"""


@dataclass(frozen=True)
class RunRow:
    """A release in a list. Unknown values are empty, or None."""

    id: str
    status: str
    """CodePipeline's, or Waiting while its approval is open."""
    started: datetime
    seconds: float
    because: str
    metric: str = ""
    value: float | None = None
    metrics: Mapping[str, float] | None = None
    own: Mapping[str, Direction] = field(default_factory=dict)
    """The directions of its config's own metrics."""
    verdict: str = ""
    failed_stage: str = ""
    failed_action: str = ""
    reason: str = ""
    commit: str = ""
    message: str = ""
    author: str = ""
    data: str = ""


def load_rows(session: Session, summaries: Sequence[Mapping[str, Any]], now: datetime) -> list[RunRow]:
    """Return the rows of these executions, in order; reads each record, or the actions of a failed one without."""
    if not summaries:
        return []
    waiting = {run_id for *_, run_id in waiting_approvals(load_state(session))}
    for service in ("s3", "codepipeline"):
        session.client(service)  # a client is made once, before threads ask for it
    with ThreadPoolExecutor(_AT_ONCE) as several:
        records = several.map(
            lambda one: find_record(session, one["pipelineExecutionId"], going_on=one["status"] in RUNNING), summaries
        )
        known = {str(one["pipelineExecutionId"]): record for one, record in zip(summaries, records, strict=True)}
    authors = _authors(session, summaries)
    rows = []
    for summary in summaries:
        run_id = str(summary["pipelineExecutionId"])
        record = known[run_id]
        if record is None and summary["status"] == "Failed":
            record = {"actions": _failed_actions(session, run_id)}
        rows.append(row_of(summary, record or {}, session.names.pipeline, now, authors, waits=run_id in waiting))
    return rows


def row_of(
    summary: Mapping[str, Any],
    record: Mapping[str, Any],
    pipeline: str,
    now: datetime,
    authors: Mapping[str, str],
    *,
    waits: bool = False,
) -> RunRow:
    """Combine a summary of ListPipelineExecutions with the release's record, any part of which may be missing."""
    end = now if summary["status"] in RUNNING else summary.get("lastUpdateTime", now)
    evaluations = mapping(record, "evaluations")
    main = next((found for name in FULLEST_FIRST if (found := mapping(evaluations, name))), {})
    judged = [found for name in FULLEST_FIRST if (found := mapping(evaluations, name))]
    failed = next((one for one in last_attempts(record) if string(one, "status") in {"Failed", "Abandoned"}), {})
    source = _source(summary, pipeline)
    commit = string(source, "revisionId")
    metric = key_metric(main)
    revisions = {item["actionName"]: item for item in summary.get("sourceRevisions", [])}
    return RunRow(
        id=str(summary["pipelineExecutionId"]),
        status=WAITING if waits and summary["status"] in RUNNING else _status(summary, record),
        started=summary["startTime"],
        seconds=max((end - summary["startTime"]).total_seconds(), 0.0),
        because=trigger_text(summary.get("trigger", {}), pipeline, string(record, "trigger", "execution")),
        metric=metric,
        value=number(main, "metrics", metric),
        metrics={
            name: value for name in mapping(main, "metrics") if (value := number(main, "metrics", name)) is not None
        },
        own=own_directions(main),
        verdict=next((state_of(one) for one in judged if state_of(one) == "failed"), state_of(main) if main else ""),
        failed_stage=string(failed, "stage"),
        failed_action=string(failed, "action"),
        reason=_reason(record, failed) or ended_because(summary),
        commit=commit,
        message=_first(string(source, "revisionSummary")),
        author=authors.get(commit, ""),
        data=string(revisions.get(DATASET, {}), "revisionId"),
    )


def _status(summary: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """Return the status, Rejected for a release that somebody rejected: CodePipeline calls it Failed."""
    rejected = summary["status"] == "Failed" and string(record, "approval", "status") == REJECTED
    return REJECTED if rejected else str(summary["status"])


def document_of(row: RunRow, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for programs."""
    return {
        "id": row.id,
        "status": row.status,
        "started": row.started.isoformat(),
        "seconds": row.seconds,
        "trigger": row.because,
        "metric": {"name": row.metric, "value": row.value} if row.metric else None,
        "metrics": row.metrics,
        "verdict": row.verdict or None,
        "failed": {"stage": row.failed_stage, "action": row.failed_action, "reason": row.reason}
        if row.failed_stage
        else None,
        "commit": {"id": row.commit, "message": row.message, "author": row.author or None} if row.commit else None,
        "revisions": {item["actionName"]: item.get("revisionId", "") for item in summary.get("sourceRevisions", [])},
    }


def _source(summary: Mapping[str, Any], pipeline: str) -> Mapping[str, Any]:
    """Return the commit whose push started a release, else that of the training config."""
    revisions = {item["actionName"]: item for item in summary.get("sourceRevisions", [])}
    commits = [{"action": name} for name in revisions if name in SOURCE_ACTIONS.values()]
    detail = summary.get("trigger", {}).get("triggerDetail", "")
    found = source_of({"sources": commits, "trigger": {"detail": detail}, "pipeline": pipeline})
    return mapping(revisions, string(found, "action"))


def _reason(record: Mapping[str, Any], failed: Mapping[str, Any]) -> str:
    approval = mapping(record, "approval")
    if string(approval, "status") == "Rejected":
        by, why = person(string(approval, "by")), string(approval, "reason")
        return f"Rejected{f' by {by}' if by else ''}{f': {why}' if why else ''}"
    return _first(string(failed, "error_message") or string(failed, "summary"))


def ended_because(summary: Mapping[str, Any]) -> str:
    """Return why an execution was stopped, or what else its summary says of its end; empty if that is nothing."""
    return string(summary, "stopTrigger", "reason") or string(summary, "statusSummary")


def _failed_actions(session: Session, run_id: str) -> list[dict[str, Any]]:
    return [
        {
            "stage": one["stageName"],
            "action": one["actionName"],
            "status": one["status"],
            "attempt": number,
            "error_message": string(one, "output", "executionResult", "errorDetails", "message"),
        }
        for number, one in enumerate(list_actions(session, run_id))
    ]


def _authors(session: Session, summaries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Map commits to authors, for repositories in CodeCommit; only a connection's provider knows those of others."""
    folders = {action: folder for folder, action in SOURCE_ACTIONS.items()}
    wanted: dict[str, set[str]] = {}
    for summary in summaries:
        source = _source(summary, session.names.pipeline)
        if source.get("revisionId"):
            wanted.setdefault(folders[source["actionName"]], set()).add(source["revisionId"])
    authors: dict[str, str] = {}
    for folder, commits in wanted.items():
        ids = sorted(commits)
        for start in range(0, len(ids), _COMMITS_PER_CALL):
            some = ids[start : start + _COMMITS_PER_CALL]
            authors |= {one["commitId"]: string(one, "author", "name") for one in _commits(session, folder, some)}
    return authors


def _commits(session: Session, folder: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = session.client("codecommit").batch_get_commits(
            commitIds=list(ids), repositoryName=session.names.repository(folder)
        )["commits"]
    except ClientError as error:
        if code_of(error) != "RepositoryDoesNotExistException":
            raise
        return []
    return found


def _first(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0] if lines else ""
