"""The jobs of one kind, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pipeline_lambdas.algorithms.table import algorithm_of_image
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import note, table, word
from pipeline_lambdas.report.kit.text import number, shortened
from slipway.console.jobs.kinds import KINDS, STATUSES, Job, Kind, describe_listed, is_running, kind_of, list_page
from slipway.console.jobs.kinds import seconds as seconds_of
from slipway.console.room import Asked, Page
from slipway.console.shell import at, choice, clock, field, panel, search, to, took, turn
from slipway.session import Session

_MOST_METRICS = 3
_LONGEST_REASON = 160
_AGAIN_S = 1.0
_MEMBERS = {"name": "NameContains", "status": "StatusEquals", "token": "NextToken"}
"""What the query may have, to what SageMaker calls it."""
_HEADINGS = {
    "training": ("Name", "Status", "Algorithm", "Started", "Took", "Last metrics, or why it failed"),
    "tuning": ("Name", "Status", "Strategy", "Started", "Took", "Training jobs, or why it failed"),
    "processing": ("Name", "Status", "Image", "Started", "Took", "Instances, or why it failed"),
    "transform": ("Name", "Status", "Model", "Started", "Took", "Instances, or why it failed"),
}


def training_jobs(asked: Asked) -> Page:
    """Draw the page of the training jobs, which the navigation leads to."""
    return _page(asked, KINDS["training"])


def jobs(asked: Asked) -> Page:
    """Draw the page of one kind."""
    return _page(asked, kind_of(asked.path["kind"]))


def _page(asked: Asked, kind: Kind) -> Page:
    summaries, following = list_page(asked.session, kind, _filters(asked))
    rows = [_row(kind, one, asked.now) for one in _jobs(asked.session, kind, summaries)]
    shown = table("jobs-table", f"List of {kind.title.lower()}", _HEADINGS[kind.key], rows, "wkkknw", heard=True)
    parts = [
        el("div", _kinds(kind), id="kinds"),
        panel("find", "Find", _search(asked, kind)),
        panel("jobs", kind.title, shown if rows else note("No such job is here."), _turn(asked, kind, following)),
    ]
    runs = any(is_running(kind, one) for one in summaries)
    return Page(kind.title, parts, again_s=_AGAIN_S if runs else None)


def _filters(asked: Asked) -> dict[str, str]:
    given = {member: asked.query.get(name, "").strip() for name, member in _MEMBERS.items()}
    if given["StatusEquals"] not in STATUSES:
        del given["StatusEquals"]
    return {member: value for member, value in given.items() if value}


def _jobs(session: Session, kind: Kind, summaries: Sequence[Job]) -> Sequence[Job]:
    """Return what the list shows; the summaries of tuning jobs tell enough."""
    if kind.key == "tuning":
        return summaries
    return describe_listed(session, kind, summaries)


def _kinds(chosen: Kind) -> Html:
    links = (
        el("a", kind.title, href=at("jobs", kind.key), aria_current="page" if kind is chosen else None)
        for kind in KINDS.values()
    )
    return el("nav", *links, aria_label="Kinds of jobs")


def _search(asked: Asked, kind: Kind) -> Html:
    named = field("job-name", "Name contains", "name", value=asked.query.get("name", ""), maxlength=63)
    statuses = [("", "any"), *((status, status) for status in STATUSES)]
    status = choice("job-status", "Status", "status", statuses, asked.query.get("status", ""))
    return search(at("jobs", kind.key), "Find", named, status)


def _turn(asked: Asked, kind: Kind, following: str | None) -> Html | None:
    filters = _filters(asked)
    kept = {name: filters[_MEMBERS[name]] for name in ("name", "status") if _MEMBERS[name] in filters}
    newest = at("jobs", kind.key, **kept) if asked.query.get("token") else None
    older = at("jobs", kind.key, **kept, token=following) if following else None
    return turn(("Newest", newest), ("Older", older))


def _row(kind: Kind, job: Job, now: datetime) -> Sequence[Child]:
    about, told = _ABOUT[kind.key](job)
    return (
        to(job[kind.name], at("jobs", kind.key, job[kind.name])),
        word(job[kind.status]),
        about,
        clock(job.get("TrainingStartTime") or job["CreationTime"]),
        took(seconds_of(kind, job, now)),
        shortened(job["FailureReason"], _LONGEST_REASON) if job.get("FailureReason") else told,
    )


def algorithm_title(specification: Any) -> str:
    """Return what an image or an algorithm of the account is called."""
    image = specification.get("TrainingImage", "")
    known = algorithm_of_image(image)
    return known.title if known else image.rpartition("/")[2] or specification.get("AlgorithmName", "")


def _training(job: Job) -> tuple[Child, Child]:
    return algorithm_title(job["AlgorithmSpecification"]), _metrics(job.get("FinalMetricDataList") or ())


def _metrics(found: Iterable[Job]) -> str:
    known = list(found)
    # The values on rows that the training has not seen tell more than those on its own.
    known.sort(key=lambda one: not one["MetricName"].startswith("validation"))
    return ", ".join(f"{one['MetricName']} {number(one['Value'])}" for one in known[:_MOST_METRICS])


def _tuning(job: Job) -> tuple[Child, Child]:
    counts = job.get("TrainingJobStatusCounters") or {}
    failed = counts.get("NonRetryableError", 0) + counts.get("RetryableError", 0)
    told = {"completed": counts.get("Completed"), "running": counts.get("InProgress"), "failed": failed}
    return job["Strategy"], ", ".join(f"{count} {name}" for name, count in told.items() if count)


def _processing(job: Job) -> tuple[Child, Child]:
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return job["AppSpecification"]["ImageUri"].rpartition("/")[2], instances(cluster)


def _transform(job: Job) -> tuple[Child, Child]:
    return job["ModelName"], instances(job["TransformResources"])


def instances(resources: Job) -> str:
    """Return how many instances of which type a job has."""
    return f"{resources.get('InstanceCount', 1)} {resources.get('InstanceType', 'of several types')}"


_ABOUT = {"training": _training, "tuning": _tuning, "processing": _processing, "transform": _transform}
