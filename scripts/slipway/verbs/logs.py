"""Verb `logs`: what functions, training jobs, builds and endpoints wrote."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from pipeline_lambdas.release.names import ENVIRONMENTS, is_tuning_job
from slipway.errors import SlipwayError
from slipway.installation.aws_errors import code_of
from slipway.names import BUILDS, FUNCTIONS
from slipway.releases.pipeline import load_run, resolve_run
from slipway.session import Session, session_of
from slipway.terminal.completion import complete_releases
from slipway.terminal.interrupts import goes_on

TRAINING_JOB = "training-job"
_TRAINING_JOBS = "/aws/sagemaker/TrainingJobs"
ENDPOINTS = {f"endpoint-{environment}": environment for environment in ENVIRONMENTS}
"""What the endpoints are called here, to their environments."""
_LATE_MS, _POLL_S = 10_000, 0.5
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


Event = tuple[int, str]
"""Milliseconds since the epoch, and the line."""


@dataclass(frozen=True)
class Place:
    """Where a log lies; in a group that others write to as well by what its streams' names begin with."""

    group: str
    prefix: str = ""
    ended: Callable[[], bool] = lambda: False
    """Whether nothing more will come."""


def logs(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(help=f"{', '.join((*FUNCTIONS, TRAINING_JOB, *BUILDS, *ENDPOINTS))} or STAGE/ACTION."),
    ],
    since: Annotated[str, typer.Option(help="How far back: 90s, 10m, 2h, 7d.")] = "1h",
    run: Annotated[
        str | None,
        typer.Option(
            autocompletion=complete_releases, help="Release whose training job or action is meant; default: the newest."
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print what comes, until the end or Ctrl-C.")] = False,
) -> None:
    """Print the log of a function, a training job, the newest build or check, an endpoint or a release's action."""
    session = session_of(context)
    if follow and session.output.as_json:
        raise SlipwayError("--follow and --json exclude each other: one document has an end.")
    place = _place(session, name, run)
    start_ms = 0 if place.prefix else round((time.time() - seconds(since)) * 1000)
    if follow:
        with goes_on(f"What writes to {place.group} goes on.", f"See it again: {session.command('logs', name)}"):
            _follow(session, place, start_ms)
        return
    lines = [event for _, event in _events(session, place, start_ms)]
    for event in lines:
        _say(session, event)
    if not lines:
        further = session.command("logs", name, "--since", "1d")
        session.output.say(
            f"{place.group}: nothing" + ("" if place.prefix else f" in the last {since}; look further: {further}")
        )
    session.output.result(
        {"log_group": place.group, "events": [{"timestamp": when, "message": text} for when, text in lines]}
    )


def _say(session: Session, event: Event) -> None:
    when, text = event
    session.output.say(f"{datetime.fromtimestamp(when / 1000, UTC).astimezone():%H:%M:%S}  {text}")


def _follow(session: Session, place: Place, start_ms: int) -> None:
    """Print events as they come. One may come late, so the last seconds are asked for again."""
    known: set[str] = set()
    while True:
        ended = place.ended()  # asked first, so that what was written until then is still read
        for event_id, event in _events(session, place, start_ms, missing_is_empty=True):
            if event_id not in known:
                known.add(event_id)
                _say(session, event)
                start_ms = max(start_ms, event[0] - _LATE_MS)
        if ended:
            return
        time.sleep(max(session.target.poll_s, _POLL_S))


def _place(session: Session, name: str, run: str | None) -> Place:
    if name == TRAINING_JOB:
        job = load_run(session, resolve_run(session, run)).training_job
        if not job:
            raise SlipwayError("The release has no training job yet.", f"See where it is: {session.command('show')}")
        # The streams of a tuning job are those of its training jobs, whose names begin with its own.
        return Place(_TRAINING_JOBS, f"{job}{'-' if is_tuning_job(job) else '/'}", lambda: _job_ended(session, job))
    if name in BUILDS:
        return _newest_build(session, name)
    if name in ENDPOINTS:
        return Place(f"/aws/sagemaker/Endpoints/{session.names.endpoint(ENDPOINTS[name])}")
    if "/" in name:
        return _place_of_action(session, name, run)
    function = name.removeprefix(f"{session.names.pipeline}-")
    if function not in FUNCTIONS:
        raise SlipwayError(
            f"found {name!r}; expected {', '.join((*FUNCTIONS, TRAINING_JOB, *BUILDS, *ENDPOINTS))}, and a "
            "release's action as STAGE/ACTION."
        )
    return Place(session.names.log_group(function))


def _place_of_action(session: Session, name: str, run: str | None) -> Place:
    found = load_run(session, resolve_run(session, run))
    action = next((one for one in found.actions if f"{one.stage}/{one.name}" == name), None)
    if action is None:
        listed = ", ".join(f"{one.stage}/{one.name}" for one in found.actions)
        raise SlipwayError(f"release {found.short_id}: found no action {name}; expected {listed}.")
    if not action.log_group:
        raise SlipwayError(f"{name} of release {found.short_id} has no log (yet).")
    return Place(action.log_group, action.log_streams)


def _job_ended(session: Session, job: str) -> bool:
    sagemaker = session.client("sagemaker")
    if is_tuning_job(job):
        found = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=job)
        return found["HyperParameterTuningJobStatus"] not in {"InProgress", "Stopping"}
    status = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"]
    return status in {"Completed", "Failed", "Stopped", "Deleting"}


def _newest_build(session: Session, name: str) -> Place:
    codebuild, project = session.client("codebuild"), session.names.function(name)
    try:
        builds = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING")["ids"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        raise SlipwayError(
            f"{project}: found no such build project.", f"Create it: {session.command('deploy')}"
        ) from None
    if not builds:
        raise SlipwayError(f"{project}: nothing has run yet.")

    def newest() -> dict[str, Any]:
        build: dict[str, Any] = codebuild.batch_get_builds(ids=builds[:1])["builds"][0]
        return build

    where = newest()["logs"]
    return Place(where["groupName"], where["streamName"], lambda: bool(newest().get("buildComplete")))


def _events(
    session: Session, place: Place, start_ms: int, *, missing_is_empty: bool = False
) -> list[tuple[str, Event]]:
    """Events with their ids. SlipwayError where there is no such log group, unless that is as good as empty."""
    query: dict[str, object] = {"logGroupName": place.group, "startTime": start_ms}
    if place.prefix:
        query["logStreamNamePrefix"] = place.prefix
    try:
        pages = session.client("logs").get_paginator("filter_log_events").paginate(**query)
        return [
            (_id(event), (event["timestamp"], event["message"].rstrip())) for page in pages for event in page["events"]
        ]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        if missing_is_empty:
            return []
        raise SlipwayError(f"{place.group}: found no such log group; nothing has been logged there yet.") from None


def _id(event: Mapping[str, Any]) -> str:
    return str(event.get("eventId") or (event.get("logStreamName"), event["timestamp"], event["message"]))


def seconds(text: str) -> int:
    """The value of an option `--since`."""
    matched = re.fullmatch(r"(\d+)([smhd])", text)
    if not matched:
        raise SlipwayError(f"--since: found {text!r}; expected a number with s, m, h or d, such as 10m.")
    return int(matched[1]) * _UNITS_S[matched[2]]
