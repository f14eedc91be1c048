"""The rows of a history: what can still change is read at each draw, and the others once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.release.events import RUNNING
from slipway.console.releases.kept import Kept, place
from slipway.console.releases.subject import Subject
from slipway.installation.aws_errors import code_of
from slipway.releases.run_rows import RunRow, load_rows

_MOST_READ = 100
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html"""
_SETTLED = timedelta(minutes=2)
"""After its end a release gets its final record by an event."""
_SETTLED_WITHOUT_METRICS = timedelta(hours=1)
_ROWS = Kept[tuple[datetime, RunRow]](8192)
_PLACES = Kept[str](1024)
"""Where a page of a history starts: the token of the page before it."""


def load_history(about: Subject, number: int, size: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the summaries of a page of the history, counted from 1, and whether older ones follow.

    One call where the page before it was shown; else it goes there by the longest steps that there are.
    """
    key = (*place(about.session), about.pipeline, size)
    start = "" if number == 1 else _PLACES.get((*key, number))
    found = None if start is None else _listed(about, size, start)
    summaries, token = _walked(about, number, size) if found is None else found
    if token:
        _PLACES.keep((*key, number + 1), token)
    return summaries, bool(token)


def _walked(about: Subject, number: int, size: int) -> tuple[list[dict[str, Any]], str]:
    """Go to a page from the newest on."""
    token, left = "", (number - 1) * size
    while left:
        found = _listed(about, min(left, _MOST_READ), token)
        if found is None or not found[1]:
            return [], ""
        left, token = left - len(found[0]), found[1]
    return _listed(about, size, token) or ([], "")


def _listed(about: Subject, most: int, token: str) -> tuple[list[dict[str, Any]], str] | None:
    """Return summaries and the token of those that follow; None if the token is of no use any more."""
    after = {"nextToken": token} if token else {}
    try:
        answer = about.client.list_pipeline_executions(pipelineName=about.pipeline, maxResults=most, **after)
    except ClientError as error:
        if code_of(error) != "InvalidNextTokenException":
            raise
        return None
    return answer["pipelineExecutionSummaries"], answer.get("nextToken", "")


def rows_of(about: Subject, summaries: Sequence[Mapping[str, Any]], now: datetime) -> list[RunRow]:
    """Return the rows of these releases, in order."""
    key = (*place(about.session), about.pipeline)
    known: dict[str, RunRow] = {}
    for summary in summaries:
        kept = _ROWS.get((*key, summary["pipelineExecutionId"]))
        # A retry changes a release that had ended.
        if kept is not None and kept[0] == summary.get("lastUpdateTime"):
            known[kept[1].id] = kept[1]
    unknown = [one for one in summaries if one["pipelineExecutionId"] not in known]
    for summary, row in zip(unknown, load_rows(about.session, unknown, now), strict=True):
        known[row.id] = row
        if _is_settled(summary, row, now):
            _ROWS.keep((*key, row.id), (summary["lastUpdateTime"], row))
    return [known[str(summary["pipelineExecutionId"])] for summary in summaries]


def kept_row(about: Subject, run_id: str) -> RunRow | None:
    """Return the row of a release that had ended when it was read; None if it was not."""
    kept = _ROWS.get((*place(about.session), about.pipeline, run_id))
    return None if kept is None else kept[1]


def keep_row(about: Subject, updated: datetime, row: RunRow) -> None:
    """Keep the row of a release that has ended."""
    _ROWS.keep((*place(about.session), about.pipeline, row.id), (updated, row))


def _is_settled(summary: Mapping[str, Any], row: RunRow, now: datetime) -> bool:
    if summary["status"] in RUNNING or "lastUpdateTime" not in summary:
        return False
    whole = row.metrics or row.failed_stage or summary["status"] not in {"Succeeded", "Failed"}
    return bool(now - summary["lastUpdateTime"] > (_SETTLED if whole else _SETTLED_WITHOUT_METRICS))
