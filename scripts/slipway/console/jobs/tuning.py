"""One tuning job: its search as plots, and its training jobs in the order that a person asks for.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobsForHyperParameterTuningJob.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from pipeline_lambdas.evidence.tuning import MOST_TRIALS, Search, tuning_document
from pipeline_lambdas.report.kit.figures import figures
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import facts, note, table, word
from pipeline_lambdas.report.kit.text import number, plain, shortened
from pipeline_lambdas.report.tuning import search_figures
from slipway.console.jobs.kinds import KINDS, Job, describe, is_running, seconds
from slipway.console.jobs.parts import AGAIN_S, above, outcome, pairs_panel, stop_panel
from slipway.console.kept import kept_for
from slipway.console.links import release_link
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, took, turn
from slipway.session import Session

_KIND = KINDS["tuning"]
PAGE_ROWS = 50
_PAGE_OF_API = 100
_DRAWN_S = 5
_LONGEST_REASON = 80
_SORTED_BY = {
    "name": ("Training job", "Name", "Ascending"),
    "status": ("Status", "Status", "Ascending"),
    "objective": ("Objective", "FinalObjectiveMetricValue", "Descending"),
    "created": ("Created", "CreationTime", "Descending"),
}
"""What a person sorts by: the heading, what SageMaker calls it, and the order at first."""
_ORDERS = {"Ascending": "Descending", "Descending": "Ascending"}
_ARROWS = {"Ascending": "\N{UPWARDS ARROW}", "Descending": "\N{DOWNWARDS ARROW}"}


def tuning_job(asked: Asked) -> Page:
    """Draw the page."""
    session, name = asked.session, asked.path["name"]
    job = describe(session, _KIND, name)
    objective = job["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective") or {}
    parts = [
        _now(asked, job, objective),
        stop_panel(_KIND, job),
        _search(session, job, asked.now),
        _trials(asked, name, objective.get("MetricName", "")),
        pairs_panel("static", "Hyperparameters that all have", _definition(job).get("StaticHyperParameters") or {}),
    ]
    again_s = AGAIN_S if is_running(_KIND, job) else None
    return Page(name, [one for one in parts if one is not None], above(_KIND), again_s)


def _definition(job: Job) -> Mapping[str, Any]:
    found: Mapping[str, Any] = job.get("TrainingJobDefinition") or (job.get("TrainingJobDefinitions") or [{}])[0]
    return found


def _now(asked: Asked, job: Job, objective: Mapping[str, str]) -> Html:
    session, config = asked.session, job["HyperParameterTuningJobConfig"]
    limits, output = config["ResourceLimits"], _definition(job).get("OutputDataConfig", {}).get("S3OutputPath", "")
    best = (job.get("BestTrainingJob") or {}).get("TrainingJobName")
    counts = {name: count for name, count in (job.get("TrainingJobStatusCounters") or {}).items() if count}
    pairs: list[tuple[str, Child]] = [
        ("Status", word(job["HyperParameterTuningJobStatus"])),
        ("Release", release_link(session, output)),
        ("Strategy", config["Strategy"]),
        ("Aim", " ".join(objective[name] for name in ("Type", "MetricName") if name in objective)),
        ("Best training job", to(best, at("jobs", "training", best)) if best else None),
        ("Training jobs", ", ".join(f"{count} {name}" for name, count in counts.items())),
        (
            "At most",
            f"{limits.get('MaxNumberOfTrainingJobs', 'as many as fit')}, {limits['MaxParallelTrainingJobs']} at a time",
        ),
        ("Early stopping", config.get("TrainingJobEarlyStoppingType")),
        ("Created", clock(job["CreationTime"])),
        ("Took", took(seconds(_KIND, job, asked.now))),
    ]
    return panel("now", "Now", *outcome(job), facts(pairs))


def _search(session: Session, job: Job, now: datetime) -> Html | None:
    """Return the plots, which need all training jobs: while these are made, every few seconds."""
    period = now.timestamp() // _DRAWN_S if is_running(_KIND, job) else None
    key = ("search", job["HyperParameterTuningJobArn"], job["CreationTime"])
    drawn = kept_for(key, period, partial(_drawn, session, job))
    return panel("search", "Search", drawn) if drawn else None


def _drawn(session: Session, job: Job) -> Html:
    pages = session.client("sagemaker").get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    name = job["HyperParameterTuningJobName"]
    found = pages.paginate(
        HyperParameterTuningJobName=name,
        SortBy="CreationTime",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": _PAGE_OF_API},
    )
    trials = list(islice((one for page in found for one in page["TrainingJobSummaries"]), MOST_TRIALS))
    return figures(search_figures(tuning_document(Search(job, trials), None)))


def _trials(asked: Asked, name: str, metric: str) -> Html:
    by = asked.query.get("sort", "created")
    by = by if by in _SORTED_BY else "created"
    order = asked.query.get("order", "")
    order = order if order in _ORDERS else _SORTED_BY[by][2]
    token = asked.query.get("token", "")
    answer = asked.session.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        SortBy=_SORTED_BY[by][1],
        SortOrder=order,
        MaxResults=PAGE_ROWS,
        **({"NextToken": token} if token else {}),
    )
    here, following = {"sort": by, "order": order}, answer.get("NextToken")
    further = turn(
        ("First", at("jobs", "tuning", name, **here) if token else None),
        ("Further", at("jobs", "tuning", name, **here, token=following) if following else None),
    )
    shown = _table(name, answer["TrainingJobSummaries"], metric, by, order)
    return panel("trials", "Training jobs", shown or note("No training job has begun."), further)


def _table(name: str, trials: Sequence[Mapping[str, Any]], metric: str, by: str, order: str) -> Html | None:
    if not trials:
        return None
    tuned = sorted({one for trial in trials for one in trial.get("TunedHyperParameters") or {}})
    headings = {key: _heading(name, key, by, order, metric) for key in _SORTED_BY}
    return table(
        "trials-table",
        "Each training job",
        (headings["name"], headings["status"], headings["objective"], *tuned, headings["created"], "Took", "Failure"),
        [_row(trial, tuned) for trial in trials],
        "kkn" + "n" * len(tuned) + "knw",
        heard=True,
    )


def _heading(name: str, key: str, by: str, order: str, metric: str) -> Html:
    title, _, first = _SORTED_BY[key]
    chosen, title = key == by, metric if key == "objective" and metric else title
    link = to(title, at("jobs", "tuning", name, sort=key, order=_ORDERS[order] if chosen else first))
    if not chosen:
        return link
    arrow = el("span", f" {_ARROWS[order]}", aria_hidden="true")
    return el("span", link, arrow, el("span", f", sorted {order.lower()}", class_="unseen"))


def _row(trial: Mapping[str, Any], tuned: Sequence[str]) -> tuple[Child, ...]:
    name, values = trial["TrainingJobName"], trial.get("TunedHyperParameters") or {}
    objective = (trial.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value")
    begun, ended = trial.get("TrainingStartTime"), trial.get("TrainingEndTime")
    return (
        to(name, at("jobs", "training", name)),
        word(trial["TrainingJobStatus"]),
        number(objective) if objective is not None else None,
        *(_value(values.get(one, "")) for one in tuned),
        clock(trial["CreationTime"]),
        took((ended - begun).total_seconds()) if begun and ended else None,
        shortened(trial.get("FailureReason") or "", _LONGEST_REASON) or None,
    )


def _value(given: str) -> str:
    """Return a hyperparameter's value, a long number with few digits."""
    try:
        return plain(float(given)) if given else ""
    except ValueError:
        return given
