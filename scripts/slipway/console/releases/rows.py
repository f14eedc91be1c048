"""The rows of a history: what can still change is read at each draw, and the others once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pipeline_lambdas.release.events import RUNNING
from slipway.console.kept import Kept
from slipway.console.releases.subject import Subject
from slipway.installation.aws_errors import code_of
from slipway.releases.run_rows import RunRow, load_rows

_MOST_READ = 100
"""https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListPipelineExecutions.html"""
_FRESH = timedelta(seconds=20)
"""After its end a release gets its final record by an event, which may come later still."""
_BELIEVED = 0.5
"""For how much of its age, when it was read, the row of a release that ended before is believed."""
_PLACES = Kept[str](1024)
"""Where a page of a history starts: the token of the page before it."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A row: of the end that its execution had when it was read, and when that was."""

    row: RunRow
    ended: datetime
    read: datetime

    def holds(self, ended: datetime | None, now: datetime) -> bool:
        """Tell whether it needs no reading again; a retry changes a release that had ended."""
        return self.ended == ended and now - self.read <= (self.read - self.ended) * _BELIEVED


_ROWS = Kept[_Read](8192)


def load_history(about: Subject, number: int, size: int) -> tuple[list[dict[str, Any]], bool]:
    """Return the summaries of a page of the history, counted from 1, and whether older ones follow.

    One call where the page before it was shown; else it goes there by the longest steps that there are.
    """
    key = (*about.key, size)
    start = "" if number == 1 else _PLACES.find((*key, number))
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
    _PLACES.keep((*about.key, size, number), token)
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
    known: dict[str, RunRow] = {}
    for summary in summaries:
        kept = _ROWS.find((*about.key, summary["pipelineExecutionId"]))
        if kept is not None and kept.holds(summary.get("lastUpdateTime"), now):
            known[kept.row.id] = kept.row
    unknown = [one for one in summaries if one["pipelineExecutionId"] not in known]
    for summary, row in zip(unknown, load_rows(about.session, unknown, now), strict=True):
        known[row.id] = row
        ended = summary.get("lastUpdateTime")
        if summary["status"] not in RUNNING and ended and now - ended > _FRESH:
            _ROWS.keep((*about.key, row.id), _Read(row, ended, now))
    return [known[str(summary["pipelineExecutionId"])] for summary in summaries]


def kept_row(about: Subject, run_id: str, now: datetime) -> RunRow | None:
    """Return the row of a release that had ended when it was read; None if that was too long ago, or never."""
    kept = _ROWS.find((*about.key, run_id))
    return kept.row if kept is not None and kept.holds(kept.ended, now) else None
