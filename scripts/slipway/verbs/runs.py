"""Verb `runs`: the releases there have been, narrowed and ordered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from pipeline_lambdas.release.events import ENDED, RUNNING
from pipeline_lambdas.release.names import short_id
from pipeline_lambdas.report.kit.text import duration
from slipway.errors import SlipwayError
from slipway.releases.pipeline import MOST_RUNS, list_runs
from slipway.releases.run_rows import REJECTED, WAITING, RunRow, document_of, load_rows
from slipway.releases.run_view import trigger_text
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_stages
from slipway.terminal.directions import direction_of
from slipway.terminal.output import status_text
from slipway.verbs.logs import seconds

_READ_TOGETHER = 20
Order = Literal["started", "took", "metric", "status", "author"]


@dataclass(frozen=True)
class Filter:
    """Which releases are wanted; an empty field wants all."""

    statuses: frozenset[str]
    because: str
    since_s: int | None
    pipeline: str
    stage: str = ""
    author: str = ""
    verdict: str = ""

    @property
    def narrow(self) -> bool:
        return bool(self.statuses or self.because or self.since_s or self.by_facts)

    @property
    def by_facts(self) -> bool:
        """Whether more than an execution's summary has to be read."""
        return bool(self.stage or self.author or self.verdict or {WAITING, REJECTED, "Failed"} & self.statuses)

    def fits(self, summary: Mapping[str, Any], now: datetime) -> bool:
        started = trigger_text(summary.get("trigger", {}), self.pipeline)
        statuses = self.statuses | ({"InProgress"} if WAITING in self.statuses else set())
        statuses |= {"Failed"} if REJECTED in self.statuses else set()
        return (
            (not statuses or summary["status"] in statuses)
            and self.because.lower() in started.lower()
            and (self.since_s is None or (now - summary["startTime"]).total_seconds() <= self.since_s)
        )

    def fits_row(self, row: RunRow) -> bool:
        return (
            (not self.statuses or row.status in self.statuses)
            and (not self.stage or self.stage.lower() == row.failed_stage.lower())
            and self.author.lower() in row.author.lower()
            and (not self.verdict or row.verdict.startswith(self.verdict.lower()))
        )


def check_statuses(given: Iterable[str]) -> frozenset[str]:
    """The statuses as CodePipeline writes them, Waiting and Rejected; SlipwayError for one that there is not."""
    known = {name.lower(): name for name in (*ENDED, *RUNNING, WAITING, REJECTED)}
    unknown = [name for name in given if name.lower() not in known]
    if unknown:
        raise SlipwayError(f"--status: found {', '.join(unknown)}; expected {', '.join(sorted(known.values()))}.")
    return frozenset(known[name.lower()] for name in given)


def runs(  # noqa: PLR0913, PLR0917 - a verb's options are its parameters
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 10,
    status: Annotated[list[str] | None, typer.Option(help="Only with this status, such as failed; repeatable.")] = None,
    because: Annotated[str, typer.Option(help="Only releases started this way, such as push, data or hand.")] = "",
    since: Annotated[str, typer.Option(help="Only releases started within this time: 2h, 7d.")] = "",
    stage: Annotated[
        str,
        typer.Option(
            autocompletion=complete_stages,
            help="Only releases that failed in this stage, such as Train.",
        ),
    ] = "",
    author: Annotated[str, typer.Option(help="Only commits by this author; a part of the name is enough.")] = "",
    verdict: Annotated[str, typer.Option(help="Only with this verdict of the gates: passed, failed.")] = "",
    metric: Annotated[str, typer.Option(help="Metric to show; default: the first with a gate.")] = "",
    sort: Annotated[Order, typer.Option(help="Order; by a metric, the best first.")] = "started",
) -> None:
    """List releases, newest first.

    Options narrow the list; with several of them a release has to fit all.
    """
    session = session_of(context)
    since_s = seconds(since) if since else None
    wanted = Filter(check_statuses(status or []), because, since_s, session.names.pipeline, stage, author, verdict)
    found = _find(session, wanted, limit)
    found = [(with_metric(row, metric), summary) for row, summary in found]
    rows = ordered([row for row, _ in found], sort)
    summaries = {row.id: summary for row, summary in found}
    session.output.result({"runs": [document_of(row, summaries[row.id]) for row in rows]})
    if not rows and wanted.narrow:
        session.output.say(f"{session.names.pipeline}: no release fits. All of them: {session.command('runs')}")
        return
    if not rows:
        session.output.say(f"{session.names.pipeline} has had no release yet. Start one: {session.command('start')}")
        return
    session.output.say(runs_list(rows, session.output.console.width))
    session.output.say(f"See one of them in full: {session.command('show', short_id(rows[0].id))}")


