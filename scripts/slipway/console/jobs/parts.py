"""Parts that the pages of all kinds of jobs have."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_lambdas.report.kit.markup import Html, el
from pipeline_lambdas.report.kit.tables import table
from slipway.console.jobs.kinds import Job, Kind
from slipway.console.shell import at, form, panel

AGAIN_S = 1.0
"""While a job runs."""


def above(kind: Kind) -> tuple[tuple[str, str], ...]:
    return ((kind.title, at("jobs", kind.key)),)


def outcome(job: Job) -> list[Html]:
    """Return why a job failed, and what its container said at its end, which need not be bad."""
    failure, message = job.get("FailureReason"), job.get("ExitMessage")
    told = [el("p", failure, class_="outcome")] if failure else []
    return [*told, el("p", message, class_="told")] if message and message != failure else told


def stop_panel(kind: Kind, job: Job) -> Html | None:
    """Return the button that stops a running job."""
    if job[kind.status] != "InProgress":
        return None
    button = form(at("jobs", kind.key, job[kind.name], "stop"), "Stop the job", tone="bad")
    return panel("decide", "Decide", el("details", el("summary", "Stop this job"), button))


def pairs_panel(key: str, title: str, pairs: Mapping[str, str]) -> Html | None:
    """Return names with their values, sorted; None without any."""
    shown = table(f"{key}-table", f"{title}, by name", ("Name", "Value"), sorted(pairs.items()), "kw", heard=True)
    return panel(key, title, shown) if pairs else None
