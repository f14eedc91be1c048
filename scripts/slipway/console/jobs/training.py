"""One training job: its learning curves, settings, timeline and log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline_lambdas.report.kit.figures import figures
from pipeline_lambdas.report.kit.markup import Child, Html, el
from pipeline_lambdas.report.kit.tables import code, facts, note, table, word
from pipeline_lambdas.report.kit.text import duration, number
from pipeline_lambdas.report.plots import learning_curves
from slipway.console.jobs.curves import Learned, load_curves
from slipway.console.jobs.kinds import KINDS, Job, describe, is_running, seconds
from slipway.console.jobs.listing import algorithm_title, instances
from slipway.console.jobs.parts import AGAIN_S, above, outcome, pairs_panel, stop_panel
from slipway.console.jobs.transitions import transitions_panel
from slipway.console.links import release_link, s3_link
from slipway.console.log_lines import log_panel
from slipway.console.room import Asked, Page
from slipway.console.shell import at, clock, panel, to, took
from slipway.session import Session

_KIND = KINDS["training"]


def training_job(asked: Asked) -> Page:
    """Draw the page."""
    session, name, now = asked.session, asked.path["name"], asked.now
    job = describe(session, _KIND, name)
    learned = load_curves(session, job, now)
    running = is_running(_KIND, job)
    parts = [
        _now(session, job, now),
        stop_panel(_KIND, job),
        _curves(learned, running=running),
        _metrics(job),
        transitions_panel(job.get("SecondaryStatusTransitions") or (), now),
        pairs_panel("hyperparameters", "Hyperparameters", job.get("HyperParameters") or {}),
        _channels(job),
        pairs_panel("environment", "Environment", job.get("Environment") or {}),
        log_panel(session, _KIND.log_group, f"{name}/"),
    ]
    return Page(
        name, [one for one in parts if one is not None], above(_KIND), AGAIN_S if running or learned.more else None
    )


def _now(session: Session, job: Job, now: datetime) -> Html:
    specification, resources = job["AlgorithmSpecification"], job["ResourceConfig"]
    secondary = job["SecondaryStatus"]
    status = el(
        "span", word(job["TrainingJobStatus"]), "" if secondary == job["TrainingJobStatus"] else f", {secondary}"
    )
    output = job.get("OutputDataConfig", {}).get("S3OutputPath", "")
    pairs: list[tuple[str, Child]] = [
        ("Status", status),
        ("Release", release_link(session, job["TrainingJobName"], output)),
        ("Tuning job", _tuning(job)),
        ("Algorithm", algorithm_title(specification)),
        ("Image", code(specification.get("TrainingImage", ""))),
        ("Input mode", specification.get("TrainingInputMode")),
        ("Instances", instances(resources)),
        ("Volume", f"{resources['VolumeSizeInGB']} GB each" if resources.get("VolumeSizeInGB") else None),
        ("Created", clock(job["CreationTime"])),
        ("Started", clock(job.get("TrainingStartTime"))),
        ("Took", took(seconds(_KIND, job, now))),
        ("Billable", _billable(job)),
        ("At most", _limits(job.get("StoppingCondition") or {})),
        ("Model", s3_link((job.get("ModelArtifacts") or {}).get("S3ModelArtifacts", ""))),
        ("Output", s3_link(output)),
        ("Role", code(job.get("RoleArn", ""))),
    ]
    return panel("now", "Now", *outcome(job), facts(pairs))


def _tuning(job: Job) -> Child:
    name = job.get("TuningJobArn", "").rpartition("/")[2]
    return to(name, at("jobs", "tuning", name)) if name else None


def _billable(job: Job) -> str | None:
    """Say what is paid for: https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html."""
    billable, whole = job.get("BillableTimeInSeconds"), job.get("TrainingTimeInSeconds")
    if billable is None:
        return None
    saved = f", {1 - billable / whole:.0%} less than it trained" if whole and billable < whole else ""
    return f"{duration(billable)} for each instance{saved}"


def _limits(condition: Mapping[str, Any]) -> str | None:
    most = condition.get("MaxRuntimeInSeconds")
    return duration(most) if most else None


def _curves(learned: Learned, *, running: bool) -> Html | None:
    drawn = learning_curves({"curves": learned.curves}, learned.rounds)
    if drawn:
        return panel("curves", "Learning curves", figures(drawn))
    return panel("curves", "Learning curves", note("The log has no values yet.")) if running else None


def _metrics(job: Job) -> Html | None:
    found = job.get("FinalMetricDataList") or ()
    rows = [(one["MetricName"], number(one["Value"]), clock(one.get("Timestamp"))) for one in found]
    shown = table("metrics-table", "Last values", ("Metric", "Last value", "At"), rows, "knk", heard=True)
    return panel("metrics", "Metrics", shown) if rows else None


def _channels(job: Job) -> Html | None:
    rows = [_channel(one) for one in job.get("InputDataConfig") or ()]
    headings = ("Channel", "Data", "Content type", "Distribution", "Compression", "Input mode")
    shown = table("channels-table", "Channels", headings, rows, "kwkkkk", heard=True)
    return panel("channels", "Input", shown) if rows else None


def _channel(one: Mapping[str, Any]) -> tuple[Child, ...]:
    source = one.get("DataSource", {}).get("S3DataSource", {})
    compression = one.get("CompressionType", "None")
    return (
        one["ChannelName"],
        s3_link(source.get("S3Uri", "")),
        one.get("ContentType"),
        source.get("S3DataDistributionType"),
        None if compression == "None" else compression,
        one.get("InputMode"),
    )