def _find(session: Session, wanted: Filter, limit: int) -> list[tuple[RunRow, Mapping[str, Any]]]:
    """The newest releases that fit; records are read in parts, no more than needed."""
    now = datetime.now(UTC)
    most = MOST_RUNS if wanted.by_facts else limit
    summaries = list_runs(session, most, lambda summary: wanted.fits(summary, now))
    step = _READ_TOGETHER if wanted.by_facts else max(limit, 1)
    found: list[tuple[RunRow, Mapping[str, Any]]] = []
    for start in range(0, len(summaries), step):
        part = summaries[start : start + step]
        rows = load_rows(session, part, now)
        found += [(row, one) for row, one in zip(rows, part, strict=True) if wanted.fits_row(row)]
        if len(found) >= limit:
            break
    return found[:limit]


def with_metric(row: RunRow, metric: str) -> RunRow:
    """The row with another metric than the one that its release was judged by first."""
    if not metric:
        return row
    return replace(row, metric=metric, value=(row.metrics or {}).get(metric))


def ordered(rows: list[RunRow], order: Order) -> list[RunRow]:
    """In this order; releases without what it goes by come last."""
    if order == "started":
        return sorted(rows, key=lambda row: row.started, reverse=True)
    if order == "took":
        return sorted(rows, key=lambda row: row.seconds, reverse=True)
    if order == "metric":
        return sorted(
            rows,
            key=lambda row: (row.value is None, -(direction_of(row.metric, own=row.own) or -1) * (row.value or 0.0)),
        )
    return sorted(rows, key=lambda row: (not getattr(row, order), str(getattr(row, order)).lower()))


def runs_list(rows: list[RunRow], width: int) -> RenderableType:
    """Two lines for each release, and a third for one that failed; each cut at the window's width."""
    names = [_metric(row) for row in rows]
    columns = max(map(len, names), default=0)
    lines: list[Text] = []
    for row, metric in zip(rows, names, strict=True):
        head = Text.assemble((short_id(row.id), "bold"), "  ", status_text(row.status))
        head.append(" " * (len("InProgress") - len(row.status)))
        head.append(f"  {row.started.astimezone():%Y-%m-%d %H:%M}  {duration(row.seconds):<9}  {metric:<{columns}}  ")
        by = f" ({row.author})" if row.author else ""
        said = f"  {row.because}: {row.commit[:7]} {row.message}{by}" if row.commit else f"  {row.because}"
        lines += [head.append_text(status_text(row.verdict)), Text(said, style="bright_black")]
        lines += [Text(f"  {failure}", style="red")] if (failure := _failure(row)) else []
    for line in lines:
        line.no_wrap = True
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return Group(*lines)


def _metric(row: RunRow) -> str:
    return "" if not row.metric else f"{row.metric} {'-' if row.value is None else f'{row.value:.4g}'}"


def _failure(row: RunRow) -> str:
    where = "/".join(filter(None, (row.failed_stage, row.failed_action)))
    return ": ".join(filter(None, (where, row.reason)))
